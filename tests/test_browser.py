"""The model of the clients, against what the standard, its web-platform-tests and measurements say of them."""

from collections.abc import Callable

import pytest

from tests.browser import Build, Call, Fetch, Got, Lines, NetworkError, Outcome, Read, Sent, ask, browser, classic

ADDIN = "https://addin.vendor.example"
CRM = "https://crm.customer.example"
URL = f"{CRM}/restapi/v1/x"
ACAO, ACAC, ACAM, ACAH, ACEH = (
    f"Access-Control-{name}"
    for name in ("Allow-Origin", "Allow-Credentials", "Allow-Methods", "Allow-Headers", "Expose-Headers")
)
SHARED: Lines = ((ACAO, ADDIN),)
WITH_CREDENTIALS: Lines = (*SHARED, (ACAC, "true"))
AUTHORIZATION = ("Authorization", "Bearer x")
JSON = ("Content-Type", "application/json")

SIMPLE = Fetch(ADDIN, URL)
COOKIES = Fetch(ADDIN, URL, credentials=True)
PUT = Fetch(ADDIN, URL, "PUT")
POST_JSON = Fetch(ADDIN, URL, "POST", (AUTHORIZATION, JSON))


def server(preflight: Got, actual: Got) -> Callable[[Sent], Got]:
    """Return what answers a preflight with one thing and all else with another."""
    return lambda sent: preflight if sent.all("Access-Control-Request-Method") else actual


def call(
    fetch: Fetch, actual: Lines, preflight: Lines = (), *, status: int = 200, preflight_status: int = 204
) -> Outcome:
    """Return the outcome of a browser's call to a server that answers so."""
    return ask(browser(fetch), server(Got(preflight_status, preflight), Got(status, actual)))[0]


def lines_of(sent: Sent) -> Lines:
    """Return what is sent, but for what says from where."""
    return tuple(line for line in sent.lines if not line[0].startswith("Sec-Fetch"))


# -------------------------------------------------------------------------------------------------- what is sent


def test_a_simple_call_is_sent_as_it_is() -> None:
    outcome, sent = ask(browser(SIMPLE), lambda _: Got(200, SHARED))
    assert outcome == Read(200, ())
    assert [(one.method, one.url, lines_of(one)) for one in sent] == [("GET", URL, (("Origin", ADDIN),))]
    assert ("Sec-Fetch-Site", "cross-site") in sent[0].lines


def test_a_preflight_asks_in_lower_case_sorted_and_without_spaces() -> None:
    headers = (("X-Requested-With", "a"), ("X-Crm-Trace", "b"), AUTHORIZATION, JSON, ("Accept", "*/*"))
    allowed = (*WITH_CREDENTIALS, (ACAH, "authorization,content-type,x-crm-trace,x-requested-with"))
    outcome, sent = ask(browser(Fetch(ADDIN, URL, "POST", headers, credentials=True)), lambda _: Got(200, allowed))
    assert outcome == Read(200, ())
    preflight, actual = sent
    assert (preflight.method, lines_of(preflight)) == (
        "OPTIONS",
        (
            ("Accept", "*/*"),
            ("Origin", ADDIN),
            ("Access-Control-Request-Method", "POST"),
            ("Access-Control-Request-Headers", "authorization,content-type,x-crm-trace,x-requested-with"),
        ),
    )
    assert (actual.method, lines_of(actual)) == ("POST", (*headers, ("Origin", ADDIN), ("Cookie", "session=1")))


def test_a_preflight_for_a_method_alone_asks_for_no_headers() -> None:
    _, sent = ask(browser(PUT), lambda _: Got(204))
    assert lines_of(sent[0]) == (("Accept", "*/*"), ("Origin", ADDIN), ("Access-Control-Request-Method", "PUT"))


@pytest.mark.parametrize(
    ("fetch", "asked"),
    [
        pytest.param(Fetch(ADDIN, URL, "get"), None, id="C2-get-is-GET"),
        pytest.param(Fetch(ADDIN, URL, "put"), "PUT", id="C2-put-is-PUT"),
        pytest.param(Fetch(ADDIN, URL, "patch"), "patch", id="C2-patch-is-not-PATCH"),
        pytest.param(Fetch(ADDIN, URL, "POST"), None, id="C1-POST"),
        pytest.param(Fetch(ADDIN, URL, "HEAD"), None, id="C1-HEAD"),
        pytest.param(Fetch(ADDIN, URL, "POST", listens_to_upload=True), "POST", id="C1-upload-listeners"),
        pytest.param(Fetch(CRM, URL, "PUT", (AUTHORIZATION,)), None, id="same-origin"),
    ],
)
def test_methods(fetch: Fetch, asked: str | None) -> None:
    _, sent = ask(browser(fetch), lambda _: Got(200, SHARED))
    assert sent[0].all("Access-Control-Request-Method") == ([asked] if asked else [])


@pytest.mark.parametrize("method", ["CONNECT", "trace", "TRACK", "B AD", ""])
def test_methods_that_a_page_cannot_use(method: str) -> None:
    assert ask(browser(Fetch(ADDIN, URL, method)), lambda _: Got(200)) == (NetworkError("TypeError: not a method"), ())


@pytest.mark.parametrize(
    ("headers", "asked"),
    [
        pytest.param((("Accept", "application/json, text/plain, */*"),), "", id="C5-accept"),
        pytest.param((("Accept", "a(b"),), "accept", id="C5-accept-unsafe-byte"),
        pytest.param((("Accept", "\x01"),), "accept", id="C5-accept-control"),
        pytest.param((("Accept", "a\tb"),), "", id="C5-accept-tab"),
        pytest.param((("Accept-Language", "de-DE,de;q=0.9, *"),), "", id="C5-accept-language"),
        pytest.param((("Accept-Language", "de_DE"),), "accept-language", id="C5-accept-language-unsafe"),
        pytest.param((("Content-Language", "de"),), "", id="C5-content-language"),
        pytest.param((("Content-Type", "text/plain"),), "", id="C6-text-plain"),
        pytest.param((("Content-Type", "text/plain;charset=UTF-8"),), "", id="C6-parameter"),
        pytest.param((("Content-Type", " Multipart/Form-Data ; boundary=x"),), "", id="C6-multipart"),
        pytest.param((("Content-Type", "application/x-www-form-urlencoded"),), "", id="C6-form"),
        pytest.param((("Content-Type", "application/json"),), "content-type", id="C6-json"),
        pytest.param((("Content-Type", 'text/plain;charset="utf-8"'),), "content-type", id="C6-unsafe-byte"),
        pytest.param((("Range", "bytes=0-"),), "", id="C5-range-open"),
        pytest.param((("Range", "bytes=0-499"),), "", id="C5-range"),
        pytest.param((("Range", "bytes=5-5"),), "", id="C5-range-of-one"),
        pytest.param((("Range", "bytes=-200"),), "range", id="C5-range-suffix"),
        pytest.param((("Range", "bytes=9-5"),), "range", id="C5-range-backwards"),
        pytest.param((("Range", "bytes=0-1,5-6"),), "range", id="C5-ranges"),
        pytest.param((("Accept", "a" * 128),), "", id="C5-128-octets"),
        pytest.param((("Accept", "a" * 129),), "accept", id="C5-129-octets"),
        pytest.param(tuple(("Accept", "a" * 128) for _ in range(8)), "", id="C5-1024-octets"),
        pytest.param((*(("Accept", "a" * 128) for _ in range(8)), ("Range", "bytes=0-")), "accept,range", id="C5-more"),
        pytest.param((("X-A", ""), ("x-a", "")), "x-a", id="a-name-once"),
        pytest.param((("Content-Length", "5"), ("Cookie", "a"), ("Sec-X", "b"), ("Proxy-X", "c")), "", id="forbidden"),
        pytest.param((("X-HTTP-Method-Override", "PUT"),), "x-http-method-override", id="C8b-override"),
        pytest.param((("X-HTTP-Method", "put, trace"),), "", id="C8b-override-with-a-forbidden-method"),
    ],
)
def test_which_headers_are_asked_for(headers: Lines, asked: str) -> None:
    _, sent = ask(browser(Fetch(ADDIN, URL, headers=headers)), lambda _: Got(200, SHARED))
    assert ",".join(sent[0].all("Access-Control-Request-Headers")) == asked


def test_forbidden_headers_are_not_sent_and_bad_names_are_an_error() -> None:
    _, sent = ask(browser(Fetch(ADDIN, URL, headers=(("Cookie", "a"), ("Accept", "b")))), lambda _: Got(200))
    assert lines_of(sent[0]) == (("Accept", "b"), ("Origin", ADDIN))
    outcome = ask(browser(Fetch(ADDIN, URL, headers=(("a b", ""),))), lambda _: Got(200))
    assert outcome == (NetworkError("TypeError: not a header name"), ())


def test_fetch_metadata() -> None:
    def site(fetch: Fetch, *, says: bool = True) -> list[str]:
        return ask(browser(fetch, says_where_from=says), lambda _: Got(200))[1][0].all("Sec-Fetch-Site")

    assert site(SIMPLE) == ["cross-site"]
    assert site(Fetch(CRM, URL)) == ["same-origin"]
    assert site(SIMPLE, says=False) == []
    assert site(Fetch(ADDIN, "http://crm.customer.example/")) == []


# ------------------------------------------------------------------- what may be read, as measured in three engines


OK = Read(200, ())


def why(outcome: Outcome) -> str:
    """Return why a call failed; nothing where it did not."""
    return outcome.why if isinstance(outcome, NetworkError) else ""


@pytest.mark.parametrize(
    ("lines", "readable"),
    [
        pytest.param(SHARED, True, id="right"),
        pytest.param((), False, id="no-ACAO"),
        pytest.param(SHARED * 2, False, id="C22-two-equal-lines"),
        pytest.param(((ACAO, "*"), (ACAO, "*")), False, id="C22-two-stars"),
        pytest.param(((ACAO, f"{ADDIN}, {ADDIN}"),), False, id="list"),
        pytest.param(((ACAO, f"{ADDIN} {ADDIN}"),), False, id="list-with-a-blank"),
        pytest.param(((ACAO, "*"), *SHARED), False, id="star-and-origin"),
        pytest.param(((ACAO, "null"), *SHARED), False, id="null-and-origin"),
        pytest.param(((ACAO, ""), *SHARED), False, id="empty-and-origin"),
        pytest.param(((ACAO, f"{ADDIN}/"),), False, id="C21-trailing-slash"),
        pytest.param(((ACAO, "https://ADDIN.vendor.example"),), False, id="C21-upper-case"),
        pytest.param(((ACAO, f"{ADDIN}:443"),), False, id="C21-default-port"),
        pytest.param(((ACAO, "https://*.vendor.example"),), False, id="wildcard"),
        pytest.param(((ACAO, "null"),), False, id="C21-null"),
        pytest.param(((ACAO, f" \t{ADDIN}\t "),), True, id="C21-blanks-round-it"),
        pytest.param((("aCCESS-control-ALLOW-origin", ADDIN),), True, id="case-of-the-name"),
        pytest.param(((ACAO, "*"),), True, id="star"),
    ],
)
def test_without_credentials(lines: Lines, readable: bool) -> None:
    assert (call(SIMPLE, lines) == OK) == readable


@pytest.mark.parametrize(
    ("lines", "reason"),
    [
        pytest.param(WITH_CREDENTIALS, "", id="right"),
        pytest.param(((ACAO, "*"), (ACAC, "true")), "Access-Control-Allow-Origin is '*'", id="star"),
        pytest.param(SHARED, "Access-Control-Allow-Credentials is not true", id="no-ACAC"),
        pytest.param((*SHARED, (ACAC, "True")), "Access-Control-Allow-Credentials is not true", id="C23-True"),
        pytest.param(
            (*SHARED, (ACAC, "true"), (ACAC, "true")), "Access-Control-Allow-Credentials is not true", id="C23-twice"
        ),
    ],
)
def test_with_credentials(lines: Lines, reason: str) -> None:
    assert why(call(COOKIES, lines)) == reason


@pytest.mark.parametrize("status", [204, 206, 304, 400, 401, 404, 500, 503])
def test_c24_any_status_may_be_read(status: int) -> None:
    assert call(SIMPLE, SHARED, status=status) == Read(status, ())
    assert why(call(SIMPLE, (), status=status)) == "no Access-Control-Allow-Origin"


def test_c22b_null_is_a_grant_to_whoever_has_no_origin() -> None:
    assert call(Fetch("null", URL), ((ACAO, "null"),)) == OK


@pytest.mark.parametrize(
    ("lines", "names"),
    [
        pytest.param((), [], id="nothing"),
        pytest.param(((ACEH, "X-A, etag"),), ["etag", "x-a"], id="listed"),
        pytest.param(((ACEH, "X-A"), (ACEH, "etag")), ["etag", "x-a"], id="two-lines"),
        pytest.param(
            ((ACEH, "*"),), ["access-control-allow-origin", "access-control-expose-headers", "etag", "x-a"], id="*"
        ),
        pytest.param(((ACEH, "set-cookie"),), [], id="set-cookie"),
        pytest.param(((ACEH, "x-a, b c"),), [], id="not-a-token"),
    ],
)
def test_c26_what_is_exposed(lines: Lines, names: list[str]) -> None:
    sent = (*SHARED, *lines, ("X-A", "1"), ("ETag", "2"), ("Set-Cookie", "3"), ("Content-Type", "text/html"))
    outcome = call(SIMPLE, sent)
    assert isinstance(outcome, Read)
    assert [name for name, _ in outcome.headers] == sorted(["content-type", *names])


def test_with_credentials_a_star_exposes_nothing() -> None:
    outcome = call(COOKIES, (*WITH_CREDENTIALS, (ACEH, "*"), ("X-A", "1"), ("Pragma", "2")))
    assert outcome == Read(200, (("pragma", "2"),))


def test_lines_of_one_name_are_read_as_one() -> None:
    outcome = call(SIMPLE, (*SHARED, ("Cache-Control", "no-store "), ("cache-control", " private")))
    assert outcome == Read(200, (("cache-control", "no-store, private"),))


ALLOWS_PUT: Lines = (*SHARED, (ACAM, "PUT"))


@pytest.mark.parametrize("status", [200, 201, 204, 299])
def test_c9_any_2xx_will_do_for_a_preflight(status: int) -> None:
    assert call(PUT, SHARED, ALLOWS_PUT, preflight_status=status) == OK


@pytest.mark.parametrize("status", [300, 301, 302, 303, 304, 307, 308, 400, 401, 403, 405, 500])
def test_c9_no_other_status_will_do_for_a_preflight(status: int) -> None:
    location = ("Location", URL)
    outcome = call(PUT, SHARED, (*ALLOWS_PUT, location), preflight_status=status)
    assert why(outcome) == f"the preflight's status is {status}"


@pytest.mark.parametrize(
    ("fetch", "preflight", "reason"),
    [
        pytest.param(PUT, ALLOWS_PUT, "", id="right"),
        pytest.param(PUT, SHARED, "method PUT is not allowed", id="no-ACAM"),
        pytest.param(PUT, (*SHARED, (ACAM, "put")), "method PUT is not allowed", id="C12-case"),
        pytest.param(PUT, (*SHARED, (ACAM, "GET"), (ACAM, "PUT")), "", id="C11-two-lines"),
        pytest.param(PUT, (*SHARED, (ACAM, ", PUT ,,")), "", id="C11-empty-items"),
        pytest.param(PUT, (*SHARED, (ACAM, "PUT, Bad method")), "cannot parse Access-Control-Allow-Methods", id="C11"),
        pytest.param(PUT, (*SHARED, (ACAM, "*")), "", id="C12-star"),
        pytest.param(
            Fetch(ADDIN, URL, "PUT", credentials=True),
            (*WITH_CREDENTIALS, (ACAM, "*")),
            "method PUT is not allowed",
            id="C12-star-with-credentials",
        ),
        pytest.param(
            Fetch(ADDIN, URL, "PUT", credentials=True),
            ALLOWS_PUT,
            "Access-Control-Allow-Credentials is not true",
            id="C10-credentials-on-the-preflight",
        ),
        pytest.param(Fetch(ADDIN, URL, "patch"), (*SHARED, (ACAM, "PATCH")), "method patch is not allowed", id="patch"),
        pytest.param(POST_JSON, (*SHARED, (ACAH, "authorization,content-type")), "", id="no-ACAM-for-POST"),
        pytest.param(POST_JSON, (*SHARED, (ACAH, "AUTHORIZATION, ,Content-Type")), "", id="C13-case-and-empty-items"),
        pytest.param(
            POST_JSON, (*SHARED, (ACAH, "authorization"), (ACAH, "content-type")), "", id="C11-ACAH-on-two-lines"
        ),
        pytest.param(
            POST_JSON, (*SHARED, (ACAH, "authorization")), "header content-type is not allowed", id="ACAH-lacks-one"
        ),
        pytest.param(
            POST_JSON,
            (*SHARED, (ACAH, "authorization, content-type, bad name")),
            "cannot parse Access-Control-Allow-Headers",
            id="C11-ACAH",
        ),
        pytest.param(POST_JSON, (*SHARED, (ACAH, "*")), "header authorization is not allowed", id="C14-star"),
        pytest.param(POST_JSON, (*SHARED, (ACAH, "*, authorization")), "", id="C14-star-and-authorization"),
        pytest.param(
            Fetch(ADDIN, URL, "POST", (JSON,), credentials=True),
            (*WITH_CREDENTIALS, (ACAH, "*")),
            "header content-type is not allowed",
            id="C13-star-with-credentials",
        ),
        pytest.param(
            PUT, (*ALLOWS_PUT, (ACAO, ADDIN)), f"Access-Control-Allow-Origin is '{ADDIN}, {ADDIN}'", id="ACAO-twice"
        ),
        pytest.param(Fetch(ADDIN, URL, "POST", listens_to_upload=True), SHARED, "", id="upload-listeners"),
    ],
)
def test_the_preflights_answer(fetch: Fetch, preflight: Lines, reason: str) -> None:
    assert why(call(fetch, WITH_CREDENTIALS, preflight)) == reason


def test_the_request_is_carried_out_though_the_page_cannot_read_the_answer() -> None:
    outcome, sent = ask(browser(PUT), server(Got(204, ALLOWS_PUT), Got(200)))
    assert (why(outcome), [one.method for one in sent]) == ("no Access-Control-Allow-Origin", ["OPTIONS", "PUT"])


# ------------------------------------------------------------------------------------------------------ redirects


def chain(*responses: Got) -> Callable[[Sent], Got]:
    """Return what answers each actual request with the next of these, and allows each preflight."""
    waiting = list(responses)

    def answer(sent: Sent) -> Got:
        if sent.all("Access-Control-Request-Method"):
            return Got(204, ((ACAO, sent.all("Origin")[0]), (ACAM, "PUT"), (ACAH, "authorization,content-type")))
        return waiting.pop(0)

    return answer


def moved(location: str, status: int = 302, lines: Lines = SHARED) -> Got:
    return Got(status, (*lines, ("Location", location)))


def test_each_hop_needs_its_fields() -> None:
    outcome, sent = ask(browser(SIMPLE), chain(moved("/there", lines=()), Got(200, SHARED)))
    assert (why(outcome), len(sent)) == ("no Access-Control-Allow-Origin", 1)


def test_a_redirect_within_the_origin_is_followed() -> None:
    outcome, sent = ask(browser(SIMPLE), chain(moved("/there"), Got(200, SHARED)))
    assert (outcome, [one.url for one in sent]) == (OK, [URL, f"{CRM}/there"])


def test_after_a_redirect_to_another_origin_the_page_has_none() -> None:
    outcome, sent = ask(browser(SIMPLE), chain(moved("https://login.example/"), Got(200, SHARED)))
    assert (why(outcome), sent[1].all("Origin")) == (f"Access-Control-Allow-Origin is '{ADDIN}'", ["null"])
    assert ask(browser(SIMPLE), chain(moved("https://login.example/"), Got(200, ((ACAO, "*"),))))[0] == OK


def test_a_redirect_from_the_pages_own_origin_keeps_it() -> None:
    own = Fetch(ADDIN, f"{ADDIN}/x")
    outcome, sent = ask(browser(own), chain(moved(URL, lines=()), Got(200, SHARED)))
    assert (outcome, sent[1].all("Origin")) == (OK, [ADDIN])
    back = chain(moved(URL, lines=()), moved(f"{ADDIN}/y"), Got(200, ((ACAO, "null"),)))
    outcome, sent = ask(browser(own), back)
    assert (outcome, sent[2].all("Origin")) == (OK, ["null"])


def test_a_preflighted_call_asks_again_where_it_is_sent_on_and_loses_its_authorization() -> None:
    put = Fetch(ADDIN, URL, "PUT", (AUTHORIZATION, JSON))
    outcome, sent = ask(browser(put), chain(moved("/there", 307), Got(200, SHARED)))
    assert (outcome, [one.method for one in sent]) == (OK, ["OPTIONS", "PUT", "OPTIONS", "PUT"])
    assert sent[3].all("Authorization") == ["Bearer x"]
    _, sent = ask(browser(put), chain(moved("https://login.example/", 308), Got(200, ((ACAO, "*"),))))
    assert (sent[3].method, sent[3].all("Authorization"), sent[3].all("Content-Type")) == (
        "PUT",
        [],
        ["application/json"],
    )


@pytest.mark.parametrize(
    ("method", "status", "then"),
    [
        *(
            ("POST", 301, "GET"),
            ("POST", 302, "GET"),
            ("POST", 303, "GET"),
            ("POST", 307, "POST"),
            ("POST", 308, "POST"),
        ),
        *(("PUT", 302, "PUT"), ("PUT", 303, "GET"), ("HEAD", 303, "HEAD"), ("GET", 303, "GET")),
    ],
)
def test_what_becomes_of_the_method(method: str, status: int, then: str) -> None:
    fetch = Fetch(ADDIN, URL, method, (("Content-Type", "text/plain"),))
    _, sent = ask(browser(fetch), chain(moved("/there", status), Got(200, SHARED)))
    assert (sent[-1].method, bool(sent[-1].all("Content-Type"))) == (then, method == then)


@pytest.mark.parametrize(
    ("location", "reason"),
    [
        ("https://u:p@crm.customer.example/", "redirected to a URL with credentials"),
        ("https://u@crm.customer.example/", "redirected to a URL with credentials"),
        ("ftp://crm.customer.example/", "redirected to no http"),
    ],
)
def test_redirects_that_are_not_followed(location: str, reason: str) -> None:
    assert why(ask(browser(SIMPLE), chain(moved(location)))[0]) == reason


def test_redirects_within_the_pages_origin_may_name_a_user() -> None:
    own = Fetch(ADDIN, f"{ADDIN}/x")
    assert ask(browser(own), chain(moved("https://u:p@addin.vendor.example/"), Got(200)))[0] == OK


def test_redirects_end_after_twenty() -> None:
    twenty = [moved("/there") for _ in range(20)]
    assert ask(browser(SIMPLE), chain(*twenty, Got(200, SHARED)))[0] == OK
    assert why(ask(browser(SIMPLE), chain(*twenty, moved("/there")))[0]) == "too many redirects"


def test_other_redirect_modes_and_no_location() -> None:
    error, manual = (Fetch(ADDIN, URL, redirect=mode) for mode in ("error", "manual"))
    assert why(ask(browser(error), chain(moved("/there")))[0]) == "redirected"
    assert ask(browser(manual), chain(moved("/there")))[0] == Read(302, ())
    assert call(SIMPLE, SHARED, status=302) == Read(302, ())
    own = Fetch(CRM, URL)
    assert ask(browser(own), chain(Got(302, (("X-A", "1"),))))[0] == Read(302, (("x-a", "1"),))
    assert call(own, (("X-A", "1"),)) == Read(200, (("x-a", "1"),))


def test_origins_of_urls_with_ports() -> None:
    plain = Fetch("http://crm.customer.example:8080", "http://crm.customer.example:8080/")
    assert ask(browser(plain), lambda _: Got(200))[0] == OK
    assert ask(browser(Fetch(CRM, f"{CRM}:443/")), lambda _: Got(200))[0] == OK


# ---------------------------------------------------------------- wrong configurations, as measured in Chromium

CLASSIC_API = Fetch(ADDIN, f"{CRM}/webservice.php?operation=getchallenge")
REST = Fetch(ADDIN, f"{CRM}/restapi/v1/vtews/query", "POST", (JSON, AUTHORIZATION))
TOUCH = f"{CRM}/modules/Touch/ws.php?wsname=Login"
FORM = ("Content-Type", "application/x-www-form-urlencoded;charset=UTF-8")
CALLS = {
    "A": CLASSIC_API,
    "C": REST,
    "D": Fetch(ADDIN, REST.url, "POST", REST.headers, credentials=True),
    "F": Fetch(ADDIN, TOUCH, "POST", (FORM,)),
    "G": Fetch(ADDIN, TOUCH, "POST", (FORM, ("Touch-Session-Id", "1")), credentials=True),
}


def crm(sent: Sent) -> Got:
    """Answer as the CRM does, whose three entries send three different sets of fields."""
    if "/restapi/" in sent.url:
        return Got(200, ((ACAH, "Authorization, Content-Type"), (ACAC, "true"), (ACAM, "POST, OPTIONS"), (ACAO, "*")))
    if "/Touch/" in sent.url:
        return Got(
            200,
            (
                (ACAH, "X-Requested-With, Touch-Session-Id"),
                (ACAM, "POST, GET, OPTIONS"),
                (ACEH, "Touch-Session-Id"),
                (ACAO, sent.all("Origin")[0]),
                (ACAC, "true"),
            ),
        )
    return Got(200)


Server = Callable[[Sent], Got]
FIELDS: Lines = (
    (ACAO, ADDIN),
    (ACAC, "true"),
    (ACAM, "GET, POST, OPTIONS"),
    (ACAH, "Authorization, Content-Type"),
)
ANY_FIELDS: Lines = ((ACAO, "*"), (ACAC, "true"), (ACAM, "GET, POST, OPTIONS"), (ACAH, "*"))


def replacing(lines: Lines) -> Server:
    """Return the CRM behind something that replaces its fields."""
    names = {name for name, _ in lines}
    return lambda sent: Got(200, (*(line for line in crm(sent).lines if line[0] not in names), *lines))


def adding(lines: Lines) -> Server:
    """Return the CRM behind something that adds fields to its own."""
    return lambda sent: Got(crm(sent).status, (*crm(sent).lines, *lines))


def appending(lines: Lines) -> Server:
    """Return the CRM behind something that writes values behind its own."""

    def answer(sent: Sent) -> Got:
        own = dict(crm(sent).lines)
        return Got(200, tuple((name, f"{own[name]}, {value}" if name in own else value) for name, value in lines))

    return answer


def options(preflight: Got, others: Server = crm) -> Server:
    """Return the CRM behind something that answers OPTIONS by itself."""
    return lambda sent: preflight if sent.method == "OPTIONS" else others(sent)


def everything(got: Got) -> Server:
    """Return something that answers all the same."""
    return lambda _: got


def no_override(sent: Sent) -> Got:
    """Answer as the CRM does where REST paths are not dispatched."""
    if "/restapi/" in sent.url:
        return Got(200, (("Allow", "GET,POST"),)) if sent.method == "OPTIONS" else Got(404)
    return crm(sent)


def errors_off(sent: Sent) -> Got:
    """Answer as the CRM does that hides its errors: of them the classic API's answer to OPTIONS."""
    return Got(500) if sent.method == "OPTIONS" and "webservice" in sent.url else crm(sent)


def fpm(sent: Sent) -> Got:
    """Answer as the CRM under FPM does, with `always set` for the origin and `set` for credentials."""
    got = replacing(SHARED)(sent)
    lost = "/restapi/" in sent.url and sent.method != "OPTIONS"  # Apache does not pass Authorization on
    return Got(401 if lost else 200, (*got.lines, (ACAC, "true")))


def nginx_without_always(sent: Sent) -> Got:
    """Answer as the CRM does whose fields nginx hides, to write its own."""
    if sent.method == "OPTIONS":
        return Got(204, (*SHARED, (ACAM, "GET, POST"), (ACAH, "Content-Type")))
    return Got(200, WITH_CREDENTIALS)


@pytest.mark.parametrize(
    ("answer", "readable"),
    [
        pytest.param(crm, "CFG", id="18010-untouched"),
        pytest.param(replacing(FIELDS), "ACDF", id="18020-header-set"),
        pytest.param(adding(FIELDS), "A", id="18021-header-always-set"),
        pytest.param(adding(ANY_FIELDS * 2), "", id="18022-header-add-and-always-add"),
        pytest.param(adding(ANY_FIELDS), "A", id="18023-any-with-credentials"),
        pytest.param(everything(Got(401, (("WWW-Authenticate", "Basic"),))), "", id="18024-basic-auth"),
        pytest.param(everything(Got(302, (("Location", URL),))), "", id="18025-force-https"),
        pytest.param(options(Got(405, (("Allow", ""),))), "F", id="18026-allowmethods"),
        pytest.param(options(Got(403)), "F", id="18036-limitexcept"),
        pytest.param(errors_off, "CFG", id="18027-errors-off"),
        pytest.param(adding(((ACAO, f"{ADDIN}, https://b.example"),)), "", id="18028-list-of-origins"),
        pytest.param(appending(FIELDS), "A", id="18029-header-append"),
        pytest.param(no_override, "FG", id="18030-no-allowoverride"),
        pytest.param(options(Got(200, ANY_FIELDS), adding(FIELDS)), "A", id="18031-options-to-200"),
        pytest.param(adding(FIELDS), "A", id="18032-proxy-always-set"),
        pytest.param(adding(SHARED), "A", id="18033-echo"),
        pytest.param(adding(((ACAO, f"{ADDIN}/"), (ACAC, "True"))), "", id="18034-slash-and-True"),
        pytest.param(fpm, "AcF", id="18035-fpm"),
        pytest.param(adding(WITH_CREDENTIALS), "A", id="18040-nginx-always"),
        pytest.param(nginx_without_always, "AF", id="18041-nginx-without-always"),
        pytest.param(everything(Got(502)), "", id="18043-down"),
    ],
)
def test_wrong_configurations(answer: Server, readable: str) -> None:
    read = ""
    for letter, fetch in CALLS.items():
        outcome = ask(browser(fetch), answer)[0]
        if isinstance(outcome, Read):
            read += letter if outcome.status == 200 else letter.lower()
    assert read == readable


# -------------------------------------------------------------------------------------- classic Outlook's runtime


NEWEST = Build()


def classic_call(
    fetch: Fetch, actual: Lines, preflight: Lines = (), *, build: Build = NEWEST, status: int = 204
) -> Outcome:
    """Return the outcome of the runtime's call to a server that answers so."""
    return ask(classic(fetch, build), server(Got(status, preflight), Got(200, actual)))[0]


def test_classic_asks_for_everything_it_sends() -> None:
    fetch = Fetch(ADDIN, URL, "POST", (("authorization", "x"), ("Content-Type", "application/json")))
    allowed = (*SHARED, (ACAH, "authorization"))
    outcome, sent = ask(classic(fetch), lambda _: Got(200, allowed))
    assert outcome == Read(200, ())
    assert sent == (
        Sent(
            "OPTIONS",
            URL,
            (
                ("Accept", "*/*"),
                ("Access-Control-Request-Method", "POST"),
                ("Access-Control-Request-Headers", "authorization, Content-Length, Content-Type"),
                ("Origin", ADDIN),
                ("Sec-Fetch-Mode", "CORS"),
            ),
        ),
        Sent(
            "POST",
            URL,
            (("authorization", "x"), ("Content-Length", "2"), ("Content-Type", "application/json"), ("Origin", ADDIN)),
        ),
    )


@pytest.mark.parametrize(
    ("fetch", "build", "asked"),
    [
        pytest.param(POST_JSON, Build(joins=True), "AuthorizationContent-Length, Content-Type", id="comma-left-out"),
        pytest.param(Fetch(ADDIN, URL, "PUT"), Build(), "", id="A23-nothing"),
        pytest.param(Fetch(ADDIN, URL, "GET", (("X-B", ""), ("x-A", ""))), Build(), "X-B, x-A", id="A23-unsorted"),
        pytest.param(Fetch(ADDIN, URL, "GET", (("User-Agent", "x"),)), Build(), "User-Agent", id="A32-user-agent"),
        pytest.param(
            Fetch(ADDIN, URL, "POST", (JSON,)), Build(joins=True), "Content-Length, Content-Type", id="content"
        ),
        pytest.param(
            Fetch(ADDIN, URL, "PUT", (("Content-Length", "5"), ("Content-Type", "text/plain"))),
            Build(),
            "Content-Length, Content-Type",
            id="length-given",
        ),
        pytest.param(
            Fetch(ADDIN, URL, "POST", (("Content-Type", "text/plain;charset=UTF-8"),)),
            Build(),
            "Content-Length, Content-Type",
            id="A32-parameter",
        ),
        pytest.param(
            Fetch(ADDIN, URL, "POST", (("Content-Disposition", "x"),)),
            Build(),
            "Content-Disposition",
            id="other-content",
        ),
    ],
)
def test_classic_preflights(fetch: Fetch, build: Build, asked: str) -> None:
    _, sent = ask(classic(fetch, build), lambda _: Got(204))
    assert sent[0].all("Access-Control-Request-Headers") == [asked]


@pytest.mark.parametrize(
    "fetch",
    [
        pytest.param(SIMPLE, id="get"),
        pytest.param(Fetch(ADDIN, URL, "post", (("Accept", "a"), ("Content-Type", "text/plain"))), id="post"),
        pytest.param(Fetch(ADDIN, URL, "HEAD", (("DPR", "2"), ("Content-Language", "de"))), id="hints"),
    ],
)
def test_classic_simple_calls(fetch: Fetch) -> None:
    outcome, sent = ask(classic(fetch), lambda _: Got(200, SHARED))
    assert (outcome, [one.method for one in sent]) == (OK, [fetch.method])


def test_classic_sends_cookies_and_a_slash_where_it_does() -> None:
    _, sent = ask(classic(COOKIES, Build(slash=True)), lambda _: Got(200, WITH_CREDENTIALS))
    assert sent == (Sent("GET", URL, (("Origin", f"{ADDIN}/"), ("Cookie", "session=1"))),)


@pytest.mark.parametrize(
    ("fetch", "reason"),
    [
        (Fetch(ADDIN, URL, headers=(("Cookie", ""),)), "Request header not allowed in cross-origin resource sharing"),
        (Fetch(ADDIN, URL, headers=(("Sec-X", ""),)), "Request header not allowed in cross-origin resource sharing"),
        (Fetch(ADDIN, URL, "Trace"), "Request method not allowed in cross-origin resource sharing"),
        (Fetch(ADDIN, "http://a.example/"), "The origin and request URLs must have the same scheme"),
    ],
)
def test_what_classic_never_sends(fetch: Fetch, reason: str) -> None:
    assert ask(classic(fetch), lambda _: Got(200)) == (NetworkError(reason), ())


@pytest.mark.parametrize(
    ("lines", "credentials", "reason"),
    [
        pytest.param(SHARED, False, "", id="right"),
        pytest.param(((ACAO, f"{ADDIN}/"),), False, "", id="A26-slash"),
        pytest.param(((ACAO, "HTTPS://ADDIN.vendor.example:443/x"),), False, "", id="A26-read-as-a-url"),
        pytest.param((), False, "No valid origin in response", id="none"),
        pytest.param(((ACAO, "null"),), False, "No valid origin in response", id="A26-null"),
        pytest.param(SHARED * 2, False, "No valid origin in response", id="A26-two-lines"),
        pytest.param(
            ((ACAO, "https://b"),), False, "The Access-Control-Allow-Origin header has a value of [https://b]", id="b"
        ),
        pytest.param(((ACAO, "*"),), False, "", id="A26-star"),
        pytest.param(
            ((ACAO, "*"), (ACAC, "true")), True, "No valid origin in response", id="A26-star-with-credentials"
        ),
        pytest.param(WITH_CREDENTIALS, True, "", id="A27-right"),
        pytest.param(
            (*SHARED, (ACAC, "True")), True, 'Access-Control-Allow-Credentials value must be "true"', id="A27-True"
        ),
    ],
)
def test_classic_origin_check(lines: Lines, credentials: bool, reason: str) -> None:
    assert why(classic_call(Fetch(ADDIN, URL, credentials=credentials), lines)) == reason


@pytest.mark.parametrize(
    ("fetch", "preflight", "build", "reason"),
    [
        pytest.param(PUT, (*SHARED, (ACAM, "put")), Build(), "", id="A28-case"),
        pytest.param(PUT, (*SHARED, (ACAM, "*")), Build(), "", id="A28-star"),
        pytest.param(
            PUT, SHARED, Build(), "Method [PUT] is not allowed by Access-Control-Allow-Methods", id="A28-none"
        ),
        pytest.param(
            Fetch(ADDIN, URL, "PUT", credentials=True),
            (*WITH_CREDENTIALS, (ACAM, "*")),
            Build(),
            "Method [PUT] is not allowed by Access-Control-Allow-Methods",
            id="A28-star-with-credentials",
        ),
        pytest.param(POST_JSON, (*SHARED, (ACAH, "authorization")), Build(), "", id="content-is-not-looked-at"),
        pytest.param(POST_JSON, (*SHARED, (ACAH, "X, AUTHORIZATION")), Build(), "", id="A29-case"),
        pytest.param(
            POST_JSON,
            (*SHARED, (ACAH, "authorization")),
            Build(counts_case=True),
            "Request header field [Authorization] is not allowed by Access-Control-Allow-Headers",
            id="A29-case-counts",
        ),
        pytest.param(POST_JSON, (*SHARED, (ACAH, "Authorization")), Build(counts_case=True), "", id="A29-same-case"),
        pytest.param(
            POST_JSON,
            (*SHARED, (ACAH, "*")),
            Build(),
            "Request header field [Authorization] is not allowed by Access-Control-Allow-Headers",
            id="A30-star",
        ),
        pytest.param(Fetch(ADDIN, URL, headers=(("X-A", ""),)), (*SHARED, (ACAH, "*")), Build(), "", id="star"),
        pytest.param(
            Fetch(ADDIN, URL, headers=(("X-A", ""),), credentials=True),
            (*WITH_CREDENTIALS, (ACAH, "*")),
            Build(),
            "Request header field [X-A] is not allowed by Access-Control-Allow-Headers",
            id="star-with-credentials",
        ),
        pytest.param(
            Fetch(ADDIN, URL, "PUT", headers=(("Accept", "a"),)), (*SHARED, (ACAM, "PUT")), Build(), "", id="accept"
        ),
        pytest.param(
            Fetch(ADDIN, URL, headers=(("Range", "bytes=0-"),)),
            SHARED,
            Build(),
            "Request header field [Range] is not allowed by Access-Control-Allow-Headers",
            id="range",
        ),
        pytest.param(
            Fetch(ADDIN, URL, "PUT", headers=tuple(("Accept", "a" * 128) for _ in range(9))),
            ALLOWS_PUT,
            Build(),
            "Request header field [Accept] is not allowed by Access-Control-Allow-Headers",
            id="too-much-that-is-safe",
        ),
        pytest.param(PUT, ((ACAM, "PUT"),), Build(), "No valid origin in response", id="no-ACAO"),
    ],
)
def test_classic_preflight_check(fetch: Fetch, preflight: Lines, build: Build, reason: str) -> None:
    assert why(classic_call(fetch, WITH_CREDENTIALS, preflight, build=build)) == reason


@pytest.mark.parametrize("status", [200, 302, 401, 403, 500])
def test_a25_classic_does_not_mind_the_preflights_status(status: int) -> None:
    assert classic_call(PUT, SHARED, ALLOWS_PUT, status=status) == OK


@pytest.mark.parametrize("status", [301, 307, 308])
def test_a25_classic_minds_some_redirects(status: int) -> None:
    assert why(classic_call(PUT, SHARED, ALLOWS_PUT, status=status)) == "Redirect is not allowed in a preflight request"


EXPOSING: Lines = (*WITH_CREDENTIALS, (ACEH, "X-A, y"), ("X-A", "1"), ("Content-Length", "2"), ("Pragma", "3"))


def test_a33_classic_takes_exposed_headers_from_simple_calls() -> None:
    assert classic_call(SIMPLE, EXPOSING) == Read(200, (("pragma", "3"),))
    preflighted = classic_call(PUT, EXPOSING, ALLOWS_PUT)
    assert preflighted == Read(200, (("pragma", "3"), ("x-a", "1")))


def test_classic_and_a_star_that_exposes() -> None:
    lines: Lines = (*WITH_CREDENTIALS, (ACEH, "*"), ("X-A", "1"))
    read = classic_call(PUT, lines, ALLOWS_PUT)
    assert isinstance(read, Read)
    assert ("x-a", "1") in read.headers
    put = Fetch(ADDIN, URL, "PUT", credentials=True)
    assert classic_call(put, lines, (*WITH_CREDENTIALS, (ACAM, "PUT"))) == OK


@pytest.mark.parametrize(
    ("method", "status", "then"),
    [("GET", 302, "GET"), ("POST", 301, "GET"), ("POST", 307, "POST"), ("HEAD", 303, "HEAD")],
)
def test_classic_follows_within_the_origin(method: str, status: int, then: str) -> None:
    outcome, sent = ask(classic(Fetch(ADDIN, URL, method)), chain(moved("/there", status), Got(200, SHARED)))
    assert (outcome, [one.method for one in sent]) == (OK, [method, then])


def test_a34_classic_follows_nowhere_else() -> None:
    outcome, sent = ask(classic(SIMPLE), chain(moved("https://login.example/")))
    assert (why(outcome), len(sent)) == ("redirected to another origin", 1)
    assert classic_call(SIMPLE, SHARED) == OK
    assert ask(classic(SIMPLE), lambda _: Got(302, SHARED))[0] == Read(302, ())


def test_classic_within_its_own_origin_reads_everything() -> None:
    outcome, sent = ask(classic(Fetch(CRM, URL, "PUT", (AUTHORIZATION,))), lambda _: Got(200, (("X-A", "1"),)))
    assert (outcome, [one.method for one in sent]) == (Read(200, (("x-a", "1"),)), ["PUT"])


def test_both_are_calls() -> None:
    calls: list[Call] = [browser(SIMPLE), classic(SIMPLE)]
    assert [next(one).method for one in calls] == ["GET", "GET"]
