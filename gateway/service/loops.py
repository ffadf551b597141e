"""Which event loop serves."""

import asyncio
from collections.abc import Callable


def loop_factory() -> Callable[[], asyncio.AbstractEventLoop]:
    """Return uvloop's loop where it is installed, else asyncio's that watches sockets.

    On Windows asyncio has another by default, which reads by itself and cannot say that a socket could be read.
    """
    try:
        import uvloop  # noqa: PLC0415 - optional: there is none for Windows
    except ImportError:
        return asyncio.SelectorEventLoop
    return uvloop.new_event_loop


def loop_name() -> str:
    """Return the module of the loop that serves."""
    return "asyncio" if loop_factory() is asyncio.SelectorEventLoop else "uvloop"
