from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Final

import pytest

from tests.bench.__main__ import Comparison, by_turns, chosen, steps
from tests.bench.figures import Key, Measure
from tests.bench.measure import upstream
from tests.bench.place import Place
from tests.bench.report import LOADS
from tests.bench.systems import SYSTEMS
from tests.bench.workloads import CHROME, WORKLOADS, request
from tests.real.processes import Ports
from tests.system import needs

BY_NAME: Final = {workload.name: workload for workload in WORKLOADS}


def test_all_that_take_part_are_measured_together_with_the_log_and_without() -> None:
    systems = [system for system in SYSTEMS if system.name in {"nginx", "haproxy", "nginx-large-buffers"}]
    told = [
        (str(step), [system.name for system in step.systems])
        for step in steps(systems, [BY_NAME["idle"], BY_NAME["get"]])
    ]
    both = ["nginx", "haproxy"]
    idle = "2,000 idle connections, log on"
    assert told == [(idle, both), ("1 KB GET, log on", both), ("1 KB GET, log off", both)]


def test_two_workers_are_compared_with_one_under_the_same_load() -> None:
    (step,) = steps(SYSTEMS, [BY_NAME["two"]])
    assert [system.name for system in step.systems] == ["cors-gateway-1-worker", "cors-gateway-2-workers"]
    # What is held to a core has it for itself, and is cheaper: that would be another comparison.
    assert {system.both_cores for system in step.systems} == {True}


def test_they_take_turns_and_one_that_fails_has_no_further_one() -> None:
    order: list[str] = []
    failed: list[tuple[str, str]] = []

    def load(name: str) -> dict[Measure, float]:
        order.append(name)
        if name == "breaks" and order.count(name) > 1:
            raise ValueError("no result")
        return {Measure.CPU: float(len(order))}

    loads = {name: partial(load, name) for name in ("a", "breaks")}
    made = by_turns(loads, 3, lambda name, error: failed.append((name, str(error))))
    assert order == ["a", "breaks", "a", "breaks", "a"]
    assert made == {"a": [{Measure.CPU: at} for at in (1.0, 3.0, 5.0)], "breaks": [{Measure.CPU: 2.0}]}
    assert failed == [("breaks", "no result")]


def ends_at_once(_place: Place, _file: Path, _log: bool) -> list[str]:
    return ["false"]


@needs("gcc", "libc6-dev", "wrk")
def test_systems_are_measured_alone_or_by_turns_and_one_that_fails_spoils_nothing(place: Place, ports: Ports) -> None:
    (floor,) = (system for system in SYSTEMS if system.name == "floor")
    broken = replace(floor, name="broken", command=ends_at_once)
    comparison = Comparison(place, ports, seconds=0.1, rounds=1)
    workloads = [BY_NAME["start"], replace(BY_NAME["one"], modes=(True,))]
    with upstream(place):
        for step in steps([broken, floor], workloads):
            comparison.measure(step)
    found = {(key.system, key.workload): set[Measure]() for key in comparison.figures.loads}
    for key in comparison.figures.loads:
        found[key.system, key.workload].add(key.measure)
    rates = {Measure.RATE, Measure.P50, Measure.P99, Measure.ERRORS}
    assert found == {
        ("floor", "start"): {Measure.START, Measure.IDLE},
        ("floor", "one"): rates | {Measure.CPU, Measure.BUSY, Measure.SHARE, Measure.GROWTH},
        ("direct", "one"): rates,
    }
    loads = comparison.figures.loads
    assert len(loads[Key("floor", "one", Measure.CPU)]) == len(loads[Key("direct", "one", Measure.P50)]) == LOADS
    assert not any(any(values) for key, values in loads.items() if key.measure is Measure.ERRORS)
    assert [failure.partition(":")[0] for failure in comparison.wrong["broken"]] == [
        "start, log on",
        "one connection, log on",
    ]
    assert comparison.wrong.keys() == {"broken"}


def test_names_are_chosen_and_none_means_all() -> None:
    assert chosen("", ["a", "b"]) == {"a", "b"}
    assert chosen("b, a", ["a", "b", "c"]) == {"a", "b"}
    with pytest.raises(SystemExit, match="not there: x; there are: a, b"):
        chosen("a,x", ["a", "b"])


def test_a_request_has_as_many_lines_as_chrome_sends() -> None:
    head, _, body = request("POST", "/x", body=b"12345").partition(b"\r\n\r\n")
    lines = head.split(b"\r\n")
    assert lines[0] == b"POST /x HTTP/1.1"
    assert len(lines) == 1 + 1 + len(CHROME) + 1
    assert lines[-1] == b"Content-Length: 5"
    assert body == b"12345"
    assert len(CHROME) + 1 == 14
