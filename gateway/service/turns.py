"""Several processes that write to one stream, one after the other."""

import fcntl
import os
import select
import sys
import tempfile
import time
from collections.abc import Generator
from contextlib import contextmanager
from typing import IO, Final

DIRECT_SECONDS: Final = 0.2
"""How long a line of whoever has no thread waits for the stream: what it watches over is more urgent."""


class Turns:
    """Turns of several processes at one stream: what is longer than a pipe takes at once would be torn apart."""

    def __init__(self) -> None:
        """Be shared with the processes that are forked from this one."""
        if sys.platform == "linux":
            self._descriptor = os.memfd_create("cors-gateway-log")  # a container may have no folder to write to
        else:
            with tempfile.TemporaryFile() as file:
                self._descriptor = os.dup(file.fileno())

    @contextmanager
    def turn(self) -> Generator[None]:
        """Wait for a turn, and have it. Of a process that is killed in its turn the kernel ends it."""
        fcntl.lockf(self._descriptor, fcntl.LOCK_EX)
        try:
            yield
        finally:
            fcntl.lockf(self._descriptor, fcntl.LOCK_UN)

    def had_at_once(self) -> bool:
        """Have a turn if nobody else has it; tell whether it is had."""
        try:
            fcntl.lockf(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return False
        return True

    def end(self) -> None:
        """End the turn that was had at once."""
        fcntl.lockf(self._descriptor, fcntl.LOCK_UN)


class DirectWriter:
    """Writes lines by itself, without a thread, for whoever forks; it waits for the stream a little, then drops."""

    def __init__(self, stream: IO[bytes], turns: Turns) -> None:
        """Write to a stream that is unbuffered."""
        self._stream = stream
        self._turns = turns

    def write(self, line: str) -> None:
        """Write a line, or drop it."""
        until = time.monotonic() + DIRECT_SECONDS
        while not self._turns.had_at_once():
            if time.monotonic() >= until:
                return
            time.sleep(0.001)
        try:
            octets = memoryview((line + "\n").encode("utf-8", "backslashreplace"))
            while octets and self._takes(until):
                octets = octets[self._stream.write(octets[: select.PIPE_BUF]) :]
        except (OSError, ValueError):  # the reader is gone: the gateway serves on without a log
            pass
        finally:
            self._turns.end()

    def _takes(self, until: float) -> bool:
        """Tell whether the stream takes some octets before a time."""
        poll = select.poll()
        poll.register(self._stream, select.POLLOUT)
        return bool(poll.poll(max(0.0, until - time.monotonic()) * 1000))
