import time
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.http1.errors import HeadTooLargeError, Http1Error, MalformedError
from gateway.http1.framing import (
    CHUNKED,
    LAST_CHUNK,
    MAX_CHUNK_LINE_OCTETS,
    NO_BODY,
    UNTIL_CLOSE,
    BodyReader,
    Framing,
    Kind,
    body_reader,
    chunk,
    scan_chunks,
)
from tests.http1.build import DRIPS, OCTETS, outcome, parted

Read = tuple[bytes, bytes, bool]
"""Body, octets behind it, whether the body has ended."""


def read(reader: BodyReader, *pieces: bytes) -> Read:
    body = b""
    behind = b""
    for piece in pieces:
        octets, rest = reader.feed(piece)
        body += octets
        behind += rest
    return body, behind, reader.done


def one_by_one(octets: bytes) -> list[bytes]:
    return [octets[at : at + 1] for at in range(len(octets))]


@pytest.mark.parametrize(
    ("framing", "pieces", "expected"),
    [
        pytest.param(NO_BODY, [], (b"", b"", True), id="none-before-any-octet"),
        pytest.param(NO_BODY, [b"GET"], (b"", b"GET", True), id="none"),
        pytest.param(Framing(Kind.NONE, 5), [b"GET"], (b"", b"GET", True), id="none-whatever-its-length"),
        pytest.param(Framing(Kind.SIZED, 0), [], (b"", b"", True), id="sized-0"),
        pytest.param(Framing(Kind.SIZED, 5), [], (b"", b"", False), id="sized-before-any-octet"),
        pytest.param(Framing(Kind.SIZED, 5), [b"hell"], (b"hell", b"", False), id="sized-unfinished"),
        pytest.param(Framing(Kind.SIZED, 5), [b"hello"], (b"hello", b"", True), id="sized"),
        pytest.param(Framing(Kind.SIZED, 5), [b"hel", b"loGET"], (b"hello", b"GET", True), id="sized-in-two"),
        pytest.param(Framing(Kind.SIZED, 5), [b"hello", b"GET"], (b"hello", b"GET", True), id="sized-fed-when-done"),
        pytest.param(UNTIL_CLOSE, [b"a", b"b"], (b"ab", b"", False), id="until-close-never-ends-by-itself"),
    ],
)
def test_bodies_that_are_not_chunked(framing: Framing, pieces: list[bytes], expected: Read) -> None:
    assert read(body_reader(framing, extensions=False), *pieces) == expected


@pytest.mark.parametrize("extensions", [False, True])
@pytest.mark.parametrize(
    ("octets", "expected"),
    [
        pytest.param(b"", (b"", b"", False), id="nothing"),
        pytest.param(b"0\r\n\r\n", (b"", b"", True), id="last-chunk-only"),
        pytest.param(b"5\r\nhello\r\n0\r\n\r\nGET", (b"hello", b"GET", True), id="one"),
        pytest.param(b"5\r\nhello\r\n1\r\n!\r\n0\r\n\r\n", (b"hello!", b"", True), id="two"),
        pytest.param(b"5\r\nhello\r\n" * 3 + b"0\r\n\r\n", (b"hello" * 3, b"", True), id="three-of-one-size"),
        pytest.param(b"5\r\nhello\r\n5\r\nhe", (b"hellohe", b"", False), id="of-one-size-the-second-unfinished"),
        pytest.param(b"5\r\nhello\r\n", (b"hello", b"", False), id="no-last-chunk"),
        pytest.param(b"5\r\nhello", (b"hello", b"", False), id="no-crlf-yet"),
        pytest.param(b"5\r\nhel", (b"hel", b"", False), id="data-unfinished"),
        pytest.param(b"0\r\n", (b"", b"", False), id="no-trailer-section-yet"),
        pytest.param(b"0\r\n\r", (b"", b"", False), id="half-an-empty-line"),
        pytest.param(b"5\r\n\r\n0\r\n\r\n0\r\n\r\n", (b"\r\n0\r\n", b"0\r\n\r\n"[5:], True), id="crlf-in-the-data"),
        pytest.param(b"a\r\n0123456789\r\n0\r\n\r\n", (b"0123456789", b"", True), id="hex-digit"),
        pytest.param(b"A\r\n0123456789\r\n0\r\n\r\n", (b"0123456789", b"", True), id="upper-case-hex-digit"),
        pytest.param(b"000000000000005\r\nhello\r\n0\r\n\r\n", (b"hello", b"", True), id="15-digits"),
        pytest.param(b"000000000000000\r\n\r\n", (b"", b"", True), id="last-chunk-of-15-zeros"),
        pytest.param(b"fffffffffffffff\r\nhello", (b"hello", b"", False), id="largest"),
        pytest.param(b"0\r\nA: b\r\nC:\xff\r\n\r\nGET", (b"", b"GET", True), id="trailers-are-dropped"),
        pytest.param(b"0\r\nContent-Length: 5\r\n\r\nhello", (b"", b"hello", True), id="a-trailer-frames-nothing"),
    ],
)
def test_chunked(octets: bytes, expected: Read, *, extensions: bool) -> None:
    assert read(body_reader(CHUNKED, extensions=extensions), octets) == expected
    assert read(body_reader(CHUNKED, extensions=extensions), *one_by_one(octets)) == expected


@pytest.mark.parametrize("extensions", [False, True])
@pytest.mark.parametrize(
    "octets",
    [
        pytest.param(b"\r\n", id="no-size-rfc-9112-7.1"),
        pytest.param(b"0x5\r\nhello", id="0x"),
        pytest.param(b"+5\r\nhello", id="sign"),
        pytest.param(b"-5\r\nhello", id="negative-size"),
        pytest.param(b" 5\r\nhello", id="space-before-the-size"),
        pytest.param(b"5 \r\nhello", id="space-behind-the-size"),
        pytest.param(b"5\t\r\nhello", id="tab-behind-the-size"),
        pytest.param(b"5_0\r\nhello", id="underscore-ghsa-pjjw-qhg8-p2p9"),
        pytest.param("\N{ARABIC-INDIC DIGIT FIVE}\r\nhello".encode(), id="other-digits-cve-2025-69224"),
        pytest.param(b"0000000000000005\r\nhello", id="16-digits"),
        pytest.param(b"10000000000000005\r\nhello", id="beyond-2-to-64"),
        pytest.param(b"5\nhello", id="bare-lf-behind-the-size"),
        pytest.param(b"5\rhello\r\n", id="bare-cr-behind-the-size"),
        pytest.param(b"5\r\r\nhello", id="cr-cr-lf"),
        pytest.param(b"g\r\n", id="no-hex-digit"),
        pytest.param(b"5,5\r\nhello", id="list"),
        pytest.param(b"5\0\r\nhello", id="nul"),
        pytest.param(b"5\r\nhelloX", id="no-crlf-behind-the-data"),
        pytest.param(b"5\r\nhello\n0\r\n\r\n", id="bare-lf-behind-the-data"),
        pytest.param(b"5\r\nhello\rX", id="cr-without-lf-behind-the-data"),
        pytest.param(b"5\r\nhello0\r\n\r\n", id="a-size-that-is-too-small-te-te-desync"),
        pytest.param(b"5\r\nhello5\r\nhello\r\n0\r\n\r\n", id="no-crlf-before-a-chunk-of-the-same-size"),
        pytest.param(b"5\r\nhello\n5\r\nhello\r\n0\r\n\r\n", id="bare-lf-before-a-chunk-of-the-same-size"),
        pytest.param(b"5\r\nhelloX\n5\r\nhello\r\n0\r\n\r\n", id="no-cr-before-a-chunk-of-the-same-size"),
        pytest.param(b"5\r\nhello\r\n5\nhello\r\n0\r\n\r\n", id="bare-lf-behind-the-same-size"),
        pytest.param(b"6\r\nhello\r\n0\r\n\r\n", id="a-size-that-is-too-large"),
        pytest.param(b"5\r\nhello\r\n\r\n", id="an-empty-line-between-chunks"),
        pytest.param(b"0\r\nX\r\n\r\n", id="trailer-without-colon-cve-2025-53643"),
        pytest.param(b"0\r\nA: b\n\r\n", id="bare-lf-behind-a-trailer"),
        pytest.param(b"0\r\n\n", id="bare-lf-for-the-empty-line"),
        pytest.param(b"0\r\nA : b\r\n\r\n", id="space-before-the-colon-of-a-trailer"),
        pytest.param(b"0\r\nA: b\r\n c\r\n\r\n", id="obs-fold-in-a-trailer"),
        pytest.param(b"0\r\nA: \0\r\n\r\n", id="nul-in-a-trailer"),
        pytest.param(b"0\r\nA: b\rC: d\r\n\r\n", id="bare-cr-in-a-trailer"),
        pytest.param(b"5;\r\nhello", id="semicolon-only"),
        pytest.param(b"5;=b\r\nhello", id="extension-without-name"),
        pytest.param(b"5;a=\r\nhello", id="extension-without-value"),
        pytest.param(b"5;a \r\nhello", id="space-behind-an-extension"),
        pytest.param(b'5;a="b\r\nhello', id="quote-without-end"),
        pytest.param(b'5;a="b\\"\r\nhello', id="quote-ended-by-an-escaped-one"),
        pytest.param(b'5;a="b"c\r\nhello', id="octets-behind-a-quote"),
        pytest.param(b"5;a=b=c\r\nhello", id="two-values"),
        pytest.param(b"5;a\nb\r\nhello", id="lf-in-an-extension-funky-chunks-cve-2025-55315"),
        pytest.param(b"5;a\rb\r\nhello", id="cr-in-an-extension-funky-chunks"),
        pytest.param(b"5;a\0\r\nhello", id="nul-in-an-extension"),
    ],
)
def test_chunked_refuses(octets: bytes, *, extensions: bool) -> None:
    with pytest.raises(MalformedError):
        read(body_reader(CHUNKED, extensions=extensions), octets)
    with pytest.raises(MalformedError):
        read(body_reader(CHUNKED, extensions=extensions), *one_by_one(octets))


@pytest.mark.parametrize(
    "line",
    [
        pytest.param(b"5;a", id="name"),
        pytest.param(b"5;a=b", id="value"),
        pytest.param(b"5;a=b;c;d=e", id="several"),
        pytest.param(b"5 ; \ta \t=\t b", id="bad-white-space-rfc-9112-7.1.1"),
        pytest.param(b'5;a="b c;\\"\\\\\t\xff"', id="quoted"),
        pytest.param(b'5;a=""', id="empty-quoted"),
        pytest.param(b"5;a=" + b"b" * (MAX_CHUNK_LINE_OCTETS - 6), id="as-long-as-it-may-be"),
    ],
)
def test_chunk_extensions_of_a_response_are_dropped_and_of_a_request_refused(line: bytes) -> None:
    octets = line + b"\r\nhello\r\n0\r\n\r\n"
    for pieces in ([octets], one_by_one(octets)):
        assert read(body_reader(CHUNKED, extensions=True), *pieces) == (b"hello", b"", True)
        with pytest.raises(MalformedError):
            read(body_reader(CHUNKED, extensions=False), *pieces)


def test_a_chunk_line_has_a_bound() -> None:
    # CVE-2023-39326: otherwise a sender makes us read for ever and relay nothing.
    too_long = b"5;a=" + b"b" * (MAX_CHUNK_LINE_OCTETS - 5)
    with pytest.raises(MalformedError):
        read(body_reader(CHUNKED, extensions=True), too_long + b"\r\n")
    with pytest.raises(MalformedError):
        read(body_reader(CHUNKED, extensions=True), *one_by_one(too_long + b"\r\n"))
    unfinished = body_reader(CHUNKED, extensions=True)
    assert read(unfinished, too_long) == (b"", b"", False)
    with pytest.raises(MalformedError):
        unfinished.feed(b"b")


def test_a_size_in_two_pieces_is_one() -> None:
    octets = b"10\r\n0123456789abcdef\r\n0\r\n\r\n"
    reader = body_reader(CHUNKED, extensions=False)
    assert read(reader, octets[:1], octets[1:]) == (b"0123456789abcdef", b"", True)


@pytest.mark.parametrize(
    ("octets", "taken"),
    [
        pytest.param(b"5\n", b"5", id="lf-behind-the-size"),
        pytest.param(b"5x", b"5", id="what-cannot-become-a-size"),
        pytest.param(b"x", b"", id="what-begins-no-size"),
        pytest.param(b"5\rx", b"5\r", id="cr-without-lf"),
        pytest.param(b"0000000000000000", b"000000000000000", id="16th-digit"),
        pytest.param(b"5\r\nhellox", b"5\r\nhello", id="what-is-no-cr-behind-the-data"),
        pytest.param(b"5\r\nhello\rx", b"5\r\nhello\r", id="what-is-no-lf-behind-the-data"),
        pytest.param(b"0\r\na\n", b"0\r\na", id="lf-in-a-trailer"),
        pytest.param(b"0\r\na\rb", b"0\r\na\r", id="cr-in-a-trailer"),
        pytest.param(b"0\r\n\ra", b"0\r\n\r", id="cr-where-the-empty-line-may-be"),
        pytest.param(b"0\r\n\ra", b"0\r\n", id="cr-and-more-in-one-piece"),
    ],
)
@pytest.mark.parametrize("extensions", [False, True])
def test_what_cannot_become_a_chunk_is_refused_at_that_octet(octets: bytes, taken: bytes, *, extensions: bool) -> None:
    reader = body_reader(CHUNKED, extensions=extensions)
    read(reader, *one_by_one(taken))
    with pytest.raises(MalformedError):
        reader.feed(octets[len(taken) :])


def trailers(octets: bytes, limit: int) -> Read:
    return read(body_reader(CHUNKED, extensions=False, max_trailer_octets=limit), octets)


@pytest.mark.parametrize(
    ("section", "limit", "error"),
    [
        pytest.param(b"a: b\r\n\r\n", 8, None, id="as-large-as-it-may-be"),
        pytest.param(b"a: b\r\n\r\n", 7, HeadTooLargeError, id="over-with-its-last-octet"),
        pytest.param(b"a: b\r\n", 5, HeadTooLargeError, id="a-line-over"),
        pytest.param(b"a: b\r\nc: d\r\n", 11, HeadTooLargeError, id="two-lines-over-together"),
        pytest.param(b"a: bcd", 5, HeadTooLargeError, id="an-unfinished-line-over"),
        pytest.param(b"a: bcd", 6, None, id="an-unfinished-line"),
        pytest.param(b"a b\r\n", 5, MalformedError, id="malformed-within-the-limit"),
    ],
)
def test_the_trailer_section_has_a_bound(section: bytes, limit: int, error: type[Http1Error] | None) -> None:
    # RFC 9112, 7.1.2; CVE-2026-22815 in aiohttp: trailers without one.
    octets = b"0\r\n" + section
    done = section.endswith(b"\r\n\r\n")
    assert outcome(trailers, octets, limit) == (error or (b"", b"", done))
    reader = body_reader(CHUNKED, extensions=False, max_trailer_octets=limit)
    assert outcome(lambda: read(reader, *one_by_one(octets))) == (error or (b"", b"", done))


def test_the_trailer_section_has_the_bound_of_a_head_where_no_other_is_given() -> None:
    section = b"a:" + b"b" * (32_768 - 6) + b"\r\n\r\n"
    assert read(body_reader(CHUNKED, extensions=False), b"0\r\n" + section) == (b"", b"", True)
    with pytest.raises(HeadTooLargeError):
        read(body_reader(CHUNKED, extensions=False), b"0\r\na" + section)


def test_a_large_body_in_one_piece_is_not_copied() -> None:
    piece = bytes(70_000)
    sized = body_reader(Framing(Kind.SIZED, 70_000), extensions=False)
    assert sized.feed(piece)[0] is piece
    chunked = body_reader(CHUNKED, extensions=False)
    chunked.feed(b"100000\r\n")
    assert chunked.feed(piece)[0] is piece


def test_chunk() -> None:
    assert chunk(b"hello") == b"5\r\nhello\r\n"
    assert chunk(bytes(0xABC)) == b"abc\r\n" + bytes(0xABC) + b"\r\n"
    assert chunk(b"hello", before=b"head", last=True) == b"head5\r\nhello\r\n0\r\n\r\n"
    assert chunk(b"", before=b"head") == b"head"
    assert chunk(b"", last=True) == LAST_CHUNK
    assert LAST_CHUNK == b"0\r\n\r\n"


def test_constants() -> None:
    assert MAX_CHUNK_LINE_OCTETS == 1024
    assert (
        Framing(Kind.NONE, 0),
        Framing(Kind.CHUNKED, 0),
        Framing(Kind.UNTIL_CLOSE, 0),
    ) == (NO_BODY, CHUNKED, UNTIL_CLOSE)


@pytest.mark.fuzz
@given(st.lists(st.binary(min_size=1)), st.binary(), DRIPS)
def test_what_is_written_in_chunks_is_read_again(chunks: list[bytes], behind: bytes, drips: list[int]) -> None:
    octets = b"".join(map(chunk, chunks)) + LAST_CHUNK + behind
    expected = (b"".join(chunks), behind, True)
    assert read(body_reader(CHUNKED, extensions=False), *parted(octets, drips)) == expected


@pytest.mark.fuzz
@given(OCTETS, DRIPS, st.booleans())
def test_how_octets_are_parted_makes_no_difference(octets: bytes, drips: list[int], extensions: bool) -> None:
    whole = outcome(read, body_reader(CHUNKED, extensions=extensions, max_trailer_octets=30), octets)
    reader = body_reader(CHUNKED, extensions=extensions, max_trailer_octets=30)
    assert outcome(lambda: read(reader, *parted(octets, drips))) == whole


@pytest.mark.parametrize(
    ("octets", "at", "left", "expected"),
    [
        pytest.param(b"3\r\nabc\r\n", 0, 0, (b"abc", 8, 0), id="whole"),
        pytest.param(b"1\r\na\r\n1\r\nb\r\n1\r\nc", 0, 0, (b"abc", 16, 2), id="of-one-size"),
        pytest.param(b"xx3\r\nabc\r\nF\r\nde", 2, 0, (b"abcde", 15, 15), id="whole-and-part"),
        pytest.param(b"abc\r\n3\r\n", 0, 5, (b"abc", 8, 5), id="the-rest-of-one-then-a-size"),
        pytest.param(b"abc\r", 0, 6, (b"abc\r", 4, 2), id="a-cr-that-is-data"),
        pytest.param(b"abc\r", 0, 5, (b"abc", 3, 2), id="half-an-end"),
        pytest.param(b"3\r\nabc\r", 0, 0, (b"abc", 6, 2), id="half-an-end-of-a-whole-one"),
        pytest.param(b"3\r\nabcd\r\n", 0, 0, (b"abc", 6, 2), id="more-than-it-says"),
        pytest.param(b"\n3\r\nabc\r\n", 0, 1, (b"", 0, 1), id="within-an-end"),
        pytest.param(b"\r\n1\r\na\r\n0\r\n\r\n", 0, 2, (b"a", 8, 0), id="up-to-the-last-chunk"),
        pytest.param(b"1;x=y\r\na\r\n", 0, 0, (b"", 0, 0), id="an-extension"),
        pytest.param(b"3\r", 0, 0, (b"", 0, 0), id="half-a-size-line"),
        pytest.param(b"3\nabc", 0, 0, (b"", 0, 0), id="no-crlf"),
        pytest.param(b"000000000000001\r\na\r\n", 0, 0, (b"a", 20, 0), id="15-digits"),
        pytest.param(b"0000000000000001\r\na\r\n", 0, 0, (b"", 0, 0), id="16-digits"),
        pytest.param(b"", 0, 0, (b"", 0, 0), id="nothing"),
    ],
)
def test_scan_chunks(octets: bytes, at: int, left: int, expected: tuple[bytes, int, int]) -> None:
    for _ in range(2):  # the second time sizes are remembered
        assert scan_chunks(octets, at, left) == expected


@pytest.mark.parametrize(
    "octets",
    [
        pytest.param(b"1\r\na\r\n" * 20_000, id="chunks-of-one-octet"),
        pytest.param(b"0\r\na: " + b"b" * 120_000, id="one-long-trailer"),
        pytest.param(b"0\r\n" + b"a:\r\n" * 30_000, id="many-trailers"),
    ],
)
def test_octets_that_drip_cost_no_more_each_when_there_are_many(octets: bytes) -> None:
    reader = body_reader(CHUNKED, extensions=False, max_trailer_octets=1_000_000)
    seconds = [time.process_time()]
    for at, octet in enumerate(one_by_one(octets), 1):
        reader.feed(octet)
        if at % (len(octets) // 4) == 0:
            seconds.append(time.process_time())
    quarters = [end - start for start, end in pairwise(seconds)]
    # A quadratic reader takes seven times as long for the last quarter as for the first.
    assert quarters[-1] < 4 * min(quarters) + 0.05
