"""Tells how fast the cores are just now, and takes what was measured while they were not disturbed.

Where a virtual machine's core is half of a real one, a neighbour on the other half makes everything take up to 1.7
times the CPU time, for seconds at a time, and nothing that the guest counts tells of it. A fixed piece of work does.
"""

import math
import os
import time
from collections.abc import Callable, Collection, Iterable, Mapping
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
AT_MOST: Final = 3
"""Times as many measurements are made as are wanted: a machine that is never quiet is measured as it is."""

K = TypeVar("K")
V = TypeVar("V")

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

    def by_turns(
        self,
        measures: Mapping[K, Callable[[], V]],
        wanted: int,
        cores: Collection[int],
        failed: Callable[[K, Exception], None],
    ) -> dict[K, list[V]]:
        """Return what each of `measures` gives while `cores` are undisturbed, before it and behind it, `wanted` times.

        They take turns, so that what disturbs for a while disturbs them alike. Of one that has not been undisturbed so
        often within `AT_MOST` times as many turns, the least disturbed ones are taken, and counted. One that raises an
        `OSError` or a `ValueError` is told to `failed`, and has no further turn.
        """
        made: dict[K, list[tuple[float, V]]] = {key: [] for key in measures}
        waiting = list(measures)
        before = self.slowness(cores)
        for _ in range(wanted * AT_MOST):
            for key in tuple(waiting):
                try:
                    value = measures[key]()
                except (OSError, ValueError) as error:
                    failed(key, error)
                    waiting.remove(key)
                    continue
                behind = self.slowness(cores)
                made[key].append((max(before, behind), value))
                before = behind
                if sum(slowness <= AS_FAST for slowness, _ in made[key]) == wanted:
                    waiting.remove(key)
        return {key: self._least_disturbed(of_one, wanted) for key, of_one in made.items()}

    def _least_disturbed(self, made: list[tuple[float, V]], wanted: int) -> list[V]:
        taken = sorted(made, key=itemgetter(0))[:wanted]
        self.disturbed += sum(slowness > AS_FAST for slowness, _ in taken)
        return [value for _, value in taken]
