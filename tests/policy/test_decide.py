"""The decision table: each row, its reason, and the whole of what it answers."""

from dataclasses import replace

import pytest

from gateway.cors.origin import OriginTable
from gateway.http1 import errors
from gateway.http1.errors import Http1Error
from gateway.http1.head import RequestHead, Salvaged
from gateway.policy.decide import (
    ALLOW_ANY,
    REASONS,
    Answer,
    Decision,
    Relay,
    decide,
    fail,
    failure,
    refuse,
)
from gateway.policy.model import EVERYTHING, Paths, Policy, SiteLimits, UnlistedOrigins
from gateway.policy.reason import EXPLANATIONS, Reason
from tests.policy.decision_table import rows
from tests.policy.examples import (
    ADDIN,
    APPS,
    HOST,
    OPEN,
    POLICY,
    RULE,
    SHARED,
    SITE,
    UPSTREAM,
    VARY,
    VARY_PREFLIGHT,
    preflight,
    request,
)

ALLOWED = Relay(Reason.ALLOWED, SITE, RULE, SHARED)

PREFLIGHT_BEFORE = (
    b"Access-Control-Allow-Origin: https://addin.example\r\n"
    b"Access-Control-Allow-Credentials: true\r\n"
    b"Access-Control-Allow-Methods: GET, HEAD, POST\r\n"
)
PREFLIGHT_BEHIND = b"Access-Control-Max-Age: 600\r\n" + VARY_PREFLIGHT
OWN_HEADERS = b"Access-Control-Allow-Headers: authorization, content-type\r\n"
PREFLIGHT = PREFLIGHT_BEFORE + OWN_HEADERS + PREFLIGHT_BEHIND


def shared(origin: str) -> bytes:
    """Return what an answer has to an origin that only APPS matches."""
    exposed = "Access-Control-Expose-Headers: retry-after, x-request-id"
    return f"Access-Control-Allow-Origin: {origin}\r\n{exposed}\r\n".encode()


def test_the_rows_stand_in_the_order_of_the_design() -> None:
    assert rows() == [
        "host_unknown",
        "origin_repeated",
        "preflight_origin",
        "preflight_method",
        "preflight_header",
        "preflight_allowed",
        "path_ambiguous",
        "path_not_served",
        "authentication_connection_bound",
        "not_cors",
        "same_origin",
        "form_post",
        "origin_not_allowed",
        "path_not_allowed",
        "method_not_allowed",
        "allowed",
    ]


# ------------------------------------------------------------------------------------------------------ host-unknown

PROXY = (
    "or have the proxy in front pass Host on unchanged"
    " (nginx: proxy_set_header Host $host; Apache: ProxyPreserveHost On)"
)


@pytest.mark.parametrize(
    ("head", "named"),
    [
        pytest.param(request(host="other.example"), "other.example", id="another-name"),
        pytest.param(request(host="other.example:8443", origin=ADDIN), "other.example", id="G47-421-without-fields"),
        pytest.param(request(host=f"{HOST}.evil.net"), f"{HOST}.evil.net", id="a-name-that-begins-with-it"),
        pytest.param(request(host=None, minor=0), "the host name", id="no-host"),
    ],
)
def test_host_unknown(head: RequestHead, named: str) -> None:
    assert decide(POLICY, head) == Answer(
        Reason.HOST_UNKNOWN, 421, b"", remedy=f"add {named} to names of a site, {PROXY}"
    )


@pytest.mark.parametrize("host", [HOST, HOST.upper(), f"{HOST}:8443", "[2001:db8::1]", "[2001:DB8::1]:443"])
def test_the_host_names_a_site(host: str) -> None:
    assert decide(POLICY, request(host=host)) == Relay(Reason.NOT_CORS, SITE)


def test_a_site_without_names_takes_any_host() -> None:
    policy = Policy({}, any_host=SITE)
    assert decide(policy, request(host="other.example")) == Relay(Reason.NOT_CORS, SITE)
    assert decide(policy, request(host=None, minor=0)) == Relay(Reason.NOT_CORS, SITE)
    own = request(host=None, minor=0, origin=f"https://{HOST}")  # without Host it is nobody's own page
    assert decide(policy, own).reason is Reason.ORIGIN_NOT_ALLOWED


# --------------------------------------------------------------------------------------------------- origin-repeated


@pytest.mark.parametrize(
    "head",
    [
        pytest.param(request("GET", "/restapi/x", f"Origin: {ADDIN}", origin=ADDIN), id="G9-two-equal-lines"),
        pytest.param(request("GET", "/restapi/x", "Origin: https://evil.net", origin=ADDIN), id="G9-two-lines"),
        pytest.param(request(origin=f"{ADDIN}, https://evil.net"), id="G9-a-list"),
        pytest.param(request(origin=f"{ADDIN},"), id="G9-a-list-of-one"),
        pytest.param(preflight(origin=f"{ADDIN}, {ADDIN}"), id="G9-preflight"),
        pytest.param(request("GET", "/restapi/x", "Sec-Fetch-Site: none", origin="a,b"), id="whoever-sent-it"),
    ],
)
def test_origin_repeated(head: RequestHead) -> None:
    remedy = "have the proxy in front pass Origin on unchanged, and once"
    assert decide(POLICY, head) == Answer(Reason.ORIGIN_REPEATED, 400, VARY, SITE, remedy)


# ---------------------------------------------------------------------------------------------------- preflights


@pytest.mark.parametrize(
    "origin",
    [
        pytest.param("https://evil.net", id="E1-any"),
        pytest.param("null", id="E2-null"),
        pytest.param("https://addin.example.evil.net", id="E3-prefix"),
        pytest.param("https://eviladdin.example", id="E4-suffix"),
        pytest.param("https://addinXexample", id="E5-dot"),
        pytest.param("https://evil.net?https://addin.example", id="E6-contains"),
        pytest.param("https://Addin.example", id="E7-case"),
        pytest.param("https://xn--addn-7sa.example", id="E7-looks-alike"),
        pytest.param("https://addin.example_.evil.net", id="E8-underscore"),
        pytest.param("https://addin.example%60.evil.net", id="E8-percent"),
        pytest.param("https://addin.example{.evil.net", id="E8-brace"),
        pytest.param("http://addin.example", id="E9-http"),
        pytest.param("https://a.b.apps.example", id="E10-two-labels"),
        pytest.param("https://apps.example", id="E11-the-suffix-itself"),
        pytest.param("*", id="E12-star"),
        pytest.param("https://addin.example:8443", id="E14-port"),
        pytest.param("https://addin.example//", id="G3"),
        pytest.param("https://addin.example.", id="G11"),
        pytest.param(f"https://{HOST}", id="the-site's-own"),
    ],
)
def test_e1_origins_that_are_not_the_rules(origin: str) -> None:
    remedy = (
        "serve the page from an origin of its own: a sandboxed frame and a file have none"
        if origin == "null"
        else f"add {origin} to origins of sites[0], customer.yaml:2"
    )
    refusal = Answer(Reason.ORIGIN_NOT_ALLOWED, 403, VARY_PREFLIGHT, SITE, remedy)
    assert decide(POLICY, preflight(origin=origin)) == refusal
    actual = decide(POLICY, request("POST", "/restapi/x", "Sec-Fetch-Site: cross-site", origin=origin))
    assert actual == replace(refusal, block=VARY)


def test_g8_an_empty_origin_is_one_without_a_rule() -> None:
    remedy = "add the page's origin to origins of sites[0], customer.yaml:2"
    assert decide(POLICY, preflight(origin="")) == Answer(Reason.ORIGIN_NOT_ALLOWED, 403, VARY_PREFLIGHT, SITE, remedy)
    assert decide(POLICY, request(origin="")) == Answer(Reason.ORIGIN_NOT_ALLOWED, 403, VARY, SITE, remedy)


def test_e15_e16_paths_do_not_open_what_origins_close() -> None:
    for target in ("/", "/restapi/x", "/modules/Webforms/capture.php", "/push/x", "*", "//"):
        assert decide(POLICY, preflight(origin="https://evil.net", target=target)).reason is Reason.ORIGIN_NOT_ALLOWED


@pytest.mark.parametrize(
    ("head", "block"),
    [
        pytest.param(preflight("POST", "authorization,content-type"), PREFLIGHT, id="G20"),
        pytest.param(preflight("GET"), PREFLIGHT, id="without-headers"),
        pytest.param(preflight("HEAD", "content-type"), PREFLIGHT, id="one-preflight-fills-the-cache"),
        pytest.param(preflight("POST", "authorization", target="/elsewhere"), PREFLIGHT, id="G28-a-path-not-served"),
        pytest.param(preflight("POST", target="//a/../b"), PREFLIGHT, id="G28-a-path-of-many-readings"),
        pytest.param(preflight("POST", target="*"), PREFLIGHT, id="asterisk"),
        pytest.param(
            request(
                "OPTIONS",
                "/restapi/x",
                "Access-Control-Request-Method: POST",
                "Access-Control-Request-Headers: authorization, Content-Length, Content-Type",
                "Sec-Fetch-Mode: CORS",
                "Content-Length: 0",
                origin=f"{ADDIN}/",
            ),
            PREFLIGHT_BEFORE.replace(b"addin.example", b"addin.example/")
            + b"Access-Control-Allow-Headers: authorization, Content-Length, Content-Type\r\n"
            + PREFLIGHT_BEHIND,
            id="G21",
        ),
        pytest.param(
            preflight("POST", "\tcontent-TYPE ,", ",,Authorization,content-type", ""),
            PREFLIGHT_BEFORE + b"Access-Control-Allow-Headers: content-TYPE, Authorization\r\n" + PREFLIGHT_BEHIND,
            id="G22",
        ),
        pytest.param(
            request(
                "OPTIONS",
                "/restapi/x",
                "Access-Control-Request-Method: POST",
                "Access-Control-Request-Private-Network: true",
                origin=ADDIN,
            ),
            PREFLIGHT,
            id="G29",
        ),
    ],
)
def test_preflight_allowed(head: RequestHead, block: bytes) -> None:
    assert decide(POLICY, head) == Answer(Reason.PREFLIGHT_ALLOWED, 204, block, SITE)


def test_classic_outlook_asks_for_all_it_sends_and_says_so_in_upper_case() -> None:
    def judged(mode: str) -> Decision:
        asks = ("Access-Control-Request-Method: POST", "Access-Control-Request-Headers: authorization, Accept")
        return decide(POLICY, request("OPTIONS", "/restapi/x", *asks, f"Sec-Fetch-Mode: {mode}", origin=ADDIN))

    listed = b"Access-Control-Allow-Headers: authorization, Accept, content-type\r\n"
    block = PREFLIGHT_BEFORE + listed + PREFLIGHT_BEHIND
    assert judged("CORS") == Answer(Reason.PREFLIGHT_ALLOWED, 204, block, SITE)
    assert judged("cors").reason is Reason.HEADER_NOT_ALLOWED


def test_preflight_allowed_for_any_header_and_an_origin_below_a_wildcard() -> None:
    head = preflight("PUT", "x-otp,X-HTTP-Method-Override", origin="https://a.apps.example/")
    block = (
        b"Access-Control-Allow-Origin: https://a.apps.example/\r\n"
        b"Access-Control-Allow-Methods: GET, HEAD, PUT\r\n"
        b"Access-Control-Allow-Headers: x-otp, X-HTTP-Method-Override, authorization, content-type\r\n"
        b"Access-Control-Max-Age: 5\r\n" + VARY_PREFLIGHT
    )
    assert decide(POLICY, head) == Answer(Reason.PREFLIGHT_ALLOWED, 204, block, SITE)


@pytest.mark.parametrize(
    ("method", "remedy"),
    [
        pytest.param("PUT", "add PUT to methods of sites[0].origins[0], customer.yaml:6", id="another-method"),
        pytest.param(
            "post",
            "write the method as POST in the page's call: upper and lower case are not the same in methods",
            id="G25-lower-case",
        ),
        pytest.param(
            "Patch", "add Patch to methods of sites[0].origins[0], customer.yaml:6", id="G25-of-another-method"
        ),
        pytest.param("", "add the method to methods of sites[0].origins[0], customer.yaml:6", id="empty"),
        pytest.param("*", "add * to methods of sites[0].origins[0], customer.yaml:6", id="star"),
        pytest.param("GET, POST", "add GET, POST to methods of sites[0].origins[0], customer.yaml:6", id="list"),
    ],
)
def test_preflight_method(method: str, remedy: str) -> None:
    # The facts have a refusal by status here; the design answers 204 and the true fields, so that the browser's console
    # names the method instead of blaming the origin.
    answer = Answer(Reason.METHOD_NOT_ALLOWED, 204, PREFLIGHT, SITE, remedy)
    assert decide(POLICY, preflight(method, "authorization")) == answer


def test_preflight_method_on_two_lines() -> None:
    head = request(
        "OPTIONS", "/", "Access-Control-Request-Method: GET", "Access-Control-Request-Method: PUT", origin=ADDIN
    )
    remedy = "add GET, PUT to methods of sites[0].origins[0], customer.yaml:6"
    assert decide(POLICY, head) == Answer(Reason.METHOD_NOT_ALLOWED, 204, PREFLIGHT, SITE, remedy)


def test_a_method_that_is_not_allowed_is_told_before_a_header_that_is_not() -> None:
    assert decide(POLICY, preflight("PUT", "x-otp")).reason is Reason.METHOD_NOT_ALLOWED


@pytest.mark.parametrize(
    ("asked", "listed", "remedy"),
    [
        pytest.param(
            ["authorization,x-otp,x-app"],
            OWN_HEADERS,
            "add x-otp to headers of sites[0].origins[0], customer.yaml:6",
            id="G24-overruled-204-and-the-true-fields",
        ),
        pytest.param(
            ["X-Otp, Content-Type"],
            b"Access-Control-Allow-Headers: Content-Type, authorization\r\n",
            "add X-Otp to headers of sites[0].origins[0], customer.yaml:6",
            id="in-the-client's-spelling",
        ),
        pytest.param(
            ["a" * 65_536],
            OWN_HEADERS,
            "set fewer header fields in the page's call, by names of letters, digits and hyphens",
            id="G23",
        ),
        pytest.param(
            ["x y"],
            OWN_HEADERS,
            "set fewer header fields in the page's call, by names of letters, digits and hyphens",
            id="not-a-name",
        ),
        pytest.param(["*"], OWN_HEADERS, "add * to headers of sites[0].origins[0], customer.yaml:6", id="star"),
    ],
)
def test_preflight_header(asked: list[str], listed: bytes, remedy: str) -> None:
    lines = [f"Access-Control-Request-Headers: {value}" for value in asked]
    head = limitless("OPTIONS", "Access-Control-Request-Method: POST", *lines)
    block = PREFLIGHT_BEFORE + listed + PREFLIGHT_BEHIND
    assert decide(POLICY, head) == Answer(Reason.HEADER_NOT_ALLOWED, 204, block, SITE, remedy)


def test_a_site_may_have_another_bound_for_what_a_preflight_asks() -> None:
    asked = "authorization,content-type"
    for octets, reason in ((len(asked), Reason.PREFLIGHT_ALLOWED), (len(asked) - 1, Reason.HEADER_NOT_ALLOWED)):
        site = replace(SITE, limits=SiteLimits(access_control_request_headers=octets))
        assert decide(Policy({HOST.encode(): site}), preflight("POST", asked)).reason is reason


def limitless(method: str, *lines: str) -> RequestHead:
    """Return a head that may be longer than any that is parsed."""
    short = request(method, "/restapi/x", *(line[:100] for line in lines), origin=ADDIN)
    octets = (*short.fields.lines[: -len(lines)], *(line.encode() for line in lines))
    return replace(short, fields=replace(short.fields, lines=octets))


# ------------------------------------------------------------------------------------------------------------- paths


@pytest.mark.parametrize(
    "target", ["/restapi//x", "/restapi/../x", "/restapi/%2e%2e/x", "/restapi/%2fx", "/restapi/\\x"]
)
@pytest.mark.parametrize(
    ("origin", "block"),
    [(None, VARY), (ADDIN, SHARED + VARY), ("https://evil.net", VARY)],
    ids=["no-origin", "a-rule", "no-rule"],
)
def test_path_ambiguous(target: str, origin: str | None, block: bytes) -> None:
    remedy = "write the path without //, /../, backslashes and needless percent-encoding"
    answer = Answer(Reason.PATH_AMBIGUOUS, 400, block, SITE, remedy)
    assert decide(POLICY, request("GET", target, origin=origin)) == answer


def test_path_ambiguous_where_only_the_rule_reads_paths() -> None:
    rule = replace(RULE, paths=Paths(subtrees=(b"/restapi/",)))
    site = replace(OPEN, rules=OriginTable([(rule.origin, rule)]))
    policy = Policy({HOST.encode(): site})
    assert decide(policy, request("GET", "/a//b", origin=ADDIN)).reason is Reason.PATH_AMBIGUOUS
    assert decide(policy, request("GET", "/a//b")) == Relay(Reason.NOT_CORS, site)


def test_a_path_of_many_readings_is_relayed_as_it_is_where_nothing_depends_on_it() -> None:
    for target in ("/a//b/../%2f", "/%00", "*"):
        head = request("OPTIONS", target, host="open.customer.example")
        assert decide(POLICY, head) == Relay(Reason.NOT_CORS, OPEN)
        head = request("OPTIONS", target, host="open.customer.example", origin="https://a.apps.example")
        assert decide(POLICY, head).reason is Reason.METHOD_NOT_ALLOWED


@pytest.mark.parametrize(
    ("target", "path"),
    [
        pytest.param("/", "/", id="root"),
        pytest.param("/webservice.php/x", "/webservice.php/x", id="below-a-whole-path"),
        pytest.param("/Restapi/v1", "/Restapi/v1", id="case"),
        pytest.param("/restapi", "/restapi", id="the-subtree-without-its-slash"),
        pytest.param("/index.php?x=/restapi/", "/index.php", id="the-query-does-not-count"),
    ],
)
@pytest.mark.parametrize(
    ("origin", "block"),
    [(None, VARY), (ADDIN, SHARED + VARY), ("https://evil.net", VARY)],
    ids=["no-origin", "a-rule", "no-rule"],
)
def test_path_not_served(target: str, path: str, origin: str | None, block: bytes) -> None:
    answer = Answer(Reason.PATH_NOT_SERVED, 404, block, SITE, f"add {path} to paths of sites[0], customer.yaml:2")
    assert decide(POLICY, request("GET", target, origin=origin)) == answer


def test_an_asterisk_is_no_path() -> None:
    head = request("OPTIONS", "*", origin=ADDIN)
    remedy = "add * to paths of sites[0], customer.yaml:2"
    assert decide(POLICY, head) == Answer(Reason.PATH_NOT_SERVED, 404, SHARED + VARY, SITE, remedy)
    site = replace(SITE, paths=EVERYTHING)  # but behind a prefix
    assert decide(Policy({HOST.encode(): site}), head) == Answer(
        Reason.PATH_NOT_SERVED, 404, SHARED + VARY, site, remedy
    )


# ----------------------------------------------------------------------------------- authentication-connection-bound

BOUND = "switch the application's API to another authentication, such as Basic or Bearer"


@pytest.mark.parametrize("authorization", ["NTLM TlRMTVNTUAAB", "Negotiate YII=", "nTLm x", "NEGOTIATE"])
@pytest.mark.parametrize(
    ("origin", "block"),
    [(None, VARY), (ADDIN, SHARED + VARY), ("https://evil.net", VARY)],
    ids=["no-origin", "a-rule", "no-rule"],
)
def test_authentication_connection_bound(authorization: str, origin: str | None, block: bytes) -> None:
    head = request("GET", "/restapi/x", f"Authorization: {authorization}", origin=origin)
    assert decide(POLICY, head) == Answer(Reason.AUTHENTICATION_CONNECTION_BOUND, 403, block, SITE, BOUND)


def test_authentication_connection_bound_on_the_second_of_two_lines() -> None:
    head = request("GET", "/restapi/x", "Authorization: Basic eA==", "Authorization: NTLM x")
    assert decide(POLICY, head) == Answer(Reason.AUTHENTICATION_CONNECTION_BOUND, 403, VARY, SITE, BOUND)


def test_a_path_that_is_not_served_is_told_before_a_login_that_is_not_relayed() -> None:
    head = request("GET", "/elsewhere", "Authorization: NTLM x")
    assert decide(POLICY, head).reason is Reason.PATH_NOT_SERVED
    head = request("GET", "/restapi//x", "Authorization: NTLM x")
    assert decide(POLICY, head).reason is Reason.PATH_AMBIGUOUS


@pytest.mark.parametrize("authorization", ["Basic TlRMTQ==", "Bearer NTLM", "", "Digest username=ntlm"])
def test_other_authentication_is_relayed(authorization: str) -> None:
    head = request("GET", "/restapi/x", f"Authorization: {authorization}", "Authorization: Basic eA==")
    assert decide(POLICY, head) == Relay(Reason.NOT_CORS, SITE)


# ------------------------------------------------------------------------------------ relayed without fields


@pytest.mark.parametrize(
    "head",
    [
        pytest.param(request(), id="G46"),
        pytest.param(request("POST", "/webservice.php", "Content-Length: 0"), id="curl"),
        pytest.param(request("GET", "/restapi/x", "Sec-Fetch-Site: cross-site", "Sec-Fetch-Mode: no-cors"), id="image"),
        pytest.param(request("OPTIONS"), id="options"),
        pytest.param(request("OPTIONS", "/restapi/x", "Access-Control-Request-Method: GET"), id="G27"),
        pytest.param(request("PROPFIND"), id="any-method"),
    ],
)
def test_not_cors(head: RequestHead) -> None:
    assert decide(POLICY, head) == Relay(Reason.NOT_CORS, SITE)


@pytest.mark.parametrize(
    ("origin", "host", "site"),
    [
        pytest.param("https://evil.net", HOST, "same-origin", id="the-browser-says-so"),
        pytest.param("null", HOST, "same-origin", id="form-under-no-referrer"),
        pytest.param("null", HOST, "none", id="the-user-did-it"),
        pytest.param(ADDIN, HOST, "same-origin", id="before-its-rule"),
        pytest.param(f"https://{HOST}", HOST, None, id="same-name"),
        pytest.param(f"http://{HOST}", HOST, None, id="the-scheme-does-not-count"),
        pytest.param(f"https://{HOST}", f"{HOST}:443", None, id="host-with-443"),
        pytest.param(f"https://{HOST}", f"{HOST}:80", None, id="host-with-80-behind-a-tls-terminator"),
        pytest.param(f"https://{HOST}:443", HOST, None, id="origin-with-443"),
        pytest.param(f"http://{HOST}:80", HOST, None, id="origin-with-80"),
        pytest.param(f"https://{HOST}:8443", f"{HOST}:8443", None, id="another-port"),
        pytest.param("https://[2001:db8::1]", "[2001:db8::1]:443", None, id="ipv6"),
    ],
)
def test_same_origin(origin: str, host: str, site: str | None) -> None:
    lines = [f"Sec-Fetch-Site: {site}"] if site else []
    head = request("POST", "/webservice.php", *lines, host=host, origin=origin)
    assert decide(POLICY, head) == Relay(Reason.SAME_ORIGIN, SITE)


@pytest.mark.parametrize(
    ("origin", "host", "site"),
    [
        pytest.param(f"https://{HOST}", HOST, "cross-site", id="the-browser-says-no"),
        pytest.param(f"http://{HOST}", HOST, "same-site", id="same-site-is-not-enough"),
        pytest.param(f"https://{HOST}", HOST, "Same-Origin", id="case"),
        pytest.param(f"https://{HOST}:8443", HOST, None, id="another-port"),
        pytest.param(f"https://{HOST}", f"{HOST}:8443", None, id="host-with-another-port"),
        pytest.param(f"https://{HOST}:80", HOST, None, id="the-other-scheme's-port"),
        pytest.param(f"https://{HOST}/", HOST, None, id="slash"),
        pytest.param(f"ftp://{HOST}", HOST, None, id="another-scheme"),
        pytest.param(HOST, HOST, None, id="no-scheme"),
        pytest.param("null", HOST, None, id="null"),
        pytest.param(f"https://a.{HOST}", HOST, None, id="another-name"),
    ],
)
def test_not_same_origin(origin: str, host: str, site: str | None) -> None:
    lines = [f"Sec-Fetch-Site: {site}"] if site else []
    head = request("POST", "/webservice.php", *lines, host=host, origin=origin)
    assert decide(POLICY, head).reason is Reason.ORIGIN_NOT_ALLOWED


CAPTURE = "/modules/Webforms/capture.php"


@pytest.mark.parametrize("origin", ["https://www.customer.example", "null", "https://evil.net"])
def test_form_post(origin: str) -> None:
    head = request("POST", f"{CAPTURE}?x", "Sec-Fetch-Site: cross-site", origin=origin)
    assert decide(POLICY, head) == Relay(Reason.FORM_POST, SITE)


@pytest.mark.parametrize(
    ("method", "target"), [("GET", CAPTURE), ("PUT", CAPTURE), ("POST", "/modules/Webforms/x"), ("post", CAPTURE)]
)
def test_not_a_form_post(method: str, target: str) -> None:
    assert decide(POLICY, request(method, target, origin="null")).reason is Reason.ORIGIN_NOT_ALLOWED


def test_a_form_of_an_origin_with_a_rule_is_judged_by_its_rule() -> None:
    rule = replace(RULE, paths=EVERYTHING)
    site = replace(SITE, rules=OriginTable([(rule.origin, rule)]))
    head = request("POST", CAPTURE, origin=ADDIN)
    assert decide(Policy({HOST.encode(): site}), head) == Relay(Reason.ALLOWED, site, rule, SHARED)


# ------------------------------------------------------------------------------------------------ origin-not-allowed

NOT_ALLOWED = Answer(
    Reason.ORIGIN_NOT_ALLOWED, 403, VARY, SITE, "add https://evil.net to origins of sites[0], customer.yaml:2"
)


@pytest.mark.parametrize(
    "head",
    [
        pytest.param(request(origin="https://evil.net"), id="get"),
        pytest.param(
            request("POST", "/webservice.php", "Content-Type: text/plain", origin="https://evil.net"), id="E20"
        ),
        pytest.param(request("OPTIONS", origin="https://evil.net"), id="options"),
        pytest.param(
            request("GET", "/push/x", "Upgrade: websocket", "Connection: Upgrade", origin="https://evil.net"), id="G48"
        ),
    ],
)
def test_origin_not_allowed(head: RequestHead) -> None:
    assert decide(POLICY, head) == NOT_ALLOWED


def test_unlisted_origins_are_relayed_where_the_site_says_so_but_not_their_preflights() -> None:
    site = replace(SITE, unlisted=UnlistedOrigins.RELAY)
    policy = Policy({HOST.encode(): site})
    assert decide(policy, request(origin="https://evil.net")) == Relay(Reason.ORIGIN_UNLISTED, site)
    answer = decide(policy, preflight(origin="https://evil.net"))
    assert answer == replace(NOT_ALLOWED, block=VARY_PREFLIGHT, site=site)


# ------------------------------------------------------------------------------------------------- the rule's paths


@pytest.mark.parametrize("method", ["GET", "PUT"])
def test_path_not_allowed(method: str) -> None:
    remedy = "add /modules/x to paths of sites[0].origins[0], customer.yaml:6"
    answer = Answer(Reason.PATH_NOT_ALLOWED, 403, SHARED + VARY, SITE, remedy)
    assert decide(POLICY, request(method, "/modules/x", origin=ADDIN)) == answer


@pytest.mark.parametrize(
    ("method", "remedy"),
    [
        pytest.param("PUT", "add PUT to methods of sites[0].origins[0], customer.yaml:6", id="another"),
        pytest.param("OPTIONS", "add OPTIONS to methods of sites[0].origins[0], customer.yaml:6", id="G26"),
        pytest.param(
            "get",
            "write the method as GET in the page's call: upper and lower case are not the same in methods",
            id="lower-case",
        ),
    ],
)
def test_method_not_allowed(method: str, remedy: str) -> None:
    block = SHARED + VARY + b"Allow: GET, HEAD, POST\r\n"
    answer = Answer(Reason.METHOD_NOT_ALLOWED, 405, block, SITE, remedy)
    assert decide(POLICY, request(method, origin=ADDIN)) == answer


@pytest.mark.parametrize(
    ("head", "expected"),
    [
        pytest.param(request(origin=ADDIN), ALLOWED, id="G1"),
        pytest.param(
            request(origin=f"{ADDIN}/"),
            replace(ALLOWED, block=SHARED.replace(b"addin.example", b"addin.example/")),
            id="G2",
        ),
        pytest.param(request("HEAD", origin=ADDIN), ALLOWED, id="head"),
        pytest.param(
            request(
                "POST", "/webservice.php?x", "Content-Length: 5", "X-Otp: 1", "Sec-Fetch-Site: cross-site", origin=ADDIN
            ),
            ALLOWED,
            id="headers-are-the-browser's-business",
        ),
        pytest.param(
            request("GET", "/push/x", "Upgrade: websocket", "Connection: Upgrade", origin=ADDIN),
            ALLOWED,
            id="websocket",
        ),
        pytest.param(
            request("PUT", "/modules/x", origin="https://a.apps.example"),
            Relay(Reason.ALLOWED, SITE, APPS, shared("https://a.apps.example")),
            id="G10",
        ),
    ],
)
def test_allowed(head: RequestHead, expected: Decision) -> None:
    assert decide(POLICY, head) == expected


def test_g26_options_without_a_method_asked_for_is_an_actual_request() -> None:
    rule = replace(RULE, methods=RULE.methods | {b"OPTIONS"})
    site = replace(SITE, rules=OriginTable([(rule.origin, rule)]))
    policy = Policy({HOST.encode(): site})
    assert decide(policy, request("OPTIONS", origin=ADDIN)) == Relay(Reason.ALLOWED, site, rule, SHARED)
    no_preflight = request("GET", "/restapi/x", "Access-Control-Request-Method: PUT", origin=ADDIN)
    assert decide(policy, no_preflight) == Relay(Reason.ALLOWED, site, rule, SHARED)


def test_a_preflight_may_ask_for_options() -> None:
    rule = replace(RULE, methods=RULE.methods | {b"OPTIONS"})
    policy = Policy({HOST.encode(): replace(SITE, rules=OriginTable([(rule.origin, rule)]))})
    assert decide(policy, preflight("OPTIONS")).reason is Reason.PREFLIGHT_ALLOWED


def test_g49_a_decision_holds_on_to_the_policy_it_was_made_by() -> None:
    # That each process swaps whole policies is shown with the reload; here, that no decision looks one up again.
    before = decide(POLICY, request(origin=ADDIN))
    decide(Policy({}), request(origin=ADDIN))
    assert isinstance(before, Relay)
    assert failure(Reason.UPSTREAM_TIMEOUT, before).block == SHARED + VARY


# ------------------------------------------------------------------------------------------- what no row decides

HOST_AND_ORIGIN = Salvaged(b"GET", HOST.encode(), ADDIN.encode())


@pytest.mark.parametrize(
    ("salvaged", "block", "known"),
    [
        pytest.param(HOST_AND_ORIGIN, SHARED + VARY, True, id="G47-host-and-origin"),
        pytest.param(replace(HOST_AND_ORIGIN, host=f"{HOST}:443".encode()), SHARED + VARY, True, id="G47-port"),
        pytest.param(replace(HOST_AND_ORIGIN, origin=b"https://evil.net"), VARY, True, id="no-rule"),
        pytest.param(replace(HOST_AND_ORIGIN, origin=None), VARY, True, id="no-origin"),
        pytest.param(replace(HOST_AND_ORIGIN, host=None), b"", False, id="G47-no-host"),
        pytest.param(replace(HOST_AND_ORIGIN, host=b"other.example"), b"", False, id="G47-unknown-host"),
    ],
)
def test_refuse_and_fail(salvaged: Salvaged, block: bytes, known: bool) -> None:
    site = SITE if known else None
    refused = refuse(POLICY, errors.HeadTooLargeError("more than 128 field lines"), salvaged)
    remedy = EXPLANATIONS[Reason.HEAD_TOO_LARGE].remedy
    assert refused == Answer(Reason.HEAD_TOO_LARGE, 431, block, site, f"{remedy} (more than 128 field lines)")
    failed = fail(Reason.HEAD_TIMEOUT, POLICY, salvaged)
    assert failed == Answer(Reason.HEAD_TIMEOUT, 408, block, site, EXPLANATIONS[Reason.HEAD_TIMEOUT].remedy)


def test_a_site_for_any_host_is_not_asked_where_no_host_was_read() -> None:
    policy = Policy({}, any_host=SITE)
    assert fail(Reason.HEAD_TIMEOUT, policy, HOST_AND_ORIGIN).site is SITE
    assert fail(Reason.HEAD_TIMEOUT, policy, Salvaged(None, None, ADDIN.encode())).site is None


@pytest.mark.parametrize(
    ("error", "reason", "status"),
    [
        (errors.MalformedError, Reason.REQUEST_MALFORMED, 400),
        (errors.MethodNotServedError, Reason.METHOD_NOT_SERVED, 405),
        (errors.TargetTooLongError, Reason.TARGET_TOO_LONG, 414),
        (errors.ExpectationError, Reason.EXPECTATION_FAILED, 417),
        (errors.HeadTooLargeError, Reason.HEAD_TOO_LARGE, 431),
        (errors.VersionNotSupportedError, Reason.VERSION_NOT_SUPPORTED, 505),
    ],
)
def test_each_error_has_its_reason(error: type[Http1Error], reason: Reason, status: int) -> None:
    answer = refuse(POLICY, error(), Salvaged(None, None, None))
    assert (answer.reason, answer.status, error.status) == (reason, status, status)
    assert answer.remedy == EXPLANATIONS[reason].remedy


def test_without_a_site_the_remedy_names_no_place() -> None:
    remedy = fail(Reason.SITE_BUSY, POLICY, Salvaged(None, None, None)).remedy
    assert remedy == "raise limits.in_flight of the site in the configuration, if the application can bear it"


def test_no_error_is_without_a_reason() -> None:
    assert set(REASONS) == set(Http1Error.__subclasses__())


def test_a_405_says_what_is_allowed() -> None:
    error = errors.MethodNotServedError()
    allow = b"Allow: GET, HEAD, POST\r\n"
    assert refuse(POLICY, error, HOST_AND_ORIGIN).block == SHARED + VARY + allow
    assert refuse(POLICY, error, replace(HOST_AND_ORIGIN, origin=None)).block == VARY + ALLOW_ANY
    assert refuse(POLICY, error, Salvaged(b"TRACE", None, None)).block == ALLOW_ANY
    assert ALLOW_ANY == b"Allow: DELETE, GET, HEAD, OPTIONS, PATCH, POST, PUT\r\n"


@pytest.mark.parametrize(
    ("reason", "status"),
    [
        (Reason.BODY_TOO_LARGE, 413),
        (Reason.UPSTREAM_REFUSED, 502),
        (Reason.SITE_BUSY, 503),
        (Reason.UPSTREAM_TIMEOUT, 504),
        (Reason.CLIENT_GONE, 500),
        (Reason.INTERNAL, 500),
    ],
)
def test_failure(reason: Reason, status: int) -> None:
    remedy = EXPLANATIONS[reason].remedy.replace("{place}", "sites[0], customer.yaml:2")
    assert failure(reason, ALLOWED) == Answer(reason, status, SHARED + VARY, SITE, remedy)
    without = failure(reason, Relay(Reason.NOT_CORS, SITE), detail="10.0.0.5:8443")
    assert without == Answer(reason, status, VARY, SITE, f"{remedy} (10.0.0.5:8443)")


def test_answers_and_relays_say_no_more_than_they_are_given() -> None:
    assert Answer(Reason.HEALTH, 200, b"") == Answer(Reason.HEALTH, 200, b"", None, "")
    assert Relay(Reason.NOT_CORS, SITE) == Relay(Reason.NOT_CORS, SITE, None, b"")
    assert UPSTREAM.urls == SITE.upstream.urls
