"""The judgement of responses: the whole change, or the answer given instead."""

from dataclasses import replace

import pytest

from gateway.cors.origin import OriginTable
from gateway.http1.framing import UNTIL_CLOSE
from gateway.http1.outgoing import Change, response_octets
from gateway.policy.decide import Answer, Relay
from gateway.policy.headers import NEVER_BY_ANY
from gateway.policy.model import (
    Challenges,
    CookieHandling,
    CookieRewrite,
    LocationHandling,
    LoginRedirect,
    Rewrite,
)
from gateway.policy.reason import EXPLANATIONS, Reason
from gateway.policy.respond import CIRCLE, LOGIN_CHALLENGE, judge_response, request_change, usual_change
from tests.policy.examples import ADDIN, APPS, HOST, RULE, SHARED, SITE, VARY, request, response

ALLOWED = Relay(Reason.ALLOWED, SITE, RULE, SHARED)
NOT_CORS = Relay(Reason.NOT_CORS, SITE)
OTHERS = [
    Relay(reason, SITE) for reason in (Reason.NOT_CORS, Reason.SAME_ORIGIN, Reason.FORM_POST, Reason.ORIGIN_UNLISTED)
]
REQUEST = request("GET", "/restapi/v1/x?y", origin=ADDIN)

PLACE = "sites[0], customer.yaml:2"


def judged(relay: Relay, *lines: str, status: int = 200) -> Change | Answer:
    """Return the judgement of a response with these lines; what is said whatever was asked for is no other."""
    head = response(status, *lines)
    judgement = judge_response(relay, REQUEST, head, scheme="https")
    assert usual_change(relay, head) in {None, judgement}
    return judgement


def relaying(rewrite: Rewrite, *, cookies: CookieHandling = CookieHandling.DROP) -> Relay:
    """Return what `decide` says where a site rewrites so."""
    rule = replace(RULE, cookies=cookies)
    site = replace(SITE, rules=OriginTable([(rule.origin, rule)]), rewrite=rewrite)
    return Relay(Reason.ALLOWED, site, rule, SHARED)


def change(*dropped: bytes, added: bytes) -> Change:
    """Return a change that drops these besides what always goes."""
    return Change(frozenset({b"alt-svc", b"vary", *dropped}), (b"access-control-",), added)


def refusal(reason: Reason, detail: str = "", *, relay: Relay = ALLOWED, challenge: bytes = b"") -> Answer:
    """Return an answer given instead of a response."""
    explanation = EXPLANATIONS[reason]
    remedy = explanation.remedy.replace("{place}", PLACE) + (f" ({detail})" if detail else "")
    assert explanation.status
    return Answer(reason, explanation.status, relay.block + VARY + challenge, relay.site, remedy)


# ---------------------------------------------------------------------------------------------------------- requests


def test_request_change() -> None:
    assert request_change(ALLOWED, REQUEST) == Change(NEVER_BY_ANY | {b"cookie", b"cookie2"})
    by_any = Relay(Reason.ALLOWED, SITE, APPS)
    assert request_change(by_any, REQUEST) == Change(NEVER_BY_ANY - {b"x-http-method-override"})
    for relay in OTHERS:
        assert request_change(relay, REQUEST) == Change()


# ---------------------------------------------------------------------------------------------- fields, on any reason


@pytest.mark.parametrize("status", [200, 204, 206, 304, 401, 404, 500, 503])
def test_g41_an_allowed_request_gets_its_fields_whatever_comes_back(status: int) -> None:
    assert judged(ALLOWED, status=status) == change(added=VARY + SHARED)


@pytest.mark.parametrize("relay", OTHERS, ids=lambda relay: relay.reason)
def test_g46_others_get_vary_alone(relay: Relay) -> None:
    assert judged(relay, "Access-Control-Allow-Origin: *") == change(added=VARY)


def test_a_101_has_no_use_for_fields() -> None:
    assert judged(ALLOWED, "Access-Control-Allow-Origin: *", status=101) == change(added=VARY)


@pytest.mark.parametrize(
    ("lines", "vary"),
    [
        pytest.param(["Vary: Accept-Encoding"], b"Accept-Encoding, Origin", id="appended"),
        pytest.param(["Vary: Accept-Encoding", "vary: origin"], b"Accept-Encoding, origin", id="G43"),
        pytest.param(["Vary: Accept-Encoding", "Vary: Cookie"], b"Accept-Encoding, Cookie, Origin", id="two-lines"),
        pytest.param(["Vary: *"], b"*", id="star"),
    ],
)
def test_vary(lines: list[str], vary: bytes) -> None:
    assert judged(NOT_CORS, *lines) == change(added=b"Vary: %b\r\n" % vary)
    assert judged(ALLOWED, *lines) == change(added=b"Vary: %b\r\n" % vary + SHARED)


def test_what_was_judged_before_says_nothing_of_another_response() -> None:
    cookies = replace(RULE, cookies=CookieHandling.DROP)
    cases = [
        (relay, lines)
        for relay in (ALLOWED, NOT_CORS, Relay(Reason.ALLOWED, SITE, cookies, SHARED + b"X: y\r\n"))
        for lines in ([], ["Vary: A"], ["Vary: A", "Vary: B"], ["Vary: A", "Set-Cookie: c=d"])
    ]
    for relay, lines in [*cases, *reversed(cases)]:
        vary = b"Vary: %b\r\n" % b", ".join([line[-1:].encode() for line in lines if "Vary" in line] + [b"Origin"])
        dropped = [b"set-cookie"] if relay.rule and "Set-Cookie: c=d" in lines else []
        assert judged(relay, *lines) == change(*dropped, added=vary + relay.block)
    assert judged(ALLOWED, "Vary: A") is judged(ALLOWED, "Vary: A")


def test_g40_no_field_of_the_upstream_is_left() -> None:
    lines = [
        *("Access-Control-Allow-Origin: *", "access-control-allow-origin: *", "Access-Control-Allow-Credentials: true"),
        *("Access-Control-Expose-Headers: *", "ACCESS-CONTROL-ALLOW-METHODS: POST, OPTIONS"),
        *("Access-Control-Allow-Headers: Authorization", "Access-Control-Max-Age: 3600"),
        *("Access-Control-Allow-Private-Network: true", "Access-Control-: x", "Alt-Svc: h3=x"),
        "Timing-Allow-Origin: *",
    ]
    for relay in (ALLOWED, *OTHERS):
        head = response(200, *lines)
        judgement = judge_response(relay, REQUEST, head, scheme="https")
        assert isinstance(judgement, Change)
        octets = response_octets(head, body=UNTIL_CLOSE, close=False, minor=1, change=judgement, own=b"")
        assert (
            octets
            == b"HTTP/1.1 200 Some Phrase\r\nTiming-Allow-Origin: *\r\n"
            + VARY
            + relay.block
            + b"Connection: close\r\n\r\n"
        )


# ----------------------------------------------------------------------------------------------------------- cookies

COOKIES = ["Set-Cookie: PHPSESSID=1; path=/", "Set-Cookie: TOUCHSESSID=2; path=/vtenext/; HttpOnly"]


def test_a_cookie_is_dropped_also_where_more_is_judged() -> None:
    expected = change(b"set-cookie", b"www-authenticate", added=VARY + SHARED + b"WWW-Authenticate: Bearer a\r\n")
    assert judged(ALLOWED, "Set-Cookie: a=b", "WWW-Authenticate: Bearer a") == expected


def test_g44_cookies_are_dropped_where_the_rule_says_so() -> None:
    assert judged(ALLOWED, *COOKIES) == change(b"set-cookie", added=VARY + SHARED)


def test_g44_cookies_are_relayed_where_the_rule_says_so() -> None:
    relay = relaying(Rewrite(), cookies=CookieHandling.RELAY)
    assert judged(relay, *COOKIES) == change(added=VARY + SHARED)


def test_g44_cookies_are_rewritten_where_the_site_says_so() -> None:
    rewrite = Rewrite(cookies=CookieRewrite(secure=True, same_site="None"))
    added = (
        b"Set-Cookie: PHPSESSID=1; path=/; Secure; SameSite=None\r\n"
        b"Set-Cookie: TOUCHSESSID=2; Path=/; HttpOnly; Secure; SameSite=None\r\n"
    )
    relay = relaying(rewrite, cookies=CookieHandling.RELAY)
    assert judged(relay, *COOKIES) == change(b"set-cookie", added=VARY + SHARED + added)
    assert judged(relaying(rewrite), *COOKIES) == change(b"set-cookie", added=VARY + SHARED)


def test_the_applications_own_pages_keep_their_cookies() -> None:
    site = replace(SITE, rewrite=Rewrite(cookies=CookieRewrite(secure=True)))
    assert judged(Relay(Reason.SAME_ORIGIN, site), *COOKIES) == change(added=VARY)


# -------------------------------------------------------------------------------------------------------- challenges


@pytest.mark.parametrize(
    ("relay", "added"),
    [
        pytest.param(ALLOWED, SHARED + b"WWW-Authenticate: Bearer\r\n", id="allowed"),
        pytest.param(
            relaying(Rewrite(challenges=Challenges.KEEP)),
            SHARED + b'WWW-Authenticate: Basic realm="crm"\r\nWWW-Authenticate: Bearer\r\n',
            id="allowed-and-kept",
        ),
        pytest.param(NOT_CORS, b'WWW-Authenticate: Basic realm="crm"\r\nWWW-Authenticate: Bearer\r\n', id="not-cors"),
    ],
)
def test_challenges(relay: Relay, added: bytes) -> None:
    lines = ['WWW-Authenticate: Basic realm="crm"', "www-authenticate: Negotiate, Bearer", "WWW-Authenticate: NTLM"]
    assert judged(relay, *lines, status=401) == change(b"www-authenticate", added=VARY + added)


def test_a_401_may_lose_all_its_challenges_to_a_page() -> None:
    assert judged(ALLOWED, "WWW-Authenticate: Basic", status=401) == change(b"www-authenticate", added=VARY + SHARED)


@pytest.mark.parametrize("relay", [ALLOWED, *OTHERS], ids=lambda relay: relay.reason)
def test_authentication_connection_bound(relay: Relay) -> None:
    answer = judged(relay, "WWW-Authenticate: Negotiate", "WWW-Authenticate: NTLM", status=401)
    assert answer == refusal(Reason.AUTHENTICATION_CONNECTION_BOUND, relay=relay)


@pytest.mark.parametrize("relay", [ALLOWED, NOT_CORS])
def test_a_421_is_about_our_connection_to_the_upstream(relay: Relay) -> None:
    answer = judged(relay, "Access-Control-Allow-Origin: *", status=421)
    assert answer == refusal(Reason.UPSTREAM_MISDIRECTED, relay=relay)


def test_a_challenge_that_comes_with_something_else_than_401_is_only_dropped() -> None:
    assert judged(NOT_CORS, "WWW-Authenticate: NTLM", status=200) == change(b"www-authenticate", added=VARY)


# --------------------------------------------------------------------------------------------------------- redirects


@pytest.mark.parametrize("status", [201, 301, 302, 303, 307, 308])
def test_g45_the_upstreams_own_url_is_made_true_outside(status: int) -> None:
    added = VARY + SHARED + f"Location: https://{HOST}/x\r\n".encode()
    expected = change(b"location", b"refresh", added=added)
    assert judged(ALLOWED, "Location: http://10.0.0.5/vtenext/x", status=status) == expected


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_g45_another_origins_redirect_is_refused(status: int) -> None:
    answer = judged(ALLOWED, "Location: https://evil.net/x?token=1", status=status)
    assert answer == refusal(Reason.UPSTREAM_REDIRECT, "Location: https://evil.net/x")


@pytest.mark.parametrize("status", [200, 201, 300, 304])
def test_another_origins_url_that_no_browser_follows_stays(status: int) -> None:
    added = VARY + SHARED + b"Location: https://evil.net/x\r\n"
    assert judged(ALLOWED, "Location: https://evil.net/x", status=status) == change(
        b"location", b"refresh", added=added
    )


def test_of_two_redirects_the_second_counts_too() -> None:
    answer = judged(ALLOWED, "Location: /x", "Location: https://evil.net/", status=302)
    assert answer == refusal(Reason.UPSTREAM_REDIRECT, "Location: https://evil.net/")
    added = VARY + SHARED + b"Location: /x\r\nLocation: y\r\n"
    judgement = judged(ALLOWED, "Location: /x", "Location: y", status=302)
    assert judgement == change(b"location", b"refresh", added=added)


def test_refresh() -> None:
    added = VARY + SHARED + f"Refresh: 0; url=https://{HOST}/x\r\n".encode()
    expected = change(b"location", b"refresh", added=added)
    assert judged(ALLOWED, "Refresh: 0; url=http://10.0.0.5/vtenext/x") == expected


def test_a_redirect_without_a_location_is_passed_on() -> None:
    assert judged(ALLOWED, status=302) == change(added=VARY + SHARED)


@pytest.mark.parametrize("relay", OTHERS, ids=lambda relay: relay.reason)
def test_elsewhere_redirects_pass(relay: Relay) -> None:
    lines = ("Location: https://evil.net/login", "Refresh: 0; url=http://10.0.0.5/vtenext/x")
    site = replace(SITE, rewrite=Rewrite(login_redirect=LoginRedirect.UNAUTHORIZED))
    assert judged(replace(relay, site=site), *lines, status=302) == change(added=VARY)


def test_redirects_pass_where_the_site_keeps_them() -> None:
    relay = relaying(Rewrite(location=LocationHandling.KEEP))
    for location in ("https://evil.net/login", "http://10.0.0.5/vtenext/x", "/restapi/v1/x?y"):
        assert judged(relay, f"Location: {location}", status=302) == change(added=VARY + SHARED)


@pytest.mark.parametrize(
    "location", ["/restapi/v1/x?y", f"https://{HOST}/restapi/v1/x?y", "http://10.0.0.5/vtenext/restapi/v1/x?y"]
)
@pytest.mark.parametrize(("method", "status"), [("GET", 302), ("HEAD", 301), ("POST", 307), ("PUT", 308), ("GET", 303)])
def test_a_redirect_in_a_circle_is_refused(location: str, method: str, status: int) -> None:
    head = request(method, "/restapi/v1/x?y", origin=ADDIN)
    answer = judge_response(ALLOWED, head, response(status, f"Location: {location}"), scheme="https")
    assert answer == refusal(Reason.UPSTREAM_REDIRECT, CIRCLE)


@pytest.mark.parametrize(
    ("relay", "method", "lines"),
    [
        pytest.param(ALLOWED, "POST", [], id="a-post-becomes-a-get"),
        pytest.param(
            relaying(Rewrite(), cookies=CookieHandling.RELAY),
            "GET",
            ["Set-Cookie: a=b"],
            id="it-comes-back-with-a-cookie",
        ),
    ],
)
def test_no_circle(relay: Relay, method: str, lines: list[str]) -> None:
    head = request(method, "/restapi/v1/x?y", origin=ADDIN)
    got = response(303, "Location: /restapi/v1/x?y", *lines)
    added = VARY + SHARED + b"Location: /restapi/v1/x?y\r\n"
    assert judge_response(relay, head, got, scheme="https") == change(b"location", b"refresh", added=added)


@pytest.mark.parametrize(
    ("relay", "lines"),
    [
        pytest.param(
            relaying(Rewrite(), cookies=CookieHandling.RELAY), [], id="without-a-cookie-it-comes-back-the-same"
        ),
        pytest.param(ALLOWED, ["Set-Cookie: a=b"], id="the-cookie-is-dropped"),
    ],
)
def test_still_a_circle(relay: Relay, lines: list[str]) -> None:
    answer = judged(relay, "Location: /restapi/v1/x?y", *lines, status=302)
    assert answer == refusal(Reason.UPSTREAM_REDIRECT, CIRCLE, relay=relay)


@pytest.mark.parametrize("handling", LocationHandling)
@pytest.mark.parametrize("location", ["/login.php", "index.php?module=Users&action=Login", "https://sso.example/x"])
def test_login_required(handling: LocationHandling, location: str) -> None:
    relay = relaying(Rewrite(location=handling, login_redirect=LoginRedirect.UNAUTHORIZED))
    answer = judged(relay, f"Location: {location}", status=302)
    detail = f"Location: {location.partition('?')[0]}"
    assert answer == refusal(Reason.LOGIN_REQUIRED, detail, relay=relay, challenge=LOGIN_CHALLENGE)
    assert LOGIN_CHALLENGE == b'WWW-Authenticate: Login realm="application"\r\n'


def test_of_two_redirects_that_are_kept_the_second_may_be_to_a_login() -> None:
    relay = relaying(Rewrite(location=LocationHandling.KEEP, login_redirect=LoginRedirect.UNAUTHORIZED))
    answer = judged(relay, "Location: /x", "Location: /login", status=302)
    assert answer == refusal(Reason.LOGIN_REQUIRED, "Location: /login", relay=relay, challenge=LOGIN_CHALLENGE)


def test_a_redirect_elsewhere_is_no_login() -> None:
    relay = relaying(Rewrite(login_redirect=LoginRedirect.UNAUTHORIZED))
    added = VARY + SHARED + b"Location: /list.php\r\n"
    assert judged(relay, "Location: /list.php", status=302) == change(b"location", b"refresh", added=added)
    judgement = judged(relay, "Location: /login.php", status=201)
    assert judgement == change(b"location", b"refresh", added=added.replace(b"list", b"login"))


def test_the_scheme_is_the_clients() -> None:
    judgement = judge_response(ALLOWED, REQUEST, response(302, "Location: http://10.0.0.5/vtenext/x"), scheme="http")
    added = VARY + SHARED + f"Location: http://{HOST}/x\r\n".encode()
    assert judgement == change(b"location", b"refresh", added=added)
