"""Which event loop serves."""

import asyncio
from collections.abc import Callable


def loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    """Return uvloop's loop where it is installed; None means asyncio's own."""
    try:
        import uvloop  # noqa: PLC0415 - optional: there is none for Windows
    except ImportError:
        return None
    return uvloop.new_event_loop


def loop_name() -> str:
    """Return the module of the loop that serves."""
    return "asyncio" if loop_factory() is None else "uvloop"
