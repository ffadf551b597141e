"""Programs started for a test and ended with it, and ports that are a run's own.

Whatever is started here is a leader of its own process group, and the group is what is ended: a server's workers and a
browser's helpers go with it.
"""

import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

LOOPBACK: Final = "127.0.0.1"

STARTED_WITHIN_SECONDS: Final = 30
"""How long a program may take until it listens: noisy machines with few cores included."""

ENDED_WITHIN_SECONDS: Final = 10
"""How long a program may take to end by itself, until it is killed."""


class Ports:
    """Ports that nobody else on this machine is given while this object is open.

    Each is bound and not listened on: the kernel hands it to nobody, and a server with `SO_REUSEADDR` may listen on it.
    One that nobody listens on refuses connections, as a stopped CRM does.
    """

    def __init__(self) -> None:
        self._held: list[socket.socket] = []

    def take(self) -> int:
        """Return one more."""
        held = socket.socket()
        held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        held.bind((LOOPBACK, 0))
        self._held.append(held)
        port: int = held.getsockname()[1]
        return port

    def close(self) -> None:
        """Give them back."""
        for held in self._held:
            held.close()


def until(is_so: Callable[[], bool], what: str, within_seconds: float = STARTED_WITHIN_SECONDS) -> None:
    """Wait until `is_so`.

    Raises:
        TimeoutError: it took too long.
    """
    deadline = time.monotonic() + within_seconds
    while not is_so():
        if time.monotonic() > deadline:
            raise TimeoutError(what)
        time.sleep(0.02)


def accepts(port: int) -> bool:
    """Return whether something listens on this port."""
    try:
        socket.create_connection((LOOPBACK, port), timeout=1).close()
    except OSError:
        return False
    return True


@contextmanager
def running(
    command: Sequence[str | Path],
    log: Path,
    is_ready: Callable[[], bool],
    environment: Mapping[str, str] | None = None,
) -> Generator[subprocess.Popen[bytes]]:
    """Start a program, wait until it is ready, and end it and its children at the end; what it prints goes to `log`."""
    with log.open("ab") as output:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            env=None if environment is None else os.environ | environment,
        )
    try:

        def has_ended_or_is_ready() -> bool:
            return process.poll() is not None or is_ready()

        try:
            until(has_ended_or_is_ready, f"{command[0]} does not listen")
        except TimeoutError as error:
            raise TimeoutError(f"{error}:\n{_tail(log)}") from None
        if process.poll() is not None:
            raise ChildProcessError(f"{command[0]} ended with {process.returncode}:\n{_tail(log)}")
        yield process
    finally:
        end(process)


def end(process: subprocess.Popen[bytes]) -> None:
    """End a program that `running` or a test started as a leader of its group, and whoever is left of the group."""
    process.terminate()
    try:
        process.wait(ENDED_WITHIN_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)


def _tail(log: Path) -> str:
    return log.read_text("utf-8", errors="replace")[-2000:]
