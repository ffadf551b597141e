"""How memory is had from the system and given back; and how often Python looks for what is to be freed.

uvloop has a block of 256 KiB for each TLS connection, of which it writes to the beginning. Among all else such a block
lies where others have been, whose pages stay in memory with it: 5 of the 7 that each had. So it is mapped by itself,
and goes back to the system with its connection.

What else was freed glibc gives back at the end of its heap, and keeps in between. So of what is free, clients who come
and go have ever more pages written to, until the process has in memory all that it ever reserved, though nothing in it
grows.
"""

import asyncio
import gc
from collections.abc import Callable
from typing import Final, cast

from gateway.extensions import system

MAPPED_OCTETS: Final = 256 * 1024
"""Blocks of so many octets, and larger ones, are mapped each by itself.

That is as large as uvloop's of a TLS connection (`SSL_READ_MAX_SIZE`), and larger than what it reads at once without
TLS (256,000). With less each large read would map a block, and 10 MB cost three times the CPU.
"""

FREE_AT_THE_END_OCTETS: Final = 8 * MAPPED_OCTETS
"""So much that is free at the end of the heap is kept, until it is given back: 2 MiB. With the 128 KiB that glibc has
at first, each large read would have the heap grow and shrink; with 512 KiB 10 MB did so once."""

_M_TRIM_THRESHOLD: Final = -1
_M_MMAP_THRESHOLD: Final = -3
"""Of malloc.h."""

GIVE_BACK_SECONDS: Final = 60.0
"""How often.

Nobody is served for the 2 ms that it takes, or the 15 where 2,000 of 4,000 TLS connections have just ended.
"""


def of_glibc(name: str) -> Callable[..., int] | None:
    """Return a function that no other C library has: `malloc_trim` or `mallopt`, which set and empty its heap."""
    compiled = system()
    if compiled is not None:
        return getattr(compiled, name, None)
    try:
        import ctypes  # noqa: PLC0415 - 0.3 MB, and a Python may be built without it

        return cast("Callable[..., int]", getattr(ctypes.CDLL(None), name))
    except (ImportError, OSError, AttributeError, TypeError):  # Windows cannot load what has no name
        return None


_TRIM: Final = of_glibc("malloc_trim")
_SET: Final = of_glibc("mallopt")


OBJECTS_BETWEEN_LOOKS: Final = 20_000
"""How many more objects there must be before Python looks for cycles among the youngest; 700 if nothing is said.

What a request makes goes by itself, and is none. To look for cycles among it took 6 % of a request that connects to an
upstream.
"""


def look_less_often() -> None:
    """Have Python look for cycles less often."""
    gc.set_threshold(OBJECTS_BETWEEN_LOOKS)


def map_large_blocks() -> None:
    """Have blocks mapped from `MAPPED_OCTETS` on, however large those are that come and go.

    glibc would keep the next one as large in its heap once one has gone.
    """
    if _SET is not None:
        _SET(_M_MMAP_THRESHOLD, MAPPED_OCTETS)
        _SET(_M_TRIM_THRESHOLD, FREE_AT_THE_END_OCTETS)


def give_back() -> None:
    """Give back every page that nothing is on."""
    if _TRIM is not None:
        _TRIM(0)


async def give_back_again_and_again() -> None:
    """Do so each minute."""
    while True:
        await asyncio.sleep(GIVE_BACK_SECONDS)
        give_back()
