"""What the processes of gateways need over time, and what is left in them when nobody is there."""

import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from operator import itemgetter
from typing import Final, Self

from gateway.service.memory import GIVE_BACK_SECONDS
from tests.real.processes import until
from tests.soak import proc
from tests.soak.gateway import Gateway
from tests.soak.told import Told

EACH_SECONDS: Final = 1.0
LIVED_SECONDS: Final = 240.0
"""A process that did not live longer is still warming up, and of its memory nothing is told."""
WARM_SECONDS: Final = 480.0
"""How old a process has to be at its first rest, for it to be compared with a later one.

A worker needs 1 MiB more at rest after 11 minutes than after two, and no more than after eight; what is in use of its
heap is the same within 20 KiB from the third minute on. Three of 5 to 6 minutes had 2.3 MiB more 16 minutes later; a
process of 16 minutes that had the same to do had 16 KiB more.
"""
GROWTH_KIB: Final = 64.0
"""A minute: 90 MiB a day."""
REST_SECONDS: Final = GIVE_BACK_SECONDS + 6.0
"""After so long nothing is left of clients and upstreams, and what was free since is given back."""
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
        self.rests: list[dict[int, Sample]] = []
        """What each process had when nobody was there, unless it was young."""
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
                for pid, sample in look(gateway).items():
                    self.samples.setdefault((name, pid), []).append(sample)

    def rest(self, seconds: float) -> None:
        """Note what each process has that is no longer warming up, after so long in which nobody is there."""
        time.sleep(seconds)
        resting: dict[int, Sample] = {}
        for name, gateway in self._gateways.items():
            for pid, sample in look(gateway).items():
                samples = self.samples.get((name, pid), [sample])
                if (sample.at - samples[0].at) * 60 >= WARM_SECONDS:
                    resting[pid] = sample
        self.rests.append(resting)

    def tell(self, told: Told) -> None:
        """Add the figures of the processes that are still there, and how they grew from the first rest to the last.

        The workers of a gateway are judged together: when one is killed its clients go to the others, and come back
        as they connect anew. What one needs more and another less is no growth.
        """
        for name, gateway in self._gateways.items():
            workers = gateway.workers()
            others = [pid for pid in proc.family(gateway.pid) if pid not in workers]
            for pid in (*others, *workers):
                tell(told, f"{name}, process {pid}", self.samples.get((name, pid), []))
            of_workers = f"{len(workers)} workers together" if len(workers) > 1 else f"process {workers[0]}"
            groups = {f"process {pid}": [pid] for pid in others} | {of_workers: workers}
            for of, pids in groups.items():
                rests = together([[rest[pid] for rest in self.rests if pid in rest] for pid in pids])
                tell_growth(told, f"{name}, {of}", rests)


def look(gateway: Gateway) -> dict[int, Sample]:
    """Return what each process of a gateway has now."""
    at = time.monotonic() / 60
    found: dict[int, Sample] = {}
    for pid in proc.family(gateway.pid):
        with suppress(OSError):  # it has ended meanwhile
            sample = Sample(at, proc.resident_kib(pid), proc.descriptors(pid))
            if sample.resident_kib:  # else it has ended, and nobody has waited for it yet
                found[pid] = sample
    return found


def tell(told: Told, of: str, samples: Sequence[Sample]) -> None:
    """Add the figures of a process, or several, over the later half of its life, unless it is too young.

    How its memory goes up meanwhile is not told. A TLS connection holds up to 0.9 MiB once a large body has passed on
    it, in the buffers of uvloop and OpenSSL: how many there are of these goes up and down for as long as one looks.
    """
    if not samples or (samples[-1].at - samples[0].at) * 60 < LIVED_SECONDS:
        return
    later = samples[len(samples) // 2 :]
    told.figure(f"{of}, lived", samples[-1].at - samples[0].at, "min")
    resident, opened = (
        sorted(each) for each in zip(*((one.resident_kib, one.descriptors) for one in later), strict=True)
    )
    for name, kib in (("median", resident[len(resident) // 2]), ("greatest", resident[-1])):
        told.figure(f"{of}, memory, {name}", kib / 1024, "MiB")
    told.figure(f"{of}, files open, least", opened[0], "")
    told.figure(f"{of}, files open, median", opened[len(opened) // 2], "")
    told.figure(f"{of}, files open, greatest", opened[-1], "")


def tell_growth(told: Told, of: str, rests: Sequence[Sample]) -> None:
    """Add by how much a process, or several, grew from one rest to another, which has a bound: nobody is there then."""
    if len(rests) > 1:
        first, last = rests[0], rests[-1]
        told.figure(f"{of}, memory at rest, first", first.resident_kib / 1024, "MiB")
        told.figure(f"{of}, memory at rest, last", last.resident_kib / 1024, "MiB")
        a_minute = (last.resident_kib - first.resident_kib) / (last.at - first.at)
        told.figure(f"{of}, growth at rest", a_minute, "KiB/min", GROWTH_KIB)


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
