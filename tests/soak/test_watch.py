"""What is growth, and what only looks like it."""

import random

import pytest

from tests.soak.told import Told
from tests.soak.watch import EACH_SECONDS, SLOPE_KIB, Sample, slope, tell, together

MINUTES = 12


def samples(kib_each_minute: float, *, minutes: float = MINUTES, spread: int = 0, first: int = 80_000) -> list[Sample]:
    """Return what a process with this slope had, and by chance a little more."""
    chance = random.Random(1)  # noqa: S311 - no secret
    moments = [number * EACH_SECONDS / 60 for number in range(int(minutes * 60 / EACH_SECONDS))]
    return [Sample(at, int(first + kib_each_minute * at + chance.randint(0, spread)), 30) for at in moments]


@pytest.mark.parametrize("each_minute", [0, 100, -100])
def test_a_slope(each_minute: int) -> None:
    assert slope(samples(each_minute)) == pytest.approx(each_minute, abs=1)
    assert slope(samples(each_minute, spread=2000)) == pytest.approx(each_minute, abs=30)


def test_what_was_needed_for_a_moment_is_no_slope() -> None:
    found = samples(0)
    late = [Sample(each.at, each.resident_kib + 50_000 * (10 < each.at < 10.5), 30) for each in found]
    assert slope(late) == 0


def test_what_is_given_back_each_minute_is_no_slope() -> None:
    sawtooth = [Sample(each.at, 80_000 + int(each.at % 1 * 5000), 30) for each in samples(0)]
    assert slope(sawtooth) == pytest.approx(0, abs=1)


def test_less_than_a_minute_has_no_slope() -> None:
    assert slope(samples(1000)[:50]) == 0


@pytest.mark.parametrize(("each_minute", "minutes", "over"), [(10, 12, [False]), (100, 12, [True]), (100, 9, [])])
def test_what_grows_is_over_its_bound_once_it_has_lived_long_enough(
    each_minute: int, minutes: int, over: list[bool]
) -> None:
    told = Told("")
    tell(told, "process 1", samples(each_minute, minutes=minutes))
    assert [figure.is_over for figure in told.figures if figure.bound == SLOPE_KIB] == over


def test_the_first_half_is_warming_up() -> None:
    told, found = Told(""), samples(0)
    warmed = [Sample(each.at, each.resident_kib - int(max(0.0, 5 - each.at) * 10_000), 30) for each in found]
    tell(told, "process 1", warmed)
    assert [figure.value for figure in told.figures if figure.bound == SLOPE_KIB] == [0]


def test_clients_that_go_from_one_worker_to_another_are_no_growth() -> None:
    younger = samples(700)[60:]
    assert slope(together([samples(-700), younger])) == 0
    assert slope(together([samples(-300), younger])) == pytest.approx(400, abs=1)
    assert together([samples(0), younger])[0] == Sample(younger[0].at, 80_000 + younger[0].resident_kib, 60)
