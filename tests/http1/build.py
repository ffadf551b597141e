"""Heads and fields for the tests of this package, built without the parsers they test."""

from collections.abc import Callable, Iterable
from typing import ParamSpec, TypeVar

from hypothesis import strategies as st

from gateway.http1.errors import Http1Error
from gateway.http1.fields import Fields

P = ParamSpec("P")
T = TypeVar("T")

DRIPS = st.lists(st.integers(1, 40), max_size=40)
"""How long the pieces are that octets arrive in."""

FRAGMENTS = st.sampled_from(
    [
        *(b"GET", b"POST", b"OPTIONS", b"HEAD", b"CONNECT", b" ", b"/", b"*", b"/a?b", b"http://a", b"#", b"%2f"),
        *(b"HTTP/1.1", b"HTTP/1.0", b"HTTP/2.0", b"http/1.1", b"200", b"204", b"99", b"600", b"OK"),
        *(b"\r\n", b"\r\n", b"\r\n", b"\r\n\r\n", b"\r", b"\n", b"\0", b"\t", b"\x80", b"\x7f", b":", b":", b";", b","),
        *(b"Host: a\r\n", b"Host: [::1]:80\r\n", b"Content-Length: 5\r\n", b"Content-Length:", b"Transfer-Encoding:"),
        *(b" chunked\r\n", b" gzip, chunked\r\n", b"Connection: close, keep-alive\r\n", b"Expect: 100-continue\r\n"),
        *(b"Origin: https://addin.vendor.example\r\n", b"X_Y: z\r\n", b"X-Forwarded-For: 192.0.2.7\r\n"),
        *(
            b"0",
            b"5",
            b"a",
            b"A",
            b"00000000000000000",
            b"0\r\n\r\n",
            b"5\r\nhello\r\n",
            b'5;a="b"\r\n',
            b"hello",
            b'"',
        ),
    ]
)
"""What HTTP/1.1 is made of, and what it is not."""

OCTETS = st.one_of(st.binary(max_size=200), st.lists(FRAGMENTS, max_size=25).map(b"".join))
"""Random octets, and octets that get further into a parser than random ones do."""


def head(*lines: bytes) -> bytes:
    """Return a head of these lines."""
    return b"".join(line + b"\r\n" for line in (*lines, b""))


def is_plain(*lines: bytes) -> bool:
    """Tell whether nothing in a request with these lines calls for a second look: each thing for itself."""
    names = [line.split(b":")[0].lower() for line in lines]
    values = {name: line.partition(b":")[2].strip(b" \t") for name, line in zip(names, lines, strict=True)}
    origin = values.get(b"origin", b"")
    scheme = values.get(b"authorization", b"basic").split(b" ")[0].lower()
    return not (
        len(set(names)) < len(names)
        or {b"cdn-loop", b"expect", b"upgrade", b"x-forwarded-for"} & set(names)
        or any(b"_" in name for name in names)
        or b"," in origin
        or origin.endswith(b"/")
        or scheme not in {b"basic", b"bearer"}
    )


def fields(*lines: bytes) -> Fields:
    """Return these lines as Fields."""
    names = tuple(line.split(b":")[0].lower() for line in lines)
    first = {name: names.index(name) for name in names}
    return Fields(names, lines, first, frozenset(name for name in names if names.count(name) > 1))


def parted(octets: bytes, drips: Iterable[int]) -> list[bytes]:
    """Return `octets` in pieces as long as `drips` says; the last takes what is left."""
    pieces: list[bytes] = []
    for length in drips:
        pieces.append(octets[:length])
        octets = octets[length:]
    return [*pieces, octets]


def outcome(read: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T | type[Http1Error]:
    """Return what `read` returns, or the class of the error it raises."""
    try:
        return read(*args, **kwargs)
    except Http1Error as error:
        return type(error)
