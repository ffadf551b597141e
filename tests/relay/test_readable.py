"""What the kernel says of a connection, asked by `poll`, in C and in Python, and without it."""

import os
import select
import socket
import struct
from collections.abc import Generator
from typing import NoReturn

import pytest

from gateway import extensions
from gateway.relay import readable
from tests.http1.scanners import BUILD
from tests.system import needs

Pair = tuple[socket.socket, socket.socket]


@pytest.fixture(params=[pytest.param("compiled", marks=needs(*BUILD)), "poll", "select"], autouse=True)
def can_poll(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> bool:
    """Ask in the ways that there are on most systems, and as on Windows."""
    can: bool = request.param != "select"
    compiled = None
    if request.param == "compiled":
        monkeypatch.setattr(extensions, "WANTED", True)
        module = extensions.system()
        assert module is not None
        compiled = module.has_come
    monkeypatch.setattr(readable, "HAS_COME", compiled)
    monkeypatch.setattr(readable, "CAN_POLL", can)
    if not can:
        monkeypatch.delattr("select.poll")
        monkeypatch.setattr(os, "read", _no_file)
    return can


def _no_file(*_: object) -> NoReturn:
    raise AssertionError("a socket is no file on Windows")


@pytest.fixture
def pair() -> Generator[Pair]:
    """Return ours, which does not block, and the peer's."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        with socket.create_connection(listening.getsockname()) as theirs, listening.accept()[0] as ours:
            ours.settimeout(0)
            yield ours, theirs


def arrived(ours: socket.socket) -> None:
    """Wait until octets, or the end, have come, and leave them."""
    assert select.select([ours], [], [], 10)[0]


def test_octets_are_seen_as_long_as_they_are_unread(pair: Pair) -> None:
    ours, theirs = pair
    has_come = readable.watch(ours.fileno())
    assert not has_come()
    theirs.sendall(b"octets")
    arrived(ours)
    assert has_come()
    assert not readable.has_left(ours.fileno())
    assert readable.read(ours.fileno(), 100) == b"octets"
    assert not has_come()
    with pytest.raises(BlockingIOError):
        readable.read(ours.fileno(), 100)
    assert ours.fileno() >= 0  # and is open still
    ours.send(b"answer")
    assert theirs.recv(100) == b"answer"


def test_the_end_is_seen(pair: Pair) -> None:
    ours, theirs = pair
    has_come = readable.watch(ours.fileno())
    assert not readable.has_left(ours.fileno())
    theirs.shutdown(socket.SHUT_WR)
    arrived(ours)
    assert has_come()
    assert readable.has_left(ours.fileno())
    assert readable.read(ours.fileno(), 100) == b""


def test_a_reset_is_seen(pair: Pair) -> None:
    ours, theirs = pair
    theirs.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    has_come = readable.watch(ours.fileno())
    theirs.close()
    arrived(ours)
    assert has_come()
    assert readable.has_left(ours.fileno())


def test_an_end_behind_octets_is_seen_where_there_is_poll(pair: Pair, can_poll: bool) -> None:
    if can_poll and not readable.PEER_HAS_LEFT:
        pytest.skip("only Linux tells")
    ours, theirs = pair
    theirs.sendall(b"octets")
    theirs.shutdown(socket.SHUT_WR)
    arrived(ours)
    assert readable.has_left(ours.fileno()) is can_poll
    assert readable.read(ours.fileno(), 100) == b"octets"
    arrived(ours)
    assert readable.has_left(ours.fileno())
