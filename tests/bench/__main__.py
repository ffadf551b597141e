"""Compare the gateway with other systems: `make bench`, or `python -m tests.bench` with the options below."""

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final

from tests.bench.figures import Figures, Measure
from tests.bench.idle import raise_file_limit
from tests.bench.machine import machine, versions
from tests.bench.measure import Loaded, alone, checked, load_upstream, loaded, upstream
from tests.bench.place import Place, make_place
from tests.bench.report import LOADS, PAGE, Run, markdown, write
from tests.bench.systems import DIRECT, SYSTEMS, System, has_extensions
from tests.bench.workloads import WORKLOADS, Kind, Workload
from tests.real.processes import Ports

SECONDS: Final = 1.5
"""Of one load."""
ROUNDS: Final = 3
"""Starts of a system that is measured alone; of those that take turns each is loaded `LOADS` times as often."""
CORES: Final = 2

Values = dict[Measure, float]


@dataclass(frozen=True, slots=True)
class Step:
    """One workload, with the log or without, and all who are measured under it."""

    workload: Workload
    log: bool
    systems: tuple[System, ...]

    def __str__(self) -> str:
        return f"{self.workload.title}, log {'on' if self.log else 'off'}"


def steps(systems: Sequence[System], workloads: Sequence[Workload]) -> Iterator[Step]:
    """Return all that is measured, in its order."""
    for log in (True, False):
        for workload in workloads:
            taking = tuple(system for system in systems if takes_part(system, workload))
            if log in workload.modes and taking:
                yield Step(workload, log, taking)


def takes_part(system: System, workload: Workload) -> bool:
    """Tell whether a system is measured under a workload."""
    wanted = workload.only is None or system.name in workload.only
    able = system.speaks_http or not workload.http_only
    return wanted and able and system.takes(workload.name)


def tell(text: str, *, passing: bool = False) -> None:
    """Print a line of progress; on a terminal the next one goes over it where it is `passing`."""
    if sys.stderr.isatty():
        print(f"\r\033[K{text}", end="" if passing else "\n", file=sys.stderr, flush=True)
    elif not passing:
        print(text, file=sys.stderr, flush=True)


def figure(kind: Kind, values: Mapping[Measure, float]) -> str:
    """Return the main figure of a measurement, for the line of progress."""
    match kind:
        case Kind.START:
            return f"{values[Measure.START] * 1000:.0f} ms"
        case Kind.IDLE:
            return f"{values[Measure.CONNECTION] / 1000:.1f} KB"
        case Kind.DOWN | Kind.UP:
            return f"{values[Measure.CPU]:.2f} s/GB"
        case Kind.LOAD if Measure.CPU in values:
            return f"{values[Measure.CPU] * 1e6:.1f} µs"
        case Kind.LOAD:
            return f"p50 {values[Measure.P50] * 1e6:.0f} µs"


def by_turns(
    loads: Mapping[str, Callable[[], Values]], times: int, failed: Callable[[str, Exception], None]
) -> dict[str, list[Values]]:
    """Load each system in its turn, so many times; return what that gave.

    What disturbs for a while so disturbs them alike. One that raises an `OSError` or a `ValueError` is told to
    `failed`, and has no further turn.
    """
    made: dict[str, list[Values]] = {name: [] for name in loads}
    waiting = list(loads)
    for _ in range(times):
        for name in tuple(waiting):
            try:
                made[name].append(loads[name]())
            except (OSError, ValueError) as error:
                failed(name, error)
                waiting.remove(name)
    return made


class Comparison:
    """Measures step by step, and keeps what came out."""

    def __init__(self, place: Place, ports: Ports, seconds: float, rounds: int) -> None:
        """Measure each `rounds` times, with loads of so many seconds."""
        self.place = place
        self.seconds = seconds
        self.rounds = rounds
        self.figures = Figures()
        self.wrong: dict[str, list[str]] = {}
        self._ports = ports
        self._places: dict[str, Place] = {}
        """Of each system by its name."""

    def check(self, system: System) -> None:
        """Ask a system what it gets right."""
        tell(f"checking {system.name}", passing=True)
        self.wrong[system.name] = checked(system, self._place_of(system))
        tell(f"{system.name}: {'; '.join(self.wrong[system.name]) or 'answers correctly'}")

    def measure(self, step: Step) -> None:
        """Take in the figures of all systems under one workload."""
        if step.workload.kind in {Kind.START, Kind.IDLE}:
            self._measure_alone(step)
        else:
            self._measure_by_turns(step)

    def _measure_alone(self, step: Step) -> None:
        for _ in range(self.rounds):
            for system in step.systems:
                try:
                    values = alone(system, step.workload, self._place_of(system))
                except (OSError, ValueError) as error:
                    self._failed(step, system.name, error)
                else:
                    self.figures.add(system.name, step.workload.name, values, log=step.log)
                    tell(f"{step}: {system.name}  {figure(step.workload.kind, values)}")

    def _measure_by_turns(self, step: Step) -> None:
        workload, place = step.workload, self.place
        with ExitStack() as stack:
            running: dict[str, Loaded] = {}
            for system in step.systems:
                starting = loaded(system, workload, self._place_of(system), log=step.log, seconds=self.seconds)
                try:
                    running[system.name] = stack.enter_context(starting)
                except (OSError, ValueError) as error:
                    self._failed(step, system.name, error)
            loads = {name: each.load for name, each in running.items()}
            if workload.name == "one":
                loads = {DIRECT: partial(load_upstream, workload, place, self.seconds), **loads}
            made = by_turns(loads, self.rounds * LOADS, partial(self._failed, step))
            for name, each in running.items():
                self.figures.add(name, workload.name, each.growth(), log=step.log)
        for name, of_one in made.items():
            for values in of_one:
                self.figures.add(name, workload.name, values, log=step.log)
            tell(f"{step}: {name}  {', '.join(figure(workload.kind, values) for values in of_one)}")

    def _failed(self, step: Step, name: str, error: Exception) -> None:
        """Note it: one system's failure is no reason to lose the others' figures."""
        self.wrong.setdefault(name, []).append(f"{step}: {str(error).splitlines()[0]}")
        tell(f"{step}: {name}: {error}")

    def _place_of(self, system: System) -> Place:
        if system.name not in self._places:
            self._places[system.name] = self.place.beside(system.name, self._ports)
        return self._places[system.name]


def run(comparison: Comparison, systems: Sequence[System], workloads: Sequence[Workload]) -> Run:
    """Check, then measure."""
    load_before = os.getloadavg()[0]
    if load_before > 0.5:
        tell(f"the load average is {load_before:.2f}: something else is running, and the figures will show it")
    for system in systems:
        if system.speaks_http:
            comparison.check(system)
    plan = list(steps(systems, workloads))
    began = time.monotonic()
    with upstream(comparison.place):
        for number, step in enumerate(plan):
            tell(f"[{number + 1}/{len(plan)}] {step}, {(time.monotonic() - began) / 60:.0f} min so far")
            comparison.measure(step)
    return Run(
        figures=comparison.figures,
        has_extensions=has_extensions(),
        date=time.strftime("%Y-%m-%d"),
        seconds=comparison.seconds,
        rounds=comparison.rounds,
        machine=machine(load_before),
        versions=versions(tuple(systems), comparison.place),
        wrong=comparison.wrong,
    )


def chosen(names: str, there: Sequence[str]) -> set[str]:
    """Return the names that are given, with commas between them, or all where none is."""
    wanted = {name.strip() for name in names.split(",")} - {""}
    if unknown := wanted.difference(there):
        sys.exit(f"not there: {', '.join(sorted(unknown))}; there are: {', '.join(there)}")
    return wanted or set(there)


def main() -> None:
    """Run what the command line asks for; a whole run is written into the documentation."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("--programs", type=Path, required=True, help="the environment of requirements/bench.txt")
    parser.add_argument("--only", default="", help="systems, with commas between them")
    parser.add_argument("--workloads", default="", help="workloads, with commas between them")
    parser.add_argument("--seconds", type=float, default=SECONDS, help="of each load")
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    options = parser.parse_args()
    names = chosen(options.only, [system.name for system in SYSTEMS])
    if not options.only and not has_extensions():
        names.discard("cors-gateway-plain")  # the same as the default
    systems = [system for system in SYSTEMS if system.name in names]
    names = chosen(options.workloads, [workload.name for workload in WORKLOADS])
    workloads = [workload for workload in WORKLOADS if workload.name in names]
    cores = sorted(os.sched_getaffinity(0))
    if len(cores) < CORES:
        sys.exit("two cores are needed: one for the system, one for the load and the upstream")
    raise_file_limit()
    with ExitStack() as stack:
        ports = Ports()
        stack.callback(ports.close)
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="bench-")))
        place = make_place(folder, options.programs.absolute(), ports)
        os.sched_setaffinity(0, {place.load_core})
        result = run(Comparison(place, ports, options.seconds, options.rounds), systems, workloads)
    print(markdown(result))
    whole = not options.only and not options.workloads
    if whole and options.seconds >= SECONDS and options.rounds >= ROUNDS:
        write(result)
        print(f"written into {PAGE.name} and {PAGE.with_suffix('.svg').name}")


if __name__ == "__main__":
    main()
