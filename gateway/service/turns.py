"""Several processes that write to one stream, one after the other."""

import fcntl
import mmap
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
        self._torn = mmap.mmap(-1, 1)
        """1 while a line may have no end: one is being written, or whoever wrote it was killed, or gave it up."""

    @contextmanager
    def turn(self) -> Generator[bytes]:
        """Wait for a turn, and have it. Of a process that is killed in its turn the kernel ends it.

        What it gives is to be written first: it ends the line that a former writer left without an end.
        """
        fcntl.lockf(self._descriptor, fcntl.LOCK_EX)
        try:
            first, self._torn[0] = self.first, 1
            yield first
            self._torn[0] = 0
        finally:
            fcntl.lockf(self._descriptor, fcntl.LOCK_UN)

    @property
    def first(self) -> bytes:
        """Return what is to be written first, in a turn."""
        return b"\n" * self._torn[0]

    def had_at_once(self) -> bool:
        """Have a turn if nobody else has it; tell whether it is had."""
        try:
            fcntl.lockf(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return False
        return True

    def end(self, *, torn: bool) -> None:
        """End the turn that was had at once; `torn`: the last line has no end."""
        self._torn[0] = torn
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
        first = self._turns.first
        octets = memoryview(first + (line + "\n").encode("utf-8", "backslashreplace"))
        whole = len(octets)
        try:
            while octets and self._takes(until):
                octets = octets[self._stream.write(octets[: select.PIPE_BUF]) :]
        except (OSError, ValueError):  # the reader is gone: the gateway serves on without a log
            pass
        finally:
            self._turns.end(torn=bool(octets and (first or len(octets) < whole)))

    def _takes(self, until: float) -> bool:
        """Tell whether the stream takes some octets before a time."""
        poll = select.poll()
        poll.register(self._stream, select.POLLOUT)
        return bool(poll.poll(max(0.0, until - time.monotonic()) * 1000))
