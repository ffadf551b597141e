"""Bodies: limits, Expect, answers that come early, codings that are nobody's business here; heads over a limit."""

import zlib
from dataclasses import replace
from typing import Final

from gateway.policy.model import Paths, SiteLimits
from gateway.policy.reason import Reason
from tests.relay.policies import SITE
from tests.relay.wire.case import (
    CROSS_OK,
    HOST,
    OK,
    ORIGIN,
    Asked,
    Case,
    End,
    Got,
    Reply,
    bad_answer,
    refused,
    relayed,
)

POST: Final = b"POST /p HTTP/1.1\r\n" + HOST + ORIGIN
UP: Final = b"POST /p HTTP/1.1"
CROSS: Final = ORIGIN[:-2]
LINE: Final = b"GET /a HTTP/1.1\r\n"
SMALL: Final = replace(SITE, limits=SiteLimits(request_body=10))
TOO_LARGE: Final = b"HTTP/1.1 413 Too Large\r\nContent-Length: 3\r\n\r\nbig"
CONTINUE: Final = Got(100, None)


def _too_large(id: str, sent: bytes | tuple[bytes, ...], end: End, *, dripped: bool = True) -> Case:  # noqa: A002 - as in Case
    return refused(
        id,
        "RFC 9110, 15.5.14",
        sent,
        status=413,
        reason=Reason.BODY_TOO_LARGE,
        shared=True,
        end=end,
        site=SMALL,
        warm=True,
        partial=True,
        dripped=dripped,
    )


TARGET_LIMITS: Final = (
    refused(
        "target",
        "RFC 9110, 15.5.15",
        b"GET /" + b"a" * 16_384 + b" HTTP/1.1\r\n" + HOST + ORIGIN + b"\r\n",
        status=414,
        reason=Reason.TARGET_TOO_LONG,
        shared=True,
        dripped=False,
    ),
    Case(
        "target-that-just-fits",
        "RFC 9112, 3: at least 8000 octets",
        b"GET /" + b"a" * 16_383 + b" HTTP/1.1\r\n" + HOST + b"\r\n",
        asked=(Asked(b"GET /" + b"a" * 16_383 + b" HTTP/1.1"),),
        dripped=False,
    ),
)


def _over(id: str, source: str, sent: bytes, *, vary: bool = True, shared: bool = True) -> Case:  # noqa: A002 - as in Case
    return refused(id, source, sent, status=431, reason=Reason.HEAD_TOO_LARGE, shared=shared, vary=vary, dripped=False)


HEAD_LIMITS: Final = (
    *TARGET_LIMITS,
    _over("one-line", "RFC 6585, 5", LINE + HOST + ORIGIN + b"X: " + b"a" * 16_382 + b"\r\n\r\n"),
    _over("one-line-without-end", "RFC 6585, 5", LINE + HOST + ORIGIN + b"X: " + b"a" * 16_382),
    _over("one-name", "RFC 6585, 5", LINE + HOST + ORIGIN + b"a" * 16_384 + b": 1\r\n\r\n"),
    _over("lines", "RFC 6585, 5", LINE + HOST + ORIGIN + b"X: 1\r\n" * 127 + b"\r\n"),
    _over("lines-without-end", "RFC 6585, 5", LINE + HOST + ORIGIN + b"X: 1\r\n" * 300),
    _over(
        "all-together",
        "RFC 6585, 5; CVE-2026-54278",
        LINE + HOST + ORIGIN + (b"X: " + b"a" * 10_000 + b"\r\n") * 4 + b"\r\n",
    ),
    _over("method", "RFC 6585, 5", b"A" * 16_385 + b" /a HTTP/1.1\r\n" + HOST + ORIGIN + b"\r\n"),
    _over(
        "cookies",
        "RFC 6585, 5; OfficeDev/office-js#4467",
        LINE + HOST + ORIGIN + (b"Cookie: " + b"a" * 9_000 + b"\r\n") * 4 + b"\r\n",
    ),
    Case(
        "lines-that-just-fit",
        "RFC 6585, 5",
        LINE + HOST + b"X: 1\r\n" * 127 + b"\r\n",
        asked=(Asked(lines=(b"X: 1",) * 127),),
    ),
    Case(
        "line-that-just-fits",
        "RFC 6585, 5",
        LINE + HOST + b"X: " + b"a" * 16_381 + b"\r\n\r\n",
        asked=(Asked(lines=(b"X: " + b"a" * 16_381,)),),
        dripped=False,
    ),
)

BODY_LIMITS: Final = (
    _too_large("sized", POST + b"Content-Length: 11\r\n\r\n", End.CLOSED),
    _too_large("sized-that-has-come", POST + b"Content-Length: 11\r\n\r\n12345678901", End.CLOSED),
    _too_large("sized-by-far", POST + b"Content-Length: 999999999999999999\r\n\r\nabc", End.CLOSED),
    _too_large("chunked", POST + b"Transfer-Encoding: chunked\r\n\r\nb\r\n12345678901\r\n0\r\n\r\n", End.CLOSED),
    _too_large(
        "chunked-in-pieces",
        (POST + b"Transfer-Encoding: chunked\r\n\r\n6\r\n123456\r\n", b"5\r\n12345\r\n0\r\n\r\n"),
        End.CLOSED,
    ),
    _too_large(
        "chunk-of-a-size-by-far", POST + b"Transfer-Encoding: chunked\r\n\r\nfffffffffffffff\r\n12345678901", End.CLOSED
    ),
    Case(
        "sized-that-just-fits",
        "RFC 9110, 15.5.14",
        POST + b"Content-Length: 10\r\n\r\n1234567890",
        (CROSS_OK,),
        asked=(Asked(UP, (CROSS,), b"Content-Length: 10", b"1234567890"),),
        site=SMALL,
    ),
    Case(
        "chunked-that-just-fits",
        "RFC 9110, 15.5.14",
        POST + b"Transfer-Encoding: chunked\r\n\r\n5\r\n12345\r\n5\r\n67890\r\n0\r\n\r\n",
        (CROSS_OK,),
        asked=(Asked(UP, (CROSS,), b"Transfer-Encoding: chunked", b"1234567890"),),
        site=SMALL,
    ),
)


def _expects(id: str, lines: bytes, got: tuple[Got, ...], source: str = "RFC 9110, 10.1.1") -> Case:  # noqa: A002 - as in Case
    return Case(
        id,
        source,
        POST + lines + b"Content-Length: 3\r\n\r\nabc",
        got,
        asked=(Asked(UP, (CROSS,), b"Content-Length: 3", b"abc"),),
    )


def _unmet(id: str, lines: bytes) -> Case:  # noqa: A002 - as in Case
    sent = POST + lines + b"Content-Length: 3\r\n\r\nabc"
    return refused(id, "RFC 9110, 10.1.1", sent, status=417, reason=Reason.EXPECTATION_FAILED, shared=True)


EXPECT: Final = (
    _expects("is-answered-here-and-goes-no-further", b"Expect: 100-continue\r\n", (CONTINUE, CROSS_OK)),
    _expects("in-another-case", b"eXPECT: 100-CONTINUE\r\n", (CONTINUE, CROSS_OK)),
    _expects("on-two-lines", b"Expect: 100-continue\r\nExpect: 100-continue\r\n", (CONTINUE, CROSS_OK)),
    _expects("empty", b"Expect:\r\n", (CROSS_OK,)),
    Case(
        "chunked",
        "RFC 9110, 10.1.1",
        POST + b"Expect: 100-continue\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
        (CONTINUE, CROSS_OK),
        asked=(Asked(UP, (CROSS,), b"Transfer-Encoding: chunked", b"abc"),),
    ),
    Case(
        "without-a-body",
        "RFC 9110, 10.1.1",
        LINE + HOST + b"Expect: 100-continue\r\n\r\n",
        asked=(Asked(),),
    ),
    Case(
        "with-an-empty-body",
        "RFC 9110, 10.1.1",
        POST + b"Expect: 100-continue\r\nContent-Length: 0\r\n\r\n",
        (CROSS_OK,),
        asked=(Asked(UP, (CROSS,), b"Content-Length: 0"),),
    ),
    Case(
        "in-http-1.0-is-nothing",
        "RFC 9110, 10.1.1",
        b"POST /p HTTP/1.0\r\n" + HOST + ORIGIN + b"Expect: 100-continue\r\nContent-Length: 3\r\n\r\nabc",
        (CROSS_OK,),
        End.CLOSED,
        asked=(Asked(UP, (CROSS,), b"Content-Length: 3", b"abc"),),
    ),
    Case(
        "100-of-the-upstream-is-not-a-second-one",
        "RFC 9110, 15.2.1",
        POST + b"Expect: 100-continue\r\nContent-Length: 3\r\n\r\nabc",
        (CONTINUE, CROSS_OK),
        asked=None,
        replies=(Reply(b"HTTP/1.1 100 Continue\r\n\r\n" + OK),),
    ),
    _unmet("another", b"Expect: magic\r\n"),
    _unmet("another-besides", b"Expect: 100-continue, magic\r\n"),
    _unmet("another-on-a-second-line", b"Expect: 100-continue\r\nExpect: 200-ok\r\n"),
    _unmet("with-a-parameter", b"Expect: 100-continue;q=1\r\n"),
    refused(
        "of-what-is-refused-gets-no-100",
        "RFC 9110, 10.1.1",
        b"POST /p HTTP/1.1\r\n"
        + HOST
        + b"Origin: https://evil.example\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n",
        status=403,
        reason=Reason.ORIGIN_NOT_ALLOWED,
    ),
)


def _early(id: str, source: str, sent: bytes | tuple[bytes, ...], reply: bytes, got: Got) -> Case:  # noqa: A002 - as in Case
    """Return a case of an answer that comes before the request has ended."""
    return Case(id, source, sent, (got,), End.CLOSED, (), (Reply(reply, early=True),), partial=True, reused=False)


EARLY: Final = (
    _early(
        "413-in-the-middle-of-a-sized-upload",
        "RFC 9112, 9.6",
        POST + b"Content-Length: 1000000\r\n\r\n" + b"x" * 1000,
        TOO_LARGE,
        Got(413, Reason.ALLOWED, shared=True, body=b"big"),
    ),
    _early(
        "413-in-the-middle-of-a-chunked-upload",
        "RFC 9112, 9.6",
        POST + b"Transfer-Encoding: chunked\r\n\r\n400\r\n" + b"x" * 1000,
        TOO_LARGE,
        Got(413, Reason.ALLOWED, shared=True, body=b"big"),
    ),
    _early(
        "before-the-first-octet",
        "RFC 9112, 9.6",
        POST + b"Content-Length: 1000000\r\n\r\n",
        TOO_LARGE,
        Got(413, Reason.ALLOWED, shared=True, body=b"big"),
    ),
    _early(
        "one-octet-before-the-end",
        "RFC 9112, 9.6; CVE-2025-4366",
        POST + b"Content-Length: 3\r\n\r\nab",
        OK,
        CROSS_OK,
    ),
    _early(
        "chunked-answer",
        "RFC 9112, 9.6",
        POST + b"Content-Length: 3\r\n\r\nab",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n",
        CROSS_OK,
    ),
    _early(
        "401-to-one-who-waits-for-100",
        "RFC 9110, 10.1.1",
        b"POST /p HTTP/1.1\r\n" + HOST + ORIGIN + b"Content-Length: 3\r\n\r\n",
        b"HTTP/1.1 401 U\r\nContent-Length: 0\r\n\r\n",
        Got(401, Reason.ALLOWED, shared=True, body=b""),
    ),
    Case(
        "malformed",
        "RFC 9112, 9.6",
        POST + b"Content-Length: 1000\r\n\r\nx",
        (Got(502, Reason.UPSTREAM_MALFORMED, shared=True),),
        End.CLOSED,
        (),
        (Reply(b"nonsense\r\n\r\n", early=True),),
        partial=True,
        reused=False,
    ),
    Case(
        "and-the-rest-of-the-upload-behind-it-is-no-request",
        "CVE-2025-4366; RFC 9112, 9.6",
        (POST + b"Content-Length: 1000\r\n\r\n", LINE + HOST + b"\r\n"),
        (Got(413, Reason.ALLOWED, shared=True, body=b"big"),),
        End.CLOSED,
        (),
        (Reply(TOO_LARGE, early=True),),
        partial=True,
        reused=False,
    ),
)


def _gzip(data: bytes) -> bytes:
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    return packer.compress(data) + packer.flush()


BOMB: Final = _gzip(bytes(10 * 1024 * 1024))


def _coded(id: str, coding: bytes, body: bytes, source: str = "RFC 9110, 8.4; docs/design.md: promise 4") -> Case:  # noqa: A002 - as in Case
    line = b"Content-Encoding: " + coding
    length = b"Content-Length: %d" % len(body)
    return relayed(
        id, source, b"HTTP/1.1 200 OK\r\n" + line + b"\r\n" + length + b"\r\n\r\n" + body, line, length, body=body
    )


def _coded_up(id: str, coding: bytes, body: bytes) -> Case:  # noqa: A002 - as in Case
    line = b"Content-Encoding: " + coding
    length = b"Content-Length: %d" % len(body)
    return Case(
        id,
        "RFC 9110, 8.4; CVE-2025-69223",
        POST + line + b"\r\n" + length + b"\r\n\r\n" + body,
        (CROSS_OK,),
        asked=(Asked(UP, (CROSS, line), length, body),),
        dripped=len(body) < 1000,
    )


CODINGS: Final = (
    _coded("gzip-bomb", b"gzip", BOMB, "CVE-2025-69223; facts/aiohttp.md: a bomb of 100 MiB was inflated"),
    _coded("gzip-of-gzip", b"gzip, gzip", _gzip(BOMB)),
    _coded("gzip", b"gzip", _gzip(b"hello")),
    _coded("gzip-that-is-none", b"gzip", b"no gzip"),
    _coded("gzip-cut-short", b"gzip", _gzip(b"hello")[:-4]),
    _coded("unknown", b"x-unknown", b"\0\xff"),
    _coded("br", b"br", b"\x8b\x02\x80hello\x03"),
    _coded("several-of-which-none-is-known", b"a, b", b"ab"),
    _coded_up("request-bomb", b"gzip", BOMB),
    _coded_up("request-gzip", b"gzip", _gzip(b"hello")),
    _coded_up("request-gzip-that-is-none", b"gzip", b"no gzip"),
    Case(
        "none-is-asked-for-that-was-not",
        "RFC 9110, 12.5.3; facts/aiohttp.md: fields are invented",
        LINE + HOST + b"\r\n",
        asked=(Asked(),),
    ),
    Case(
        "what-is-asked-for-goes-up-as-it-is",
        "RFC 9110, 12.5.3",
        LINE + HOST + b"Accept-Encoding: gzip;q=0.5, *;q=0\r\n\r\n",
        asked=(Asked(lines=(b"Accept-Encoding: gzip;q=0.5, *;q=0",)),),
    ),
)

KEY: Final = b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=="
ACCEPT: Final = b"Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo="
WITH_PUSH: Final = replace(SITE, websocket=Paths(subtrees=(b"/push/",)))
ASKS: Final = b"Connection: Upgrade\r\nUpgrade: websocket\r\n"
VERSION: Final = b"Sec-WebSocket-Version: 13"
PUSH: Final = b"/push/1"


def _no_upgrade(
    id: str,  # noqa: A002 - as in Case
    lines: tuple[bytes, ...],
    *,
    asks: bytes = ASKS,
    method: bytes = b"GET",
    path: bytes = PUSH,
    source: str = "RFC 6455, 4.2.1",
) -> Case:
    """Return a case of a request that opens no WebSocket, and goes up as an ordinary one."""
    line = method + b" " + path + b" HTTP/1.1"
    sent = line + b"\r\n" + HOST + ORIGIN + asks + b"".join(one + b"\r\n" for one in lines) + b"\r\n"
    return Case(id, source, sent, (CROSS_OK,), asked=(Asked(line, (CROSS, *lines)),), site=WITH_PUSH)


def _bad_101(id: str, octets: bytes, source: str = "RFC 6455, 4.1") -> Case:  # noqa: A002 - as in Case
    """Return a case of a 101 that opens nothing."""
    sent = b"GET /push/1 HTTP/1.1\r\n" + HOST + ORIGIN + ASKS + KEY + b"\r\n" + VERSION + b"\r\n\r\n"
    return replace(bad_answer(id, source, octets, sent=sent), site=WITH_PUSH)


UPGRADES: Final = (
    _no_upgrade("path-not-in-websocket", (KEY, VERSION), path=b"/a"),
    _no_upgrade("no-key", (VERSION,)),
    _no_upgrade("key-too-short", (b"Sec-WebSocket-Key: YWJj", VERSION)),
    _no_upgrade("key-no-base64", (b"Sec-WebSocket-Key: not base64, at all!!", VERSION)),
    _no_upgrade("two-keys", (KEY, KEY, VERSION)),
    _no_upgrade("no-version", (KEY,)),
    _no_upgrade("version-8", (KEY, b"Sec-WebSocket-Version: 8"), source="RFC 6455, 4.4"),
    _no_upgrade("two-versions", (KEY, VERSION, VERSION)),
    _no_upgrade("not-named-in-connection", (KEY, VERSION), asks=b"Upgrade: websocket\r\n", source="RFC 9110, 7.8"),
    _no_upgrade("nothing-to-upgrade-to", (KEY, VERSION), asks=b"Connection: Upgrade\r\n"),
    _no_upgrade("to-h2c", (KEY, VERSION), asks=b"Connection: Upgrade\r\nUpgrade: h2c\r\n"),
    _no_upgrade("put", (KEY, VERSION), method=b"PUT"),
    Case(
        "with-a-body",
        "GHSA-mfx4-hv73-q22v",
        b"GET /push/1 HTTP/1.1\r\n"
        + HOST
        + ORIGIN
        + ASKS
        + KEY
        + b"\r\n"
        + VERSION
        + b"\r\nContent-Length: 3\r\n\r\nabc",
        (CROSS_OK,),
        asked=(Asked(b"GET /push/1 HTTP/1.1", (CROSS, KEY, VERSION), b"Content-Length: 3", b"abc"),),
        site=WITH_PUSH,
    ),
    Case(
        "in-http-1.0",
        "RFC 6455, 4.2.1",
        b"GET /push/1 HTTP/1.0\r\n" + HOST + ORIGIN + ASKS + KEY + b"\r\n" + VERSION + b"\r\n\r\n",
        (CROSS_OK,),
        End.CLOSED,
        asked=(Asked(b"GET /push/1 HTTP/1.1", (CROSS, KEY, VERSION)),),
        site=WITH_PUSH,
    ),
    Case(
        "that-the-upstream-declines",
        "RFC 6455, 4.2.2",
        b"GET /push/1 HTTP/1.1\r\n" + HOST + ORIGIN + ASKS + KEY + b"\r\n" + VERSION + b"\r\n\r\n",
        (Got(426, Reason.ALLOWED, shared=True, body=b""),),
        asked=None,
        replies=(Reply(b"HTTP/1.1 426 U\r\nSec-WebSocket-Version: 13\r\nContent-Length: 0\r\n\r\n"),),
        site=WITH_PUSH,
    ),
    _bad_101(
        "101-of-another-key",
        b"HTTP/1.1 101 S\r\n" + ASKS + b"Sec-WebSocket-Accept: AAAAAAAAAAAAAAAAAAAAAAAAAAA=\r\n\r\n",
    ),
    _bad_101("101-without-accept", b"HTTP/1.1 101 S\r\n" + ASKS + b"\r\n"),
    _bad_101("101-with-two-accepts", b"HTTP/1.1 101 S\r\n" + ASKS + ACCEPT + b"\r\n" + ACCEPT + b"\r\n\r\n"),
    _bad_101(
        "101-to-something-else", b"HTTP/1.1 101 S\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n" + ACCEPT + b"\r\n\r\n"
    ),
    _bad_101(
        "101-without-upgrade", b"HTTP/1.1 101 S\r\nConnection: Upgrade\r\n" + ACCEPT + b"\r\n\r\n", "RFC 9110, 15.2.2"
    ),
    _bad_101("101-without-connection", b"HTTP/1.1 101 S\r\nUpgrade: websocket\r\n" + ACCEPT + b"\r\n\r\n"),
    _bad_101("101-of-http-1.0", b"HTTP/1.0 101 S\r\n" + ASKS + ACCEPT + b"\r\n\r\n", "RFC 9110, 7.8"),
    bad_answer(
        "101-to-a-path-without-websockets",
        "RFC 9110, 7.8; CVE-2026-2833",
        b"HTTP/1.1 101 S\r\n" + ASKS + ACCEPT + b"\r\n\r\n",
        sent=LINE + HOST + ORIGIN + ASKS + KEY + b"\r\n" + VERSION + b"\r\n\r\n",
    ),
)
