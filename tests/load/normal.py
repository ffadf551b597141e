"""The normal client: an add-in's page at work, which notices whether others are slow."""

import time
from collections.abc import Iterator
from contextlib import closing
from typing import Final

from tests.load.clients import ADDIN, PREFLIGHT, Client
from tests.load.place import Place

WAYS: Final = 4
"""Kinds of requests in a round."""


def rounds(place: Place) -> Iterator[float]:
    """Ask for ever, each answer judged; yield how many seconds the slowest one of each round took.

    A round is a preflight, a GET and a POST on a connection that is kept, and a GET on a new one.
    """
    with closing(place.client()) as kept:
        number = 0
        while True:
            number += 1
            yield max(
                timed(kept, PREFLIGHT, 204, b""),
                timed(kept, request(b"GET", b"/get/%d" % number), 200, b"/get/%d" % number),
                timed(kept, request(b"POST", b"/post/%d" % number, b"x" * 4096), 200, b"/post/%d" % number),
                on_a_new_one(place, number),
            )


def request(method: bytes, target: bytes, body: bytes = b"") -> bytes:
    """Return a request of the add-in's page; the upstream answers it with its target."""
    length = b"Content-Length: %d\r\n" % len(body) if body else b""
    head = b"%b %b HTTP/1.1\r\nHost: crm.customer.example\r\nOrigin: %b\r\n%b\r\n"
    return head % (method, target, ADDIN, length) + body


def on_a_new_one(place: Place, number: int) -> float:
    """Connect, ask, and return how long both took."""
    began = time.monotonic()
    with closing(place.client()) as client:
        timed(client, request(b"GET", b"/new/%d" % number), 200, b"/new/%d" % number)
    return time.monotonic() - began


def timed(client: Client, octets: bytes, status: int, body: bytes) -> float:
    """Ask, hold the answer to be the right one, and return how long it took."""
    began = time.monotonic()
    answer = client.ask(octets)
    seconds = time.monotonic() - began
    assert (answer.status, answer.body) == (status, body)
    assert b"\r\nAccess-Control-Allow-Origin: " + ADDIN + b"\r\n" in answer.head
    return seconds
