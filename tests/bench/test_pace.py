import os
from itertools import count

import pytest

from tests.bench.pace import AS_FAST, AT_MOST, Pace, worked


def pace(*seconds: float) -> Pace:
    told = iter(seconds)
    return Pace((0,), lambda _: next(told))


def test_a_core_is_held_against_its_best() -> None:
    one = pace(1.0, 2.0, 0.5, 1.0)
    assert [one.slowness((0,)) for _ in range(4)] == [1.0, 2.0, 1.0, 2.0]


def test_the_slowest_core_counts_and_each_is_held_against_itself() -> None:
    seconds = {0: iter((1.0, 1.0, 1.1)), 1: iter((2.0, 3.0))}
    both = Pace((0, 1), lambda core: next(seconds[core]))
    assert [both.slowness((0, 1)), both.slowness((0, 1)), both.slowness((0,))] == [1.0, 1.5, 1.1]


def test_cores_are_looked_at_for_some_time_first(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [0.0]

    def sleep(seconds: float) -> None:
        now.append(now[-1] + seconds)

    monkeypatch.setattr("tests.bench.pace.time.sleep", sleep)
    monkeypatch.setattr("tests.bench.pace.time.monotonic", lambda: now[-1])
    one = pace(1.5, 1.0, 1.5)
    one.learn(0.5)
    assert one.slowness((0,)) == 1.5


def test_what_was_measured_on_a_disturbed_core_is_not_taken() -> None:
    # behind:        0    1    2    3    4: of these the third and the fifth are quiet on both sides
    one = pace(1.0, 1.6, 1.1, 1.0, 1.6, 1.0, 1.0)
    numbers = count()
    assert sorted(one.undisturbed(lambda: next(numbers), 2, (0,))) == [2, 5]
    assert one.disturbed == 0


def test_no_more_is_measured_than_is_wanted() -> None:
    one = pace(1.0, 1.0, 1.1, 1.0)
    numbers = count()
    assert one.undisturbed(lambda: next(numbers), 3, (0,)) == [0, 1, 2]
    assert next(numbers) == 3


def test_of_a_core_that_is_never_quiet_the_least_disturbed_is_taken_and_counted() -> None:
    disturbed = [AS_FAST + 0.1 * (number + 2) for number in range(AT_MOST)]
    one = pace(1.0, *disturbed[::-1])
    numbers = count()
    assert one.undisturbed(lambda: next(numbers), 1, (0,)) == [AT_MOST - 1]
    assert next(numbers) == AT_MOST
    assert one.disturbed == 1


def test_work_is_done_on_the_core_and_the_caller_goes_back() -> None:
    before = os.sched_getaffinity(0)
    assert worked(min(before)) > 0
    assert os.sched_getaffinity(0) == before
