"""Ports on loopback: the usual ones where they are free, so that an address can be found again."""

from __future__ import annotations

import contextlib
import socket
from typing import Final

BACKLOG: Final = 128


def listen(port: int, *, also_ipv6: bool = False) -> list[socket.socket]:
    """Return sockets that listen on `port` of loopback, or on another where it is taken.

    With `also_ipv6` on `::1` too, where there is one: that is what `localhost` may mean.
    """
    first = _bound(port) or _bound(0)
    if first is None:
        raise OSError("no port is free on 127.0.0.1")
    sockets = [first]
    if also_ipv6 and (second := _bound(port_of(first), socket.AF_INET6)) is not None:
        sockets.append(second)
    for each in sockets:
        each.listen(BACKLOG)
    return sockets


def free_port(port: int) -> int:
    """Return `port`, or another where it is taken, for a process that binds it itself."""
    bound = _bound(port) or _bound(0)
    if bound is None:
        raise OSError("no port is free on 127.0.0.1")
    with bound:
        return port_of(bound)


def closed(port: int) -> socket.socket:
    """Return a socket that holds a port and does not listen: whoever connects is refused, until it is closed."""
    for each in (port, 0):
        holder = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        with contextlib.suppress(OSError):
            holder.bind(("127.0.0.1", each))  # without SO_REUSEADDR: nobody else gets it
            return holder
        holder.close()
    raise OSError("no port is free on 127.0.0.1")


def port_of(bound: socket.socket) -> int:
    """Return the port of a socket."""
    port: int = bound.getsockname()[1]
    return port


def _bound(port: int, family: socket.AddressFamily = socket.AF_INET) -> socket.socket | None:
    """Return a socket bound to `port` of loopback, or nothing when it is taken or there is no such loopback."""
    try:
        bound = socket.socket(family, socket.SOCK_STREAM)
    except OSError:
        return None
    try:
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # the last demonstration's connections may linger
        if family == socket.AF_INET6:
            bound.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        bound.bind(("127.0.0.1" if family == socket.AF_INET else "::1", port))
    except OSError:
        bound.close()
        return None
    return bound
