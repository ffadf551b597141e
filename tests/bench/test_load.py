from pathlib import Path

import pytest

from tests.bench.load import Result, load, parse
from tests.bench.measure import upstream
from tests.bench.place import Place
from tests.bench.workloads import WORKLOADS
from tests.system import needs

TOLD = """\
Running 2s test @ http://127.0.0.1:18080/
  1 threads and 64 connections
  51739 requests in 1.01s, 68.88MB read
Requests/sec:  51466.30
result requests=51739 microseconds=1005309 octets=72227644 p50=458 p99=12947 connect=1 read=2 write=3 status=4 timeout=5
"""


def test_what_wrk_tells_is_read() -> None:
    assert parse(TOLD) == Result(
        requests=51_739,
        seconds=1.005309,
        octets=72_227_644,
        p50_seconds=0.000458,
        p99_seconds=0.012947,
        errors=15,
    )


def test_a_wrk_that_tells_no_result_is_an_error_that_shows_what_it_told() -> None:
    with pytest.raises(ValueError, match="unable to connect"):
        parse("unable to connect to 127.0.0.1:1 Connection refused\n")


@needs("wrk", "gcc", "libc6-dev")
@pytest.mark.parametrize("name", ["get", "closing", "100k", "chunked", "down", "up"])
def test_the_upstream_answers_each_request_of_the_load(name: str, place: Place, tmp_path: Path) -> None:
    (workload,) = (each for each in WORKLOADS if each.name == name)
    (tmp_path / "request").write_bytes(workload.request)
    with upstream(place):
        result = load(f"http://127.0.0.1:{place.upstream}/", tmp_path / "request", 2, 0.2)
    assert result.requests > 0
    assert result.errors == 0
