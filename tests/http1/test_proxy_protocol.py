"""PROXY headers, version 1 and 2 (https://www.haproxy.org/download/3.0/doc/proxy-protocol.txt)."""

import struct
from ipaddress import ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.http1.errors import MalformedError
from gateway.http1.proxy_protocol import MAX_BLOCK_OCTETS, MAX_LINE_OCTETS, SIGNATURE, Announced, ProxyHeader

V1 = b"PROXY TCP4 192.0.2.7 198.51.100.1 56324 443\r\n"
MAPPED = "::ffff:192.0.2.7"


def v2(
    source: str, destination: str, extensions: bytes = b"", *, command: int = 0x21, family: int | None = None
) -> bytes:
    """Return a header of version 2."""
    one, other = ip_address(source), ip_address(destination)
    block = one.packed + other.packed + struct.pack("!HH", 56324, 443) + extensions
    kind = family if family is not None else {4: 0x11, 6: 0x21}[one.version]
    return SIGNATURE + bytes([command, kind]) + struct.pack("!H", len(block)) + block


def extension(kind: int, value: bytes) -> bytes:
    return bytes([kind]) + struct.pack("!H", len(value)) + value


def read(octets: bytes, size: int) -> tuple[Announced | None, int]:
    """Return what a header says that comes in pieces of `size`, and how many octets were taken."""
    header = ProxyHeader()
    taken = 0
    while header.announced is None and taken < len(octets):
        taken += header.feed(octets[taken : taken + size])
    return header.announced, taken


SAID = [
    pytest.param(V1, Announced("192.0.2.7"), id="v1-tcp4"),
    pytest.param(b"PROXY TCP6 2001:db8::7 2001:db8::1 1 2\r\n", Announced("2001:db8::7"), id="v1-tcp6"),
    pytest.param(b"PROXY TCP6 ::ffff:192.0.2.7 ::1 1 2\r\n", Announced("192.0.2.7"), id="v1-mapped"),
    pytest.param(b"PROXY UNKNOWN\r\n", Announced(), id="v1-unknown"),
    pytest.param(b"PROXY UNKNOWN ffff:f...f:ffff 65535 65535\r\n", Announced(), id="v1-unknown-with-words"),
    pytest.param(b"PROXY TCP4 192.0.2.7 0.0.0.0 0 65535\r\n", Announced("192.0.2.7"), id="v1-last-port"),
    pytest.param(v2("192.0.2.7", "198.51.100.1"), Announced("192.0.2.7"), id="v2-tcp4"),
    pytest.param(v2("2001:db8::7", "2001:db8::1"), Announced("2001:db8::7"), id="v2-tcp6"),
    pytest.param(v2(MAPPED, "::1"), Announced("192.0.2.7"), id="v2-mapped"),
    pytest.param(v2("192.0.2.7", "198.51.100.1", command=0x20), Announced(), id="v2-local-with-addresses"),
    pytest.param(SIGNATURE + b"\x20\x00\x00\x00", Announced(), id="v2-local"),
    pytest.param(SIGNATURE + b"\x21\x00\x00\x00", Announced(), id="v2-unspecified"),
    pytest.param(SIGNATURE + b"\x21\x31\x00\xd8" + bytes(216), Announced(), id="v2-unix-stream"),
    pytest.param(
        v2("192.0.2.7", "198.51.100.1", extension(0x02, b"crm") + extension(0x20, b"\x01" + bytes(4))),
        Announced("192.0.2.7", tls=True),
        id="v2-by-tls",
    ),
    pytest.param(
        v2("192.0.2.7", "198.51.100.1", extension(0x20, b"\x01" + bytes(4)) + extension(0x04, b"")),
        Announced("192.0.2.7", tls=True),
        id="v2-by-tls-then-another",
    ),
    pytest.param(
        v2("192.0.2.7", "198.51.100.1", extension(0x20, b"\x06" + bytes(4))),
        Announced("192.0.2.7"),
        id="v2-not-by-tls",
    ),
    pytest.param(
        v2("192.0.2.7", "198.51.100.1", extension(0x20, b"\x01")),
        Announced("192.0.2.7", tls=True),
        id="v2-by-tls-barely",
    ),
    pytest.param(
        v2("192.0.2.7", "198.51.100.1", extension(0x02, bytes(257)) + extension(0x20, b"\x01")),
        Announced("192.0.2.7", tls=True),
        id="v2-by-tls-behind-a-long-one",
    ),
    pytest.param(b"PROXY UNKNOWN " + b"x" * 91 + b"\r\n", Announced(), id="v1-longest"),
    pytest.param(v2("192.0.2.7", "198.51.100.1", extension(0x20, b"")), Announced("192.0.2.7"), id="v2-empty-tls"),
    pytest.param(v2("192.0.2.7", "198.51.100.1", extension(0x21, b"\x01")), Announced("192.0.2.7"), id="v2-tls-alike"),
    pytest.param(
        v2("192.0.2.7", "198.51.100.1", extension(0x04, bytes(MAX_BLOCK_OCTETS - 15))),
        Announced("192.0.2.7"),
        id="v2-longest",
    ),
]


@pytest.mark.parametrize("size", [1, 5, 10_000])
@pytest.mark.parametrize(("octets", "said"), SAID)
def test_a_header_says_who_the_client_is_and_what_stands_behind_it_is_not_taken(
    octets: bytes, said: Announced, size: int
) -> None:
    assert read(octets + b"GET / HTTP/1.1\r\n", size) == (said, len(octets))


@pytest.mark.parametrize(("octets", "said"), SAID)
def test_a_header_that_is_not_whole_says_nothing(octets: bytes, said: Announced) -> None:
    del said
    for end in range(len(octets)):
        assert read(octets[:end], 10_000) == (None, end)


@pytest.mark.parametrize("size", [1, 10_000])
@pytest.mark.parametrize(
    ("octets", "words"),
    [
        pytest.param(b"GET / HTTP/1.1\r\n", "no PROXY header", id="a-request"),
        pytest.param(b"\x16\x03\x01\x02\x00\x01", "no PROXY header", id="tls"),
        pytest.param(b"\r\n\r\nGET / HTTP/1.1\r\n", "no PROXY header", id="empty-lines"),
        pytest.param(b"PROXYTCP4 ", "no PROXY header", id="no-blank"),
        pytest.param(b"proxy TCP4 192.0.2.7 198.51.100.1 1 2\r\n", "no PROXY header", id="lower-case"),
        pytest.param(b"PROXY " + b"x" * MAX_LINE_OCTETS, "a PROXY header without an end", id="v1-endless"),
        pytest.param(
            b"PROXY UNKNOWN " + b"x" * (MAX_LINE_OCTETS - 15) + b"\r\n",
            "a PROXY header without an end",
            id="v1-one-too-long",
        ),
        pytest.param(b"PROXY TCP4 192.0.2.7 198.51.100.1 1 2\n", "a broken PROXY header", id="v1-bare-lf"),
        pytest.param(b"PROXY TCP4  192.0.2.7 198.51.100.1 1 2\r\n", "a broken PROXY header", id="v1-two-blanks"),
        pytest.param(b"PROXY TCP5 192.0.2.7 198.51.100.1 1 2\r\n", "a broken PROXY header", id="v1-family"),
        pytest.param(b"PROXY TCP4 192.0.2.7 198.51.100.1 1\r\n", "a broken PROXY header", id="v1-one-port"),
        pytest.param(b"PROXY TCP4 192.0.2.7 198.51.100.1 -1 2\r\n", "a broken PROXY header", id="v1-negative"),
        pytest.param(b"PROXY UNKNOWN \0\r\n", "a broken PROXY header", id="v1-nul"),
        pytest.param(b"PROXY UNKNOWNX\r\n", "a broken PROXY header", id="v1-unknownx"),
        pytest.param(
            b"PROXY TCP4 192.0.2.7 198.51.100.1 65536 2\r\n", "a PROXY header with a port above 65535", id="v1-port"
        ),
        pytest.param(
            b"PROXY TCP4 192.0.2.7 198.51.100.1 1 65536\r\n", "a PROXY header with a port above 65535", id="v1-port-to"
        ),
        pytest.param(
            b"PROXY TCP4 192.0.2.256 198.51.100.1 1 2\r\n", "a PROXY header with what is no address", id="v1-address"
        ),
        pytest.param(
            b"PROXY TCP4 192.0.2.7 198.51.100 1 2\r\n", "a PROXY header with what is no address", id="v1-destination"
        ),
        pytest.param(b"PROXY TCP4 ::1 ::1 1 2\r\n", "a PROXY header with what is no address", id="v1-6-as-4"),
        pytest.param(
            b"PROXY TCP6 192.0.2.7 192.0.2.1 1 2\r\n", "a PROXY header with what is no address", id="v1-4-as-6"
        ),
        pytest.param(
            SIGNATURE + b"\x21\x11" + struct.pack("!H", MAX_BLOCK_OCTETS + 1),
            "a PROXY header with more extensions than are taken",
            id="v2-too-long",
        ),
        pytest.param(
            v2("192.0.2.7", "198.51.100.1", command=0x31),
            "a PROXY header of an unknown version or command",
            id="v2-version-3",
        ),
        pytest.param(
            v2("192.0.2.7", "198.51.100.1", command=0x22),
            "a PROXY header of an unknown version or command",
            id="v2-command",
        ),
        pytest.param(
            v2("192.0.2.7", "198.51.100.1", family=0x12), "a PROXY header for another protocol than TCP", id="v2-udp"
        ),
        pytest.param(
            SIGNATURE + b"\x21\x11\x00\x0b" + bytes(11), "a PROXY header too short for its addresses", id="v2-short"
        ),
        pytest.param(
            SIGNATURE + b"\x21\x21\x00\x0c" + bytes(12), "a PROXY header too short for its addresses", id="v2-short-6"
        ),
        pytest.param(
            v2("192.0.2.7", "198.51.100.1", b"\x20\x00\x02\x01"),
            "a PROXY header with a broken extension",
            id="v2-extension",
        ),
        pytest.param(
            v2("192.0.2.7", "198.51.100.1", b"\x20"), "a PROXY header with a broken extension", id="v2-extension-stub"
        ),
    ],
)
def test_what_is_no_header_is_refused(octets: bytes, words: str, size: int) -> None:
    with pytest.raises(MalformedError) as error:
        read(octets, size)
    assert str(error.value) == words


def test_bounds() -> None:
    assert (MAX_LINE_OCTETS, MAX_BLOCK_OCTETS) == (107, 4096)


def test_a_line_is_waited_for_no_longer_than_it_may_be() -> None:
    header = ProxyHeader()
    assert header.feed(b"PROXY " + b"x" * 100) == 106
    with pytest.raises(MalformedError, match=r"^a PROXY header without an end$"):
        header.feed(b"x")


@given(st.binary(max_size=300) | st.binary(max_size=300).map(SIGNATURE.__add__), st.integers(1, 50))
def test_no_octets_are_taken_that_are_not_the_headers_whichever_way_they_come(octets: bytes, size: int) -> None:
    try:
        whole = read(octets, 10_000)
    except MalformedError:
        with pytest.raises(MalformedError):
            read(octets, size)
    else:
        assert read(octets, size) == whole
