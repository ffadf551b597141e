"""Origins, preflights and paths as they come over the wire, and the fields that an upstream sends of its own."""

from dataclasses import replace
from typing import Final

from gateway.cors.origin import OriginTable, parse_origin
from gateway.policy.model import Paths
from gateway.policy.reason import Reason
from tests.relay.policies import ADDIN, RULE, SITE
from tests.relay.wire.case import (
    CROSS_GET,
    CROSS_OK,
    HOST,
    OK_GOT,
    ORIGIN,
    Asked,
    Case,
    End,
    Got,
    Reply,
    Then,
    refused,
    relayed,
)

LINE: Final = b"GET /a HTTP/1.1\r\n"
BELOW: Final = replace(RULE, origin=parse_origin("https://*.apps.example"))
WITH_BELOW: Final = replace(SITE, rules=OriginTable([(RULE.origin, RULE), (BELOW.origin, BELOW)]))


def _denied(id: str, origin: bytes, source: str = "facts/cors.md: G") -> Case:  # noqa: A002 - as in Case
    sent = LINE + HOST + b"Origin: " + origin + b"\r\n\r\n"
    return refused(id, source, sent, status=403, reason=Reason.ORIGIN_NOT_ALLOWED, end=End.KEPT, site=WITH_BELOW)


def _repeated(id: str, lines: bytes) -> Case:  # noqa: A002 - as in Case
    sent = LINE + HOST + lines + b"\r\n"
    return refused(id, "facts/cors.md: G9", sent, reason=Reason.ORIGIN_REPEATED, end=End.KEPT)


def _matched(id: str, origin: bytes, source: str) -> Case:  # noqa: A002 - as in Case
    """Return a case of an origin with a rule, whose own spelling comes back."""
    return Case(
        id,
        source,
        LINE + HOST + b"Origin: " + origin + b"\r\n\r\n",
        (Got(200, Reason.ALLOWED, shared=True, body=b"ok", origin=origin),),
        asked=(Asked(lines=(b"Origin: " + origin,)),),
        site=WITH_BELOW,
    )


def _same(id: str, lines: bytes, source: str) -> Case:  # noqa: A002 - as in Case
    """Return a case of a request of the site's own page."""
    got = Got(200, Reason.SAME_ORIGIN, body=b"ok")
    up = tuple(lines[:-2].split(b"\r\n"))
    return Case(id, source, LINE + HOST + lines + b"\r\n", (got,), asked=(Asked(lines=up),))


ORIGINS: Final = (
    _denied("G3-two-slashes", ADDIN + b"//"),
    _denied("G3-path", ADDIN + b"/x"),
    _denied("G3-query", ADDIN + b"?"),
    _denied("G3-fragment", ADDIN + b"#"),
    _denied("G4-scheme-in-upper-case", b"HTTPS://addin.vendor.example"),
    _denied("G4-host-in-upper-case", b"https://ADDIN.vendor.example"),
    _denied("G4-default-port", ADDIN + b":443"),
    _denied("G5-http", b"http://addin.vendor.example", "facts/cors.md: G5, E9"),
    _denied("G5-other-port", ADDIN + b":8443", "facts/cors.md: G5, E14"),
    _denied("G6-prefix", ADDIN + b".evil.net", "facts/cors.md: G6, E3"),
    _denied("G6-suffix", b"https://evil-addin.vendor.example", "facts/cors.md: G6, E4"),
    _denied("G6-dot-for-any-octet", b"https://addinXvendorXexample", "facts/cors.md: G6, E5"),
    _denied("G6-contained", b"https://evil.net/https://addin.vendor.example", "facts/cors.md: E6"),
    _denied("G7-underscore", ADDIN + b"_.evil.net", "facts/cors.md: G7, E8"),
    _denied("G7-percent-60", ADDIN + b"%60.evil.net", "facts/cors.md: G7, E8"),
    _denied("G7-backquote", ADDIN + b"`.evil.net", "facts/cors.md: G7, E8"),
    _denied("G7-backslash", ADDIN + b"\\.evil.net", "facts/cors.md: G7, E8"),
    _denied("G7-userinfo", b"https://addin.vendor.example@evil.net", "facts/cors.md: E8"),
    _denied("G8-null", b"null", "facts/cors.md: G8, E2"),
    _denied("G8-null-in-another-case", b"Null", "facts/cors.md: G8"),
    _denied("G8-empty", b"", "facts/cors.md: G8"),
    _denied("G8-asterisk", b"*", "facts/cors.md: E12"),
    _denied("G11-trailing-dot", ADDIN + b".", "facts/cors.md: G11"),
    _denied("G12-unicode", "https://äddin.vendor.example".encode(), "facts/cors.md: G12, E7"),
    _denied("G13-too-long", b"https://" + b"a" * 4000 + b".vendor.example", "facts/cors.md: G13"),
    _denied("G13-octets-over-127", ADDIN + b"\xff", "facts/cors.md: G13"),
    _denied("file", b"file://", "facts/cors.md: E30"),
    _denied("extension", b"chrome-extension://abcdefghijklmnop", "facts/cors.md: E30"),
    _denied("space-inside", b"https://addin.vendor.example https://evil.net", "RFC 6454, 7.1"),
    _denied("tab-inside", ADDIN + b"\tx", "RFC 6454, 7.1"),
    _denied("markup", b"https://<script>", "facts/cors.md: E25"),
    _denied("G10-two-labels-below", b"https://b.a.apps.example", "facts/cors.md: G10, E10"),
    _denied("G10-the-parent-itself", b"https://apps.example", "facts/cors.md: G10"),
    _denied("G10-empty-label", b"https://.apps.example", "facts/cors.md: G10"),
    _denied("G10-asterisk-itself", b"https://*.apps.example", "facts/cors.md: G10"),
    _denied("G10-below-by-http", b"http://a.apps.example", "facts/cors.md: G10"),
    _denied("G10-below-with-port", b"https://a.apps.example:8443", "facts/cors.md: G10"),
    _denied("G10-underscore-below", b"https://a_.apps.example", "facts/cors.md: G7, G10"),
    _repeated("G9-two-lines", ORIGIN + ORIGIN),
    _repeated("G9-two-lines-the-other-second", ORIGIN + b"Origin: https://evil.example\r\n"),
    _repeated("G9-two-lines-in-different-case", ORIGIN + b"oRIGIN: https://evil.example\r\n"),
    _repeated("G9-list", b"Origin: " + ADDIN + b", https://evil.example\r\n"),
    _repeated("G9-comma-alone", b"Origin: ,\r\n"),
    _repeated("G9-trailing-comma", b"Origin: " + ADDIN + b",\r\n"),
    _matched("G1-exact", ADDIN, "facts/cors.md: G1"),
    _matched("G2-trailing-slash", ADDIN + b"/", "OfficeDev/office-js#4144"),
    _matched("G10-below", b"https://a.apps.example", "facts/cors.md: G10"),
    Case(
        "white-space-around",
        "RFC 9112, 5.1",
        LINE + HOST + b"Origin:\t " + ADDIN + b" \r\n\r\n",
        (CROSS_OK,),
        asked=(Asked(lines=(b"Origin:\t " + ADDIN + b" ",)),),
    ),
    Case("G46-none", "facts/cors.md: G46", LINE + HOST + b"\r\n", (OK_GOT,), asked=(Asked(),)),
    _same(
        "own-page",
        b"Origin: https://crm.customer.example\r\nSec-Fetch-Site: same-origin\r\n",
        "https://www.w3.org/TR/fetch-metadata/",
    ),
    _same("own-page-without-metadata", b"Origin: https://crm.customer.example\r\n", "RFC 6454, 7"),
    _same("own-page-by-http", b"Origin: http://crm.customer.example\r\n", "docs/design.md: schemes are not compared"),
    refused(
        "own-page-that-says-cross-site",
        "https://www.w3.org/TR/fetch-metadata/",
        LINE + HOST + b"Origin: https://crm.customer.example\r\nSec-Fetch-Site: cross-site\r\n\r\n",
        status=403,
        reason=Reason.ORIGIN_NOT_ALLOWED,
        end=End.KEPT,
    ),
    refused(
        "own-name-with-another-port",
        "RFC 6454, 5",
        LINE + HOST + b"Origin: https://crm.customer.example:8443\r\n\r\n",
        status=403,
        reason=Reason.ORIGIN_NOT_ALLOWED,
        end=End.KEPT,
    ),
    refused(
        "E20-form-of-a-stranger",
        "facts/cors.md: E20",
        b"POST /a HTTP/1.1\r\n"
        + HOST
        + b"Origin: https://evil.example\r\nContent-Type: text/plain\r\nContent-Length: 3\r\n\r\nabc",
        status=403,
        reason=Reason.ORIGIN_NOT_ALLOWED,
        end=End.KEPT,
        dripped=False,
    ),
    refused(
        "G48-websocket-of-a-stranger",
        "RFC 6455, 10.2; facts/cors.md: G48",
        LINE
        + HOST
        + b"Origin: https://evil.example\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
        + b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
        status=403,
        reason=Reason.ORIGIN_NOT_ALLOWED,
        end=End.KEPT,
        site=replace(SITE, websocket=Paths(subtrees=(b"/",))),
    ),
    refused(
        "two-content-types",
        "facts/cors.md: E23; https://fetch.spec.whatwg.org/#cors-safelisted-request-header",
        b"POST /a HTTP/1.1\r\n" + HOST + ORIGIN + b"Content-Type: text/plain\r\nContent-Type: application/json\r\n\r\n",
        shared=True,
    ),
    refused(
        "login-of-a-connection",
        "RFC 4559, 6; docs/design.md: NTLM and Negotiate",
        LINE + HOST + ORIGIN + b"Authorization: Negotiate YII=\r\n\r\n",
        status=403,
        reason=Reason.AUTHENTICATION_CONNECTION_BOUND,
        shared=True,
        end=End.KEPT,
    ),
)


def _preflight(
    id: str,  # noqa: A002 - as in Case
    source: str,
    lines: bytes,
    *,
    reason: Reason = Reason.PREFLIGHT_ALLOWED,
    path: bytes = b"/a",
) -> Case:
    return Case(
        id,
        source,
        b"OPTIONS " + path + b" HTTP/1.1\r\n" + HOST + ORIGIN + lines + b"\r\n",
        (Got(204, reason, shared=True, body=b""),),
        replies=(),
    )


METHOD: Final = b"Access-Control-Request-Method: POST\r\n"

PREFLIGHTS: Final = (
    _preflight("G20", "facts/cors.md: G20", METHOD + b"Access-Control-Request-Headers: authorization,content-type\r\n"),
    _preflight(
        "G21-classic-outlook",
        "OfficeDev/office-js#3907",
        METHOD
        + b"Access-Control-Request-Headers: authorization, Content-Length, Content-Type\r\nSec-Fetch-Mode: CORS\r\n",
    ),
    _preflight(
        "G22-tabs-gaps-repeats-lines",
        "facts/cors.md: G22",
        METHOD
        + b"Access-Control-Request-Headers: ,\tcontent-type ,,\r\nAccess-Control-Request-Headers: Authorization\r\n"
        + b"Access-Control-Request-Headers: content-type\r\n",
    ),
    _preflight(
        "G23-many-names",
        "facts/cors.md: G23",
        METHOD + b"Access-Control-Request-Headers: " + b"a," * 5000 + b"b\r\n",
        reason=Reason.HEADER_NOT_ALLOWED,
    ),
    _preflight(
        "G24-one-name-too-many",
        "facts/cors.md: G24, as docs/design.md decides it",
        METHOD + b"Access-Control-Request-Headers: authorization,x-foo\r\n",
        reason=Reason.HEADER_NOT_ALLOWED,
    ),
    _preflight(
        "names-that-are-none",
        "https://fetch.spec.whatwg.org/#cors-preflight-fetch",
        METHOD + b"Access-Control-Request-Headers: x y\r\n",
        reason=Reason.HEADER_NOT_ALLOWED,
    ),
    _preflight(
        "G25-method-in-lower-case",
        "facts/cors.md: G25",
        b"Access-Control-Request-Method: put\r\n",
        reason=Reason.METHOD_NOT_ALLOWED,
    ),
    _preflight(
        "two-methods",
        "https://fetch.spec.whatwg.org/#cors-preflight-request",
        METHOD * 2,
        reason=Reason.METHOD_NOT_ALLOWED,
    ),
    _preflight(
        "empty-method",
        "https://fetch.spec.whatwg.org/#cors-preflight-request",
        b"Access-Control-Request-Method:\r\n",
        reason=Reason.METHOD_NOT_ALLOWED,
    ),
    _preflight("G28-any-path", "facts/cors.md: G28, as docs/design.md decides it", METHOD, path=b"/../%2f//x"),
    _preflight("asterisk", "RFC 9110, 9.3.7", METHOD, path=b"*"),
    _preflight(
        "G29-private-network", "facts/cors.md: G29", METHOD + b"Access-Control-Request-Private-Network: true\r\n"
    ),
    _preflight(
        "connection-cannot-take-its-method",
        "docs/design.md: R9",
        METHOD + b"Connection: access-control-request-method\r\n",
    ),
    Case(
        "G27-without-origin-is-none",
        "facts/cors.md: G27",
        b"OPTIONS /a HTTP/1.1\r\n" + HOST + METHOD + b"\r\n",
        (OK_GOT,),
        asked=(Asked(b"OPTIONS /a HTTP/1.1", (METHOD[:-2],)),),
    ),
    refused(
        "of-an-origin-without-a-rule",
        "docs/design.md: promise 2",
        b"OPTIONS /a HTTP/1.1\r\n" + HOST + b"Origin: https://evil.example\r\n" + METHOD + b"\r\n",
        status=403,
        reason=Reason.ORIGIN_NOT_ALLOWED,
        end=End.KEPT,
    ),
    refused(
        "of-the-sites-own-page",
        "docs/design.md: browsers never send it",
        b"OPTIONS /a HTTP/1.1\r\n" + HOST + b"Origin: https://crm.customer.example\r\n" + METHOD + b"\r\n",
        status=403,
        reason=Reason.ORIGIN_NOT_ALLOWED,
        end=End.KEPT,
    ),
)

WITH_PATHS: Final = replace(
    SITE, paths=Paths(exact=frozenset({b"/webservice.php", b"/canary"}), subtrees=(b"/restapi/",))
)


def _path(id: str, path: bytes, status: int, reason: Reason, source: str) -> Case:  # noqa: A002 - as in Case
    sent = b"GET " + path + b" HTTP/1.1\r\n" + HOST + ORIGIN + b"\r\n"
    return refused(id, source, sent, status=status, reason=reason, shared=True, end=End.KEPT, site=WITH_PATHS)


def _ambiguous(id: str, path: bytes, source: str = "RFC 3986, 6.2.2") -> Case:  # noqa: A002 - as in Case
    return _path(id, path, 400, Reason.PATH_AMBIGUOUS, source)


def _outside(id: str, path: bytes, source: str = "docs/design.md: paths") -> Case:  # noqa: A002 - as in Case
    return _path(id, path, 404, Reason.PATH_NOT_SERVED, source)


def _inside(id: str, target: bytes, source: str = "docs/design.md: paths") -> Case:  # noqa: A002 - as in Case
    line = b"GET " + target + b" HTTP/1.1"
    return Case(id, source, line + b"\r\n" + HOST + b"\r\n", (OK_GOT,), asked=(Asked(line),), site=WITH_PATHS)


PATHS: Final = (
    _ambiguous("dot-segments", b"/restapi/../index.php"),
    _ambiguous("dot-segments-at-the-end", b"/restapi/.."),
    _ambiguous("one-dot", b"/restapi/./x"),
    _ambiguous("dots-encoded", b"/restapi/%2e%2e/index.php"),
    _ambiguous("dots-half-encoded", b"/restapi/.%2E/index.php"),
    _ambiguous(
        "dots-with-parameter",
        b"/restapi/..;/index.php",
        "https://i.blackhat.com/us-18/Wed-August-8/us-18-Orange-Tsai-Breaking-Parser-Logic.pdf",
    ),
    _ambiguous("dots-encoded-twice", b"/restapi/%252e%252e/index.php", "CVE-2021-42013"),
    _ambiguous("slash-encoded", b"/restapi/..%2findex.php"),
    _ambiguous("slash-encoded-in-upper-case", b"/restapi%2Fx"),
    _ambiguous("backslash", b"/restapi/..\\index.php", "https://url.spec.whatwg.org/#path-state"),
    _ambiguous("backslash-encoded", b"/restapi/..%5cindex.php", "RFC 3986, 6.2.2"),
    _ambiguous("two-slashes", b"/restapi//x"),
    _ambiguous("two-slashes-first", b"//restapi/x"),
    _ambiguous("nul-encoded", b"/webservice.php%00.html"),
    _ambiguous("percent-encoded", b"/restapi/%25x"),
    _ambiguous("letter-encoded", b"/restap%69/x"),
    _ambiguous("digit-encoded", b"/restapi/%31"),
    _ambiguous("tilde-encoded", b"/restapi/%7e"),
    _ambiguous("hyphen-encoded", b"/restapi/%2D"),
    _outside("elsewhere", b"/index.php"),
    _outside("subtree-without-its-slash", b"/restapi"),
    _outside("case", b"/RESTAPI/x"),
    _outside("prefix-of-a-name", b"/restapix/y"),
    _outside("below-a-file", b"/webservice.php/x", "RFC 3875, 4.1.5: PATH_INFO"),
    _outside("parameter-behind-a-file", b"/webservice.php;x", "RFC 3986, 3.3"),
    _outside("in-the-query", b"/index.php?/restapi/"),
    _inside("subtree", b"/restapi/v1/x"),
    _inside("subtree-itself", b"/restapi/"),
    _inside("file", b"/webservice.php"),
    _inside("dots-in-the-query", b"/webservice.php?a=/../%2e%2e//%00\\"),
    _inside("dots-in-names", b"/restapi/..x/y../.z/..."),
    _inside("reserved-encoded", b"/restapi/%3F%23%3B%20%C3%A9"),
    Case(
        "preflight-anywhere",
        "facts/cors.md: G28",
        b"OPTIONS /index.php HTTP/1.1\r\n" + HOST + ORIGIN + METHOD + b"\r\n",
        (Got(204, Reason.PREFLIGHT_ALLOWED, shared=True),),
        replies=(),
        site=WITH_PATHS,
    ),
    refused(
        "asterisk-has-no-place-in-paths",
        "RFC 9110, 9.3.7",
        b"OPTIONS * HTTP/1.1\r\n" + HOST + b"\r\n",
        status=404,
        reason=Reason.PATH_NOT_SERVED,
        end=End.KEPT,
        site=WITH_PATHS,
    ),
)

ALL_FIELDS: Final = (
    b"Access-Control-Allow-Origin: *\r\naccess-control-allow-origin: https://evil.example\r\n"
    b"ACCESS-CONTROL-ALLOW-CREDENTIALS: true\r\nAccess-Control-Allow-Methods: *\r\nAccess-Control-Allow-Headers: *\r\n"
    b"Access-Control-Expose-Headers: *\r\nAccess-Control-Max-Age: 1\r\nAccess-Control-Allow-Private-Network: true\r\n"
    b"aCCESS-cONTROL-wHATEVER: 1\r\n"
)
EVERYWHERE: Final = ALL_FIELDS + b"Content-Length: 2\r\n" + ALL_FIELDS


def _cors(id: str, octets: bytes, got: Got, *, lines: bytes = ORIGIN, then: Then = Then.STAY) -> Case:  # noqa: A002 - as in Case
    return Case(
        id,
        "facts/cors.md: G40 and G41; docs/design.md: promise 1",
        LINE + HOST + lines + b"\r\n",
        (got,),
        asked=None,
        replies=(Reply(octets, then),),
    )


def _answer(status: int) -> bytes:
    return b"HTTP/1.1 %d X\r\n" % status + EVERYWHERE + b"\r\nok"


FIELDS_OF_THE_UPSTREAM: Final = (
    *(
        _cors(f"with-{status}", _answer(status), Got(status, Reason.ALLOWED, shared=True, body=b"ok"))
        for status in (200, 206, 400, 401, 403, 404, 405, 413, 429, 500, 502, 503, 504)
    ),
    _cors("with-304", b"HTTP/1.1 304 N\r\n" + ALL_FIELDS + b"\r\n", Got(304, Reason.ALLOWED, shared=True, body=b"")),
    _cors("with-204", b"HTTP/1.1 204 N\r\n" + ALL_FIELDS + b"\r\n", Got(204, Reason.ALLOWED, shared=True, body=b"")),
    _cors("to-no-origin", _answer(200), OK_GOT, lines=b""),
    _cors(
        "to-the-sites-own-page",
        _answer(200),
        Got(200, Reason.SAME_ORIGIN, body=b"ok"),
        lines=b"Origin: https://crm.customer.example\r\n",
    ),
    _cors(
        "in-trailers",
        b"HTTP/1.1 200 OK\r\nTrailer: Access-Control-Allow-Origin\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n"
        + ALL_FIELDS
        + b"\r\n",
        CROSS_OK,
    ),
    _cors(
        "in-trailers-to-no-origin",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n" + ALL_FIELDS + b"\r\n",
        OK_GOT,
        lines=b"",
    ),
    _cors("until-close", b"HTTP/1.0 200 OK\r\n" + ALL_FIELDS + b"\r\nok", CROSS_OK, then=Then.CLOSE),
    _cors(
        "named-in-connection",
        b"HTTP/1.1 200 OK\r\nConnection: vary, x-request-id, date\r\n" + EVERYWHERE + b"\r\nok",
        CROSS_OK,
    ),
    _cors(
        "with-white-space",
        b"HTTP/1.1 200 OK\r\nAccess-Control-Allow-Origin:\t * \r\nContent-Length: 2\r\n\r\nok",
        CROSS_OK,
    ),
    _cors("empty", b"HTTP/1.1 200 OK\r\nAccess-Control-Allow-Origin:\r\nContent-Length: 2\r\n\r\nok", CROSS_OK),
    *(
        relayed(
            f"vary-{id_}",
            "facts/cors.md: G43; https://fetch.spec.whatwg.org/#cors-protocol-and-http-caches",
            b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n" + lines + b"\r\nok",
            b"Content-Length: 2",
            body=b"ok",
            vary=vary,
        )
        for id_, lines, vary in (
            ("merged", b"Vary: Accept-Encoding\r\n", b"Vary: Accept-Encoding, Origin"),
            ("merged-from-two-lines", b"vary: a\r\nVary: b, A\r\n", b"Vary: a, b, Origin"),
            ("once", b"Vary: origin\r\n", b"Vary: origin"),
            ("asterisk", b"Vary: a, *\r\n", b"Vary: *"),
            ("empty", b"Vary:\r\n", b"Vary: Origin"),
        )
    ),
    Case(
        "refused-elsewhere",
        "facts/cors.md: G45",
        CROSS_GET,
        (Got(502, Reason.UPSTREAM_REDIRECT, shared=True),),
        asked=None,
        replies=(Reply(b"HTTP/1.1 302 F\r\nLocation: https://else.example/\r\n" + EVERYWHERE + b"\r\nok"),),
    ),
)
