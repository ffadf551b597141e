"""Compare the gateway with other systems: `make bench`, or `python -m tests.bench` with the options below."""

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.bench.figures import Figures, Measure
from tests.bench.idle import raise_file_limit
from tests.bench.machine import machine, versions
from tests.bench.measure import checked, measured, upstream
from tests.bench.pace import Pace
from tests.bench.place import Place, make_place
from tests.bench.report import PAGE, Run, markdown, write
from tests.bench.systems import DIRECT, SYSTEMS, System, has_extensions
from tests.bench.workloads import WORKLOADS, Kind, Workload
from tests.real.processes import Ports

SECONDS: Final = 0.75
"""Of one load, of which there are two for each start of a system."""
ROUNDS: Final = 3
CORES: Final = 2
LEARN_SECONDS: Final = 15.0
"""Long enough to see a core that is disturbed for seconds at a time at its best."""


@dataclass(frozen=True, slots=True)
class Step:
    """One measurement."""

    workload: Workload
    log: bool
    round: int
    system: System | None
    """None: straight to the upstream."""

    @property
    def name(self) -> str:
        """Whom it measures."""
        return DIRECT if self.system is None else self.system.name

    def __str__(self) -> str:
        log = "on" if self.log else "off"
        return f"{self.workload.title}, log {log}, round {self.round + 1}: {self.name}"


def steps(systems: Sequence[System], workloads: Sequence[Workload], rounds: int) -> Iterator[Step]:
    """Return all measurements in their order: in each round one of each system, so that what disturbs disturbs all."""
    for log in (True, False):
        for workload in workloads:
            if log not in workload.modes:
                continue
            for round_ in range(rounds):
                if workload.name == "one":
                    yield Step(workload, log, round_, None)
                for system in systems:
                    if takes_part(system, workload):
                        yield Step(workload, log, round_, system)


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


def figure(step: Step, values: dict[Measure, float]) -> str:
    """Return the main figure of a measurement, for the line of progress."""
    match step.workload.kind:
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


def run(place: Place, systems: Sequence[System], workloads: Sequence[Workload], seconds: float, rounds: int) -> Run:
    """Check, then measure."""
    load_before = os.getloadavg()[0]
    if load_before > 0.5:
        tell(f"the load average is {load_before:.2f}: something else is running, and the figures will show it")
    wrong: dict[str, list[str]] = {}
    for system in systems:
        if system.speaks_http:
            tell(f"checking {system.name}", passing=True)
            wrong[system.name] = checked(system, place)
            tell(f"{system.name}: {'; '.join(wrong[system.name]) or 'answers correctly'}")
    pace = Pace((place.proxy_core, place.load_core))
    pace.learn(LEARN_SECONDS)
    figures = Figures()
    plan = list(steps(systems, workloads, rounds))
    began = time.monotonic()
    with upstream(place):
        for number, step in enumerate(plan):
            told = f"[{number + 1}/{len(plan)}] {step}"
            tell(told, passing=True)
            try:
                made = measured(step.system, step.workload, place, pace, log=step.log, seconds=seconds)
            except (OSError, ValueError) as error:  # one system's failure is no reason to lose the others' figures
                wrong.setdefault(step.name, []).append(f"{step}: {str(error).splitlines()[0]}")
                tell(f"{step}: {error}")
                continue
            for values in made:
                figures.add(step.name, step.workload.name, values, log=step.log)
            left = (time.monotonic() - began) / (number + 1) * (len(plan) - number - 1)
            tell(f"{told}  {', '.join(figure(step, values) for values in made)}  ({left / 60:.0f} min left)")
    return Run(
        figures=figures,
        has_extensions=has_extensions(),
        date=time.strftime("%Y-%m-%d"),
        seconds=seconds,
        rounds=rounds,
        disturbed=pace.disturbed,
        machine=machine(load_before),
        versions=versions(tuple(systems), place),
        wrong=wrong,
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
        result = run(place, systems, workloads, options.seconds, options.rounds)
    print(markdown(result))
    whole = not options.only and not options.workloads
    if whole and options.seconds >= SECONDS and options.rounds >= ROUNDS:
        write(result)
        print(f"written into {PAGE.name} and {PAGE.with_suffix('.svg').name}")


if __name__ == "__main__":
    main()
