import os
from functools import partial

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


class Measures:
    """Counts what is measured, and notes in what order."""

    def __init__(self, *names: str) -> None:
        self.order: list[str] = []
        self.failed: list[tuple[str, str]] = []
        self.of = {name: partial(self._measure, name) for name in names}

    def _measure(self, name: str) -> int:
        self.order.append(name)
        if name == "breaks":
            raise ValueError("no result")
        return len(self.order)

    def fails(self, name: str, error: Exception) -> None:
        self.failed.append((name, str(error)))


def test_they_take_turns_until_each_has_what_is_wanted() -> None:
    measures = Measures("a", "b")
    made = pace(*[1.0] * 5).by_turns(measures.of, 2, (0,), measures.fails)
    assert made == {"a": [1, 3], "b": [2, 4]}
    assert measures.order == ["a", "b", "a", "b"]


def test_what_was_measured_on_a_disturbed_core_is_not_taken() -> None:
    one, measures = pace(1.0, 1.0, 1.6, 1.1, 1.0, 1.0, 1.0), Measures("a", "b")
    # behind:          1    2    3    4    5    6: the second and the third are disturbed on one side
    assert one.by_turns(measures.of, 2, (0,), measures.fails) == {"a": [1, 5], "b": [6, 4]}  # the least disturbed first
    assert one.disturbed == 0


def test_of_a_core_that_is_never_quiet_the_least_disturbed_is_taken_and_counted() -> None:
    disturbed = [AS_FAST + 0.1 * (number + 2) for number in range(AT_MOST)]
    one, measures = pace(1.0, *disturbed[::-1]), Measures("a")
    assert one.by_turns(measures.of, 1, (0,), measures.fails) == {"a": [AT_MOST]}
    assert one.disturbed == 1


def test_one_that_fails_has_no_further_turn_and_the_others_go_on() -> None:
    measures = Measures("breaks", "a")
    assert pace(*[1.0] * 3).by_turns(measures.of, 2, (0,), measures.fails) == {"breaks": [], "a": [2, 3]}
    assert measures.failed == [("breaks", "no result")]


def test_work_is_done_on_the_core_and_the_caller_goes_back() -> None:
    before = os.sched_getaffinity(0)
    assert worked(min(before)) > 0
    assert os.sched_getaffinity(0) == before
