"""How much is under way on each site, in this process and in those beside it: a limit is the whole gateway's."""

import mmap
from typing import Final

COUNT_OCTETS: Final = 4
"""A count is one word, which is written at once: whoever reads it meanwhile reads the former or the new one."""


class Tally:
    """A count that this process changes, beside those of the others."""

    __slots__ = ("_counts", "_nth")

    def __init__(self, counts: memoryview, nth: int) -> None:
        """Change the `nth` of these counts."""
        self._counts = counts
        self._nth = nth

    @property
    def mine(self) -> int:
        """How many are this process's."""
        return self._counts[self._nth]

    @property
    def whole(self) -> int:
        """How many there are in all processes."""
        return sum(self._counts)

    def more(self) -> int:
        """Count one more; return how many there are then in all processes."""
        counts = self._counts
        mine = counts[self._nth] + 1
        counts[self._nth] = mine
        return mine if len(counts) == 1 else sum(counts)

    def less(self) -> None:
        """Count one less."""
        self._counts[self._nth] -= 1


class Tallies:
    """Two counts for each site: requests in flight, and streams. Memory that processes share which are forked later."""

    def __init__(self, sites: int, processes: int = 1) -> None:
        """Begin with nothing under way."""
        self._processes = processes
        self._counts = memoryview(mmap.mmap(-1, COUNT_OCTETS * max(1, 2 * sites * processes))).cast("I")

    def of(self, site: int, process: int) -> tuple[Tally, Tally]:
        """Return the counts of the `site`-th site, for the `process`-th process to change."""
        each, first = self._processes, 2 * site * self._processes
        return (
            Tally(self._counts[first : first + each], process),
            Tally(self._counts[first + each : first + 2 * each], process),
        )

    def forget(self, process: int) -> None:
        """Count nothing of a process that has ended any more."""
        for nth in range(process, len(self._counts), self._processes):
            self._counts[nth] = 0
