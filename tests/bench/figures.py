"""What came out of all loads: figures, ratios, and how far the loads are apart."""

import math
import statistics
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple


class Measure(StrEnum):
    """What is measured."""

    CPU = "cpu"
    """User and system time of all processes: seconds per answer, or per GB of bodies."""
    RATE = "rate"
    """Answers a second."""
    P50 = "p50"
    P99 = "p99"
    BUSY = "busy"
    """CPU time per time: how much of the one core is taken."""
    IDLE = "idle"
    """PSS after the first answer, octets."""
    GROWTH = "growth"
    """How far resident memory rose at the most under the load, octets."""
    START = "start"
    """Seconds from the start to the first answer."""
    CONNECTION = "connection"
    """PSS for each idle connection, octets."""
    SHARE = "share"
    """What the busiest process has of all CPU time."""
    ERRORS = "errors"
    """Answers that failed."""


class Key(NamedTuple):
    """What a figure is of."""

    system: str
    workload: str
    measure: Measure
    log: bool = True


@dataclass
class Figures:
    """The figures of each load."""

    loads: dict[Key, list[float]] = field(default_factory=lambda: defaultdict[Key, list[float]](list))

    def add(self, system: str, workload: str, values: Mapping[Measure, float], *, log: bool) -> None:
        """Take in what one load gave."""
        for measure, value in values.items():
            self.loads[Key(system, workload, measure, log)].append(value)

    def middle(self, key: Key) -> float | None:
        """Return what the loads gave (`middle`); None where nothing was measured."""
        values = self.loads.get(key)
        return middle(values) if values else None

    def ratio(self, key: Key, to: Key) -> float | None:
        """Return how many times as much one figure is as another; None where one is missing."""
        value, reference = self.middle(key), self.middle(to)
        return None if value is None or not reference else value / reference

    def added(self, key: Key, direct: Key) -> float | None:
        """Return by how much a figure is above that of the way straight to the upstream."""
        value, least = self.middle(key), self.middle(direct)
        return None if value is None or least is None else value - least

    def systems(self) -> tuple[str, ...]:
        """Return who was measured, in the order in which they were."""
        return tuple(dict.fromkeys(key.system for key in self.loads))

    def spread(self) -> float:
        """Return what nine in ten of the figures of CPU time stay within, as a part of their own, up and down."""
        parts = sorted(self._parts())
        return parts[math.ceil(len(parts) * 0.9) - 1] if parts else 0.0

    def _parts(self) -> Iterator[float]:
        for key, values in self.loads.items():
            figure = middle(values)
            if key.measure is Measure.CPU and figure:
                yield max(max(values) - figure, figure - min(values)) / figure


def middle(values: Sequence[float]) -> float:
    """Return the mean of the half of the values that is in the middle, which of three is their median.

    One that went wrong has no part in it, as in a median, and of the others more have.
    """
    outer = (len(values) + 1) // 4
    return statistics.mean(sorted(values)[outer : len(values) - outer])
