"""What the kernel knows of a connection before the loop tells, and where Windows has to be asked otherwise."""

import os
import select
import socket
from collections.abc import Callable, Sequence
from functools import partial
from typing import Final, TypeAlias

from gateway.extensions import system

Look: TypeAlias = Callable[[], Sequence[object] | bool]
"""Returns something or nothing, at once."""

PEER_HAS_LEFT: Final[int] = getattr(select, "POLLRDHUP", 0)
"""A FIN has come, octets before it read or not (Linux); of a reset `poll` tells unasked."""
CAN_POLL: Final = hasattr(select, "poll")
"""There is no `poll` on Windows, nor can a file descriptor stand for a socket."""

HAS_COME: Final[Callable[[int], bool] | None] = getattr(system(), "has_come", None)
"""What `watch` takes where it was compiled: a `poll` that makes nothing of its answer but yes or no."""


def watch(descriptor: int) -> Look:
    """Return what returns something where octets of the peer, or its end, have come and are unread.

    It is made once and asked often.
    """
    if not CAN_POLL:
        return lambda: select.select([descriptor], [], [], 0)[0]
    if HAS_COME is not None:
        return partial(HAS_COME, descriptor)
    poll = select.poll()
    poll.register(descriptor, select.POLLIN)
    return partial(poll.poll, 0)  # for each request: a function of ours around it takes 70 % more


def has_left(descriptor: int) -> bool:
    """Tell whether the peer has left, octets before it read or not; without `poll`, only if there are none."""
    if CAN_POLL:
        poll = select.poll()
        poll.register(descriptor, PEER_HAS_LEFT)
        return bool(poll.poll(0))
    try:
        return bool(watch(descriptor)()) and not _received(descriptor, 1, socket.MSG_PEEK)
    except OSError:  # a reset
        return True


def read(descriptor: int, most: int) -> bytes:
    """Return octets that have come; none at the peer's end.

    Raises:
        OSError: there is nothing to read, or the connection is gone.
    """
    return os.read(descriptor, most) if CAN_POLL else _received(descriptor, most)


def _received(descriptor: int, most: int, flags: int = 0) -> bytes:
    sock = socket.socket(fileno=descriptor)
    try:
        return sock.recv(most, flags)
    finally:
        sock.detach()  # it is the transport's
