"""What is growth, and what only looks like it."""

import pytest

from tests.soak.told import Told
from tests.soak.watch import Sample, tell, tell_growth, together


def resting(at: float, resident_kib: int) -> Sample:
    """Return what a process had at a moment."""
    return Sample(at, resident_kib, 30)


@pytest.mark.parametrize(("grown_kib", "is_over"), [(0, False), (630, False), (640, True), (-1000, False)])
def test_what_is_more_than_before_when_nobody_is_there_has_grown(grown_kib: int, is_over: bool) -> None:
    told = Told("")
    tell_growth(told, "process 1", [resting(5, 80_000), resting(15, 80_000 + grown_kib)])
    assert told.figures[-1].value == grown_kib / 10
    assert told.figures[-1].is_over is is_over


def test_who_was_not_there_before_has_not_grown() -> None:
    told = Told("")
    tell_growth(told, "process 1", [resting(15, 80_000)])
    assert told.figures == []


def test_clients_that_go_from_one_worker_to_another_are_no_growth() -> None:
    one, another = [resting(5, 80_000), resting(15, 70_000)], [resting(5, 70_000), resting(15, 80_000)]
    assert together([one, another]) == [Sample(5, 150_000, 60), Sample(15, 150_000, 60)]


def test_workers_are_added_up_from_when_all_are_there() -> None:
    assert together([[resting(5, 80_000), resting(15, 80_000)], [resting(15, 70_000)]]) == [Sample(15, 150_000, 60)]
    assert together([[resting(5, 80_000)], []]) == []


@pytest.mark.parametrize(("minutes", "greatest"), [(3, []), (10, [9.0])])
def test_of_memory_the_later_half_of_a_life_is_told_unless_it_is_short(minutes: int, greatest: list[float]) -> None:
    told = Told("")
    tell(told, "process 1", [resting(at, (9 if at >= minutes / 2 else 90) * 1024) for at in range(minutes + 1)])
    assert [figure.value for figure in told.figures if figure.name.endswith("memory, greatest")] == greatest
