"""What a scenario tells: figures, each with what it should stay below, and what went wrong."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from tests.soak.load import Load


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure."""

    name: str
    value: float
    unit: str
    bound: float | None = None
    """What it has to stay below, on a machine that has nothing else to do."""

    @property
    def is_over(self) -> bool:
        """Return whether it is not below its bound."""
        return self.bound is not None and self.value >= self.bound

    def __str__(self) -> str:
        bound = "" if self.bound is None else f" of {self.bound:g}"
        return f"  {self.name:58} {self.value:10.2f}{bound} {self.unit}{'  OVER' if self.is_over else ''}"


@dataclass
class Told:
    """What came of a scenario."""

    name: str
    figures: list[Figure] = field(default_factory=list[Figure])
    faults: list[str] = field(default_factory=list[str])
    """Requests that were lost or wrong, one by one, and whatever else should not have been."""

    def figure(self, name: str, value: float, unit: str, bound: float | None = None) -> None:
        """Add a figure."""
        self.figures.append(Figure(name, value, unit, bound))

    def load(self, load: Load, of: str = "", *, inside: Callable[[dict[str, Any]], bool] | None = None) -> None:
        """Add what a load met, once it has ended; `inside` tells of a loss whether it was inside a worker that died."""
        met = load.met
        faults = load.faults(inside or (lambda _: False))
        self.faults += faults
        self.figure(f"requests sent{of}", met["sent"], "")
        if inside is not None:
            self.figure(f"lost inside a worker that was killed{of}", sum(map(inside, met["losses"])), "")
        self.figure(f"lost{of}", sum(each.startswith("lost") for each in faults), "", 1)
        self.figure(f"connections refused{of}", met["refused"], "", 1)
        self.figure(f"wrong{of}", met["wrong"], "", 1)
        if met["trouble"]:
            self.figure(f"502 that the page can read{of}", sum(met["trouble"].values()), "")
        self.figure(f"connections made{of}", met["connected"], "")
        self.figure(f"slowest answer{of}", met["slowest_seconds"], "s")

    def seconds(self, name: str, each: Sequence[float], bound: float | None = None) -> None:
        """Add the least, the middle and the greatest of some times; the bound is of the greatest."""
        ordered = sorted(each)
        self.figure(f"{name}, least", ordered[0], "s")
        self.figure(f"{name}, median", ordered[len(ordered) // 2], "s")
        self.figure(f"{name}, greatest", ordered[-1], "s", bound)
