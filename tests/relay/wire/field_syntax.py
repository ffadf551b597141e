"""Field lines of a request: obs-fold, bare CR and LF, NUL and other controls, the colon and what stands around it."""

from typing import Final

from tests.relay.wire.case import CROSS_OK, HOST, OK_GOT, ORIGIN, Asked, Case, refused

LINE: Final = b"GET /a HTTP/1.1\r\n"


def field(octets: bytes) -> bytes:
    """Return a request of the add-in's page with one line more."""
    return LINE + HOST + ORIGIN + octets + b"\r\n\r\n"


def _control(octet: int) -> Case:
    source = "RFC 9110, 5.5; CVE-2023-37276" if octet == 0 else "RFC 9110, 5.5"
    return refused(f"control-{octet:02x}-in-value", source, field(b"X: a" + bytes([octet]) + b"b"), shared=True)


def _delimiter(octet: str) -> Case:
    return refused(
        f"delimiter-{ord(octet):02x}-in-name", "RFC 9110, 5.6.2", field(b"X" + octet.encode() + b"Y: 1"), shared=True
    )


CASES: Final = (
    refused("obs-fold-space", "RFC 9112, 5.2", field(b"X: a\r\n b"), shared=True),
    refused("obs-fold-tab", "RFC 9112, 5.2", field(b"X: a\r\n\tb"), shared=True),
    refused("obs-fold-empty", "RFC 9112, 5.2", field(b"X: a\r\n "), shared=True),
    refused("obs-fold-of-host", "RFC 9112, 5.2", LINE + b"Host: crm.customer.example\r\n x\r\n\r\n", vary=False),
    refused("obs-fold-of-origin", "RFC 9112, 5.2", LINE + HOST + ORIGIN + b" .evil.example\r\n\r\n"),
    refused(
        "obs-fold-of-transfer-encoding",
        "RFC 9112, 5.2; HTTP Garden",
        b"POST / HTTP/1.1\r\n" + HOST + b"Transfer-Encoding:\r\n chunked\r\n\r\n0\r\n\r\n",
    ),
    refused("space-before-first-field", "RFC 9112, 2.2", LINE + b" X: 1\r\n" + HOST + b"\r\n"),
    refused("tab-before-first-field", "RFC 9112, 2.2", LINE + b"\tX: 1\r\n" + HOST + b"\r\n"),
    refused("bare-lf-ends-a-line", "RFC 9112, 2.2", field(b"X: 1\nY: 2"), shared=True),
    refused("bare-lf-everywhere", "RFC 9112, 2.2", b"GET / HTTP/1.1\nHost: crm.customer.example\n\n", vary=False),
    refused("bare-lf-ends-the-head", "RFC 9112, 2.2", LINE + HOST + ORIGIN + b"X: 1\n\n", shared=True),
    refused("bare-lf-behind-request-line", "RFC 9112, 2.2", b"GET / HTTP/1.1\n" + HOST + b"\r\n", vary=False),
    refused("lf-cr", "RFC 9112, 2.2", field(b"X: 1\n\rY: 2"), shared=True),
    refused("bare-cr-in-value", "RFC 9112, 2.2; CVE-2023-37276", field(b"X: a\rb"), shared=True),
    refused("bare-cr-ends-a-line", "RFC 9112, 2.2", field(b"X: a\rTransfer-Encoding: chunked"), shared=True),
    refused("bare-cr-in-name", "RFC 9112, 2.2", field(b"X\rY: 1"), shared=True),
    refused("two-crs", "RFC 9112, 2.2", field(b"X: a\r\r\nY: 1"), shared=True),
    refused("cr-only", "RFC 9112, 2.2", b"GET / HTTP/1.1\rHost: crm.customer.example\r\r", vary=False),
    refused("line-of-a-cr-in-host", "RFC 9112, 3.2", LINE + b"Host: crm.customer.example\rx\r\n\r\n", vary=False),
    refused("nul-in-name", "RFC 9110, 5.1; CVE-2023-37276", field(b"X\0Y: 1"), shared=True),
    *map(_control, (0x00, 0x01, 0x07, 0x08, 0x0B, 0x0C, 0x0E, 0x1B, 0x1F, 0x7F)),
    refused("space-before-colon", "RFC 9112, 5.1; CVE-2021-22959", field(b"X : 1"), shared=True),
    refused("tab-before-colon", "RFC 9112, 5.1", field(b"X\t: 1"), shared=True),
    refused("vertical-tab-before-colon", "RFC 9112, 5.1; HTTP Garden", field(b"X\x0b: 1"), shared=True),
    refused("nul-before-colon", "RFC 9112, 5.1; HTTP Garden", field(b"X\0: 1"), shared=True),
    refused("no-break-space-before-colon", "RFC 9112, 5.1", field(b"X\xa0: 1"), shared=True),
    refused(
        "space-before-the-colon-of-content-length",
        "RFC 9112, 5.1; CVE-2019-15605",
        b"POST / HTTP/1.1\r\n" + HOST + b"Content-Length : 5\r\n\r\nhello",
    ),
    refused(
        "space-before-the-colon-of-transfer-encoding",
        "RFC 9112, 5.1; CVE-2019-16869",
        b"POST / HTTP/1.1\r\n" + HOST + b"Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n",
    ),
    refused(
        "space-before-the-colon-of-host", "RFC 9112, 5.1", LINE + b"Host : crm.customer.example\r\n\r\n", vary=False
    ),
    refused(
        "space-before-the-colon-of-origin", "RFC 9112, 5.1", LINE + HOST + ORIGIN.replace(b":", b" :", 1) + b"\r\n"
    ),
    refused("no-colon", "RFC 9112, 5", field(b"X"), shared=True),
    refused("no-name", "RFC 9112, 5", field(b": 1"), shared=True),
    refused("colons-only", "RFC 9112, 5", field(b"::"), shared=True),
    refused("space-in-name", "RFC 9110, 5.1", field(b"X Y: 1"), shared=True),
    refused("name-not-ascii", "RFC 9110, 5.1", field(b"X\xe9: 1"), shared=True),
    refused("name-in-utf-8", "RFC 9110, 5.1", field("Xé: 1".encode()), shared=True),
    *map(_delimiter, '"(),/;<=>?@[\\]{}'),
    Case(
        "no-space-behind-colon",
        "RFC 9112, 5",
        field(b"X:1"),
        (CROSS_OK,),
        asked=(Asked(lines=(ORIGIN[:-2], b"X:1")),),
    ),
    Case(
        "white-space-around-a-value-stays",
        "RFC 9112, 5.1; promise 4 of docs/design.md",
        field(b"X: \t 1 \t"),
        (CROSS_OK,),
        asked=(Asked(lines=(ORIGIN[:-2], b"X: \t 1 \t")),),
    ),
    Case("empty-value", "RFC 9110, 5.5", field(b"X:"), (CROSS_OK,), asked=(Asked(lines=(ORIGIN[:-2], b"X:")),)),
    Case(
        "every-octet-of-a-token-in-a-name",
        "RFC 9110, 5.6.2",
        field(b"!#$%&'*+-.^`|~09AZaz: 1"),
        (CROSS_OK,),
        asked=(Asked(lines=(ORIGIN[:-2], b"!#$%&'*+-.^`|~09AZaz: 1")),),
    ),
    Case(
        "octets-over-127-in-a-value",
        "RFC 9110, 5.5; facts of the CRM: names of files are sent raw",
        field(b"X-Name: caf\xe9 \xff\x80 \xc3\xa9"),
        (CROSS_OK,),
        asked=(Asked(lines=(ORIGIN[:-2], b"X-Name: caf\xe9 \xff\x80 \xc3\xa9")),),
    ),
    Case(
        "one-name-on-three-lines",
        "RFC 9110, 5.3",
        LINE + HOST + b"X: 1\r\nx: 2\r\nX: 1\r\n\r\n",
        (OK_GOT,),
        asked=(Asked(lines=(b"X: 1", b"x: 2", b"X: 1")),),
    ),
)
