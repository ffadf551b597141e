"""Where the log goes: standard output, which several processes may share, and which may not take what is written."""

import fcntl
import os
import select
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, nullcontext
from queue import SimpleQueue
from typing import IO, Final, Protocol

MAX_WAITING_OCTETS: Final = 8 * 1024 * 1024
"""Held for a standard output that does not take them; further lines are dropped and counted."""
BATCH_LINES: Final = 512
"""Lines written at once at the most."""

DIRECT_SECONDS: Final = 0.2
"""How long a line of whoever has no thread waits for the stream: what it watches over is more urgent."""

Render = Callable[[str, Mapping[str, object]], str]
"""(event, keys) → one line without its end."""


class Writer(Protocol):
    """Takes lines."""

    def write(self, line: str) -> None:
        """Take a line, which has no end yet, or drop it."""


class Turns:
    """Turns of several processes at one stream: what is longer than a pipe takes at once would be torn apart."""

    def __init__(self) -> None:
        """Be shared with the processes that are forked from this one."""
        self._descriptor = os.memfd_create("cors-gateway-log")

    @contextmanager
    def turn(self) -> Iterator[None]:
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


class LogWriter:
    """Takes lines at any speed and writes them at the stream's; drops when too many wait, and says how many."""

    def __init__(self, stream: IO[bytes], render: Render, turns: Turns | None = None) -> None:
        """Start the writing thread; it waits for its turn where several processes write."""
        self._turn = turns.turn if turns is not None else nullcontext
        self._stream = stream
        self._render = render
        self._lines: SimpleQueue[str | None] = SimpleQueue()
        self._put = self._taken = self._dropped = 0
        """Octets handed to the thread, octets it took, lines dropped; each is written by one thread only."""
        self._told = 0
        self._thread = threading.Thread(target=self._run, name="log", daemon=True)
        self._thread.start()

    def write(self, line: str) -> None:
        """Hand a line to the thread, or drop it. Never waits."""
        if self._put - self._taken > MAX_WAITING_OCTETS:
            self._dropped += 1
        else:
            self._put += len(line)
            self._lines.put(line)

    def close(self, seconds: float = 2.0) -> None:
        """Write what waits, as far as the stream takes it in `seconds`."""
        self._lines.put(None)
        self._thread.join(seconds)

    def _run(self) -> None:
        more = True
        while more:
            batch = [self._lines.get()]
            while len(batch) < BATCH_LINES and not self._lines.empty():
                batch.append(self._lines.get())
            more = None not in batch
            lines = [line for line in batch if line is not None]
            size = sum(map(len, lines))
            dropped = self._dropped
            if dropped > self._told:
                keys = {"lines": dropped - self._told, "remedy": "read standard output faster, or log less"}
                lines.append(self._render("log.dropped", keys))
                self._told = dropped
            octets = memoryview("".join(line + "\n" for line in lines).encode("utf-8", "backslashreplace"))
            try:
                with self._turn():
                    while octets:  # an unbuffered stream may take a part
                        octets = octets[self._stream.write(octets) :]
                    self._stream.flush()
            except (OSError, ValueError):  # the reader is gone: the gateway serves on without a log
                return
            self._taken += size


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


def standard_output() -> IO[bytes]:
    """Return the octet stream of standard output.

    Unbuffered, and ours alone: a thread that is blocked in writing to `sys.stdout` holds its lock, and the interpreter
    would wait for that, or die of it, when it exits; what a broken pipe did not take, it would try again.
    """
    os.set_blocking(STANDARD_OUTPUT, True)
    return os.fdopen(os.dup(STANDARD_OUTPUT), "wb", buffering=0)


STANDARD_OUTPUT: Final = 1
"""Its file descriptor."""
