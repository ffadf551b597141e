"""What the processes of gateways need over time, and what is left in them when nobody is there."""

import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Final, Self

from tests.real.processes import until
from tests.soak import proc
from tests.soak.gateway import Gateway
from tests.soak.told import Told

EACH_SECONDS: Final = 1.0
LIVED_SECONDS: Final = 240.0
"""A process that did not live longer tells nothing of a slope: it is still warming up."""
SLOPE_KIB: Final = 64.0
"""A minute: 90 MiB a day."""
SETTLED_SECONDS: Final = 30.0


@dataclass(frozen=True, slots=True)
class Sample:
    """A process at one moment."""

    at: float
    """In minutes."""
    resident_kib: int
    descriptors: int


class Watch:
    """Looks at the processes of gateways from time to time, while the block runs."""

    def __init__(self, gateways: dict[str, Gateway]) -> None:
        """Watch these, each by its name."""
        self.samples: dict[tuple[str, int], list[Sample]] = {}
        """By name and process."""
        self._gateways = gateways
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._end.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._end.wait(EACH_SECONDS):
            for name, gateway in self._gateways.items():
                for pid in proc.family(gateway.pid):
                    with suppress(OSError):  # it has ended meanwhile
                        sample = Sample(time.monotonic() / 60, proc.resident_kib(pid), proc.descriptors(pid))
                        if sample.resident_kib:  # else it has ended, and nobody has waited for it yet
                            self.samples.setdefault((name, pid), []).append(sample)

    def tell(self, told: Told) -> None:
        """Add each process's figures over the later half of its life."""
        for (name, pid), samples in self.samples.items():
            later = samples[len(samples) // 2 :]
            if (samples[-1].at - samples[0].at) * 60 < LIVED_SECONDS:
                continue
            of = f"{name}, process {pid}"
            told.figure(f"{of}, lived", samples[-1].at - samples[0].at, "min")
            told.figure(f"{of}, memory at the end", later[-1].resident_kib / 1024, "MiB")
            told.figure(f"{of}, memory slope", slope(later), "KiB/min", SLOPE_KIB)
            opened = sorted(sample.descriptors for sample in later)
            told.figure(f"{of}, files open, least", opened[0], "")
            told.figure(f"{of}, files open, median", opened[len(opened) // 2], "")
            told.figure(f"{of}, files open, greatest", opened[-1], "")


def slope(samples: Sequence[Sample]) -> float:
    """Return the slope of the resident memory in KiB a minute, by least squares."""
    at = sum(sample.at for sample in samples) / len(samples)
    kib = sum(sample.resident_kib for sample in samples) / len(samples)
    spread = sum((sample.at - at) ** 2 for sample in samples)
    return sum((sample.at - at) * (sample.resident_kib - kib) for sample in samples) / spread if spread else 0.0


@dataclass(frozen=True, slots=True)
class Rest:
    """What all processes of a gateway have."""

    processes: int
    tasks: int
    descriptors: int
    sockets: int


def rest(gateway: Gateway) -> Rest:
    """Return what there is now."""
    pids = proc.family(gateway.pid)
    return Rest(
        len(pids),
        sum(gateway.tasks().values()),
        sum(map(proc.descriptors, pids)),
        sum(len(proc.sockets(pid)) for pid in pids),
    )


def tell_rest(told: Told, gateway: Gateway, before: Rest, of: str = "") -> None:
    """Wait until nothing is left of clients and upstreams, and add what is left all the same."""
    now = before

    def is_gone() -> bool:
        nonlocal now
        with suppress(OSError):  # a process has ended meanwhile
            now = rest(gateway)
        return now == before

    with suppress(TimeoutError):
        until(is_gone, "nothing is left", SETTLED_SECONDS)
    names: dict[str, Callable[[Rest], int]] = {
        "tasks": lambda each: each.tasks,
        "sockets": lambda each: each.sockets,
        "files": lambda each: each.descriptors,
        "processes": lambda each: each.processes,
    }
    for name, count in names.items():
        left = count(now) - count(before)
        told.figure(f"{name} left{of}", left, "", 1)
        told.faults += [f"{left} {name} left{of}"] if left > 0 else []
