import pytest

from tests.bench.__main__ import chosen, steps
from tests.bench.systems import SYSTEMS
from tests.bench.workloads import CHROME, WORKLOADS, request


def test_in_each_round_every_system_has_its_turn() -> None:
    (get,) = (workload for workload in WORKLOADS if workload.name == "get")
    systems = [system for system in SYSTEMS if system.name in {"nginx", "haproxy", "nginx-large-buffers"}]
    assert [(step.log, step.round, step.name) for step in steps(systems, [get], 2)] == [
        (log, round_, name) for log in (True, False) for round_ in (0, 1) for name in ("nginx", "haproxy")
    ]


def test_latency_is_measured_straight_to_the_upstream_too() -> None:
    (one,) = (workload for workload in WORKLOADS if workload.name == "one")
    assert [step.name for step in steps([], [one], 1)] == ["direct", "direct"]


def test_two_workers_are_compared_with_one_under_the_same_load() -> None:
    (two,) = (workload for workload in WORKLOADS if workload.name == "two")
    compared = ["cors-gateway-1-worker", "cors-gateway-2-workers"]
    assert [step.name for step in steps(SYSTEMS, [two], 1)] == compared
    # What is held to a core has it for itself, and is cheaper: that would be another comparison.
    assert {system.both_cores for system in SYSTEMS if system.name in compared} == {True}


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
