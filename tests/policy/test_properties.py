"""Who reads what: policies, pages' calls and upstreams drawn at random, judged by the model of the client.

"The page reads the response" means the upstream's: what the gateway answers by itself a page reads too, where its
origin has a rule, and that is no grant.
"""

from dataclasses import dataclass, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.cors.origin import OriginTable, parse_origin
from gateway.http1.head import RequestHead, parse_request_head, parse_response_head
from gateway.http1.outgoing import response_octets
from gateway.policy.decide import Answer, Relay, decide
from gateway.policy.model import EVERYTHING, CookieHandling, Paths, Policy, Rule, Site, Upstream, UpstreamUrl
from gateway.policy.problem import answer_octets
from gateway.policy.respond import judge_response, request_change
from tests import browser as client
from tests.browser import Build, Call, Fetch, Got, Lines, Outcome, Read, Sent, ask, browser, classic

HOST = "crm.customer.example"
ORIGINS = ["https://addin.example", "https://a.apps.example", "https://b.apps.example", "https://addin.example:8443"]
STRANGERS = [
    *(
        "https://evil.net",
        "https://addin.example.evil.net",
        "https://eviladdin.example",
        "http://addin.example",
        "null",
    ),
    *("https://x.a.apps.example", "https://apps.example", f"https://{HOST}:8443"),
]
METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]
MARK = "upstream"
"""Stands in every value that a drawn upstream sends, and in none of ours."""

# ------------------------------------------------------------------------------------------------------- what is drawn


@dataclass(frozen=True, slots=True)
class Grant:
    """A rule, in the words of the configuration."""

    origin: str
    methods: frozenset[str]
    headers: frozenset[str]
    any_header: bool
    credentials: bool
    expose: tuple[str, ...]
    cookies: bool
    everywhere: bool
    """Or only below `/restapi/`."""

    def rule(self) -> Rule:
        """Return it as the data path has it: GET includes HEAD."""
        methods = self.methods | {"HEAD"} if "GET" in self.methods else self.methods
        return Rule(
            origin=parse_origin(self.origin),
            methods=frozenset(method.encode() for method in methods),
            headers=frozenset(name.encode() for name in self.headers),
            any_header=self.any_header,
            expose=tuple(name.encode() for name in self.expose),
            credentials=self.credentials,
            cookies=CookieHandling.RELAY if self.cookies else CookieHandling.DROP,
            paths=EVERYTHING if self.everywhere else Paths(subtrees=(b"/restapi/",)),
        )


HEADERS = ["authorization", "content-type", "x-otp", "touch-session-id", "range", "x-http-method-override", "accept"]

grants = st.lists(
    st.builds(
        Grant,
        origin=st.sampled_from([*ORIGINS, "https://*.apps.example"]),
        methods=st.frozensets(st.sampled_from(METHODS), min_size=2),
        headers=st.frozensets(st.sampled_from(HEADERS), min_size=2),
        any_header=st.booleans(),
        credentials=st.booleans(),
        expose=st.sampled_from([(), ("etag",), ("touch-session-id", "etag")]),
        cookies=st.booleans(),
        everywhere=st.booleans(),
    ),
    min_size=1,
    max_size=4,
    unique_by=lambda grant: grant.origin,
)

NAMES = [
    *("Authorization", "X-Otp", "Touch-Session-Id", "X-HTTP-Method-Override", "x-forwarded-for", "User-Agent", "Range"),
    *("accept", "Accept-Language", "Content-Language"),
]
VALUES = ["1", "bytes=0-", "bytes=-5", "de", "a(b", "x" * 129]
TYPES = ["text/plain", "text/plain;charset=UTF-8", "application/json", "application/x-www-form-urlencoded"]

headers = st.tuples(
    st.lists(
        st.tuples(st.sampled_from(NAMES), st.sampled_from(VALUES)), max_size=3, unique_by=lambda header: header[0]
    ),
    st.lists(st.tuples(st.just("Content-Type"), st.sampled_from(TYPES)), max_size=1),
).map(lambda both: (*both[0], *both[1]))


Case = tuple[list[Grant], Fetch]


@st.composite
def cases(draw: st.DrawFn) -> Case:
    """Draw rules, and a call that they have something to do with more often than not."""
    granted = draw(grants)
    grant = draw(st.sampled_from(granted))
    known = grant.origin.replace("*", draw(st.sampled_from("ab")))
    fetch = Fetch(
        origin=draw(st.sampled_from([known, known, known, *ORIGINS, *STRANGERS])),
        url=draw(st.sampled_from([f"https://{HOST}/restapi/v1/x", f"https://{HOST}/webservice.php?a=b"])),
        method=draw(st.sampled_from([*grant.methods, *METHODS, "patch", "put", "get"])),
        headers=draw(headers),
        credentials=draw(st.booleans()),
        listens_to_upload=draw(st.booleans()),
    )
    return granted, fetch


upstream_lines = st.lists(
    st.tuples(
        st.sampled_from(
            [
                *("Access-Control-Allow-Origin", "access-control-allow-origin", "ACCESS-CONTROL-ALLOW-CREDENTIALS"),
                *("Access-Control-Allow-Headers", "Access-Control-Allow-Methods", "Access-Control-Expose-Headers"),
                *(
                    "Access-Control-Max-Age",
                    "Access-Control-Allow-Private-Network",
                    "Access-Control-",
                    "access-control-X",
                ),
                *("Vary", "ETag", "Touch-Session-Id", "Set-Cookie", "Cache-Control", "WWW-Authenticate", "Alt-Svc"),
            ]
        ),
        st.sampled_from(
            ["*", "true", "True", "null", "https://addin.example", "https://evil.net", "", "a, b", "x y", "origin"]
        ).map(lambda value: f"{value} {MARK}".strip()),
    ),
    max_size=12,
).map(tuple)

statuses = st.sampled_from([200, 201, 204, 206, 302, 304, 400, 401, 403, 404, 500, 503])
builds = st.builds(Build, st.booleans(), st.booleans(), st.booleans())

# ------------------------------------------------------------------------------------------------------- what is asked


class Gateway:
    """The pure layers in the order the relay calls them, before an upstream that answers all the same."""

    def __init__(self, granted: list[Grant], got: Got) -> None:
        rules = [grant.rule() for grant in granted]
        upstream = Upstream((UpstreamUrl("http", "127.0.0.1", 8080),))
        site = Site((HOST,), upstream, EVERYTHING, OriginTable((rule.origin, rule) for rule in rules))
        self.policy = Policy({HOST.encode(): site})
        self.upstream = got
        self.asked: list[Sent] = []
        """What the upstream got."""
        self.answered: list[Got] = []
        """What the client got."""

    def __call__(self, sent: Sent) -> Got:
        """Answer a request."""
        head = parse_request_head(
            octets(f"{sent.method} {sent.url.partition(HOST)[2]} HTTP/1.1", (("Host", HOST), *sent.lines))
        )
        decision = decide(self.policy, head)
        answer = decision if isinstance(decision, Answer) else self.relayed(decision, head, sent)
        if isinstance(answer, Answer):
            answer = answer_octets(
                answer, request_id="1", date=b"now", close=False, minor=1, head_only=False, navigation=False
            )
        got = read(answer)
        self.answered.append(got)
        return got

    def relayed(self, relay: Relay, head: RequestHead, sent: Sent) -> bytes | Answer:
        """Return what comes of a request that goes to the upstream."""
        gone = request_change(relay, head).dropped
        lines = tuple(line for line in sent.lines if line[0].lower().encode() not in gone)
        self.asked.append(replace(sent, lines=lines))
        response = parse_response_head(octets(f"HTTP/1.1 {self.upstream.status} OK", self.upstream.lines), head.method)
        change = judge_response(relay, head, response, scheme="https")
        if isinstance(change, Answer):
            return change
        return response_octets(response, body=response.body, close=False, minor=1, change=change, own=b"")


def octets(first: str, lines: Lines) -> bytes:
    """Return a head."""
    return "".join(f"{line}\r\n" for line in (first, *(f"{name}: {value}" for name, value in lines), "")).encode()


def read(raw: bytes) -> Got:
    """Return a response as its lines."""
    first, *lines = raw.partition(b"\r\n\r\n")[0].decode().split("\r\n")
    parted = (line.partition(":") for line in lines)
    return Got(int(first.split(" ")[1]), tuple((name, value.strip()) for name, _, value in parted))


def is_read(outcome: Outcome, gateway: Gateway) -> bool:
    """Tell whether the page has read the upstream's response, and not one of the gateway's own."""
    return isinstance(outcome, Read) and bool(gateway.asked)


# --------------------------------------------------------------------------------------------------- what is allowed


def grant_of(granted: list[Grant], fetch: Fetch) -> Grant | None:
    """Return the rule of a call's origin: the exact one, or that of the wildcard one label above."""
    exact = {grant.origin: grant for grant in granted}
    scheme, _, host = fetch.origin.partition("://")
    return exact.get(fetch.origin) or exact.get(f"{scheme}://*.{host.partition('.')[2]}")


def allows_request(grant: Grant, fetch: Fetch, method: str) -> bool:
    """Tell whether a rule allows a call but for its headers: the path, the method as it is sent, and credentials."""
    return (
        (grant.everywhere or "/restapi/" in fetch.url)
        and (method in grant.methods or (method == "HEAD" and "GET" in grant.methods))
        and (grant.credentials or not fetch.credentials)
    )


def allows_header(grant: Grant, name: str) -> bool:
    """Tell whether a rule allows a header that needs asking: by its name, or by `any`, which leaves some out."""
    never = name.startswith("x-forwarded-") or name == "x-http-method-override"
    return name in grant.headers or (grant.any_header and not never)


def allows(granted: list[Grant], fetch: Fetch) -> bool:
    """Tell whether the rules allow a browser's call.

    Its origin has a rule; that names the path, the method as the browser sends it, and every header that is not
    safelisted with the value it has; and it has `credentials` where the call is made with them.
    """
    grant = grant_of(granted, fetch)
    return (
        grant is not None
        and allows_request(grant, fetch, client.normalize(fetch.method))
        and all(allows_header(grant, name) for name in client.unsafe_names(fetch.headers))
    )


def allows_classic(granted: list[Grant], fetch: Fetch, build: Build) -> bool:
    """Tell whether the rules allow a call of classic Outlook's runtime.

    As for a browser, but for the method, which counts as the script wrote it, and for the headers. Of a call that the
    runtime takes for simple none counts. Else those of the content never count (Content-Type and the like): it asks
    for them, and does not look for them in the answer; nor do names on the safelist, whatever the value. A build that
    leaves out the comma asks for the last header and the first of the content as one: of that header it only finds
    what the rule lists unasked, in lower case, which counts for a build that compares octet for octet.
    """
    grant = grant_of(granted, fetch)
    if grant is None or not allows_request(grant, fetch, fetch.method):
        return False
    names = [name for name, _ in fetch.headers]
    others = [name for name in names if name.lower() not in client.CONTENT_HEADERS]
    joined = others[-1] if others and len(others) < len(names) and build.joins else None
    unsafe = [name for name, value in fetch.headers if name in others and not client.is_classic_safe(name, value)]
    return client.is_simple(fetch) or all(
        is_listed(grant, name, build) if name == joined else is_asked_for(grant, name) for name in unsafe
    )


def is_asked_for(grant: Grant, name: str) -> bool:
    """Tell whether the answer names a header, in its own spelling, that classic Outlook's runtime asked for."""
    return name.lower() in {"accept", "accept-language"} or allows_header(grant, name.lower())


def is_listed(grant: Grant, name: str, build: Build) -> bool:
    """Tell whether the answer names a header that was not asked for."""
    listed = grant.headers | {"authorization", "content-type"} if grant.any_header else grant.headers
    return name in listed if build.counts_case else name.lower() in listed


# ------------------------------------------------------------------------------------------------------ the properties

got = st.builds(Got, statuses, upstream_lines)


def judge(call: Call, granted: list[Grant], response: Got) -> tuple[Outcome, Gateway]:
    """Return what comes of a call, and what the gateway did."""
    gateway = Gateway(granted, response)
    return ask(call, gateway)[0], gateway


@pytest.mark.fuzz
@given(cases(), got, st.booleans())
def test_a_page_reads_the_response_exactly_when_a_rule_allows_it(
    case: Case, response: Got, says_where_from: bool
) -> None:
    granted, fetch = case
    outcome, gateway = judge(browser(fetch, says_where_from=says_where_from), granted, response)
    assert is_read(outcome, gateway) == allows(granted, fetch)


@pytest.mark.fuzz
@given(cases(), got, builds)
def test_classic_outlook_reads_the_response_exactly_when_a_rule_allows_it(
    case: Case, response: Got, build: Build
) -> None:
    granted, fetch = case
    outcome, gateway = judge(classic(fetch, build), granted, response)
    assert is_read(outcome, gateway) == allows_classic(granted, fetch, build)


@pytest.mark.fuzz
@given(cases(), got, builds, st.booleans())
def test_nothing_of_cors_comes_from_the_upstream(case: Case, response: Got, build: Build, as_browser: bool) -> None:
    granted, fetch = case
    _, gateway = judge(browser(fetch) if as_browser else classic(fetch, build), granted, response)
    for answer in gateway.answered:
        ours = [(name.lower(), value) for name, value in answer.lines if name.lower().startswith("access-control-")]
        assert MARK not in repr(ours)
        assert "*" not in repr(ours)
        assert len({name for name, _ in ours}) == len(ours)
        assert grant_of(granted, fetch) is not None or not ours


@pytest.mark.fuzz
@given(cases(), got, st.booleans())
def test_an_origin_without_a_rule_does_not_touch_the_upstream(case: Case, response: Got, says_where_from: bool) -> None:
    granted, fetch = case
    outcome, gateway = judge(browser(fetch, says_where_from=says_where_from), granted, response)
    if grant_of(granted, fetch) is None:
        assert not gateway.asked
        assert not isinstance(outcome, Read)


@pytest.mark.fuzz
@given(cases(), got)
def test_every_error_of_the_gateway_can_be_read_by_an_origin_with_a_rule(case: Case, response: Got) -> None:
    granted, fetch = case
    outcome, gateway = judge(browser(fetch), granted, response)
    grant = grant_of(granted, fetch)
    if grant is None or gateway.asked or not gateway.answered or gateway.answered[-1].status == 204:
        return
    assert gateway.answered[-1].status in {403, 405}
    assert isinstance(outcome, Read) == (grant.credentials or not fetch.credentials)


@pytest.mark.fuzz
@given(cases(), got)
def test_each_answer_varies_by_origin(case: Case, response: Got) -> None:
    granted, fetch = case
    _, gateway = judge(browser(fetch), granted, response)
    for answer in gateway.answered:
        lines = [value for name, value in answer.lines if name.lower() == "vary"]
        assert len(lines) == 1
        assert lines == ["*"] or [name.strip().lower() for name in lines[0].split(",")].count("origin") == 1


@pytest.mark.fuzz
@given(cases(), got)
def test_all_else_passes_as_it_came(case: Case, response: Got) -> None:
    granted, fetch = case
    outcome, gateway = judge(browser(fetch), granted, response)
    grant = grant_of(granted, fetch)
    if not gateway.asked:
        return
    assert grant is not None
    names = {"etag", "touch-session-id", "cache-control", *(["set-cookie"] if grant.cookies else [])}
    kept = [line for line in response.lines if line[0].lower() in names]
    assert [line for line in gateway.answered[-1].lines if MARK in line[1] and line[0].lower() in names] == kept
    assert ("Cookie" in dict(gateway.asked[-1].lines)) == (grant.cookies and fetch.credentials)
    if isinstance(outcome, Read):
        readable = {*client.SAFELISTED_RESPONSE_HEADERS, *grant.expose, "x-request-id", "retry-after"}
        assert {name for name, _ in outcome.headers} <= readable
