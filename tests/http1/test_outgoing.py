import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.http1.framing import CHUNKED, NO_BODY, UNTIL_CLOSE, Framing, Kind
from gateway.http1.head import RequestHead, ResponseHead, parse_request_head, parse_response_head
from gateway.http1.outgoing import FORWARDING, HOP_BY_HOP, Change, is_forwarding, request_octets, response_octets
from tests.http1.build import fields, head, is_plain

SIZED = Framing(Kind.SIZED, 5)
UNCHANGED = Change()
ADDED = Change(added=b"X-Forwarded-For: 192.0.2.7\r\nForwarded: for=192.0.2.7\r\n")


def request(*lines: bytes, body: Framing = NO_BODY) -> RequestHead:
    return RequestHead(
        b"POST", b"/a?b", 1, fields(b"Host: a", *lines), b"a", body, persistent=True, expects_continue=False
    )


def response(*lines: bytes, body: Framing = NO_BODY, status: int = 200, minor: int = 1) -> ResponseHead:
    return ResponseHead(minor, status, b"OK", fields(*lines), body, persistent=True)


def upward(*lines: bytes, change: Change = UNCHANGED, body: Framing = NO_BODY) -> list[bytes]:
    """Return the lines of a request as written, behind the first two."""
    octets = request_octets(
        request(*lines, body=body), target=b"/sub/a?b", host=b"crm.lan:8080", change=change, own=b""
    )
    start_line, host, *rest = octets.split(b"\r\n")
    assert (start_line, host) == (b"POST /sub/a?b HTTP/1.1", b"Host: crm.lan:8080")
    assert rest[-2:] == [b"", b""]
    return rest[:-2]


def downward(
    *lines: bytes,
    change: Change = UNCHANGED,
    body: Framing = NO_BODY,
    close: bool = False,
    minor: int = 1,
    status: int = 200,
) -> list[bytes]:
    """Return the lines of a response as written, behind the first."""
    octets = response_octets(
        response(*lines, status=status), body=body, close=close, minor=minor, change=change, own=b""
    )
    start_line, *rest = octets.split(b"\r\n")
    assert start_line == b"HTTP/1.1 %d OK" % status
    assert rest[-2:] == [b"", b""]
    return rest[:-2]


def test_a_request_is_written_with_host_first_and_framing_last() -> None:
    octets = request_octets(
        request(b"aCCEPT:\t*/* ", b"Cookie: a=\xff", body=SIZED),
        target=b"//x|",
        host=b"crm",
        change=ADDED,
        own=b"X-Request-Id: 7\r\n",
    )
    assert octets == (
        b"POST //x| HTTP/1.1\r\nHost: crm\r\naCCEPT:\t*/* \r\nCookie: a=\xff\r\nX-Forwarded-For: 192.0.2.7\r\n"
        b"Forwarded: for=192.0.2.7\r\nX-Request-Id: 7\r\nContent-Length: 5\r\n\r\n"
    )


@pytest.mark.parametrize(
    ("body", "lines"),
    [
        pytest.param(NO_BODY, [], id="none"),
        pytest.param(Framing(Kind.SIZED, 0), [b"Content-Length: 0"], id="empty"),
        pytest.param(SIZED, [b"Content-Length: 5"], id="sized"),
        pytest.param(CHUNKED, [b"Transfer-Encoding: chunked"], id="chunked"),
    ],
)
def test_the_framing_of_a_request_is_ours(body: Framing, lines: list[bytes]) -> None:
    sent = (b"content-length: 007", b"transfer-encoding: ChunKed", b"Trailer: a")
    assert upward(*sent, body=body) == lines


@pytest.mark.parametrize(
    "line",
    [
        *(b"Connection: keep-alive", b"Keep-Alive: timeout=5", b"Proxy-Connection: keep-alive", b"TE: trailers"),
        *(
            b"Trailer: a",
            b"Upgrade: h2c",
            b"HTTP2-Settings: a",
            b"Proxy-Authorization: Basic a",
            b"Expect: 100-continue",
        ),
        *(b"Forwarded: for=a", b"X-Forwarded-For: a", b"x-forwarded-anything: a", b"X-Real-IP: a", b"Client-IP: a"),
        *(
            b"True-Client-IP: a",
            b"X-Client-IP: a",
            b"X-Cluster-Client-IP: a",
            b"CF-Connecting-IP: a",
            b"X-Original-Host: a",
        ),
        *(b"X-Original-URL: /admin", b"X_Forwarded_For: a", b"Client_IP: a", b"_: a", b"Content_Length: 5", b"a_b: c"),
        *(b"CDN-Loop: a", b"X-Request-Id: a"),
    ],
)
def test_what_does_not_go_up(line: bytes) -> None:
    assert upward(b"A: b", line, b"C: d") == [b"A: b", b"C: d"]
    assert upward(b"A: b", line.upper(), line.lower(), b"C: d") == [b"A: b", b"C: d"]


@pytest.mark.parametrize(
    "line",
    [
        *(b"X-Forward: a", b"X-Forwardedfor: a", b"Via: 1.1 a", b"Max-Forwards: 5", b"Upgrade-Insecure-Requests: 1"),
        *(b"Origin: https://a", b"Access-Control-Request-Method: GET", b"A: b_c", b"Sec-Fetch-Site: cross-site"),
        *(b"Y-X-Forwarded-For: a", b"Proxy-Status: a", b"Content-Encoding: gzip"),
    ],
)
def test_what_goes_up_as_it_came(line: bytes) -> None:
    assert upward(b"A: b", line) == [b"A: b", line]


@pytest.mark.parametrize(
    ("lines", "kept"),
    [
        pytest.param([b"Connection: a", b"A: b", b"C: d"], [b"C: d"], id="named-rfc-9110-7.6.1"),
        pytest.param([b"Connection: close, A", b"a: b", b"C: d"], [b"C: d"], id="named-in-another-case"),
        pytest.param([b"Connection: x", b"Connection: , a", b"A: b", b"A: c"], [], id="named-on-another-line"),
        pytest.param([b"Connection: close", b"Connection: a", b"A: b"], [], id="named-on-a-second-line"),
        pytest.param([b"Connection: keep-alive", b"A: b"], [b"A: b"], id="keep-alive-names-nothing"),
        pytest.param([b"Connection:", b"A: b"], [b"A: b"], id="empty"),
        pytest.param([b"connection: x-forwarded-for", b"X-Forwarded-For: a"], [], id="forwarding-is-written-afresh"),
        pytest.param([b"Connection: a b", b"A: b"], [b"A: b"], id="no-token"),
        *[
            pytest.param([b"Connection: " + name, name + b": c"], [name + b": c"], id=f"never-{name.decode()}-r9")
            for name in (
                *(b"authorization", b"Authorization", b"Cookie", b"ORIGIN", b"Content-Type"),
                *(b"Access-Control-Request-Method", b"access-control-request-headers", b"Access-Control-Anything"),
            )
        ],
    ],
)
def test_what_connection_names_does_not_go_up(lines: list[bytes], kept: list[bytes]) -> None:
    assert upward(*lines, change=ADDED) == [*kept, b"X-Forwarded-For: 192.0.2.7", b"Forwarded: for=192.0.2.7"]


def test_connection_takes_away_neither_host_nor_length() -> None:
    # Hop-by-hop abuse: https://nathandavison.com/blog/abusing-http-hop-by-hop-request-headers
    assert upward(b"Connection: host, content-length", b"Content-Length: 5", body=SIZED) == [b"Content-Length: 5"]


@pytest.mark.parametrize(
    ("change", "kept"),
    [
        pytest.param(Change(), [b"Cookie: a", b"A-B: c", b"A-D: e", b"XA-B: f"], id="nothing"),
        pytest.param(Change(dropped=frozenset({b"cookie"})), [b"A-B: c", b"A-D: e", b"XA-B: f"], id="name"),
        pytest.param(Change(dropped_prefixes=(b"a-",)), [b"Cookie: a", b"XA-B: f"], id="prefix"),
        pytest.param(Change(dropped_prefixes=(b"z", b"a-b", b"c")), [b"A-D: e", b"XA-B: f"], id="prefixes"),
        pytest.param(Change(added=b"Y: z\r\n"), [b"Cookie: a", b"A-B: c", b"A-D: e", b"XA-B: f", b"Y: z"], id="added"),
        pytest.param(
            Change(frozenset({b"cookie", b"a-d"}), (b"xa",), b"Cookie: b\r\n"), [b"A-B: c", b"Cookie: b"], id="all"
        ),
    ],
)
def test_changes(change: Change, kept: list[bytes]) -> None:
    sent = (b"Cookie: a", b"A-B: c", b"A-D: e", b"XA-B: f")
    assert upward(*sent, change=change) == kept
    assert downward(*sent, change=change) == kept


def test_a_response_is_written_with_connection_last() -> None:
    octets = response_octets(
        ResponseHead(
            0, 404, b"Not \xe9", fields(b"sET-cOOKIE: a=\xff", b"Set-Cookie: b"), UNTIL_CLOSE, persistent=False
        ),
        body=SIZED,
        close=True,
        minor=1,
        change=Change(added=b"Vary: Origin\r\n"),
        own=b"X-Request-Id: 7\r\n",
    )
    assert octets == (
        b"HTTP/1.1 404 Not \xe9\r\nsET-cOOKIE: a=\xff\r\nSet-Cookie: b\r\nVary: Origin\r\nX-Request-Id: 7\r\n"
        b"Content-Length: 5\r\nConnection: close\r\n\r\n"
    )


@pytest.mark.parametrize(
    ("body", "close", "minor", "lines"),
    [
        pytest.param(SIZED, False, 1, [b"Content-Length: 5"], id="sized"),
        pytest.param(SIZED, True, 1, [b"Content-Length: 5", b"Connection: close"], id="sized-and-close"),
        pytest.param(SIZED, False, 0, [b"Content-Length: 5", b"Connection: keep-alive"], id="sized-and-kept-in-1.0"),
        pytest.param(SIZED, True, 0, [b"Content-Length: 5", b"Connection: close"], id="sized-and-close-in-1.0"),
        pytest.param(CHUNKED, False, 1, [b"Transfer-Encoding: chunked"], id="chunked"),
        pytest.param(CHUNKED, True, 1, [b"Transfer-Encoding: chunked", b"Connection: close"], id="chunked-and-close"),
        pytest.param(UNTIL_CLOSE, True, 0, [b"Connection: close"], id="until-close"),
        pytest.param(UNTIL_CLOSE, False, 0, [b"Connection: close"], id="until-close-always-says-so"),
        pytest.param(NO_BODY, False, 1, [b"Content-Length: 7"], id="head"),
        pytest.param(NO_BODY, False, 0, [b"Content-Length: 7", b"Connection: keep-alive"], id="head-and-kept-in-1.0"),
    ],
)
def test_the_framing_of_a_response_is_ours(body: Framing, minor: int, lines: list[bytes], *, close: bool) -> None:
    assert downward(b"content-length: 007", b"transfer-encoding: a", body=body, close=close, minor=minor) == lines


@pytest.mark.parametrize(
    ("status", "lines"),
    [
        pytest.param(100, [], id="100"),
        pytest.param(101, [], id="101-rfc-9110-8.6"),
        pytest.param(199, [], id="199"),
        pytest.param(200, [b"Content-Length: 7"], id="200-to-head"),
        pytest.param(204, [], id="204-rfc-9110-8.6"),
        pytest.param(304, [b"Content-Length: 7"], id="304"),
    ],
)
def test_the_length_of_a_body_that_is_not_sent(status: int, lines: list[bytes]) -> None:
    assert downward(b"Content-Length: 7", status=status) == lines
    assert downward(status=status) == []


def test_a_chunked_body_is_never_written_for_http_1_0() -> None:
    with pytest.raises(ValueError, match=r"^a chunked body for HTTP/1\.0$"):
        downward(body=CHUNKED, minor=0)


@pytest.mark.parametrize(
    ("lines", "kept"),
    [
        *[pytest.param([name + b": a"], [], id=name.decode()) for name in sorted(HOP_BY_HOP)],
        pytest.param([b"Connection: close, a", b"A: b", b"C: d"], [b"C: d"], id="named-in-connection"),
        pytest.param(
            [
                b"Connection: access-control-allow-origin, content-type",
                b"Access-Control-Allow-Origin: *",
                b"Content-Type: a",
            ],
            [b"Access-Control-Allow-Origin: *", b"Content-Type: a"],
            id="named-and-kept",
        ),
        pytest.param([b"a_b: c", b"X-Forwarded-For: d"], [b"a_b: c", b"X-Forwarded-For: d"], id="counts-upward-only"),
    ],
)
def test_what_does_not_go_down(lines: list[bytes], kept: list[bytes]) -> None:
    assert downward(*lines) == kept


@pytest.mark.parametrize(
    "name",
    [
        *(b"cf-connecting-ip", b"cf-connecting-ipv6", b"cf-pseudo-ipv4", b"client-ip", b"cluster-client-ip"),
        *(b"fastly-client-ip", b"fly-client-ip", b"forwarded", b"forwarded-for", b"forwarded-for-ip"),
        *(b"front-end-https", b"proxy-client-ip", b"remote-addr", b"true-client-ip", b"wl-proxy-client-ip"),
        *(b"x-appengine-user-ip", b"x-arr-ssl", b"x-azure-clientip", b"x-azure-socketip", b"x-client-ip"),
        *(b"x-cluster-client-ip", b"x-envoy-external-address", b"x-forwarded", b"x-forwarded-by", b"x-forwarded-for"),
        *(b"x-forwarded-host", b"x-forwarded-port", b"x-forwarded-prefix", b"x-forwarded-proto"),
        *(b"x-forwarded-protocol", b"x-forwarded-scheme", b"x-forwarded-server", b"x-forwarded-ssl", b"x-host"),
        *(b"x-original-forwarded-for", b"x-original-host", b"x-original-url", b"x-originating-ip", b"x-proxyuser-ip"),
        *(b"x-real-ip", b"x-real-port", b"x-remote-addr", b"x-remote-ip", b"x-rewrite-url", b"x-scheme"),
        b"x-url-scheme",
        *(b"x-forwarded-", b"x-forwarded-anything"),
    ],
)
def test_is_forwarding(name: bytes) -> None:
    assert is_forwarding(name)
    assert upward(name.title() + b": a") == []


def test_each_forwarding_field_is_tested() -> None:
    assert len(FORWARDING) == 46


@pytest.mark.parametrize(
    "name", [b"x-forward", b"host", b"via", b"forward", b"y-forwarded-for", b"x-http-method-override"]
)
def test_is_not_forwarding(name: bytes) -> None:
    assert not is_forwarding(name)


names = st.sampled_from(
    [b"Accept", b"Cookie", b"Origin", b"Connection", b"X_Y", b"X-Forwarded-For", b"X-Mine", b"Vary", b"Upgrade", b"Te"]
)
values = st.one_of(
    st.sampled_from([b"close", b"keep-alive", b"cookie, x-mine", b"origin", b""]),
    st.text(st.characters(min_codepoint=0x21, max_codepoint=0xFF, exclude_characters="\x7f"), max_size=9).map(
        lambda text: text.encode("latin-1", "ignore")
    ),
)
field_lines = st.lists(st.tuples(names, values).map(b": ".join), max_size=8)
lengths = st.integers(0, 10**18 - 1).map(lambda length: Framing(Kind.SIZED, length))
bodies = st.one_of(st.sampled_from([NO_BODY, CHUNKED]), lengths)


def kept(lines: list[bytes], left_out: frozenset[bytes]) -> list[bytes]:
    """Return the lines that go on, told slowly from the same rules."""
    nominated = {
        option.strip().lower()
        for line in lines
        if line.lower().startswith(b"connection:")
        for option in line.partition(b":")[2].split(b",")
    } - {b"origin", b"cookie"}
    return [line for line in lines if line.partition(b":")[0].lower() not in left_out | nominated]


@pytest.mark.fuzz
@given(field_lines, bodies, st.sets(names))
def test_a_request_that_is_written_is_read_again_as_the_same(
    lines: list[bytes], body: Framing, dropped: set[bytes]
) -> None:
    change = Change(frozenset(name.lower() for name in dropped), (b"v",), b"X-Added: c\r\n")
    octets = request_octets(request(*lines, body=body), target=b"/a?b", host=b"a", change=change, own=b"")
    again = parse_request_head(octets)
    expected = kept(lines, HOP_BY_HOP | change.dropped | {b"vary", b"x_y", b"x-forwarded-for"})
    framing = {Kind.SIZED: [b"Content-Length: %d" % body.length], Kind.CHUNKED: [b"Transfer-Encoding: chunked"]}
    written = fields(b"Host: a", *expected, b"X-Added: c", *framing.get(body.kind, []))
    origin = written.value(b"origin")
    plain = is_plain(*written.lines)
    assert again == RequestHead(
        b"POST", b"/a?b", 1, written, b"a", body, persistent=True, expects_continue=False, origin=origin, plain=plain
    )


@pytest.mark.fuzz
@given(field_lines, bodies | st.just(UNTIL_CLOSE), st.booleans(), st.sampled_from([200, 204, 304, 404]))
def test_a_response_that_is_written_is_read_again_as_the_same(
    lines: list[bytes],
    body: Framing,
    close: bool,
    status: int,
) -> None:
    if status in {204, 304}:
        body = NO_BODY
    method = b"HEAD" if body == NO_BODY else b"GET"
    octets = response_octets(response(*lines, status=status), body=body, close=close, minor=1, change=ADDED, own=b"")
    again = parse_response_head(octets, method)
    framing = {Kind.SIZED: [b"Content-Length: %d" % body.length], Kind.CHUNKED: [b"Transfer-Encoding: chunked"]}
    added = [*ADDED.added.split(b"\r\n")[:-1], *framing.get(body.kind, [])]
    persistent = not close and body != UNTIL_CLOSE
    written = fields(*kept(lines, HOP_BY_HOP), *added, *([] if persistent else [b"Connection: close"]))
    assert again == ResponseHead(1, status, b"OK", written, body, persistent)


def test_a_head_as_chrome_sends_it_is_written_as_the_crm_gets_it() -> None:
    sent = head(
        b"GET /restapi/v1/vtews/x HTTP/1.1",
        b"Host: crm.customer.example",
        b"Connection: keep-alive",
        b'sec-ch-ua: "Not_A Brand";v="99"',
        b"Authorization: Basic YTpi",
        b"Origin: https://addin.vendor.example",
        b"X-Forwarded-For: 198.51.100.9",
    )
    parsed = parse_request_head(sent)
    assert request_octets(parsed, target=parsed.target, host=b"crm.customer.example", change=ADDED, own=b"") == head(
        b"GET /restapi/v1/vtews/x HTTP/1.1",
        b"Host: crm.customer.example",
        b'sec-ch-ua: "Not_A Brand";v="99"',
        b"Authorization: Basic YTpi",
        b"Origin: https://addin.vendor.example",
        b"X-Forwarded-For: 192.0.2.7",
        b"Forwarded: for=192.0.2.7",
    )


def test_a_head_that_is_written_again_is_changed_as_is_asked_each_time() -> None:
    parsed = parse_request_head(head(b"GET / HTTP/1.1", b"Host: a", b"Cookie: b", b"X-Forwarded-For: c", b"Te: d"))
    response = ResponseHead(1, 200, b"OK", parsed.fields, NO_BODY, persistent=True)
    uncooked = Change(dropped=frozenset({b"cookie"}))
    added = ADDED.added.split(b"\r\n")[:-1]
    for change, kept in ((UNCHANGED, [b"Cookie: b"]), (uncooked, []), (ADDED, [b"Cookie: b", *added])) * 2:
        for _ in range(2):
            octets = request_octets(parsed, target=b"/", host=b"a", change=change, own=b"")
            assert octets == head(b"GET / HTTP/1.1", b"Host: a", *kept)
    for change, kept in (
        (ADDED, [b"Cookie: b", b"X-Forwarded-For: c", *added]),
        (uncooked, [b"X-Forwarded-For: c"]),
    ) * 2:
        for _ in range(2):
            octets = response_octets(response, body=NO_BODY, close=False, minor=1, change=change, own=b"")
            assert octets == head(b"HTTP/1.1 200 OK", b"Host: a", *kept)
