"""Tells how fast the cores are just now, and takes what was measured while they were not disturbed.

Where a virtual machine's core is half of a real one, a neighbour on the other half makes everything take up to 1.7
times the CPU time, for seconds at a time, and nothing that the guest counts tells of it. A fixed piece of work does.
"""

import math
import os
import time
from collections.abc import Callable, Collection, Iterable
from operator import itemgetter
from typing import Final, TypeVar

WORK: Final = range(100_000)
"""What is added up: 4 ms or so."""
TRIES: Final = 2
"""Times that it is; the faster counts, since an interrupt slows one of them and a neighbour both."""
AS_FAST: Final = 1.15
"""Times the least that the work took in a run: up to here a core counts as undisturbed. By itself the work varies by a
tenth; on a disturbed core it takes half as much again."""
PAUSE_SECONDS: Final = 0.25
"""Between two looks while the best is learnt."""
AT_MOST: Final = 8
"""Measurements that are made for those that are wanted: a machine that is never quiet is measured as it is."""

T = TypeVar("T")

Worked = Callable[[int], float]
"""Core → CPU seconds that the fixed work takes there."""


def worked(core: int) -> float:
    """Return how many seconds of CPU time the fixed work takes on a core."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {core})
    try:
        return min(_once() for _ in range(TRIES))
    finally:
        os.sched_setaffinity(0, before)


def _once() -> float:
    began = time.thread_time()
    total = 0
    for number in WORK:
        total += number * number
    return time.thread_time() - began


class Pace:
    """How fast each core is, held against the fastest that it was."""

    def __init__(self, cores: Iterable[int], work: Worked = worked) -> None:
        self.disturbed = 0
        """Measurements that were taken though a core was disturbed."""
        self._work = work
        self._least = dict.fromkeys(cores, math.inf)

    def slowness(self, cores: Iterable[int]) -> float:
        """Return how many times as long as at its best the slowest of some cores takes."""
        slowest = 1.0
        for core in cores:
            seconds = self._work(core)
            self._least[core] = min(self._least[core], seconds)
            slowest = max(slowest, seconds / self._least[core])
        return slowest

    def learn(self, seconds: float) -> None:
        """Look how fast the cores are at their best."""
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            self.slowness(self._least)
            time.sleep(PAUSE_SECONDS)

    def undisturbed(self, measure: Callable[[], T], wanted: int, cores: Collection[int]) -> list[T]:
        """Return what `measure` gives while `cores` are undisturbed, before it and behind it, `wanted` times.

        Where it does not so within `AT_MOST` times, the least disturbed are taken, and counted.
        """
        made: list[tuple[float, T]] = []
        before = self.slowness(cores)
        while len(made) < AT_MOST and sum(slowness <= AS_FAST for slowness, _ in made) < wanted:
            value = measure()
            behind = self.slowness(cores)
            made.append((max(before, behind), value))
            before = behind
        taken = sorted(made, key=itemgetter(0))[:wanted]
        self.disturbed += sum(slowness > AS_FAST for slowness, _ in taken)
        return [value for _, value in taken]
