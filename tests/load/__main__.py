"""Measure the gateway under load: `make load`, or `python -m tests.load [WORD…]` for the figures with a word in them.

One line a figure, with its bound; exit status 1 if one is over it.
"""

import sys
import tempfile
import time
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.load import bodies, distinct, held, turnover
from tests.load.crowd import crowd
from tests.load.memory import MIB
from tests.load.normal import rounds
from tests.load.place import Place, place

HEADS: Final = 300
READERS: Final = 300
IDLE: Final = 2000
CROWD_SECONDS: Final = 25.0
PAUSE_SECONDS: Final = 0.01
"""Between two rounds of the normal client."""
SLOWEST_SECONDS: Final = 1.0
NUMBERS: Final = 100_000
"""Distinct origins, paths, hosts and addresses, of each so many at least."""


@dataclass(frozen=True, slots=True)
class Figure:
    """What was measured, and what it has to stay below."""

    name: str
    value: float
    bound: float
    unit: str
    remark: str = ""

    def __str__(self) -> str:
        over = "" if self.value < self.bound else "  OVER"
        remark = f"  ({self.remark})" if self.remark else ""
        return f"{self.name:62} {self.value:8.2f} of {self.bound:g} {self.unit}{remark}{over}"


@contextmanager
def anew(*, tls: bool) -> Generator[Place]:
    """Start a gateway and an upstream."""
    with tempfile.TemporaryDirectory() as folder, place(Path(folder), tls=tls) as made:
        yield made


def slowest_answer(*, tls: bool) -> Figure:
    """Measure a normal client's slowest answer, from before a crowd comes to its end."""
    with anew(tls=tls) as made:
        with crowd(made, heads=HEADS, readers=READERS, idle=IDLE) as met:
            until = time.monotonic() + CROWD_SECONDS
            seconds: list[float] = []
            for slowest in rounds(made):
                seconds.append(slowest)
                if time.monotonic() > until:
                    break
                time.sleep(PAUSE_SECONDS)
        seconds.sort()
        remark = (
            f"{len(seconds)} rounds, median {seconds[len(seconds) // 2] * 1000:.0f} ms; held {met['present']},"
            f" closed meanwhile {met['closed'] or 'none'}"
        )
    name = f"slowest answer among {HEADS} heads, {READERS} readers, {IDLE} idle"
    return Figure(name, max(seconds), SLOWEST_SECONDS, "s", remark)


def figures(wanted: list[str], *, tls: bool) -> Iterator[Figure]:
    """Measure whatever has one of the words in its name, all without."""

    def is_wanted(name: str) -> bool:
        return not wanted or any(word in name for word in wanted)

    if is_wanted("slowest answer"):
        yield slowest_answer(tls=tls)
    mib = bodies.BODY_OCTETS // MIB
    if is_wanted("growth with bodies"):
        with anew(tls=tls) as made:
            octets = bodies.to_a_slow_reader(made)
            yield Figure(f"growth with {mib} MiB to a slow reader", octets / MIB, bodies.BOUND_OCTETS / MIB, "MiB")
        with anew(tls=tls) as made:
            octets = bodies.to_a_slow_upstream(made)
            yield Figure(f"growth with {mib} MiB to a slow upstream", octets / MIB, bodies.BOUND_OCTETS / MIB, "MiB")
    if is_wanted("growth with distinct") and not tls:  # what is kept of a request has nothing to do with TLS
        with anew(tls=tls) as made:
            octets, asked = distinct.growth(made, NUMBERS)
        name = f"growth with {NUMBERS} origins, paths, hosts and addresses"
        yield Figure(name, octets / MIB, distinct.BOUND_OCTETS / MIB, "MiB", f"{asked} requests")
    if is_wanted("left of clients"):
        with anew(tls=tls) as made:
            octets = turnover.left(made)
        name = f"left of {turnover.TURNS} times {turnover.CLIENTS} clients that came and went"
        yield Figure(name, octets / MIB, turnover.BOUND_OCTETS / MIB, "MiB")
    for case in held.CASES:
        if is_wanted(case.name):
            with anew(tls=tls) as made:
                octets_each = held.held(made, case)
            name, remark = f"held, {case.name}", f"{octets_each:.0f} of {case.limit} octets, {case.clients} at once"
            yield Figure(name, octets_each / case.limit, held.BOUND, "times the limit", remark)
    if is_wanted("idle connection"):
        with anew(tls=tls) as made:
            yield Figure(
                "held by an idle connection", held.connection(made) / 1024, held.CONNECTION_BOUND / 1024, "KiB"
            )


def main(wanted: list[str]) -> int:
    """Print each figure as it comes; return the exit status."""
    good = True
    for tls in (False, True):
        for figure in figures(wanted, tls=tls):
            print("tls  " if tls else "plain", figure, flush=True)  # noqa: T201 - a command of its own
            good &= figure.value < figure.bound
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
