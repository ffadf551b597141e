"""Content-Length and Transfer-Encoding of requests, and the chunked coding, in all ways to write them wrongly."""

from typing import Final

from gateway.policy.reason import Reason
from tests.relay.wire.case import CROSS_OK, HOST, OK_GOT, ORIGIN, Asked, Case, End, Got, Leave, Reply, refused

POST: Final = b"POST /p HTTP/1.1\r\n" + HOST + ORIGIN
UP: Final = b"POST /p HTTP/1.1"
CHUNKED: Final = b"Transfer-Encoding: chunked"
SMUGGLED: Final = b"GET /smuggled HTTP/1.1\r\n" + HOST + b"\r\n"


def post(framing: bytes, body: bytes = b"") -> bytes:
    """Return a request of the add-in's page with a body."""
    return POST + framing + b"\r\n\r\n" + body


def _malformed(id: str, source: str, framing: bytes, body: bytes = b"") -> Case:  # noqa: A002 - as in Case
    return refused(id, source, post(framing, body), shared=True)


def _length(id: str, value: bytes, source: str = "RFC 9110, 8.6") -> Case:  # noqa: A002 - as in Case
    return _malformed(f"length-{id}", source, b"Content-Length:" + value, b"hello")


def _coding(id: str, value: bytes, source: str = "RFC 9112, 6.1") -> Case:  # noqa: A002 - as in Case
    return _malformed(f"coding-{id}", source, b"Transfer-Encoding:" + value, b"0\r\n\r\n")


def _sized(id: str, source: str, framing: bytes, body: bytes, up: bytes) -> Case:  # noqa: A002 - as in Case
    return Case(id, source, post(framing, body), (CROSS_OK,), asked=(Asked(UP, (ORIGIN[:-2],), up, body),))


LENGTH_AND_CODING: Final = (
    _malformed("length-then-coding", "RFC 9112, 6.1", b"Content-Length: 6\r\n" + CHUNKED, b"0\r\n\r\nG"),
    _malformed("coding-then-length", "RFC 9112, 6.1", CHUNKED + b"\r\nContent-Length: 6", b"0\r\n\r\nG"),
    _malformed("length-0-and-coding", "RFC 9112, 6.1", b"Content-Length: 0\r\n" + CHUNKED, b"0\r\n\r\n" + SMUGGLED),
    _malformed("both-that-agree", "RFC 9112, 6.1", b"Content-Length: 5\r\n" + CHUNKED, b"0\r\n\r\n"),
    _malformed(
        "both-with-smuggled-request", "PortSwigger: CL.TE", b"Content-Length: 4\r\n" + CHUNKED, b"0\r\n\r\n" + SMUGGLED
    ),
    _malformed(
        "te-cl", "PortSwigger: TE.CL", b"Content-Length: 4\r\n" + CHUNKED, b"5c\r\nGPOST / HTTP/1.1\r\n\r\n0\r\n\r\n"
    ),
    _malformed("both-coding-unknown", "RFC 9112, 6.1", b"Content-Length: 5\r\nTransfer-Encoding: x", b"hello"),
    _malformed(
        "both-coding-identity",
        "RFC 9112, 6.1; CVE-2019-15605",
        b"Content-Length: 5\r\nTransfer-Encoding: identity",
        b"hello",
    ),
    _malformed(
        "length-twice-the-same", "RFC 9112, 6.3; docs/design.md", b"Content-Length: 5\r\nContent-Length: 5", b"hello"
    ),
    _malformed("length-twice-in-conflict", "RFC 9112, 6.3", b"Content-Length: 5\r\nContent-Length: 6", b"hello!"),
    _malformed("length-twice-in-different-case", "RFC 9112, 6.3", b"Content-Length: 5\r\ncontent-LENGTH: 0", b"hello"),
    _malformed("length-thrice", "RFC 9112, 6.3", b"Content-Length: 0\r\n" * 2 + b"Content-Length: 5", b"hello"),
    _length("list-of-the-same", b" 5, 5"),
    _length("list-in-conflict", b" 5, 6"),
    _length("list-with-empty-member", b" ,5"),
    _length("empty", b""),
    _length("white-space-alone", b" \t "),
    _length("plus", b" +5", "RFC 9110, 8.6; CVE-2023-47627"),
    _length("minus", b" -5"),
    _length("minus-zero", b" -0"),
    _length("hexadecimal", b" 0x5"),
    _length("exponent", b" 5e0"),
    _length("point", b" 5.0"),
    _length("underscore", b" 1_0", "RFC 9110, 8.6; CVE-2023-47627"),
    _length("space-inside", b" 1 0"),
    _length("tab-inside", b" 1\t0"),
    _length("letters", b" five"),
    _length("quoted", b' "5"'),
    _length("semicolon", b" 5;"),
    _length("comment", b" 5 (five)"),
    _length("other-digits", " \u0665".encode(), "RFC 9110, 8.6; CVE-2025-69225"),
    _length("superscript", b" \xb2", "RFC 9110, 8.6; CVE-2025-69225"),
    _length("over-2-to-63", b" 9223372036854775808"),
    _length("over-2-to-64", b" 18446744073709551621"),
    _length("of-19-digits", b" 0000000000000000005", "RFC 9110, 8.6; docs/design.md"),
    _length("of-4000-digits", b" " + b"9" * 4000, "RFC 9110, 8.6"),
    _length("nul-behind", b" 5\0", "RFC 9110, 5.5"),
    _length("vertical-tab-before", b" \x0b5", "RFC 9110, 5.5; HTTP Garden"),
    _length("no-break-space-before", b" \xa05"),
    _length("cr-behind", b" 5\r", "RFC 9112, 2.2"),
    _coding("identity", b" identity"),
    _coding("unknown", b" xchunked"),
    _coding("unknown-behind", b" chunkedx"),
    _coding("gzip", b" gzip"),
    _coding("gzip-then-chunked", b" gzip, chunked", "RFC 9112, 6.1: not repaired, 7.2"),
    _coding("chunked-then-gzip", b" chunked, gzip", "RFC 9112, 6.3"),
    _coding("chunked-twice-in-a-line", b" chunked, chunked", "RFC 9112, 6.1"),
    _coding("chunked-then-identity", b" chunked, identity"),
    _coding("identity-then-chunked", b" identity, chunked"),
    _coding("empty", b""),
    _coding("comma", b" ,"),
    _coding("leading-comma", b" , chunked"),
    _coding("trailing-comma", b" chunked,"),
    _coding("parameter", b" chunked;q=1"),
    _coding("semicolon", b" chunked;"),
    _coding("quoted", b' "chunked"', "RFC 9112, 6.1; PortSwigger: obfuscated TE"),
    _coding("apostrophes", b" 'chunked'", "RFC 9112, 6.1; PortSwigger: obfuscated TE"),
    _coding("space-inside", b" chun ked"),
    _coding("vertical-tab-before", b" \x0bchunked", "RFC 9110, 5.5; CVE-2019-18277"),
    _coding("form-feed-behind", b" chunked\x0c", "RFC 9110, 5.5; CVE-2019-18277"),
    _coding("nul-behind", b" chunked\0", "RFC 9110, 5.5"),
    _coding("delete-behind", b" chunked\x7f", "RFC 9110, 5.5"),
    _coding("no-break-space-behind", b" chunked\xa0", "RFC 9112, 6.1"),
    _coding("octet-over-127-before", b" \xffchunked", "RFC 9112, 6.1"),
    _coding("kelvin-sign", " chun\u212aed".encode(), "RFC 9112, 6.1; CVE-2025-69224"),
    _coding("in-two-words", b" chunked chunked"),
    _malformed("coding-twice-the-same", "RFC 9112, 6.1", CHUNKED + b"\r\n" + CHUNKED, b"0\r\n\r\n"),
    _malformed(
        "coding-twice", "RFC 9112, 6.1; PortSwigger: TE.TE", CHUNKED + b"\r\nTransfer-Encoding: cow", b"0\r\n\r\n"
    ),
    _malformed("coding-twice-the-other-first", "RFC 9112, 6.1", b"Transfer-Encoding: cow\r\n" + CHUNKED, b"0\r\n\r\n"),
    _malformed(
        "coding-twice-in-different-case", "RFC 9112, 6.1", CHUNKED + b"\r\ntransfer-ENCODING: gzip", b"0\r\n\r\n"
    ),
    _malformed(
        "name-of-coding-behind-a-space", "PortSwigger: TE.TE", b"X: 1\r\n Transfer-Encoding: chunked", b"0\r\n\r\n"
    ),
    _malformed("coding-behind-bare-lf", "PortSwigger: TE.TE", b"X: 1\nTransfer-Encoding: chunked", b"0\r\n\r\n"),
    refused(
        "coding-in-http-1.0",
        "RFC 9112, 6.1; CVE-2026-2835",
        b"POST /p HTTP/1.0\r\n" + HOST + ORIGIN + CHUNKED + b"\r\n\r\n0\r\n\r\n",
        shared=True,
    ),
    refused(
        "coding-in-http-1.0-that-is-kept",
        "RFC 9112, 6.1; CVE-2026-2835",
        b"POST /p HTTP/1.0\r\n" + HOST + ORIGIN + b"Connection: keep-alive\r\n" + CHUNKED + b"\r\n\r\n0\r\n\r\n",
        shared=True,
    ),
    _sized("sized", "RFC 9112, 6.2", b"Content-Length: 5", b"hello", b"Content-Length: 5"),
    _sized("sized-leading-zeros", "RFC 9110, 8.6", b"Content-Length: 0005", b"hello", b"Content-Length: 5"),
    _sized("sized-zero", "RFC 9112, 6.2", b"Content-Length: 0", b"", b"Content-Length: 0"),
    _sized("sized-white-space", "RFC 9112, 5.1", b"Content-Length:\t5 \t", b"hello", b"Content-Length: 5"),
    Case(
        "chunked-upper-case",
        "RFC 9112, 7",
        post(b"Transfer-Encoding: CHUNKED", b"5\r\nhello\r\n0\r\n\r\n"),
        (CROSS_OK,),
        asked=(Asked(UP, (ORIGIN[:-2],), CHUNKED, b"hello"),),
    ),
    Case(
        "neither-has-no-body",
        "RFC 9112, 6.3",
        POST + b"\r\n",
        (CROSS_OK,),
        asked=(Asked(UP, (ORIGIN[:-2],)),),
    ),
    Case(
        "transfer_encoding-is-another-field-and-goes-nowhere",
        "docs/design.md: names with `_` are dropped; CGI reads them with `-` (RFC 3875, 4.1.18)",
        POST + b"Transfer_Encoding: chunked\r\nContent_Length: 7\r\n\r\n",
        (CROSS_OK,),
        asked=(Asked(UP, (ORIGIN[:-2],)),),
    ),
    Case(
        "get-with-a-body",
        "RFC 9110, 9.3.1",
        b"GET /a HTTP/1.1\r\n" + HOST + b"Content-Length: 5\r\n\r\nhello",
        (OK_GOT,),
        asked=(Asked(framing=b"Content-Length: 5", body=b"hello"),),
    ),
    Case(
        "get-with-a-request-for-a-body",
        "RFC 9110, 9.3.1",
        b"GET /a HTTP/1.1\r\n" + HOST + b"Content-Length: %d\r\n\r\n" % len(SMUGGLED) + SMUGGLED,
        (OK_GOT,),
        asked=(Asked(framing=b"Content-Length: %d" % len(SMUGGLED), body=SMUGGLED),),
    ),
)


def _broken(id: str, source: str, body: bytes, *, then: bytes = b"") -> Case:  # noqa: A002 - as in Case
    """Return a case of a chunked body that breaks; `then` comes once its head has gone up and the rest was taken."""
    return Case(
        id,
        source,
        (post(CHUNKED), body, *((then,) if then else ())),
        (Got(400, Reason.BODY_MALFORMED, shared=True),),
        End.CLOSED,
        (),
        (),
        warm=True,
        partial=True,
    )


def _chunks(id: str, source: str, body: bytes, decoded: bytes) -> Case:  # noqa: A002 - as in Case
    return Case(
        id,
        source,
        post(CHUNKED, body),
        (CROSS_OK,),
        # The reader of the upstream wants chunks as the gateway writes them, and leaves the last one's line out.
        asked=(Asked(UP, (ORIGIN[:-2],), CHUNKED, decoded),),
        reused=True,
    )


CHUNKS: Final = (
    _broken("size-not-hexadecimal", "RFC 9112, 7.1", b"g\r\nhello\r\n0\r\n\r\n"),
    _broken("size-with-0x", "RFC 9112, 7.1", b"0x5\r\nhello\r\n0\r\n\r\n"),
    _broken("size-with-plus", "RFC 9112, 7.1; CVE-2023-47627", b"+5\r\nhello\r\n0\r\n\r\n"),
    _broken("size-with-minus", "RFC 9112, 7.1", b"-5\r\nhello\r\n0\r\n\r\n"),
    _broken("size-minus-zero", "RFC 9112, 7.1", b"-0\r\n\r\n"),
    _broken("size-with-underscore", "RFC 9112, 7.1; CVE-2023-47627", b"1_0\r\nhello, hello!!!\r\n0\r\n\r\n"),
    _broken("size-empty", "RFC 9112, 7.1", b"\r\nhello\r\n0\r\n\r\n"),
    _broken("size-behind-a-space", "RFC 9112, 7.1", b" 5\r\nhello\r\n0\r\n\r\n"),
    _broken("size-before-a-space", "RFC 9112, 7.1", b"5 \r\nhello\r\n0\r\n\r\n"),
    _broken("size-before-a-tab", "RFC 9112, 7.1", b"5\t\r\nhello\r\n0\r\n\r\n"),
    _broken("size-before-a-nul", "RFC 9112, 7.1", b"5\0\r\nhello\r\n0\r\n\r\n"),
    _broken("size-of-16-digits", "RFC 9112, 7.1: overflow", b"0000000000000005\r\nhello\r\n0\r\n\r\n"),
    _broken("size-over-2-to-64", "RFC 9112, 7.1: overflow", b"10000000000000005\r\nhello\r\n0\r\n\r\n"),
    _broken("size-in-other-digits", "CVE-2025-69225", "\u0665\r\nhello\r\n0\r\n\r\n".encode()),
    _broken("size-line-without-end", "CVE-2023-39326", b"5;" + b"a" * 2000),
    _broken("size-with-comma", "RFC 9112, 7.1", b"5,5\r\nhello\r\n0\r\n\r\n"),
    _broken("extension", "CVE-2023-39326; docs/design.md: 400 in requests", b"5;a=b\r\nhello\r\n0\r\n\r\n"),
    _broken("extension-without-value", "RFC 9112, 7.1.1; CVE-2021-22960", b"5;a\r\nhello\r\n0\r\n\r\n"),
    _broken("extension-empty", "RFC 9112, 7.1.1", b"5;\r\nhello\r\n0\r\n\r\n"),
    _broken("extension-quoted", "RFC 9112, 7.1.1", b'5;a="b"\r\nhello\r\n0\r\n\r\n'),
    _broken("extension-ended-by-bare-lf", "CVE-2024-52304; CVE-2025-22871", b"5;a\nhello\r\n0\r\n\r\n"),
    _broken(
        "extension-with-bare-cr", "https://w4ke.info/2025/06/18/funky-chunks.html", b"5;a\rb\r\nhello\r\n0\r\n\r\n"
    ),
    _broken("extension-of-the-last-chunk", "RFC 9112, 7.1.1", b"5\r\nhello\r\n0;a\r\n\r\n"),
    _broken(
        "extension-that-hides-a-chunk", "https://w4ke.info/2025/06/18/funky-chunks.html", b"2;\n\r\nxx\r\n0\r\n\r\n"
    ),
    _broken("bare-lf-behind-size", "RFC 9112, 7.1; CVE-2025-22871", b"5\nhello\r\n0\r\n\r\n"),
    _broken("bare-cr-behind-size", "RFC 9112, 7.1", b"5\rhello\r\n0\r\n\r\n"),
    _broken("two-crs-behind-size", "RFC 9112, 7.1", b"5\r\r\nhello\r\n0\r\n\r\n"),
    _broken("bare-lf-behind-data", "RFC 9112, 7.1", b"5\r\nhello\n0\r\n\r\n"),
    _broken("bare-cr-behind-data", "RFC 9112, 7.1", b"5\r\nhello\r0\r\n\r\n"),
    _broken("nothing-behind-data", "RFC 9112, 7.1", b"5\r\nhello0\r\n\r\n"),
    _broken("data-too-long", "RFC 9112, 7.1", b"5\r\nhello!\r\n0\r\n\r\n"),
    _broken("data-too-short", "RFC 9112, 7.1", b"5\r\nhell\r\n0\r\n\r\n"),
    _broken(
        "two-octets-of-something-behind-data",
        "https://w4ke.info/2025/06/18/funky-chunks.html",
        b"5\r\nhelloXX0\r\n\r\n",
    ),
    _broken("empty-line-between-chunks", "RFC 9112, 7.1", b"5\r\nhello\r\n\r\n0\r\n\r\n"),
    _broken("bare-lf-ends-the-body", "RFC 9112, 7.1", b"5\r\nhello\r\n0\r\n\n"),
    _broken("bare-lf-behind-last-size", "RFC 9112, 7.1", b"5\r\nhello\r\n0\n\r\n"),
    _broken("trailer-without-colon", "RFC 9112, 7.1.2", b"5\r\nhello\r\n0\r\nX\r\n\r\n"),
    _broken("trailer-folded", "RFC 9112, 5.2", b"5\r\nhello\r\n0\r\nX: 1\r\n 2\r\n\r\n"),
    _broken("trailer-space-before-colon", "RFC 9112, 5.1", b"5\r\nhello\r\n0\r\nX : 1\r\n\r\n"),
    _broken("trailer-ended-by-bare-lf", "CVE-2025-53643", b"5\r\nhello\r\n0\r\nX: 1\n\r\n"),
    _broken("trailer-with-nul", "RFC 9110, 5.5", b"5\r\nhello\r\n0\r\nX: \0\r\n\r\n"),
    _broken("trailers-over-the-head-limit", "CVE-2026-22815", b"5\r\nhello\r\n0\r\n" + b"X: 1\r\n" * 6000),
    _broken("trailer-that-is-a-request-line", "CVE-2025-53643", b"0\r\nGET /smuggled HTTP/1.1\r\n" + HOST + b"\r\n"),
    _broken("breaks-in-a-later-piece", "RFC 9112, 7.1", b"5\r\nhello\r\n", then=b"Z\r\n"),
    _broken("breaks-behind-the-cr-of-a-size", "RFC 9112, 7.1", b"5\r", then=b"Xhello\r\n0\r\n\r\n"),
    _broken("no-chunk-but-text", "RFC 9112, 7.1", b"hello\r\n"),
    _chunks("plain", "RFC 9112, 7.1", b"5\r\nhello\r\n0\r\n\r\n", b"hello"),
    _chunks("leading-zeros", "RFC 9112, 7.1", b"000005\r\nhello\r\n0000\r\n\r\n", b"hello"),
    _chunks(
        "upper-and-lower-case", "RFC 9112, 7.1", b"A\r\n0123456789\r\na\r\n0123456789\r\n0\r\n\r\n", b"0123456789" * 2
    ),
    _chunks("crlf-and-last-chunk-in-the-data", "RFC 9112, 7.1", b"7\r\n\r\n0\r\n\r\n\r\n0\r\n\r\n", b"\r\n0\r\n\r\n"),
    _chunks("empty-body", "RFC 9112, 7.1", b"0\r\n\r\n", b""),
    _chunks("many-small-chunks", "CVE-2025-69229", b"1\r\nx\r\n" * 300 + b"0\r\n\r\n", b"x" * 300),
    _chunks("trailers-are-dropped", "RFC 9110, 6.5.1", b"5\r\nhello\r\n0\r\nX: 1\r\nHost: evil\r\n\r\n", b"hello"),
    _chunks(
        "trailers-of-framing-and-login-are-dropped",
        "RFC 9110, 6.5.1; CVE-2025-53643",
        b"5\r\nhello\r\n0\r\nContent-Length: 50\r\nTransfer-Encoding: chunked\r\nAuthorization: x\r\n\r\n",
        b"hello",
    ),
    Case(
        "octets-behind-the-last-chunk-are-the-next-request",
        "RFC 9112, 9.3.2",
        post(CHUNKED, b"5\r\nhello\r\n0\r\n\r\n") + SMUGGLED,
        (CROSS_OK, OK_GOT),
        asked=(Asked(UP, (ORIGIN[:-2],), CHUNKED, b"hello"), Asked(b"GET /smuggled HTTP/1.1")),
        replies=(Reply(), Reply()),
    ),
)


def _left(id: str, source: str, framing: bytes, body: bytes, leave: Leave) -> Case:  # noqa: A002 - as in Case
    return Case(
        id,
        source,
        post(framing, body),
        (),
        End.CUT,
        (),
        (),
        warm=True,
        partial=True,
        leave=leave,
    )


SHORT_UPLOADS: Final = tuple(
    _left(f"{name}-{leave.name.lower()}", "RFC 9112, 8", framing, body, leave)
    for name, framing, body in (
        ("sized-nothing-came", b"Content-Length: 5", b""),
        ("sized-one-octet-missing", b"Content-Length: 5", b"hell"),
        ("chunked-before-the-last-chunk", CHUNKED, b"5\r\nhello\r\n"),
        ("chunked-in-a-chunk", CHUNKED, b"5\r\nhel"),
        ("chunked-in-a-size", CHUNKED, b"5\r\nhello\r\n0"),
        ("chunked-before-the-last-line", CHUNKED, b"5\r\nhello\r\n0\r\n"),
        ("chunked-in-the-trailers", CHUNKED, b"5\r\nhello\r\n0\r\nX: 1\r\n"),
        ("chunked-before-the-last-octet", CHUNKED, b"5\r\nhello\r\n0\r\n\r"),
    )
    for leave in (Leave.FIN, Leave.RESET)
)
