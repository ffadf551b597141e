"""How much is under way on each site, in this process and in those beside it: a limit is the whole gateway's."""

import mmap
from typing import Final

COUNT_OCTETS: Final = 4
"""A count is one word, which is written at once: whoever reads it meanwhile reads the former or the new one."""


class Tally:
    """A count that this process changes, beside those of the others: for one place there is one in a process."""

    __slots__ = ("_counts", "_nth", "mine")

    def __init__(self, counts: memoryview, nth: int) -> None:
        """Change the `nth` of these counts."""
        self._counts = counts if len(counts) > 1 else None
        """None where nobody else counts."""
        self._nth = nth
        self.mine: int = counts[nth]
        """How many are this process's."""

    @property
    def whole(self) -> int:
        """How many there are in all processes."""
        return self.mine if self._counts is None else sum(self._counts)

    def more(self) -> int:
        """Count one more; return how many there are then in all processes."""
        self.mine += 1
        if self._counts is None:
            return self.mine
        self._counts[self._nth] = self.mine
        return sum(self._counts)

    def less(self) -> None:
        """Count one less."""
        self.mine -= 1
        if self._counts is not None:
            self._counts[self._nth] = self.mine


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
