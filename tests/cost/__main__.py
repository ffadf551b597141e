"""`python -m tests.cost`: exchanges of each kind, with a mark before and behind each that callgrind sees.

Started by `tests.cost.count`; it prints which scanners are in use, and what came of the exchanges.
"""

import asyncio
import os
import sys

from gateway.relay.scanners import SCANNERS
from tests.cost.exchanges import EXCHANGES, WARM_UP, WORKLOADS, Bench


async def main() -> None:
    """Do them all in one process: it takes valgrind longer to start Python than to do a thousand."""
    bench = Bench()
    for once in WORKLOADS.values():
        for _ in range(WARM_UP):
            once(bench)
    for name, once in WORKLOADS.items():
        mark()
        for _ in range(EXCHANGES[name]):
            once(bench)
    mark()
    sys.stdout.write(f"{SCANNERS} {' '.join(sorted(bench.outcomes))}\n")


def mark() -> None:
    """Call a function of the C library that nothing else here calls."""
    os.getpgid(0)


if __name__ == "__main__":
    asyncio.run(main())
