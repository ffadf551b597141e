"""Ever new origins, paths, hosts, addresses and names: nothing may be kept of any."""

import time
from collections.abc import Iterable, Sequence
from contextlib import closing
from typing import Final

from tests.load.clients import ADDIN, NAME, Client
from tests.load.memory import MIB
from tests.load.place import Place

BOUND_OCTETS: Final = 8 * MIB
WARM_UP: Final = 4500
"""Numbers before the measurement: caches that have a size are full then, and memory that is used again is there."""
AT_ONCE: Final = 45
"""Requests sent before their answers are read."""
MALFORMED_EVERY: Final = 10
"""One number in so many has a malformed request besides: each costs a connection."""

_LABEL: Final = b"-long" * 10
_PATH: Final = b"/and-so-on" * 80
"""They make each value long: what is kept of one is seen sooner."""


def requests(number: int) -> Sequence[tuple[int, bytes]]:
    """Return requests that have nothing in common with those of another number, each with the status it gets.

    Each number has a path, an address, two origins and two hosts of its own; what else is new depends on the number.
    """
    mark = b"%d" % number + _LABEL
    asks = b"Access-Control-Request-Method: "
    stranger = b"https://%b.%b.stranger.example" % (mark, mark)
    known = number % 65_535 + 1
    first: tuple[int, bytes] = (403, _request(b"GET", number, origin=stranger, port=known))
    if number % 2:
        first = (403, _request(b"OPTIONS", number, asks + b"GET\r\n", origin=stranger, port=known))
    mine = b"https://%b.addins.vendor.example" % mark
    further = (
        (204, _request(b"OPTIONS", number, asks + b"GET\r\n", origin=mine)),
        (200, _request(b"GET", number, origin=mine)),
        (204, _request(b"OPTIONS", number, asks + b"GET\r\nAccess-Control-Request-Headers: x-" + mark + b"\r\n")),
        (204, _request(b"OPTIONS", number, asks + b"M" + mark + b"\r\n")),
        (200, _request(b"GET", number, b"X-" + mark + b": " + mark + b"\r\n")),
        (200, _request(b"GET", number, b"X-Forwarded-Host: " + mark + b"\r\nForwarded: for=" + mark + b"\r\n")),
        (200, _request(b"GET", number, b"X-Request-Id: %b\r\nCDN-Loop: %b\r\n" % (mark, mark))),
    )
    return (
        first,
        (421, _request(b"GET", number, origin=stranger, host=b"%b.%b.example" % (mark, mark))),
        further[number % len(further)],
    )


def malformed(number: int) -> bytes:
    """Return what is no request, or one that is refused and closes the connection."""
    mark = b"%d" % number + _LABEL
    whole = _request(b"GET", number, origin=b"https://%b.stranger.example" % mark)
    bad = (
        whole.replace(b"\r\nHost", b"\nHost"),
        whole.replace(b" HTTP/1.1", b" HTTP/%d.1" % (2 + number % 7)),
        whole.replace(b"\r\n\r\n", b"\r\nContent-Length: %dx\r\n\r\n" % number),
        whole.replace(b"\r\n\r\n", b"\r\nTransfer-Encoding: " + mark + b"\r\n\r\n"),
        whole.replace(b" /", b" http://" + mark + b".example/"),
        whole.replace(b"\r\n\r\n", b"\r\nExpect: " + mark + b"\r\n\r\n"),
        whole.replace(b"GET", b"CONNECT"),
        whole[:-4] + b"\r\n : " + mark + b"\r\n\r\n",
    )
    return bad[number % len(bad)]


def _request(  # noqa: PLR0917 - as in a head
    method: bytes, number: int, fields: bytes = b"", origin: bytes = ADDIN, host: bytes = NAME.encode(), port: int = 80
) -> bytes:
    address = b"10.%d.%d.%d" % (number >> 16 & 255, number >> 8 & 255, number & 255)
    return b"%b /%d%b?q=%d HTTP/1.1\r\nHost: %b:%d\r\nOrigin: %b\r\nX-Forwarded-For: %b\r\n%b\r\n" % (
        *(method, number, _PATH, number, host, port, origin, address),
        fields,
    )


def ask_all(place: Place, numbers: Iterable[int], pause_seconds: float = 0.0) -> int:
    """Ask for all of some numbers; return how many requests that were. Each answer's status is held to be right.

    A pause behind `AT_ONCE` requests keeps few the lines that wait for the log's thread.
    """
    asked = 0
    waiting: list[tuple[int, bytes]] = []
    with closing(place.client()) as client:
        for number in numbers:
            waiting += requests(number)
            if len(waiting) >= AT_ONCE:
                asked += _ask(client, waiting)
                waiting.clear()
                time.sleep(pause_seconds)
            if number % MALFORMED_EVERY == 0:
                with closing(place.client()) as other:
                    other.send(malformed(number // MALFORMED_EVERY))
                    assert int(other.rest()[9:12]) in {400, 405, 417, 501, 505}
                asked += 1
        asked += _ask(client, waiting)
    return asked


def _ask(client: Client, batch: Sequence[tuple[int, bytes]]) -> int:
    client.send(b"".join(octets for _, octets in batch))
    statuses = [client.answer().status for _ in batch]
    assert statuses == [status for status, _ in batch]
    return len(batch)


def growth(place: Place, numbers: int, pause_seconds: float = 0.0) -> tuple[int, int]:
    """Return by how many octets the process grows with so many numbers, and with how many requests that was."""
    ask_all(place, range(WARM_UP), pause_seconds)
    watched = place.growth()
    asked = ask_all(place, range(WARM_UP, WARM_UP + numbers), pause_seconds)
    return watched.octets(), asked
