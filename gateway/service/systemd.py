"""What systemd hands to a service and wants to hear of it (sd_listen_fds(3), sd_notify(3)); nothing where it is not."""

import os
import socket
import time
from collections.abc import MutableMapping
from contextlib import suppress
from typing import Final

FIRST_DESCRIPTOR: Final = 3
"""Of the sockets that are handed over (SD_LISTEN_FDS_START)."""


def inherited_sockets(environ: MutableMapping[str, str]) -> list[socket.socket]:
    """Return the listening sockets that systemd keeps for us, over restarts too; forget that there were any.

    The variables are taken out of `environ`: what this process starts must not believe that they are its own.
    """
    pid, count = environ.pop("LISTEN_PID", ""), environ.pop("LISTEN_FDS", "")
    environ.pop("LISTEN_FDNAMES", None)
    if pid != str(os.getpid()) or not count.isdigit():
        return []
    sockets: list[socket.socket] = []
    for descriptor in range(FIRST_DESCRIPTOR, FIRST_DESCRIPTOR + int(count)):
        sock = socket.socket(fileno=descriptor)
        sock.setblocking(False)  # noqa: FBT003 - the standard library's signature
        os.set_inheritable(descriptor, False)  # noqa: FBT003 - the standard library's signature
        sockets.append(sock)
    return sockets


class Notifier:
    """Tells systemd how the service is doing."""

    def __init__(self, environ: MutableMapping[str, str]) -> None:
        """Tell nobody where nobody asked."""
        self._address = environ.pop("NOTIFY_SOCKET", "")
        period, pid = environ.pop("WATCHDOG_USEC", ""), environ.pop("WATCHDOG_PID", str(os.getpid()))
        self._period = int(period) / 2_000_000 if period.isdigit() and pid == str(os.getpid()) else 0.0
        """How often the watchdog is told that all is well, in seconds: twice in its time."""
        self._due = float("inf")
        """When it is told next, as of `time.monotonic`; not before it was told that clients are served."""

    def tell(self, *lines: str) -> None:
        """Send assignments, such as `READY=1`. Whoever does not take them is not waited for."""
        if not self._address:
            return
        address = "\0" + self._address[1:] if self._address.startswith("@") else self._address
        with suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sock:
            sock.setblocking(False)  # noqa: FBT003 - the standard library's signature
            sock.sendto("\n".join(lines).encode(), address)

    def ready(self, status: str) -> None:
        """Tell that clients are served."""
        self.tell("READY=1", f"STATUS={status}")
        self._due = min(self._due, time.monotonic())

    def alive(self, now: float) -> None:
        """Tell the watchdog that all is well, where it is time to; `now` as of `time.monotonic`."""
        if self._period and now >= self._due:
            self._due = now + self._period
            self.tell("WATCHDOG=1")

    def reloading(self) -> None:
        """Tell that the configuration is read anew; `ready` ends it."""
        self.tell("RELOADING=1", f"MONOTONIC_USEC={time.monotonic_ns() // 1000}")

    def stopping(self) -> None:
        """Tell that requests under way are the last."""
        self.tell("STOPPING=1", "STATUS=draining")
