"""Memory that was freed, given back to the system; and how often Python looks for what is to be freed.

glibc gives back what is free at the end of its heap, and keeps what is free in between. With TLS clients that is most
of it: uvloop takes 256 KiB for each and writes to a page or two of them. So of what is free, those who come and go have
ever more pages written to, until the process has in memory all that it ever reserved, though nothing in it grows.

Not by having each such block mapped by itself (M_MMAP_THRESHOLD): uvloop reads into one as large each time, and a
mapping for every read cost 1.4 times the CPU of a request and three times that of a large body.
"""

import asyncio
import gc
from collections.abc import Callable
from typing import Final, cast

GIVE_BACK_SECONDS: Final = 60.0
"""How often.

Nobody is served for the 2 ms that it takes, or the 15 where 2,000 of 4,000 TLS connections have just ended.
"""


def malloc_trim() -> Callable[[int], int] | None:
    """Return the C library's function for it, which no other than glibc has (malloc_trim(3))."""
    try:
        import ctypes  # noqa: PLC0415 - a Python may be built without it

        return cast("Callable[[int], int]", ctypes.CDLL(None).malloc_trim)
    except (ImportError, OSError, AttributeError, TypeError):  # Windows cannot load what has no name
        return None


_TRIM: Final = malloc_trim()


OBJECTS_BETWEEN_LOOKS: Final = 20_000
"""How many more objects there must be before Python looks for cycles among the youngest; 700 if nothing is said.

What a request makes goes by itself, and is none. To look for cycles among it took 6 % of a request that connects to an
upstream.
"""


def look_less_often() -> None:
    """Have Python look for cycles less often."""
    gc.set_threshold(OBJECTS_BETWEEN_LOOKS)


def give_back() -> None:
    """Give back every page that nothing is on."""
    if _TRIM is not None:
        _TRIM(0)


async def give_back_again_and_again() -> None:
    """Do so each minute."""
    while True:
        await asyncio.sleep(GIVE_BACK_SECONDS)
        give_back()
