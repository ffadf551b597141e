import pytest

from tests.bench.bounds import BOUNDS, RATIOS, Bound, Ratio, Reached, kept_to, reached
from tests.bench.figures import Figures, Key, Measure
from tests.bench.systems import DIRECT, SYSTEMS
from tests.bench.workloads import WORKLOADS

GET = Ratio("1 KB GET, to nginx", ("get",), "nginx", plain=2.0, quiet=1.2, full=1.4)


def made(*values: tuple[str, str, Measure, bool, float]) -> Figures:
    figures = Figures()
    for system, workload, measure, log, value in values:
        figures.add(system, workload, {measure: value}, log=log)
    return figures


CPU = made(
    ("nginx", "get", Measure.CPU, True, 20.0),
    ("nginx", "get", Measure.CPU, False, 10.0),
    ("cors-gateway", "get", Measure.CPU, True, 30.0),
    ("cors-gateway", "get", Measure.CPU, False, 12.0),
    ("cors-gateway-plain", "get", Measure.CPU, True, 40.0),
)


def test_each_of_three_configurations_is_compared_with_the_other_in_the_same_mode() -> None:
    assert reached(GET, CPU, has_extensions=True) == (
        Reached(2.0, (2.0,)),
        Reached(1.2, (1.2,)),
        Reached(1.4, (1.5,)),
    )


def test_without_compiled_parts_the_default_is_the_plain_one() -> None:
    plain, *compiled = reached(GET, CPU, has_extensions=False)
    assert plain == Reached(2.0, (1.5,))
    assert [each.values for each in compiled] == [(), ()]


@pytest.mark.parametrize(("values", "is_met"), [((1.4,), True), ((1.41,), False), ((0.1, 1.5), False)])
def test_a_bound_is_met_up_to_itself_by_all(values: tuple[float, ...], is_met: bool) -> None:
    assert Reached(1.4, values).is_met is is_met


def test_latency_is_compared_by_what_each_adds() -> None:
    p50 = Ratio("added", ("one",), "nginx", 2.0, 2.0, 2.0, Measure.P50)
    figures = made(
        (DIRECT, "one", Measure.P50, True, 20.0),
        ("nginx", "one", Measure.P50, True, 120.0),
        ("cors-gateway", "one", Measure.P50, True, 170.0),
    )
    assert reached(p50, figures, has_extensions=False)[0].values == (1.5,)


def test_of_two_workloads_both_have_to_be_there() -> None:
    both = Ratio("bodies", ("down", "up"), "nginx", 0.7, 0.6, 0.6, quiet_is_logged=True)
    down = (("nginx", "down", Measure.CPU, True, 2.0), ("cors-gateway", "down", Measure.CPU, True, 1.0))
    up = (("nginx", "up", Measure.CPU, True, 4.0), ("cors-gateway", "up", Measure.CPU, True, 1.0))
    assert reached(both, made(*down), has_extensions=True)[1].values == ()
    assert reached(both, made(*down, *up), has_extensions=True)[1].values == (0.5, 0.25)


def test_a_figure_of_our_own_is_told_in_its_unit() -> None:
    figures = made(("cors-gateway", "start", Measure.IDLE, True, 35_500_000.0))
    bound = Bound("idle process", Key("cors-gateway", "start", Measure.IDLE), 35, "MB", 1_000_000)
    assert kept_to(bound, figures) == Reached(35, (35.5,))
    assert kept_to(bound, Figures()) == Reached(35, ())


def test_what_the_bounds_name_is_measured() -> None:
    systems = {system.name for system in SYSTEMS} | {DIRECT}
    workloads = {workload.name for workload in WORKLOADS}
    for ratio in RATIOS:
        assert ratio.to in systems
        assert workloads.issuperset(ratio.workloads)
    for bound in BOUNDS:
        assert {key.system for key in (bound.key, bound.to) if key} <= systems
        assert {key.workload for key in (bound.key, bound.to) if key} <= workloads
