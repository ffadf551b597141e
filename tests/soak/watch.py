"""What the processes of gateways need over time, and what is left in them when nobody is there."""

import threading
import time
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from operator import itemgetter
from statistics import median
from typing import Final, Self

from tests.real.processes import until
from tests.soak import proc
from tests.soak.gateway import Gateway
from tests.soak.told import Told

EACH_SECONDS: Final = 1.0
LIVED_SECONDS: Final = 600.0
"""A process that did not live longer tells nothing of a slope: it is still warming up.

A TLS connection holds up to 0.6 MiB from its first large upload on, in uvloop's and OpenSSL's buffers, and lives up to
six minutes here (`LIVES` of tests/soak/driver.py): for so long what all of them hold grows.
"""
SLOPE_KIB: Final = 64.0
"""A minute: 90 MiB a day."""
SETTLED_SECONDS: Final = 30.0


@dataclass(frozen=True, slots=True)
class Sample:
    """A process at one moment."""

    at: float
    """In minutes; the same for all that were looked at in turn."""
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
                at = time.monotonic() / 60
                for pid in proc.family(gateway.pid):
                    with suppress(OSError):  # it has ended meanwhile
                        sample = Sample(at, proc.resident_kib(pid), proc.descriptors(pid))
                        if sample.resident_kib:  # else it has ended, and nobody has waited for it yet
                            self.samples.setdefault((name, pid), []).append(sample)

    def tell(self, told: Told) -> None:
        """Add the figures of the processes that are still there, over the later half of their lives.

        The workers of a gateway are judged together: when one is killed its clients go to the others, and come back
        as they connect anew. What one needs more and another less is no growth.
        """
        for name, gateway in self._gateways.items():
            workers = gateway.workers()
            for pid in proc.family(gateway.pid):
                is_one_of_several = len(workers) > 1 and pid in workers
                tell(told, f"{name}, process {pid}", self.samples.get((name, pid), []), may_grow=is_one_of_several)
            if len(workers) > 1:
                all_of_them = together([self.samples.get((name, pid), []) for pid in workers])
                tell(told, f"{name}, {len(workers)} workers together", all_of_them)


def tell(told: Told, of: str, samples: Sequence[Sample], *, may_grow: bool = False) -> None:
    """Add the figures of a process, or several, unless they are too young; the slope has a bound if it may not grow."""
    if not samples or (samples[-1].at - samples[0].at) * 60 < LIVED_SECONDS:
        return
    later = samples[len(samples) // 2 :]
    told.figure(f"{of}, lived", samples[-1].at - samples[0].at, "min")
    told.figure(f"{of}, memory at the end", later[-1].resident_kib / 1024, "MiB")
    told.figure(f"{of}, memory slope", slope(later), "KiB/min", None if may_grow else SLOPE_KIB)
    opened = sorted(sample.descriptors for sample in later)
    told.figure(f"{of}, files open, least", opened[0], "")
    told.figure(f"{of}, files open, median", opened[len(opened) // 2], "")
    told.figure(f"{of}, files open, greatest", opened[-1], "")


def together(each: Iterable[Sequence[Sample]]) -> list[Sample]:
    """Return what processes had in all, from when all of them were there."""
    at_once: defaultdict[float, list[Sample]] = defaultdict(list)
    processes = 0
    for samples in each:
        processes += 1
        for sample in samples:
            at_once[sample.at].append(sample)
    return [
        Sample(at, sum(one.resident_kib for one in them), sum(one.descriptors for one in them))
        for at, them in sorted(at_once.items(), key=itemgetter(0))
        if len(them) == processes
    ]


def slope(samples: Sequence[Sample]) -> float:
    """Return the slope of the resident memory in KiB a minute: the median of those between two moments.

    So what was needed for a moment does not count (Theil and Sen). The two are whole minutes apart: the gateway gives
    back what is free once a minute, and what comes and goes in between is no slope either.
    """
    moments = [sample.at for sample in samples]
    slopes: list[float] = []
    for sample in samples:
        minutes = 1
        while (then := bisect_left(moments, sample.at + minutes)) < len(samples):
            slopes.append((samples[then].resident_kib - sample.resident_kib) / minutes)
            minutes += 1
    return median(slopes) if slopes else 0.0


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
