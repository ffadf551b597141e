"""Writes what came out of a run as Markdown, and draws it."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from tests.bench.bounds import BOUNDS, KB, MB, RATIOS, Reached, kept_to, reached
from tests.bench.chart import Bar, Panel, chart
from tests.bench.figures import Figures, Key, Measure
from tests.bench.systems import DIRECT
from tests.bench.workloads import WORKLOADS, Kind

PAGE: Final = Path(__file__).parents[2] / "docs" / "benchmarks.md"
MARK: Final = "<!-- From here on generated: make bench -->"

MISSING: Final = "–"  # noqa: RUF001 - a dash, where a figure would stand
REQUESTS: Final = ("preflight", "get", "get-tls", "closing", "closing-tls", "100k", "chunked")
IN_CHART: Final = ("preflight", "get", "get-tls", "closing")
LOADS: Final = 3
"""In each round, of each system that takes turns."""
TITLES: Final = {workload.name: workload.title for workload in WORKLOADS}
BODIES: Final = tuple(workload.name for workload in WORKLOADS if workload.kind in {Kind.DOWN, Kind.UP})

Cell = Callable[[str], str]
"""System → what stands in its row."""


@dataclass(frozen=True, slots=True)
class Run:
    """All that is told of a run."""

    figures: Figures
    has_extensions: bool
    date: str
    seconds: float
    rounds: int
    machine: Sequence[str] = ()
    versions: Sequence[str] = ()
    wrong: Mapping[str, Sequence[str]] = field(default_factory=dict[str, Sequence[str]])
    """What each system gets wrong, those that get nothing wrong included."""


def number(value: float | None, unit: float = 1.0) -> str:
    """Return a value in a unit with two digits at least, or a dash."""
    if value is None:
        return MISSING
    value /= unit
    digits = 2 if value < 1 else 1 if value < 100 else 0
    return f"{value:,.{digits}f}"


def table(first: str, columns: Mapping[str, Cell], systems: Iterable[str]) -> list[str]:
    """Return a table with a row a system; those with nothing in it are left out."""
    rows = [(system, [cell(system) for cell in columns.values()]) for system in systems]
    return [
        f"| {first} | {' | '.join(columns)} |",
        "|---" * (len(columns) + 1) + "|",
        *(f"| {system} | {' | '.join(cells)} |" for system, cells in rows if any(cell != MISSING for cell in cells)),
    ]


def markdown(run: Run) -> str:
    """Return the part of the page that a run writes."""
    parts = (
        _about(run),
        ["## What is promised, and what was reached", "", *_ratios(run), "", *_bounds(run)],
        ["## CPU time", "", *_cpu(run)],
        ["## Rate and latency", "", *_rates(run)],
        ["## Large bodies", "", *_bodies(run)],
        ["## One connection", "", *_one(run)],
        ["## Start, and idle connections", "", *_idle(run)],
        ["## What each gets wrong", "", *_wrong(run)],
    )
    return "\n\n".join("\n".join(part) for part in parts) + "\n"


def write(run: Run, page: Path = PAGE) -> None:
    """Put a run in the place of the last one on the page, and draw the chart beside it."""
    method, mark, _ = page.read_text("utf-8").partition(MARK)
    page.write_text(f"{method}{mark}\n\n{markdown(run)}", "utf-8")
    page.with_suffix(".svg").write_text(drawn(run), "utf-8")


def drawn(run: Run) -> str:
    """Return the chart."""
    panels: list[Panel] = []
    for workload in IN_CHART:
        bars: list[Bar] = []
        for system in run.figures.systems():
            value = run.figures.middle(Key(system, workload, Measure.CPU))
            if value is not None:
                bars.append(Bar(system, value * 1e6, ours=system.startswith("cors-gateway")))
        panels.append(Panel(f"{TITLES[workload]}: CPU µs per request", bars))
    return chart(panels, "CPU time per request, access log on, shorter is better")


def _about(run: Run) -> Iterator[str]:
    spread = f"{run.figures.spread():.0%}"
    yield "## The run"
    yield ""
    loads = f"{run.rounds * LOADS} loads of {run.seconds:g} s"
    yield f"- {run.date}, {loads} for each figure, and {run.rounds} starts for those without load"
    yield f"- nine in ten of the figures of CPU time have all their loads within {spread} of it"
    for line in (*run.machine, *run.versions):
        yield f"- {line}"
    yield f"- {'the gateway has' if run.has_extensions else 'this version of the gateway has no'} compiled parts"


def _verdict(reached: Reached, *, percent: bool = False) -> str:
    if not reached.values:
        return f"{MISSING} of {reached.bound:g}"
    values = " / ".join(f"{value:.0f}" if percent else f"{value:.2f}" for value in reached.values)
    return f"{values} of {reached.bound:g}: {'met' if reached.is_met else '**not met**'}"


def _ratios(run: Run) -> Iterator[str]:
    yield "How many times as much as the other system, and the most it may be."
    yield ""
    yield "| CPU time, ratio | plain Python, log on | compiled parts, log off | compiled parts, log on |"
    yield "|---|---|---|---|"
    for ratio in RATIOS:
        cells = reached(ratio, run.figures, has_extensions=run.has_extensions)
        yield f"| {ratio.says} | {' | '.join(map(_verdict, cells))} |"


def _bounds(run: Run) -> Iterator[str]:
    yield "| The gateway as configured by default | reached |"
    yield "|---|---|"
    for bound in BOUNDS:
        verdict = _verdict(kept_to(bound, run.figures), percent=bound.unit == "%")
        yield f"| {bound.says}, {bound.unit} | {verdict} |"


def _cpu(run: Run) -> Iterator[str]:
    figures = run.figures

    def cell(workload: str, *, log: bool) -> Cell:
        def of(system: str) -> str:
            key = Key(system, workload, Measure.CPU, log)
            times = figures.ratio(key, Key("nginx", workload, Measure.CPU, log))
            beside = "" if times is None or system == "nginx" else f" ({times:.2f})"
            return number(figures.middle(key), 1e-6) + beside

        return of

    yield "![CPU time per request](benchmarks.svg)"
    for log in (True, False):
        yield ""
        yield f"µs per request, access log {'on' if log else 'off'}; in parentheses, how many times nginx's."
        yield ""
        columns = {
            each.title: cell(each.name, log=log) for each in WORKLOADS if each.name in REQUESTS and log in each.modes
        }
        yield from table("", columns, figures.systems())


def _rates(run: Run) -> Iterator[str]:
    figures = run.figures

    def cell(workload: str) -> Cell:
        def of(system: str) -> str:
            key = Key(system, workload, Measure.RATE)
            rate = figures.middle(key)
            if rate is None:
                return MISSING
            rest = (figures.middle(key._replace(measure=measure)) for measure in (Measure.P50, Measure.P99))
            latency = " / ".join(number(value, 1e-3) for value in rest)
            return f"{number(rate)}, {latency}, {number(figures.middle(key._replace(measure=Measure.BUSY)), 0.01)} %"

        return of

    yield "Answers a second, p50 / p99 in ms, and how much of its core the system took; access log on."
    yield ""
    yield from table("", {TITLES[workload]: cell(workload) for workload in REQUESTS}, figures.systems())


def _bodies(run: Run) -> Iterator[str]:
    figures = run.figures
    columns: dict[str, Cell] = {}
    for workload in BODIES:

        def cost(system: str, workload: str = workload) -> str:
            return number(figures.middle(Key(system, workload, Measure.CPU)))

        def memory(system: str, workload: str = workload) -> str:
            idle = figures.middle(Key(system, "start", Measure.IDLE))
            growth = figures.middle(Key(system, workload, Measure.GROWTH))
            return MISSING if idle is None or growth is None else number(idle + growth, MB)

        columns[f"{TITLES[workload]}, CPU s per GB"] = cost
        columns[f"{TITLES[workload]}, memory at its peak, MB"] = memory
    yield "32 at once."
    yield ""
    yield from table("", columns, figures.systems())


def _one(run: Run) -> Iterator[str]:
    figures = run.figures

    def of(measure: Measure) -> Cell:
        return lambda system: number(figures.middle(Key(system, "one", measure)), 1e-6)

    def added(system: str) -> str:
        return number(figures.added(Key(system, "one", Measure.P50), Key(DIRECT, "one", Measure.P50)), 1e-6)

    yield f"`{DIRECT}` is the way straight to the upstream; what a system adds is reckoned from there."
    yield ""
    columns: dict[str, Cell] = {
        "p50, µs": of(Measure.P50),
        "added p50, µs": added,
        "p99, µs": of(Measure.P99),
        "CPU µs per request": of(Measure.CPU),
    }
    yield from table("", columns, figures.systems())


def _idle(run: Run) -> list[str]:
    def of(workload: str, measure: Measure, unit: float) -> Cell:
        return lambda system: number(run.figures.middle(Key(system, workload, measure)), unit)

    columns = {
        "start to first answer, ms": of("start", Measure.START, 1e-3),
        "memory then, MB": of("start", Measure.IDLE, MB),
        "an idle connection, KB": of("idle", Measure.CONNECTION, KB),
        "with TLS, KB": of("idle-tls", Measure.CONNECTION, KB),
    }
    return table("", columns, run.figures.systems())


def _wrong(run: Run) -> list[str]:
    lines = [f"- {system}: {'; '.join(points) if points else 'nothing'}" for system, points in run.wrong.items()]
    failed = [
        f"- {key.system}, {TITLES[key.workload]}: {sum(values):.0f} answers failed under load"
        for key, values in run.figures.loads.items()
        if key.measure is Measure.ERRORS and any(values)
    ]
    return lines + failed
