import pytest

from tests.bench.figures import Figures, Key, Measure


def figures(**rounds: list[float]) -> Figures:
    """Return figures of CPU time under one workload, for each system its rounds."""
    made = Figures()
    for system, values in rounds.items():
        for value in values:
            made.add(system, "get", {Measure.CPU: value}, log=True)
    return made


def key(system: str) -> Key:
    return Key(system, "get", Measure.CPU)


@pytest.mark.parametrize(
    ("loads", "figure"),
    [
        pytest.param([3.0], 3.0, id="one"),
        pytest.param([3.0, 5.0], 4.0, id="two"),
        pytest.param([9.0, 1.0, 3.0], 3.0, id="of-three-the-median"),
        pytest.param([9.0, 1.0, 3.0, 5.0], 4.0, id="four"),
        pytest.param([90.0, 80.0, 3.0, 4.0, 5.0, 6.0, 7.0, 0.0, 0.0], 5.0, id="of-nine-the-five-in-the-middle"),
    ],
)
def test_a_figure_is_the_mean_of_the_half_of_its_loads_in_the_middle(loads: list[float], figure: float) -> None:
    assert figures(ours=loads).middle(key("ours")) == figure


def test_what_was_not_measured_has_no_figure_and_no_ratio() -> None:
    made = figures(ours=[1.0])
    assert made.middle(key("theirs")) is None
    assert made.ratio(key("ours"), key("theirs")) is None
    assert made.ratio(key("theirs"), key("ours")) is None
    assert made.added(key("ours"), key("theirs")) is None


def test_a_ratio_is_of_figures() -> None:
    made = figures(ours=[1.0, 3.0, 5.0], theirs=[2.0, 2.0, 90.0])
    assert made.ratio(key("ours"), key("theirs")) == 1.5
    assert made.added(key("ours"), key("theirs")) == 1.0


def test_with_and_without_the_log_are_two_figures() -> None:
    made = figures(ours=[1.0])
    made.add("ours", "get", {Measure.CPU: 7.0}, log=False)
    assert made.middle(key("ours")) == 1.0
    assert made.middle(key("ours")._replace(log=False)) == 7.0


def test_asking_adds_no_system() -> None:
    made = figures(ours=[1.0])
    made.middle(key("theirs"))
    assert made.systems() == ("ours",)


@pytest.mark.parametrize(
    ("rounds", "spread"),
    [
        pytest.param([10.0, 10.0, 10.0], 0.0, id="none"),
        pytest.param([10.0, 10.0, 12.0], 0.2, id="above"),
        pytest.param([7.0, 10.0, 12.0], 0.3, id="below"),
    ],
)
def test_the_spread_is_how_far_a_load_is_from_the_figure(rounds: list[float], spread: float) -> None:
    assert figures(ours=rounds).spread() == pytest.approx(spread)


def test_one_figure_in_ten_may_be_wild() -> None:
    tame = {f"system{number}": [10.0, 10.0, 11.0] for number in range(9)}
    assert figures(**tame, wild=[10.0, 10.0, 90.0]).spread() == pytest.approx(0.1)
