"""What clients put into well-formed requests: options of Connection, forwarding fields, pipelined requests."""

from typing import Final

from gateway.policy.reason import Reason
from tests.relay.wire.case import (
    CROSS_OK,
    HOST,
    OK,
    OK_GOT,
    ORIGIN,
    Asked,
    Case,
    End,
    Got,
    Reply,
    Then,
)

LINE: Final = b"GET /a HTTP/1.1\r\n"
CROSS: Final = ORIGIN[:-2]
EVIL: Final = b"Origin: https://evil.example\r\n"
REFUSED: Final = Got(403, Reason.ORIGIN_NOT_ALLOWED)


def _relayed(id: str, source: str, lines: bytes, *up: bytes, cross: bool = True) -> Case:  # noqa: A002 - as in Case
    """Return a case of more lines in a request, of which `up` go up."""
    if cross:
        sent = LINE + HOST + ORIGIN + lines + b"\r\n"
        return Case(id, source, sent, (CROSS_OK,), asked=(Asked(lines=(CROSS, *up)),))
    return Case(id, source, LINE + HOST + lines + b"\r\n", (OK_GOT,), asked=(Asked(lines=up),))


def _dropped(name: bytes) -> Case:
    """Return a case of a hop-by-hop field that nobody named in Connection."""
    return _relayed(f"{name.decode()}-goes", "RFC 9110, 7.6.1", name + b": 1\r\nX: 1\r\n", b"X: 1")


HOP_BY_HOP: Final = (
    _relayed("named-field-goes", "RFC 9110, 7.6.1", b"Connection: x-hop\r\nX-Hop: 1\r\nX: 1\r\n", b"X: 1"),
    _relayed("named-in-another-case", "RFC 9110, 7.6.1", b"CONNECTION: X-HOP\r\nx-hop: 1\r\n"),
    _relayed(
        "named-on-a-second-line", "RFC 9110, 7.6.1", b"Connection: keep-alive\r\nConnection: x-hop\r\nX-Hop: 1\r\n"
    ),
    _relayed("named-in-a-list-with-gaps", "RFC 9110, 5.6.1", b"Connection: ,keep-alive,, x-hop\t,\r\nX-Hop: 1\r\n"),
    _relayed("all-lines-of-the-name-go", "RFC 9110, 7.6.1", b"X-Hop: 1\r\nConnection: x-hop\r\nX-Hop: 2\r\n"),
    _relayed("named-and-not-there", "RFC 9110, 7.6.1", b"Connection: x-hop\r\nX: 1\r\n", b"X: 1"),
    _relayed("option-that-is-no-token", "RFC 9110, 7.6.1", b'Connection: "x-hop", @\r\nX-Hop: 1\r\n', b"X-Hop: 1"),
    *map(
        _dropped,
        (
            b"Keep-Alive",
            b"Proxy-Connection",
            b"Proxy-Authorization",
            b"Proxy-Authenticate",
            b"TE",
            b"Trailer",
            b"Upgrade",
            b"HTTP2-Settings",
        ),
    ),
    _relayed(
        "h2c-is-an-ordinary-request",
        "RFC 9113, 3.1; https://bishopfox.com/blog/h2c-smuggling-request",
        b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n",
    ),
    _relayed("te-trailers-goes", "RFC 9110, 10.1.4", b"Connection: TE\r\nTE: trailers\r\n"),
    *(
        _relayed(
            f"cannot-name-{name.partition(b':')[0].decode().lower()}",
            "https://nathandavison.com/blog/abusing-http-hop-by-hop-request-headers",
            b"Connection: close-not, " + name.partition(b":")[0] + b"\r\n" + name + b"\r\n",
            name,
        )
        for name in (
            b"Authorization: Basic eA==",
            b"Content-Type: application/json",
            b"Access-Control-Request-Headers: x",
        )
    ),
    Case(
        "cannot-name-cookie-where-cookies-pass",
        "https://nathandavison.com/blog/abusing-http-hop-by-hop-request-headers",
        LINE + HOST + b"Connection: cookie\r\nCookie: a=1\r\n\r\n",
        asked=(Asked(lines=(b"Cookie: a=1",)),),
    ),
    _relayed("cannot-name-origin", "docs/design.md: R9", b"Connection: origin\r\n"),
    Case(
        "cannot-name-the-origin-of-one-without-a-rule",
        "docs/design.md: R9",
        b"POST /a HTTP/1.1\r\n" + HOST + EVIL + b"Connection: origin\r\nContent-Length: 0\r\n\r\n",
        (REFUSED,),
        replies=(),
    ),
    _relayed("cannot-name-host", "docs/design.md: R9", b"Connection: host\r\n"),
    Case(
        "cannot-name-content-length",
        "docs/design.md: R9",
        b"POST /p HTTP/1.1\r\n" + HOST + ORIGIN + b"Connection: content-length\r\nContent-Length: 5\r\n\r\nhello",
        (CROSS_OK,),
        asked=(Asked(b"POST /p HTTP/1.1", (CROSS,), b"Content-Length: 5", b"hello"),),
    ),
    Case(
        "cannot-name-transfer-encoding",
        "docs/design.md: R9",
        b"POST /p HTTP/1.1\r\n"
        + HOST
        + ORIGIN
        + b"Connection: transfer-encoding\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
        (CROSS_OK,),
        asked=(Asked(b"POST /p HTTP/1.1", (CROSS,), b"Transfer-Encoding: chunked", b"hello"),),
    ),
    _relayed(
        "cannot-name-forwarding-fields",
        "https://nathandavison.com/blog/abusing-http-hop-by-hop-request-headers",
        b"Connection: x-forwarded-for, x-forwarded-proto, forwarded, x-request-id, cdn-loop\r\n",
    ),
    _relayed(
        "cannot-name-both-at-once",
        "docs/design.md: R9",
        b"Connection: x-forwarded-for, authorization\r\nAuthorization: Basic eA==\r\nX-Forwarded-For: 6.6.6.6\r\n",
        b"Authorization: Basic eA==",
    ),
    Case(
        "max-forwards-passes",
        "RFC 9110, 7.6.2, of which docs/protocol.md has an exception",
        b"OPTIONS /a HTTP/1.1\r\n" + HOST + b"Max-Forwards: 0\r\n\r\n",
        asked=(Asked(b"OPTIONS /a HTTP/1.1", (b"Max-Forwards: 0",)),),
    ),
    Case(
        "cannot-hide-a-loop",
        "RFC 8586, 2",
        LINE + HOST + b"Connection: cdn-loop\r\nCDN-Loop: other; v=1\r\n\r\n",
        asked=(Asked(loop=b"other; v=1, "),),
    ),
    Case(
        "close-among-others-closes",
        "RFC 9112, 9.6",
        LINE + HOST + b"Connection: x-hop , Close\r\nX-Hop: 1\r\n\r\n",
        end=End.CLOSED,
        asked=(Asked(),),
        reused=True,
    ),
    Case(
        "a-field-named-close-is-dropped",
        "RFC 9112, 9.6",
        LINE + HOST + b"Connection: close, x\r\nClose: 1\r\n\r\n",
        end=End.CLOSED,
        asked=(Asked(),),
    ),
)

SPOOFED: Final = (
    b"X-Forwarded-For", b"X-Forwarded-Host", b"X-Forwarded-Proto", b"X-Forwarded-Port", b"X-Forwarded-Server",
    b"X-Forwarded-Prefix", b"X-Forwarded-Scheme", b"X-Forwarded-Ssl", b"X-Forwarded-Whatever", b"Forwarded",
    b"Client-IP", b"X-Client-IP", b"X-Real-IP", b"True-Client-IP", b"CF-Connecting-IP", b"Fastly-Client-IP",
    b"X-Cluster-Client-IP", b"X-Originating-IP", b"X-Remote-IP", b"X-Remote-Addr", b"X-Host", b"X-Original-URL",
    b"X-Rewrite-URL", b"X-Original-Host", b"Front-End-Https", b"X-Scheme", b"x-fORWARDED-fOR",
)  # fmt: skip


def _spoofed(name: bytes) -> Case:
    source = "CVE-2018-14773" if b"URL" in name else "RFC 7239, 8.1; facts/crm.md: lock-outs are keyed on them"
    return _relayed(f"{name.decode()}", source, name + b": 6.6.6.6\r\nX: 1\r\n", b"X: 1")


def _underscored(name: bytes) -> Case:
    return _relayed(f"twin-{name.decode()}", "RFC 3875, 4.1.18: CGI reads `_` and `-` alike", name + b": 6.6.6.6\r\n")


def _believed(id: str, lines: bytes, client: bytes, scheme: bytes | None = None) -> Case:  # noqa: A002 - as in Case
    return Case(
        f"trusted-{id}",
        "RFC 7239, 5.2; docs/design.md: R10",
        LINE + HOST + lines + b"\r\n",
        asked=(Asked(client=client, scheme=scheme),),
        trusted=True,
    )


FORWARDING: Final = (
    *map(_spoofed, SPOOFED),
    *map(
        _underscored,
        (
            b"X_Forwarded_For",
            b"X-Forwarded_For",
            b"Client_IP",
            b"X_Real_IP",
            b"HTTP_HOST",
            b"Content_Type",
            b"_",
            b"a_b",
        ),
    ),
    _relayed(
        "many-at-once",
        "RFC 7239, 8.1",
        b"X-Forwarded-For: 6.6.6.6\r\nX-Forwarded-For: 7.7.7.7\r\nForwarded: for=6.6.6.6;proto=https\r\n",
        cross=False,
    ),
    _relayed("via-passes", "RFC 9110, 7.6.3; docs/design.md: no Via is written", b"Via: 1.1 x\r\n", b"Via: 1.1 x"),
    _relayed("request-id-is-ours", "docs/design.md: X-Request-Id is ours", b"X-Request-ID: 1\r\n"),
    _believed("one-address", b"X-Forwarded-For: 192.0.2.9\r\n", b"192.0.2.9"),
    _believed("rightmost-of-a-list", b"X-Forwarded-For: 6.6.6.6, 192.0.2.9\r\n", b"192.0.2.9"),
    _believed("rightmost-of-two-lines", b"X-Forwarded-For: 6.6.6.6\r\nX-Forwarded-For: 192.0.2.9\r\n", b"192.0.2.9"),
    _believed("trusted-ones-are-passed-over", b"X-Forwarded-For: 192.0.2.9, 127.0.0.1\r\n", b"192.0.2.9"),
    _believed("with-a-port", b"X-Forwarded-For: 192.0.2.9:4711\r\n", b"192.0.2.9"),
    _believed("ipv6", b"X-Forwarded-For: 2001:DB8::1\r\n", b"2001:db8::1"),
    _believed("ipv6-in-brackets-with-port", b"X-Forwarded-For: [2001:db8::1]:80\r\n", b"2001:db8::1"),
    _believed("ipv4-mapped", b"X-Forwarded-For: ::ffff:192.0.2.9\r\n", b"192.0.2.9"),
    _believed("no-address", b"X-Forwarded-For: unknown\r\n", b"127.0.0.1"),
    _believed("no-address-before-one", b"X-Forwarded-For: 6.6.6.6, <script>, 192.0.2.9\r\n", b"192.0.2.9"),
    _believed("no-address-behind-one", b"X-Forwarded-For: 192.0.2.9, x\r\n", b"127.0.0.1"),
    _believed("other-fields-are-not-believed", b"X-Real-IP: 6.6.6.6\r\nForwarded: for=6.6.6.6\r\n", b"127.0.0.1"),
    _believed("scheme", b"X-Forwarded-Proto: https\r\n", b"127.0.0.1", b"https"),
    _believed("scheme-of-a-client-without-tls", b"X-Forwarded-Proto: HTTP\r\n", b"127.0.0.1", b"http"),
    _believed("scheme-that-is-none", b"X-Forwarded-Proto: gopher\r\n", b"127.0.0.1"),
    _believed("scheme-twice", b"X-Forwarded-Proto: https\r\nX-Forwarded-Proto: http\r\n", b"127.0.0.1"),
    _believed("host-is-not-believed", b"X-Forwarded-Host: evil.example\r\n", b"127.0.0.1"),
)


def get(path: bytes, lines: bytes = b"") -> bytes:
    """Return a request for `path`."""
    return b"GET " + path + b" HTTP/1.1\r\n" + HOST + lines + b"\r\n"


POST_EVIL: Final = b"POST /a HTTP/1.1\r\n" + HOST + EVIL

PIPELINES: Final = (
    Case(
        "three-in-order",
        "RFC 9112, 9.3.2",
        get(b"/1") + get(b"/2") + get(b"/3"),
        tuple(Got(body=body) for body in (b"1", b"22", b"333")),
        asked=tuple(Asked(b"GET /%d HTTP/1.1" % number) for number in (1, 2, 3)),
        replies=tuple(
            Reply(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body) + body) for body in (b"1", b"22", b"333")
        ),
        reused=True,
    ),
    Case(
        "bodies-between",
        "RFC 9112, 9.3.2",
        b"POST /1 HTTP/1.1\r\n" + HOST + b"Content-Length: 3\r\n\r\nabc"
        b"POST /2 HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n" + get(b"/3"),
        (OK_GOT,) * 3,
        asked=(
            Asked(b"POST /1 HTTP/1.1", framing=b"Content-Length: 3", body=b"abc"),
            Asked(b"POST /2 HTTP/1.1", framing=b"Transfer-Encoding: chunked", body=b"abc"),
            Asked(b"GET /3 HTTP/1.1"),
        ),
        replies=(Reply(),) * 3,
    ),
    Case(
        "cut-in-the-middle-of-the-second",
        "RFC 9112, 9.3.2",
        (get(b"/1") + b"GET /2 HT", b"TP/1.1\r\n" + HOST, b"\r\n"),
        (OK_GOT,) * 2,
        asked=(Asked(b"GET /1 HTTP/1.1"), Asked(b"GET /2 HTTP/1.1")),
        replies=(Reply(),) * 2,
    ),
    Case(
        "refused-and-relayed-in-turn",
        "RFC 9112, 9.3.2",
        POST_EVIL
        + b"Content-Length: 3\r\n\r\nabc"
        + get(b"/2")
        + POST_EVIL
        + b"Content-Length: 0\r\n\r\n"
        + get(b"/4"),
        (REFUSED, OK_GOT, REFUSED, OK_GOT),
        asked=(Asked(b"GET /2 HTTP/1.1"), Asked(b"GET /4 HTTP/1.1")),
        replies=(Reply(),) * 2,
        dripped=False,
    ),
    Case(
        "the-second-of-another-origin",
        "RFC 9112, 9.3.2",
        get(b"/1", ORIGIN) + get(b"/2"),
        (CROSS_OK, OK_GOT),
        asked=(Asked(b"GET /1 HTTP/1.1", (CROSS,)), Asked(b"GET /2 HTTP/1.1")),
        replies=(Reply(),) * 2,
    ),
    Case(
        "nothing-behind-a-malformed-one",
        "RFC 9112, 2.2; CVE-2019-18277",
        get(b"/1", b"X : 1\r\n") + get(b"/smuggled"),
        (Got(400, Reason.REQUEST_MALFORMED),),
        End.CLOSED,
        replies=(),
    ),
    Case(
        "a-malformed-one-behind-a-good-one",
        "RFC 9112, 2.2",
        get(b"/1") + get(b"/2", b"X : 1\r\n") + get(b"/smuggled"),
        (OK_GOT, Got(400, Reason.REQUEST_MALFORMED)),
        End.CLOSED,
        asked=(Asked(b"GET /1 HTTP/1.1"),),
    ),
    Case(
        "nothing-behind-two-framings",
        "RFC 9112, 6.1; PortSwigger: CL.TE",
        b"POST /1 HTTP/1.1\r\n"
        + HOST
        + b"Content-Length: 6\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nG"
        + get(b"/smuggled"),
        (Got(400, Reason.REQUEST_MALFORMED),),
        End.CLOSED,
        replies=(),
    ),
    Case(
        "nothing-behind-a-chunk-that-breaks",
        "RFC 9112, 7.1",
        b"POST /1 HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: chunked\r\n\r\n3\r\nabcX" + get(b"/smuggled"),
        (Got(400, Reason.BODY_MALFORMED),),
        End.CLOSED,
        replies=(),
        warm=True,
        partial=True,
    ),
    Case(
        "nothing-behind-close",
        "RFC 9112, 9.6",
        get(b"/1", b"Connection: close\r\n") + get(b"/smuggled"),
        end=End.CLOSED,
        asked=(Asked(b"GET /1 HTTP/1.1"),),
    ),
    Case(
        "nothing-behind-http-1.0",
        "RFC 9112, 9.3",
        b"GET /1 HTTP/1.0\r\n" + HOST + b"\r\n" + get(b"/smuggled"),
        end=End.CLOSED,
        asked=(Asked(b"GET /1 HTTP/1.1"),),
    ),
    Case(
        "nothing-behind-an-unknown-method-of-http-2",
        "RFC 9113, 3.4",
        get(b"/1") + b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + get(b"/smuggled"),
        (OK_GOT, Got(505, Reason.VERSION_NOT_SUPPORTED, vary=False)),
        End.CLOSED,
        asked=(Asked(b"GET /1 HTTP/1.1"),),
    ),
    Case(
        "a-request-in-a-body-that-is-refused",
        "CVE-2025-4366: bodies that are not drained",
        POST_EVIL + b"Content-Length: %d\r\n\r\n" % len(get(b"/smuggled")) + get(b"/smuggled") + get(b"/2"),
        (REFUSED, OK_GOT),
        asked=(Asked(b"GET /2 HTTP/1.1"),),
        dripped=False,
    ),
    Case(
        "a-request-in-a-body-that-is-refused-before-it-is-whole",
        "CVE-2025-4366: bodies that are not drained",
        (
            POST_EVIL + b"Content-Length: %d\r\n\r\n" % len(get(b"/smuggled")),
            get(b"/smuggled"),
            get(b"/smuggled"),
        ),
        (REFUSED,),
        End.CLOSED,
        replies=(),
    ),
    Case(
        "a-request-in-chunks-that-are-refused",
        "CVE-2025-4366: bodies that are not drained",
        POST_EVIL
        + b"Transfer-Encoding: chunked\r\n\r\n%x\r\n" % len(get(b"/smuggled"))
        + get(b"/smuggled")
        + b"\r\n0\r\n\r\n"
        + get(b"/2"),
        (REFUSED, OK_GOT),
        asked=(Asked(b"GET /2 HTTP/1.1"),),
        dripped=False,
    ),
    Case(
        "a-request-behind-chunks-that-are-refused-and-broken",
        "CVE-2025-4366: bodies that are not drained",
        POST_EVIL + b"Transfer-Encoding: chunked\r\n\r\nX\r\n" + get(b"/smuggled"),
        (REFUSED,),
        End.CLOSED,
        replies=(),
    ),
    Case(
        "a-request-behind-an-upgrade-that-is-not-one",
        "GHSA-mfx4-hv73-q22v; CVE-2026-2833",
        get(b"/1", b"Connection: Upgrade\r\nUpgrade: websocket\r\n") + get(b"/2"),
        (OK_GOT, OK_GOT),
        asked=(Asked(b"GET /1 HTTP/1.1"), Asked(b"GET /2 HTTP/1.1")),
        replies=(Reply(), Reply()),
    ),
    Case(
        "an-upgrade-with-a-body",
        "GHSA-mfx4-hv73-q22v",
        b"POST /1 HTTP/1.1\r\n"
        + HOST
        + b"Connection: Upgrade\r\nUpgrade: h2c\r\nContent-Length: 3\r\n\r\nabc"
        + get(b"/2"),
        (OK_GOT, OK_GOT),
        asked=(
            Asked(b"POST /1 HTTP/1.1", framing=b"Content-Length: 3", body=b"abc"),
            Asked(b"GET /2 HTTP/1.1"),
        ),
        replies=(Reply(), Reply()),
    ),
    Case(
        "behind-an-upstream-that-closes",
        "RFC 9112, 9.3.2",
        get(b"/1") + get(b"/2"),
        (OK_GOT, OK_GOT),
        asked=(Asked(b"GET /1 HTTP/1.1"), Asked(b"GET /2 HTTP/1.1")),
        replies=(Reply(b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok", Then.CLOSE), Reply()),
    ),
    Case(
        "answers-to-both-in-one-reply",
        "RFC 9112, 9.2; facts/aiohttp.md: pool poisoning",
        get(b"/1") + get(b"/2"),
        (OK_GOT, Got(body=b"own")),
        asked=(Asked(b"GET /1 HTTP/1.1"), Asked(b"GET /2 HTTP/1.1")),
        replies=(Reply(OK + OK), Reply(b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nown")),
    ),
    Case(
        "preflights",
        "RFC 9112, 9.3.2; docs/design.md: promise 2",
        (b"OPTIONS /a HTTP/1.1\r\n" + HOST + ORIGIN + b"Access-Control-Request-Method: PUT\r\n\r\n") * 5,
        (Got(204, Reason.PREFLIGHT_ALLOWED, shared=True),) * 5,
        replies=(),
    ),
    Case(
        "line-ends-behind-a-request",
        "RFC 9112, 2.2",
        get(b"/1") + b"\r\n" + get(b"/2"),
        (OK_GOT, OK_GOT),
        asked=(Asked(b"GET /1 HTTP/1.1"), Asked(b"GET /2 HTTP/1.1")),
        replies=(Reply(), Reply()),
    ),
    Case(
        "octets-behind-a-sized-body-begin-the-next",
        "RFC 9112, 6.3",
        b"POST /1 HTTP/1.1\r\n" + HOST + b"Content-Length: 1\r\n\r\nabc\r\n\r\n",
        (OK_GOT, Got(400, Reason.REQUEST_MALFORMED, vary=False)),
        End.CLOSED,
        asked=(Asked(b"POST /1 HTTP/1.1", framing=b"Content-Length: 1", body=b"a"),),
    ),
)
