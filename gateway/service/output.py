"""Where the log goes: standard output, which several processes may share, and which may not take what is written."""

import os
import threading
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from typing import IO, Final, Protocol

from gateway.config.windows import WINDOWS

MAX_WAITING_OCTETS: Final = 8 * 1024 * 1024
"""Held for a standard output that does not take them; further lines are dropped and counted."""
BATCH_LINES: Final = 4096
"""Lines written at once at the most."""
GATHER_SECONDS: Final = 0.05
"""How long the first line waits for others: to wake the thread for each line costs more than the line."""

Render = Callable[[str, Mapping[str, object]], str]
"""(event, keys) → one line without its end."""


Turn = Callable[[], AbstractContextManager[bytes]]
"""What is entered to write, and left behind it; it gives what is to be written first."""


def alone() -> AbstractContextManager[bytes]:
    """Return the turn of whoever is the only one to write."""
    return nullcontext(b"")


class Writer(Protocol):
    """Takes lines."""

    def write(self, line: str) -> None:
        """Take a line, which has no end yet, or drop it."""


class LogWriter:
    """Takes lines at any speed and writes them at the stream's; drops when too many wait, and says how many."""

    def __init__(
        self,
        stream: IO[bytes],
        render: Render,
        turn: Turn = alone,
        *,
        max_waiting_octets: int = MAX_WAITING_OCTETS,
        batch_lines: int = BATCH_LINES,
    ) -> None:
        """Start the writing thread; it waits for its `turn` where several processes write."""
        self._max_waiting_octets = max_waiting_octets
        self._batch_lines = batch_lines
        self._turn = turn
        self._stream = stream
        self._render = render
        self._lines: list[str] = []
        """What waits: one thread adds behind, the other takes from before, each in one step of the interpreter."""
        self._awake = threading.Event()
        self._is_awake = False
        """The thread need not be woken: what `_awake` says, without asking it for each line."""
        self._put = self._taken = self._dropped = 0
        """Octets handed to the thread, octets it took, lines dropped; each is written by one thread only."""
        self._told = 0
        self._closing = threading.Event()
        self._background = threading.Thread(target=self._run, name="log", daemon=True)
        self._background.start()

    def write(self, line: str) -> None:
        """Hand a line to the thread, or drop it. Never waits."""
        if self._put - self._taken > self._max_waiting_octets:
            self._dropped += 1
            return
        self._put += len(line)
        self._lines.append(line)
        if not self._is_awake:
            self._is_awake = True
            self._awake.set()

    def close(self, seconds: float = 2.0) -> None:
        """Write what waits, as far as the stream takes it in `seconds`."""
        self._closing.set()
        self._awake.set()
        self._background.join(seconds)

    def _run(self) -> None:
        while not self._closing.is_set() or self._lines:
            if not self._lines:
                self._sleep()
            self._closing.wait(GATHER_SECONDS)  # nobody is woken for what comes meanwhile
            waiting = len(self._lines)  # what comes while these are written is gathered, too
            while waiting > 0:
                lines = self._lines[: min(waiting, self._batch_lines)]
                waiting -= len(lines)
                if not self._written(lines):
                    return

    def _sleep(self) -> None:
        """Wait for a line. Under load that is never done: to be woken costs both threads more than to look again."""
        self._awake.clear()
        self._is_awake = False
        if not self._lines and not self._closing.is_set():  # looked at last: what comes from now on wakes
            self._awake.wait()

    def _written(self, lines: list[str]) -> bool:
        """Write the first of the lines that wait; tell whether there is still anybody who reads them."""
        count, size = len(lines), sum(map(len, lines))
        dropped = self._dropped
        if dropped > self._told:
            keys = {"lines": dropped - self._told, "remedy": "read standard output faster, or log less"}
            lines.append(self._render("log.dropped", keys))
            self._told = dropped
        lines.append("")
        text = "\n".join(lines).encode("utf-8", "backslashreplace")
        try:
            with self._turn() as first:
                octets = memoryview(first + text)
                while octets:  # an unbuffered stream may take a part
                    written = self._stream.write(octets)  # within the brackets, mypyc would have it written twice
                    octets = octets[written:]
                self._stream.flush()
        except (OSError, ValueError):  # the reader is gone: the gateway serves on without a log
            return False
        del self._lines[:count]
        self._taken += size
        return True


def standard_output() -> IO[bytes]:
    """Return the octet stream of standard output.

    Unbuffered, and ours alone: a thread that is blocked in writing to `sys.stdout` holds its lock, and the interpreter
    would wait for that, or die of it, when it exits; what a broken pipe did not take, it would try again.
    """
    if not WINDOWS:  # there it is, and of all there is only a pipe may be asked to be
        os.set_blocking(STANDARD_OUTPUT, True)
    return os.fdopen(os.dup(STANDARD_OUTPUT), "wb", buffering=0)


STANDARD_OUTPUT: Final = 1
"""Its file descriptor."""
