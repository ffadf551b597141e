"""Responses: syntax, response splitting, framing, chunks, wrong lengths, 1xx, and those that nobody asked for."""

from typing import Final

from gateway.policy.reason import Reason
from tests.relay.wire.case import (
    CROSS_GET,
    CROSS_OK,
    HOST,
    OK,
    ORIGIN,
    VARY,
    Case,
    End,
    Got,
    Reply,
    Then,
    bad_answer,
    cut_off,
    relayed,
)

CHUNKED: Final = b"Transfer-Encoding: chunked"
HEAD: Final = CROSS_GET.replace(b"GET", b"HEAD", 1)
POISON: Final = b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\npoison"


def ok(lines: bytes, body: bytes = b"ok") -> bytes:
    """Return a response with these lines, each without its CRLF, and no framing but theirs."""
    return b"HTTP/1.1 200 OK\r\n" + lines + b"\r\n\r\n" + body


def with_line(line: bytes) -> bytes:
    """Return a response of two octets with one more line."""
    return ok(b"Content-Length: 2\r\n" + line)


def _line(id: str, line: bytes, source: str = "RFC 9112, 5") -> Case:  # noqa: A002 - as in Case
    return bad_answer(id, source, with_line(line))


def _status(id: str, line: bytes, source: str = "RFC 9112, 4") -> Case:  # noqa: A002 - as in Case
    return bad_answer(id, source, line + b"\r\nContent-Length: 2\r\n\r\nok")


def _framing(id: str, lines: bytes, source: str = "RFC 9112, 6.1") -> Case:  # noqa: A002 - as in Case
    return bad_answer(id, source, ok(lines, b"0\r\n\r\n"))


HEADS: Final = (
    _status("no-http", b"nonsense"),
    _status("version-0.9", b"HTTP/0.9 200 OK", "RFC 9112, 2.3"),
    _status("version-2.0", b"HTTP/2.0 200 OK", "RFC 9112, 2.3"),
    _status("version-of-two-digits", b"HTTP/1.10 200 OK", "RFC 9112, 2.3"),
    _status("version-lower-case", b"http/1.1 200 OK", "RFC 9112, 2.3"),
    _status("of-icy", b"ICY 200 OK"),
    _status("two-spaces", b"HTTP/1.1  200 OK"),
    _status("tab", b"HTTP/1.1\t200 OK"),
    _status("without-second-space", b"HTTP/1.1 200"),
    _status("space-before", b" HTTP/1.1 200 OK"),
    _status("two-digits", b"HTTP/1.1 20 OK"),
    _status("four-digits", b"HTTP/1.1 2000 OK"),
    _status("letters", b"HTTP/1.1 2xx OK"),
    _status("negative", b"HTTP/1.1 -20 OK"),
    _status("000", b"HTTP/1.1 000 OK", "RFC 9110, 15"),
    _status("099", b"HTTP/1.1 099 OK", "RFC 9110, 15"),
    _status("600", b"HTTP/1.1 600 OK", "RFC 9110, 15"),
    _status("999", b"HTTP/1.1 999 OK", "RFC 9110, 15"),
    _status("phrase-with-nul", b"HTTP/1.1 200 O\0K"),
    _status("phrase-with-bare-cr", b"HTTP/1.1 200 O\rK", "RFC 9112, 2.2; CVE-2026-34520"),
    _status("empty-line-before", b"\r\nHTTP/1.1 200 OK", "RFC 9112, 2.2"),
    bad_answer("bare-lf-everywhere", "RFC 9112, 2.2", b"HTTP/1.1 200 OK\nContent-Length: 2\n\nok"),
    bad_answer("ssh", "RFC 4253, 4.2", b"SSH-2.0-OpenSSH_9.2p1\r\n"),
    bad_answer("ssh-with-bare-lf", "RFC 4253, 4.2", b"SSH-2.0-OpenSSH_9.2p1\n"),
    bad_answer("tls-alert", "RFC 8446, 6", b"\x15\x03\x01\x00\x02\x02\x46"),
    _line("obs-fold", b"X: a\r\n b", "RFC 9112, 5.2"),
    _line("obs-fold-tab", b"X: a\r\n\tb", "RFC 9112, 5.2"),
    _line("bare-lf", b"X: a\nY: b", "RFC 9112, 2.2"),
    _line("bare-cr", b"X: a\rY: b", "RFC 9112, 2.2"),
    _line("nul-in-value", b"X: a\0b", "RFC 9110, 5.5; CVE-2026-34520"),
    _line("escape-in-value", b"X: a\x1bb", "RFC 9110, 5.5"),
    _line("delete-in-value", b"X: a\x7fb", "RFC 9110, 5.5"),
    _line("space-before-colon", b"X : 1", "RFC 9112, 5.1"),
    _line("no-colon", b"X"),
    _line("no-name", b": 1"),
    _line("space-in-name", b"X Y: 1", "RFC 9110, 5.1"),
    _line("name-not-ascii", b"X\xe9: 1", "RFC 9110, 5.1"),
    _line("second-colon-of-a-partner-configuration", b"Access-Control-Allow-Methods\x0b: GET", "RFC 9112, 5.1"),
    bad_answer("head-over-the-limit", "docs/design.md: R11", with_line(b"X: " + b"a" * 40_000)),
    bad_answer("line-over-the-limit", "docs/design.md: R11", with_line(b"X: " + b"a" * 16_400)),
    bad_answer("lines-over-the-limit", "docs/design.md: R11", with_line(b"\r\n".join([b"X: 1"] * 200))),
    relayed(
        "no-phrase",
        "RFC 9112, 4",
        b"HTTP/1.1 200 \r\nContent-Length: 0\r\n\r\n",
        b"Content-Length: 0",
        phrase=b"",
        reused=True,
    ),
    relayed(
        "phrase-not-ascii",
        "RFC 9112, 4",
        b"HTTP/1.1 200 Tr\xe8s  bien\r\nContent-Length: 0\r\n\r\n",
        b"Content-Length: 0",
        phrase=b"Tr\xe8s  bien",
        reused=True,
    ),
    relayed(
        "status-299", "RFC 9110, 15", b"HTTP/1.1 299 X\r\nContent-Length: 0\r\n\r\n", b"Content-Length: 0", status=299
    ),
    relayed(
        "status-599", "RFC 9110, 15", b"HTTP/1.1 599 X\r\nContent-Length: 0\r\n\r\n", b"Content-Length: 0", status=599
    ),
    relayed(
        "octets-over-127-in-values",
        "RFC 9110, 5.5; facts/crm.md: Download.php writes names raw",
        with_line(b'Content-Disposition: attachment; filename="caf\xe9\xff\xc3\xa9"'),
        b'Content-Disposition: attachment; filename="caf\xe9\xff\xc3\xa9"',
        b"Content-Length: 2",
        body=b"ok",
        reused=True,
    ),
    relayed(
        "white-space-and-case-of-lines-stay",
        "docs/design.md: promise 4",
        with_line(b"x-ODD:\t 1 \t\r\nEmpty:\r\nX-Odd: 2"),
        b"x-ODD:\t 1 \t",
        b"Empty:",
        b"X-Odd: 2",
        b"Content-Length: 2",
        body=b"ok",
    ),
    relayed(
        "date-and-server-of-the-upstream-stay",
        "RFC 9110, 6.6.1",
        with_line(b"Date: Thu, 01 Jan 1970 00:00:00 GMT\r\nServer: Apache"),
        b"Date: Thu, 01 Jan 1970 00:00:00 GMT",
        b"Server: Apache",
        b"Content-Length: 2",
        body=b"ok",
        dated=True,
    ),
    relayed(
        "hop-by-hop-lines-go",
        "RFC 9110, 7.6.1",
        with_line(
            b"Connection: x-hop, keep-alive\r\nX-Hop: 1\r\nKeep-Alive: timeout=5\r\nProxy-Connection: keep-alive\r\n"
            b"TE: gzip\r\nTrailer: X\r\nUpgrade: h2c\r\nProxy-Authenticate: Basic"
        ),
        b"Content-Length: 2",
        body=b"ok",
        reused=True,
    ),
    relayed(
        "connection-of-an-upstream-cannot-take-types-away",
        "RFC 9110, 7.6.1; docs/design.md: R9",
        with_line(b"Connection: content-type, content-length\r\nContent-Type: text/plain"),
        b"Content-Type: text/plain",
        b"Content-Length: 2",
        body=b"ok",
    ),
    relayed("alt-svc-goes", "RFC 7838, 3", with_line(b'Alt-Svc: h3=":443"'), b"Content-Length: 2", body=b"ok"),
    relayed(
        "request-id-of-the-upstream-goes",
        "docs/design.md: X-Request-Id is ours",
        with_line(b"X-Request-ID: 1"),
        b"Content-Length: 2",
        body=b"ok",
    ),
    relayed(
        "cookie-lines-go-from-a-page-whose-rule-drops-them",
        "docs/design.md: cookies",
        with_line(b"Set-Cookie: a=1\r\nSet-Cookie: b=2"),
        b"Content-Length: 2",
        body=b"ok",
    ),
    Case(
        "cookie-lines-stay-apart",
        "RFC 6265, 3",
        b"GET /a HTTP/1.1\r\n" + HOST + b"\r\n",
        (
            Got(
                lines=(
                    b"Set-Cookie: a=1, b=2",
                    b"set-cookie: c=3; Path=/",
                    b"Content-Length: 2",
                    VARY,
                    b"X-Request-Id: *",
                    b"Date: *",
                )
            ),
        ),
        asked=None,
        replies=(Reply(with_line(b"Set-Cookie: a=1, b=2\r\nset-cookie: c=3; Path=/")),),
    ),
)

SPLITTING: Final = (
    Case(
        "a-whole-second-response-in-the-same-octets",
        "CVE-2023-37276; RFC 9112, 11.1",
        CROSS_GET,
        (CROSS_OK,),
        asked=None,
        replies=(Reply(OK + POISON),),
        reused=False,
    ),
    Case(
        "a-value-that-ends-the-head",
        "RFC 9112, 11.1",
        CROSS_GET,
        (Got(200, Reason.ALLOWED, shared=True, body=b"in"),),
        asked=None,
        replies=(Reply(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nX: \r\n\r\nintended body\r\n\r\nok"),),
        reused=False,
    ),
    relayed(
        "percent-encoded-line-ends-stay-encoded",
        "RFC 9112, 11.1; https://owasp.org/www-community/attacks/HTTP_Response_Splitting",
        with_line(b"X: a%0d%0aSet-Cookie: b=1"),
        b"X: a%0d%0aSet-Cookie: b=1",
        b"Content-Length: 2",
        body=b"ok",
    ),
    relayed(
        "characters-whose-last-octets-are-line-ends",
        "https://hackerone.com/reports/52042",
        with_line("X: a\u560d\u560aSet-Cookie: b=1".encode()),
        "X: a\u560d\u560aSet-Cookie: b=1".encode(),
        b"Content-Length: 2",
        body=b"ok",
    ),
    _line("lf-before-a-field", b"X: a\nAccess-Control-Allow-Origin: *", "RFC 9112, 2.2 and 11.1"),
    _line("cr-before-a-field", b"X: a\rSet-Cookie: b=1", "RFC 9112, 2.2 and 11.1"),
    _line("cr-cr-lf", b"X: a\r\r\nSet-Cookie: b=1", "RFC 9112, 2.2 and 11.1"),
)

FRAMING: Final = (
    _framing("length-and-coding", b"Content-Length: 5\r\n" + CHUNKED),
    _framing("coding-and-length", CHUNKED + b"\r\nContent-Length: 0"),
    _framing("length-twice-the-same", b"Content-Length: 5\r\nContent-Length: 5", "RFC 9112, 6.3; docs/design.md"),
    _framing("length-twice-in-conflict", b"Content-Length: 5\r\nContent-Length: 0", "RFC 9112, 6.3"),
    _framing("length-list", b"Content-Length: 5, 5", "RFC 9112, 6.3"),
    _framing("length-empty", b"Content-Length:", "RFC 9110, 8.6"),
    _framing("length-plus", b"Content-Length: +5", "RFC 9110, 8.6"),
    _framing("length-minus", b"Content-Length: -1", "RFC 9110, 8.6"),
    _framing("length-hexadecimal", b"Content-Length: 0x5", "RFC 9110, 8.6"),
    _framing("length-letters", b"Content-Length: five", "RFC 9110, 8.6"),
    _framing("length-underscore", b"Content-Length: 1_0", "RFC 9110, 8.6; CVE-2023-47627"),
    _framing("length-over-2-to-64", b"Content-Length: 18446744073709551621", "RFC 9110, 8.6"),
    _framing("coding-gzip", b"Transfer-Encoding: gzip"),
    _framing("coding-gzip-chunked", b"Transfer-Encoding: gzip, chunked"),
    _framing("coding-chunked-twice", b"Transfer-Encoding: chunked, chunked"),
    _framing("coding-identity", b"Transfer-Encoding: identity"),
    _framing("coding-unknown", b"Transfer-Encoding: xchunked"),
    _framing("coding-empty", b"Transfer-Encoding:"),
    _framing("coding-on-two-lines", CHUNKED + b"\r\n" + CHUNKED),
    _framing("coding-behind-vertical-tab", b"Transfer-Encoding: \x0bchunked", "CVE-2019-18277"),
    bad_answer("coding-in-http-1.0", "RFC 9112, 6.1", b"HTTP/1.0 200 OK\r\n" + CHUNKED + b"\r\n\r\n0\r\n\r\n"),
    bad_answer("both-to-head", "RFC 9112, 6.1", ok(b"Content-Length: 5\r\n" + CHUNKED, b""), sent=HEAD),
    bad_answer("both-with-304", "RFC 9112, 6.1", b"HTTP/1.1 304 N\r\nContent-Length: 5\r\n" + CHUNKED + b"\r\n\r\n"),
    relayed("sized", "RFC 9112, 6.2", ok(b"Content-Length: 2"), b"Content-Length: 2", body=b"ok", reused=True),
    relayed(
        "sized-in-pieces",
        "RFC 9112, 6.2",
        (b"HTTP/1.1 200 OK\r\nContent-Length: 4\r", b"\n\r\nab", b"cd"),
        b"Content-Length: 4",
        body=b"abcd",
        reused=True,
    ),
    relayed("chunked", "RFC 9112, 7.1", ok(CHUNKED, b"5\r\nhello\r\n0\r\n\r\n"), CHUNKED, body=b"hello", reused=True),
    relayed(
        "chunked-in-pieces",
        "RFC 9112, 7.1",
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r", b"\n5", b"\r", b"\nhel", b"lo\r\n0\r\n\r", b"\n"),
        CHUNKED,
        body=b"hello",
        reused=True,
    ),
    relayed(
        "coding-in-upper-case", "RFC 9112, 7", ok(b"TRANSFER-ENCODING: CHUNKED", b"0\r\n\r\n"), CHUNKED, reused=True
    ),
    relayed(
        "until-close",
        "RFC 9112, 6.3",
        b"HTTP/1.1 200 OK\r\n\r\nhello",
        CHUNKED,
        body=b"hello",
        then=Then.CLOSE,
        reused=False,
    ),
    relayed("until-close-empty", "RFC 9112, 6.3", b"HTTP/1.1 200 OK\r\n\r\n", CHUNKED, then=Then.CLOSE, reused=False),
    relayed(
        "until-close-of-http-1.0",
        "RFC 9112, 6.3; facts/crm.md: the REST API under mod_php",
        b"HTTP/1.0 200 OK\r\nConnection: close\r\n\r\nhello",
        CHUNKED,
        body=b"hello",
        then=Then.CLOSE,
        reused=False,
    ),
    relayed(
        "sized-of-http-1.0",
        "RFC 9112, 9.3",
        b"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok",
        b"Content-Length: 2",
        body=b"ok",
        reused=False,
    ),
    relayed(
        "sized-of-http-1.0-that-is-kept",
        "RFC 9112, C.2.2",
        b"HTTP/1.0 200 OK\r\nConnection: Keep-Alive\r\nContent-Length: 2\r\n\r\nok",
        b"Content-Length: 2",
        body=b"ok",
        reused=True,
    ),
    relayed(
        "that-says-close",
        "RFC 9112, 9.6",
        ok(b"Connection: close\r\nContent-Length: 2"),
        b"Content-Length: 2",
        body=b"ok",
        reused=False,
    ),
    relayed("204", "RFC 9112, 6.3", b"HTTP/1.1 204 No Content\r\n\r\n", status=204, reused=True),
    relayed(
        "204-with-a-length", "RFC 9110, 8.6", b"HTTP/1.1 204 N\r\nContent-Length: 0\r\n\r\n", status=204, reused=True
    ),
    relayed("304", "RFC 9112, 6.3", b'HTTP/1.1 304 N\r\nETag: "x"\r\n\r\n', b'ETag: "x"', status=304, reused=True),
    relayed(
        "304-with-the-length-of-a-200",
        "RFC 9110, 8.6",
        b"HTTP/1.1 304 N\r\nContent-Length: 7\r\n\r\n",
        b"Content-Length: 7",
        status=304,
        reused=False,
    ),
    relayed(
        "205-with-a-body",
        "RFC 9110, 15.3.6",
        b"HTTP/1.1 205 R\r\nContent-Length: 2\r\n\r\nok",
        b"Content-Length: 2",
        status=205,
        body=b"ok",
    ),
    relayed(
        "head-with-a-length",
        "RFC 9110, 8.6",
        ok(b"Content-Length: 5", b""),
        b"Content-Length: 5",
        sent=HEAD,
        reused=False,
    ),
    relayed("head-with-a-coding", "RFC 9112, 6.1", ok(CHUNKED, b""), sent=HEAD, reused=False),
    relayed(
        "range",
        "RFC 9110, 15.3.7",
        b"HTTP/1.1 206 P\r\nContent-Range: bytes 0-1/9\r\nContent-Length: 2\r\n\r\nok",
        b"Content-Range: bytes 0-1/9",
        b"Content-Length: 2",
        status=206,
        body=b"ok",
    ),
)


def _broken(id: str, source: str, rest: bytes) -> Case:  # noqa: A002 - as in Case
    """Return a case of a chunked answer that breaks once its head and a chunk have gone down."""
    octets = (ok(CHUNKED, b"5\r\nhello\r\n"), rest)
    return cut_off(id, source, octets, body=b"hello", reason=Reason.UPSTREAM_MALFORMED)


CHUNKS: Final = (
    bad_answer("broken-with-the-head", "RFC 9112, 7.1", ok(CHUNKED, b"Z\r\n")),
    bad_answer("broken-with-the-head-behind-a-good-chunk", "RFC 9112, 7.1", ok(CHUNKED, b"2\r\nok\r\nZ\r\n")),
    _broken("size-not-hexadecimal", "RFC 9112, 7.1", b"Z\r\n"),
    _broken("size-negative", "RFC 9112, 7.1; GHSA-cq5v-8q36-5273", b"-1\r\nx\r\n"),
    _broken("size-with-0x", "RFC 9112, 7.1", b"0x1\r\nx\r\n"),
    _broken("size-of-16-digits", "RFC 9112, 7.1", b"0000000000000001\r\nx\r\n"),
    _broken("size-empty", "RFC 9112, 7.1", b"\r\nx\r\n"),
    _broken("size-behind-a-space", "RFC 9112, 7.1", b" 1\r\nx\r\n"),
    _broken("bare-lf-behind-size", "RFC 9112, 7.1; CVE-2025-22871", b"1\nx\r\n"),
    _broken("bare-lf-behind-data", "RFC 9112, 7.1", b"1\r\nx\n0\r\n\r\n"),
    _broken("data-too-long", "RFC 9112, 7.1", b"1\r\nxy\r\n0\r\n\r\n"),
    _broken("extension-ended-by-bare-lf", "CVE-2024-52304", b"1;a\nx\r\n0\r\n\r\n"),
    _broken("extension-with-bare-cr", "RFC 9112, 7.1.1", b"1;a\rb\r\nx\r\n0\r\n\r\n"),
    _broken("extension-that-is-none", "RFC 9112, 7.1.1", b"1;@\r\nx\r\n0\r\n\r\n"),
    _broken("extension-without-end", "CVE-2023-39326", b"1;" + b"a" * 2000),
    _broken("trailer-folded", "RFC 9112, 5.2", b"0\r\nX: 1\r\n 2\r\n\r\n"),
    _broken("trailer-without-colon", "RFC 9112, 7.1.2", b"0\r\nX\r\n\r\n"),
    _broken("trailers-over-the-limit", "CVE-2026-22815", b"0\r\n" + b"X: 1\r\n" * 6000),
    relayed(
        "extensions-are-dropped",
        "RFC 9112, 7.1.1",
        ok(CHUNKED, b'2;a\r\nab\r\n2 ; b="c;\\"d" ;e=f\r\ncd\r\n0;g\r\n\r\n'),
        CHUNKED,
        body=b"abcd",
        reused=True,
    ),
    relayed(
        "trailers-are-dropped",
        "RFC 9110, 6.5.1",
        ok(CHUNKED, b"2\r\nok\r\n0\r\nX-Trailer: 1\r\nServer-Timing: x\r\n\r\n"),
        CHUNKED,
        body=b"ok",
        reused=True,
    ),
    relayed(
        "leading-zeros-in-sizes",
        "RFC 9112, 7.1",
        ok(CHUNKED, b"0002\r\nok\r\n000\r\n\r\n"),
        CHUNKED,
        body=b"ok",
        reused=True,
    ),
    relayed(
        "upper-case-in-sizes",
        "RFC 9112, 7.1",
        ok(CHUNKED, b"A\r\n0123456789\r\n0\r\n\r\n"),
        CHUNKED,
        body=b"0123456789",
    ),
    relayed(
        "line-ends-in-the-data",
        "RFC 9112, 7.1",
        ok(CHUNKED, b"7\r\n\r\n0\r\n\r\n\r\n0\r\n\r\n"),
        CHUNKED,
        body=b"\r\n0\r\n\r\n",
    ),
    Case(
        "octets-behind-the-last-chunk-are-nobodys",
        "RFC 9112, 9.2; docs/design.md: R6",
        CROSS_GET,
        (Got(200, Reason.ALLOWED, shared=True, body=b"ok"),),
        asked=None,
        replies=(Reply(ok(CHUNKED, b"2\r\nok\r\n0\r\n\r\n" + POISON)),),
        reused=False,
    ),
)


def _bodyless(id: str, source: str, octets: bytes, *, sent: bytes = CROSS_GET, status: int = 200) -> Case:  # noqa: A002 - as in Case
    got = Got(status, Reason.ALLOWED, shared=True, body=b"", head_only=sent is HEAD)
    return Case(id, source, sent, (got,), asked=None, replies=(Reply(octets),), reused=False)


LENGTHS: Final = (
    cut_off("sized-short", "RFC 9112, 8", ok(b"Content-Length: 9"), body=b"ok", then=Then.CLOSE),
    cut_off("sized-nothing", "RFC 9112, 8", ok(b"Content-Length: 9", b""), body=b"", then=Then.CLOSE),
    cut_off("sized-short-by-reset", "RFC 9112, 8", ok(b"Content-Length: 9"), body=b"ok", then=Then.RESET),
    cut_off("chunked-before-the-last-chunk", "RFC 9112, 8", ok(CHUNKED, b"2\r\nok\r\n"), body=b"ok", then=Then.CLOSE),
    cut_off("chunked-in-a-chunk", "RFC 9112, 8", ok(CHUNKED, b"9\r\nok"), body=b"ok", then=Then.CLOSE),
    cut_off("chunked-in-a-size", "RFC 9112, 8", ok(CHUNKED, b"2\r\nok\r\n0"), body=b"ok", then=Then.CLOSE),
    cut_off(
        "chunked-before-the-last-line", "RFC 9112, 8", ok(CHUNKED, b"2\r\nok\r\n0\r\n"), body=b"ok", then=Then.CLOSE
    ),
    cut_off(
        "chunked-in-the-trailers", "RFC 9112, 8", ok(CHUNKED, b"2\r\nok\r\n0\r\nX: 1\r\n"), body=b"ok", then=Then.CLOSE
    ),
    cut_off("chunked-by-reset", "RFC 9112, 8", ok(CHUNKED, b"2\r\nok\r\n"), body=b"ok", then=Then.RESET),
    cut_off("until-close-by-reset", "RFC 9112, 8", b"HTTP/1.0 200 OK\r\n\r\nok", body=b"ok", then=Then.RESET),
    Case(
        "sized-short-to-an-http-1.0-client",
        "RFC 9112, 8",
        b"GET /a HTTP/1.0\r\n" + HOST + b"\r\n",
        (Got(200, Reason.UPSTREAM_CUT_OFF, body=b"ok", whole=False),),
        End.CUT,
        None,
        (Reply(ok(b"Content-Length: 9"), Then.CLOSE),),
    ),
    bad_answer("nothing", "RFC 9110, 15.6.3", b"", reason=Reason.UPSTREAM_CLOSED, then=Then.CLOSE),
    bad_answer("reset-before-anything", "RFC 9110, 15.6.3", b"", reason=Reason.UPSTREAM_CLOSED, then=Then.RESET),
    bad_answer(
        "head-half", "RFC 9112, 8", b"HTTP/1.1 200 OK\r\nContent-Le", reason=Reason.UPSTREAM_CLOSED, then=Then.CLOSE
    ),
    bad_answer(
        "head-but-for-its-last-octet",
        "RFC 9112, 8",
        b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r",
        reason=Reason.UPSTREAM_CLOSED,
        then=Then.CLOSE,
    ),
    Case(
        "sized-long-by-an-octet",
        "RFC 9112, 9.2; docs/design.md: R6",
        CROSS_GET,
        (CROSS_OK,),
        asked=None,
        replies=(Reply(ok(b"Content-Length: 2", b"okx")),),
        reused=False,
    ),
    Case(
        "sized-long-by-a-response",
        "RFC 9112, 9.2",
        CROSS_GET,
        (CROSS_OK,),
        asked=None,
        replies=(Reply(OK + POISON),),
        reused=False,
    ),
    Case(
        "sized-long-in-a-later-piece",
        "RFC 9112, 9.2",
        CROSS_GET,
        (CROSS_OK,),
        asked=None,
        replies=(Reply((ok(b"Content-Length: 2", b"o"), b"k" + POISON)),),
        reused=False,
    ),
    _bodyless("head-with-a-body", "RFC 9110, 9.3.2", ok(b"Content-Length: 6", b"poison"), sent=HEAD),
    _bodyless("head-with-a-chunked-body", "RFC 9110, 9.3.2", ok(CHUNKED, b"6\r\npoison\r\n0\r\n\r\n"), sent=HEAD),
    _bodyless("head-with-a-response-for-a-body", "RFC 9112, 6.3", ok(b"Content-Length: 6", POISON), sent=HEAD),
    _bodyless("204-with-a-body", "RFC 9110, 15.3.5", b"HTTP/1.1 204 N\r\n\r\n" + POISON, status=204),
    _bodyless("304-with-a-body", "RFC 9110, 15.4.5", b"HTTP/1.1 304 N\r\nContent-Length: 6\r\n\r\npoison", status=304),
    _bodyless("304-with-a-response-for-a-body", "RFC 9112, 6.3", b"HTTP/1.1 304 N\r\n\r\n" + POISON, status=304),
)

INTERIM: Final = (
    *(
        Case(
            f"{status}-goes",
            "RFC 9110, 15.2; contract 11 of docs/design.md",
            CROSS_GET,
            (CROSS_OK,),
            asked=None,
            replies=(Reply(b"HTTP/1.1 %d X\r\nLink: </a>; rel=preload\r\n\r\n" % status + OK),),
            reused=True,
        )
        for status in (100, 102, 103, 199)
    ),
    Case(
        "eight-of-them",
        "docs/design.md: contract 11",
        CROSS_GET,
        (CROSS_OK,),
        asked=None,
        replies=(Reply(b"HTTP/1.1 102 P\r\n\r\n" * 8 + OK),),
        reused=True,
    ),
    bad_answer("nine-of-them", "docs/design.md: contract 11", b"HTTP/1.1 102 P\r\n\r\n" * 9 + OK),
    bad_answer("a-flood", "RFC 9110, 15.2", b"HTTP/1.1 100 C\r\n\r\n" * 3000),
    bad_answer("a-flood-of-lines", "docs/design.md: R11", b"HTTP/1.1 103 E\r\n" + b"Link: x\r\n" * 300 + b"\r\n" + OK),
    bad_answer("one-with-a-broken-line", "RFC 9112, 5", b"HTTP/1.1 103 E\r\nX : 1\r\n\r\n" + OK),
    bad_answer(
        "one-with-two-framings",
        "RFC 9112, 6.1",
        b"HTTP/1.1 100 C\r\nContent-Length: 1\r\n" + CHUNKED + b"\r\n\r\n" + OK,
    ),
    bad_answer(
        "one-and-the-end", "RFC 9110, 15.2", b"HTTP/1.1 100 C\r\n\r\n", reason=Reason.UPSTREAM_CLOSED, then=Then.CLOSE
    ),
    bad_answer("101-unasked", "RFC 9110, 15.2.2", b"HTTP/1.1 101 S\r\nConnection: upgrade\r\nUpgrade: h2c\r\n\r\n"),
    bad_answer("101-unasked-with-a-response-behind", "RFC 9110, 15.2.2", b"HTTP/1.1 101 S\r\n\r\n" + OK),
    Case(
        "one-with-a-length-has-no-body",
        "RFC 9112, 6.3",
        CROSS_GET,
        (CROSS_OK,),
        asked=None,
        replies=(Reply(b"HTTP/1.1 100 C\r\nContent-Length: 9\r\n\r\n" + OK),),
        reused=True,
    ),
    Case(
        "in-pieces",
        "RFC 9110, 15.2",
        CROSS_GET,
        (CROSS_OK,),
        asked=None,
        replies=(Reply((b"HTTP/1.1 100 C\r\n", b"\r\nHTTP/1.1 103", b" E\r\n\r\n", OK)),),
        reused=True,
    ),
    Case(
        "cors-fields-of-an-interim-one-go-nowhere",
        "docs/design.md: promise 1",
        CROSS_GET,
        (CROSS_OK,),
        asked=None,
        replies=(Reply(b"HTTP/1.1 103 E\r\nAccess-Control-Allow-Origin: *\r\n\r\n" + OK),),
    ),
)


def _unasked(id: str, octets: bytes, sent: bytes = CROSS_GET) -> Case:  # noqa: A002 - as in Case
    return Case(
        id,
        "RFC 9112, 9.2; facts/aiohttp.md: pool poisoning",
        sent,
        (CROSS_OK,),
        asked=None,
        replies=(Reply(),),
        reused=False,
        unasked=octets,
    )


UNASKED: Final = (
    _unasked("a-whole-response", POISON),
    _unasked("one-octet", b"x"),
    _unasked("a-line-end", b"\r\n"),
    _unasked("half-a-head", b"HTTP/1.1 200 OK\r\nContent-Le"),
    _unasked(
        "408-of-a-server-that-gives-up",
        b"HTTP/1.1 408 Request Timeout\r\nConnection: close\r\nContent-Length: 0\r\n\r\n",
    ),
    _unasked("an-interim-one", b"HTTP/1.1 100 Continue\r\n\r\n"),
    _unasked("many", POISON * 100),
    _unasked("behind-a-post", POISON, b"POST /p HTTP/1.1\r\n" + HOST + ORIGIN + b"Content-Length: 2\r\n\r\nab"),
)
