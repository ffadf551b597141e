"""Request lines: methods, versions, and targets in each of their forms."""

from typing import Final

from gateway.policy.reason import Reason
from tests.relay.wire.case import CROSS_OK, HOST, ORIGIN, Asked, Case, End, Got, Reply, refused


def asks(line: bytes, fields: bytes = HOST) -> bytes:
    """Return a request without a body."""
    return line + b"\r\n" + fields + b"\r\n"


def _malformed(id: str, source: str, line: bytes, *, dripped: bool = True) -> Case:  # noqa: A002 - as in Case
    """Return a case of a request line that is refused, once Host and Origin are there to be read."""
    return refused(id, source, asks(line, HOST + ORIGIN), shared=True, dripped=dripped)


def _served(id: str, source: str, line: bytes, *, up: bytes | None = None) -> Case:  # noqa: A002 - as in Case
    return Case(id, source, asks(line), asked=(Asked(up or line),))


def _method(method: bytes) -> Case:
    """Return a case of a method that is nobody's business here: without Origin all of them are relayed."""
    return _served(f"method-{method.decode()}", "RFC 9110, 9.1", method + b" /a HTTP/1.1")


def _version(version: bytes) -> Case:
    source = "RFC 9110, 15.6.6"
    line = b"GET /a HTTP/" + version
    return refused(
        f"version-{version.decode()}",
        source,
        asks(line, HOST + ORIGIN),
        status=505,
        reason=Reason.VERSION_NOT_SUPPORTED,
        shared=True,
    )


def _not_served(id: str, line: bytes) -> Case:  # noqa: A002 - as in Case
    source = "RFC 9110, 9.3.6 and 9.3.8"
    return refused(id, source, asks(line, HOST + ORIGIN), status=405, reason=Reason.METHOD_NOT_SERVED, shared=True)


METHODS: Final = (
    *map(
        _method,
        (b"PUT", b"DELETE", b"PATCH", b"PROPFIND", b"PURGE", b"FOOBAR", b"get", b"M-SEARCH", b"A!#$%&'*+-.^_`|~"),
    ),
    _not_served("trace", b"TRACE /a HTTP/1.1"),
    _not_served("connect", b"CONNECT crm.customer.example:443 HTTP/1.1"),
    _not_served("connect-origin-form", b"CONNECT /a HTTP/1.1"),
    _malformed("no-method", "RFC 9112, 3.1", b" /a HTTP/1.1", dripped=False),
    _malformed("method-with-delimiter", "RFC 9110, 9.1", b"G@T /a HTTP/1.1"),
    _malformed("method-not-ascii", "RFC 9110, 9.1", b"G\xc9T /a HTTP/1.1"),
    _malformed("method-with-nul", "RFC 9110, 9.1", b"GE\0T /a HTTP/1.1"),
    refused(
        "method-that-a-rule-does-not-list",
        "RFC 9110, 15.5.6",
        asks(b"DELETE /a HTTP/1.1", HOST + ORIGIN),
        status=405,
        reason=Reason.METHOD_NOT_ALLOWED,
        shared=True,
        end=End.KEPT,
    ),
    refused(
        "options-that-is-no-preflight-is-a-method-like-others",
        "https://fetch.spec.whatwg.org/#cors-preflight-request",
        asks(b"OPTIONS /a HTTP/1.1", HOST + ORIGIN),
        status=405,
        reason=Reason.METHOD_NOT_ALLOWED,
        shared=True,
        end=End.KEPT,
    ),
    Case(
        "head",
        "RFC 9110, 9.3.2",
        asks(b"HEAD /a HTTP/1.1"),
        (Got(head_only=True, body=b""),),
        asked=(Asked(b"HEAD /a HTTP/1.1"),),
        replies=(Reply(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n"),),
        reused=False,
    ),
    refused(
        "head-of-what-is-refused-has-no-body",
        "RFC 9110, 9.3.2",
        asks(b"HEAD /a HTTP/1.1", HOST + b"Origin: https://evil.example\r\n"),
        status=403,
        reason=Reason.ORIGIN_NOT_ALLOWED,
        end=End.KEPT,
    ),
)

VERSIONS: Final = (
    *map(_version, (b"2.0", b"3.0", b"1.2", b"1.9", b"0.9", b"9.9")),
    _malformed("version-missing", "RFC 9112, 3", b"GET /a"),
    _malformed("version-missing-behind-a-space", "RFC 9112, 3", b"GET /a "),
    _malformed("version-two-digits", "RFC 9112, 2.3", b"GET /a HTTP/1.10"),
    _malformed("version-leading-zero", "RFC 9112, 2.3", b"GET /a HTTP/01.1"),
    _malformed("version-without-minor", "RFC 9112, 2.3", b"GET /a HTTP/1"),
    _malformed("version-comma", "RFC 9112, 2.3", b"GET /a HTTP/1,1"),
    _malformed("version-lower-case", "RFC 9112, 2.3", b"GET /a http/1.1"),
    _malformed("version-space-inside", "RFC 9112, 2.3", b"GET /a HTTP/ 1.1"),
    _malformed("version-space-before-the-digits", "RFC 9112, 2.3", b"GET /a HTTP /1.1"),
    _malformed("version-of-another-protocol", "RFC 9112, 2.3", b"GET /a HTPP/1.1"),
    _malformed("version-of-rtsp", "RFC 9112, 2.3", b"GET /a RTSP/1.0"),
    _malformed("version-letter", "RFC 9112, 2.3", b"GET /a HTTP/1.x"),
    _malformed("version-negative", "RFC 9112, 2.3", b"GET /a HTTP/-1.1"),
    _malformed("version-in-other-digits", "CVE-2025-69225", "GET /a HTTP/1.\u0661".encode()),
    refused("http-0.9", "RFC 9112, 3", b"GET /a\r\n\r\n", vary=False),
    refused(
        "preface-of-http-2",
        "RFC 9113, 3.4",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        status=505,
        vary=False,
        reason=Reason.VERSION_NOT_SUPPORTED,
    ),
    refused("tls-on-a-plain-port", "RFC 8446, 5.1", b"\x16\x03\x01\x02\x00\x01\x00", vary=False),
    refused("ssh", "RFC 4253, 4.2", b"SSH-2.0-OpenSSH_9.2\r\n\r\n", vary=False),
    Case(
        "http-1.0-is-answered-and-closed",
        "RFC 9112, 9.3",
        asks(b"GET /a HTTP/1.0"),
        end=End.CLOSED,
        asked=(Asked(),),
        reused=True,
    ),
    Case(
        "http-1.0-that-asks-for-it-is-kept",
        "RFC 9112, 9.3; RFC 9112, C.2.2",
        asks(b"GET /a HTTP/1.0", HOST + b"Connection: keep-alive\r\n"),
        asked=(Asked(),),
        reused=True,
    ),
    Case(
        "http-1.0-gets-no-chunks",
        "RFC 9112, 6.1",
        asks(b"GET /a HTTP/1.0", HOST + b"Connection: keep-alive\r\n"),
        (Got(body=b"abcde", lines=(b"Vary: Origin", b"X-Request-Id: *", b"Date: *", b"Connection: close")),),
        End.CLOSED,
        (Asked(),),
        (Reply(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n"),),
        reused=True,
    ),
    Case(
        "http-1.1-that-says-close",
        "RFC 9112, 9.3",
        asks(b"GET /a HTTP/1.1", HOST + b"Connection: close\r\n"),
        end=End.CLOSED,
        asked=(Asked(),),
        reused=True,
    ),
    Case(
        "close-wins-over-keep-alive",
        "RFC 9112, 9.3",
        asks(b"GET /a HTTP/1.1", HOST + b"Connection: keep-alive\r\nConnection: CLOSE\r\n"),
        end=End.CLOSED,
        asked=(Asked(),),
    ),
)

LINES: Final = (
    _malformed("two-spaces-behind-the-method", "RFC 9112, 3", b"GET  /a HTTP/1.1"),
    _malformed("two-spaces-behind-the-target", "RFC 9112, 3", b"GET /a  HTTP/1.1"),
    _malformed("space-behind-the-version", "RFC 9112, 3", b"GET /a HTTP/1.1 "),
    _malformed("tab-for-a-space", "RFC 9112, 3", b"GET\t/a HTTP/1.1"),
    _malformed("form-feed-for-a-space", "RFC 9112, 3", b"GET\x0c/a HTTP/1.1"),
    _malformed("vertical-tab-for-a-space", "RFC 9112, 3", b"GET /a\x0bHTTP/1.1"),
    _malformed("cr-for-a-space", "RFC 9112, 3", b"GET /a\rHTTP/1.1", dripped=False),
    _malformed("four-parts", "RFC 9112, 3", b"GET /a b HTTP/1.1"),
    _malformed("target-missing", "RFC 9112, 3", b"GET HTTP/1.1"),
    _malformed("no-break-space", "RFC 9112, 3", b"GET\xa0/a HTTP/1.1"),
    Case(
        "one-empty-line-before-the-request-line",
        "RFC 9112, 2.2",
        b"\r\n" + asks(b"GET /a HTTP/1.1"),
        asked=(Asked(),),
    ),
    refused("two-empty-lines-before-it", "RFC 9112, 2.2", b"\r\n\r\n" + asks(b"GET /a HTTP/1.1"), dripped=False),
    refused("bare-lf-before-it", "RFC 9112, 2.2", b"\n" + asks(b"GET /a HTTP/1.1"), dripped=False),
    refused("space-before-it", "RFC 9112, 2.2", b" " + asks(b"GET /a HTTP/1.1"), dripped=False),
    refused("byte-order-mark-before-it", "RFC 9112, 3.1", b"\xef\xbb\xbf" + asks(b"GET /a HTTP/1.1"), dripped=False),
    refused("nul-before-it", "RFC 9112, 3.1", b"\0" + asks(b"GET /a HTTP/1.1"), dripped=False),
    refused("a-status-line-for-it", "RFC 9112, 2.1", asks(b"HTTP/1.1 200 OK")),
)


TARGETS: Final = (
    _served(
        "query-octet-for-octet",
        "RFC 9112, 3.2.1; facts/crm.md: PHP sees query octets raw",
        b"GET /x/%7Ey/?a=%2F|b&c=+%20;'%ZZ[]{}^`\\ HTTP/1.1",
    ),
    _served("query-with-question-marks", "RFC 3986, 3.4", b"GET /a??b?c HTTP/1.1"),
    _served("two-slashes", "RFC 9112, 3.2.1; aiohttp rewrote it", b"GET //evil.example/a HTTP/1.1"),
    _served("dot-segments-where-no-paths-are-set", "RFC 9112, 3.2.1", b"GET /a/../b/./c HTTP/1.1"),
    _served("percent-encodings-stay", "RFC 3986, 6.2.2", b"GET /%61%2e%2E%2f%5c%00 HTTP/1.1"),
    _served(
        "absolute-form", "RFC 9112, 3.2.2", b"GET http://crm.customer.example/a?b HTTP/1.1", up=b"GET /a?b HTTP/1.1"
    ),
    _served(
        "absolute-form-of-https-in-upper-case",
        "RFC 9112, 3.2.2",
        b"GET HTTPS://CRM.customer.EXAMPLE/A HTTP/1.1",
        up=b"GET /A HTTP/1.1",
    ),
    _served(
        "absolute-form-without-path",
        "RFC 9112, 3.2.1",
        b"GET http://crm.customer.example HTTP/1.1",
        up=b"GET / HTTP/1.1",
    ),
    _served(
        "absolute-form-with-query-alone",
        "RFC 9112, 3.2.1",
        b"GET http://crm.customer.example?b HTTP/1.1",
        up=b"GET /?b HTTP/1.1",
    ),
    _served(
        "absolute-form-of-options-without-path",
        "RFC 9112, 3.2.4",
        b"OPTIONS http://crm.customer.example HTTP/1.1",
        up=b"OPTIONS * HTTP/1.1",
    ),
    _served("asterisk", "RFC 9112, 3.2.4", b"OPTIONS * HTTP/1.1"),
    _malformed("asterisk-of-another-method", "RFC 9112, 3.2.4", b"GET * HTTP/1.1"),
    _malformed("asterisk-and-more", "RFC 9112, 3.2.4", b"OPTIONS *x HTTP/1.1"),
    _malformed("absolute-form-of-another-host", "RFC 9112, 3.2.2", b"GET http://evil.example/ HTTP/1.1"),
    _malformed("absolute-form-of-another-port", "RFC 9112, 3.2.2", b"GET http://crm.customer.example:8080/ HTTP/1.1"),
    _malformed("absolute-form-with-userinfo", "RFC 9110, 4.2.4", b"GET http://u@crm.customer.example/ HTTP/1.1"),
    _malformed("absolute-form-with-empty-userinfo", "RFC 9110, 4.2.4", b"GET http://@crm.customer.example/ HTTP/1.1"),
    _malformed("absolute-form-without-host", "RFC 9110, 4.2.1", b"GET http:///a HTTP/1.1"),
    _malformed("absolute-form-of-ftp", "RFC 9112, 3.2.2", b"GET ftp://crm.customer.example/ HTTP/1.1"),
    _malformed("absolute-form-of-file", "RFC 9112, 3.2.2", b"GET file:///etc/passwd HTTP/1.1"),
    _malformed(
        "absolute-form-backslash",
        "https://url.spec.whatwg.org/#path-state",
        b"GET http:\\\\crm.customer.example/ HTTP/1.1",
    ),
    _malformed("absolute-form-fragment", "RFC 9110, 7.1", b"GET http://crm.customer.example/#a HTTP/1.1"),
    _malformed("authority-form", "RFC 9112, 3.2.3", b"GET crm.customer.example:443 HTTP/1.1"),
    _malformed("relative-path", "RFC 9112, 3.2.1", b"GET a/b HTTP/1.1"),
    _malformed("dot", "RFC 9112, 3.2.1", b"GET ./a HTTP/1.1"),
    _malformed("query-alone", "RFC 9112, 3.2.1", b"GET ?a HTTP/1.1"),
    _malformed("fragment", "RFC 9110, 7.1", b"GET /a#b HTTP/1.1"),
    _malformed("backslash-first", "RFC 9112, 3.2.1", b"GET \\a HTTP/1.1"),
    _malformed("nul", "RFC 9112, 3.2", b"GET /a\0b HTTP/1.1"),
    _malformed("delete", "RFC 9112, 3.2", b"GET /a\x7fb HTTP/1.1"),
    _malformed("tab", "RFC 9112, 3.2", b"GET /a\tb HTTP/1.1"),
    _malformed("utf-8", "RFC 9112, 3.2", "GET /é HTTP/1.1".encode()),
    _malformed("latin-1", "RFC 9112, 3.2", b"GET /\xe9 HTTP/1.1"),
    _malformed("cr-lf-in-target", "RFC 9112, 3.2", b"GET /a\r\nX: HTTP/1.1"),
    Case(
        "target-behind-the-path-of-the-upstream",
        "RFC 9112, 3.2.1",
        asks(b"GET /a?b HTTP/1.1"),
        asked=(Asked(b"GET /vtenext/a?b HTTP/1.1"),),
        prefix=b"/vtenext",
    ),
    Case(
        "cross-origin",
        "RFC 9112, 3.2.2",
        asks(b"GET https://crm.customer.example/a HTTP/1.1", HOST + ORIGIN),
        (CROSS_OK,),
        asked=(Asked(lines=(ORIGIN[:-2],)),),
    ),
)
