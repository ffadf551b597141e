"""Signals that a loop hears of, on Windows too."""

import asyncio
import contextlib
import signal
from collections.abc import Callable
from typing import Final

STOPS: Final[tuple[int, ...]] = tuple(
    getattr(signal, name) for name in ("SIGTERM", "SIGINT", "SIGBREAK") if hasattr(signal, name)
)
"""What stops the gateway. SIGBREAK is Ctrl-Break on Windows, where only that and Ctrl-C come from another process."""


def heed(number: int, call: Callable[[], object]) -> None:
    """Have the running loop call when a signal comes."""
    loop = asyncio.get_running_loop()

    def come(*_: object) -> None:
        with contextlib.suppress(RuntimeError):  # the loop has ended
            loop.call_soon_threadsafe(call)

    try:
        loop.add_signal_handler(number, call)
    except NotImplementedError:  # Windows, whose selector is woken by no signal: it comes with the relay's next sweep
        signal.signal(number, come)
