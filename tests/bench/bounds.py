"""What the gateway promises of its speed, beside what a run reached."""

from dataclasses import dataclass
from typing import Final

from tests.bench.figures import Figures, Key, Measure
from tests.bench.systems import DIRECT

OURS: Final = "cors-gateway"
OURS_PLAIN: Final = "cors-gateway-plain"
OURS_ASYNCIO: Final = "cors-gateway-asyncio"
OURS_ONE: Final = "cors-gateway-1-worker"
OURS_TWO: Final = "cors-gateway-2-workers"

KB: Final = 1000
MB: Final = 1000 * 1000


@dataclass(frozen=True, slots=True)
class Ratio:
    """A bound on how many times as much as another system's figure ours may be, in each of three configurations."""

    says: str
    workloads: tuple[str, ...]
    """Each has to keep to it."""
    to: str
    plain: float
    """Without compiled parts, with the access log."""
    quiet: float
    """With compiled parts, without the access log."""
    full: float
    """With both."""
    measure: Measure = Measure.CPU
    quiet_is_logged: bool = False
    """The log has no part in it: it was measured with it only."""


RATIOS: Final = (
    Ratio("preflight, to nginx", ("preflight",), "nginx", 2.2, 1.2, 1.6),
    Ratio("1 KB GET, to nginx", ("get",), "nginx", 2.2, 1.2, 1.4),
    Ratio("1 KB GET, to Envoy", ("get",), "envoy", 0.7, 0.4, 0.45),
    Ratio("1 KB GET, to Caddy", ("get",), "caddy", 0.35, 0.2, 0.2),
    Ratio("1 KB GET, to naive aiohttp", ("get",), "naive", 0.25, 0.13, 0.15),
    Ratio("1 KB GET over TLS, to nginx", ("get-tls",), "nginx", 2.0, 1.2, 1.4),
    Ratio("1 KB POST to a closing upstream, to nginx", ("closing",), "nginx", 1.8, 1.3, 1.4),
    Ratio("32 KB chunked, to nginx", ("chunked",), "nginx", 2.0, 1.1, 1.2),
    Ratio("10 MB down and up, to nginx", ("down", "up"), "nginx", 0.7, 0.6, 0.6, quiet_is_logged=True),
    Ratio("added p50 on one connection, to nginx", ("one",), "nginx", 1.6, 1.2, 1.3, Measure.P50),
)


@dataclass(frozen=True, slots=True)
class Reached:
    """What a run reached of one bound."""

    bound: float
    values: tuple[float, ...]
    """Of each workload; empty where one was not measured."""

    @property
    def is_met(self) -> bool:
        """Whether each of them keeps to it."""
        return all(value <= self.bound for value in self.values)


def reached(ratio: Ratio, figures: Figures, *, has_extensions: bool) -> tuple[Reached, Reached, Reached]:
    """Return what was reached plain, with compiled parts and no log, and with both."""
    compiled = OURS if has_extensions else None
    plain = OURS_PLAIN if has_extensions else OURS
    return (
        Reached(ratio.plain, _values(ratio, figures, plain, log=True)),
        Reached(ratio.quiet, _values(ratio, figures, compiled, log=ratio.quiet_is_logged)),
        Reached(ratio.full, _values(ratio, figures, compiled, log=True)),
    )


def _values(ratio: Ratio, figures: Figures, ours: str | None, *, log: bool) -> tuple[float, ...]:
    if ours is None:
        return ()
    values = tuple(_value(ratio, figures, ours, workload, log=log) for workload in ratio.workloads)
    there = tuple(value for value in values if value is not None)
    return there if len(there) == len(values) else ()


def _value(ratio: Ratio, figures: Figures, ours: str, workload: str, *, log: bool) -> float | None:
    us, them = (Key(system, workload, ratio.measure, log) for system in (ours, ratio.to))
    if ratio.measure is not Measure.P50:
        return figures.ratio(us, them)
    direct = Key(DIRECT, workload, ratio.measure, log)
    ours_added, theirs_added = figures.added(us, direct), figures.added(them, direct)
    return None if ours_added is None or not theirs_added else ours_added / theirs_added


@dataclass(frozen=True, slots=True)
class Bound:
    """A bound on a figure of our own."""

    says: str
    key: Key
    most: float
    unit: str
    one: float = 1.0
    """What one of the unit is."""
    to: Key | None = None
    """The bound is on the ratio to this."""


BOUNDS: Final = (
    Bound("idle connection", Key(OURS, "idle", Measure.CONNECTION), 2, "KB", KB),
    Bound("idle connection, TLS", Key(OURS, "idle-tls", Measure.CONNECTION), 40, "KB", KB),
    Bound("idle process", Key(OURS, "start", Measure.IDLE), 35, "MB", MB),
    Bound("10 MB down, 32 at once, above idle", Key(OURS, "down", Measure.GROWTH), 40, "MB", MB),
    Bound("10 MB up, 32 at once, above idle", Key(OURS, "up", Measure.GROWTH), 40, "MB", MB),
    Bound(
        "two workers, CPU time per request, to one",
        Key(OURS_TWO, "two", Measure.CPU),
        1.1,
        "times",
        to=Key(OURS_ONE, "two", Measure.CPU),
    ),
    Bound("two workers, share of the busier", Key(OURS_TWO, "two", Measure.SHARE), 70, "%", 0.01),
)


def kept_to(bound: Bound, figures: Figures) -> Reached:
    """Return what was reached of a bound."""
    value = figures.middle(bound.key) if bound.to is None else figures.ratio(bound.key, bound.to)
    return Reached(bound.most, () if value is None else (value / bound.one,))
