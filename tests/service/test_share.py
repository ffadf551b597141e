"""Limits are the whole gateway's."""

from pathlib import Path

import pytest

from gateway.config.load import load
from gateway.config.model import Config
from gateway.service.cores import cores, workers_of
from gateway.service.share import share_of

TEXT = """
workers: 3
listeners: [{address: '127.0.0.1:9900', limits: {connections: 4096, connections_per_address: 2}}]
sites:
  - names: [a.example, b.example]
    upstream: http://127.0.0.1:9
    paths: everything
    origins: [https://addin.vendor.example]
"""


@pytest.fixture
def config(tmp_path: Path) -> Config:
    (tmp_path / "c.yaml").write_text(TEXT)
    return load([tmp_path], {}).config


def test_shares_add_up_and_nobody_has_none(config: Config) -> None:
    limits = [share_of(config, nth, 3).listeners[0].limits for nth in range(3)]
    assert [each.connections for each in limits] == [1366, 1365, 1365]
    assert [each.connections_per_address for each in limits] == [1, 1, 1]


def test_what_is_under_way_on_a_site_has_no_share(config: Config) -> None:
    assert share_of(config, 1, 3).policy is config.policy


def test_one_of_one_has_all(config: Config) -> None:
    assert share_of(config, 0, 1) == config


def test_there_are_as_many_workers_as_the_configuration_says(config: Config) -> None:
    assert workers_of(config) == 3


@pytest.mark.parametrize(
    ("text", "expected"),
    [("max 100000\n", None), ("100000 100000\n", 1), ("50000 100000\n", 1), ("99900000 100000\n", None), ("", None)],
)
def test_a_container_has_the_cores_that_its_time_is_worth(tmp_path: Path, text: str, expected: int | None) -> None:
    quota = tmp_path / "cpu.max"
    quota.write_text(text)
    assert cores(quota) == (expected or cores(tmp_path / "none"))


def test_a_part_of_a_core_counts_as_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    quota = tmp_path / "cpu.max"
    quota.write_text("250000 100000\n")

    def eight(_pid: int) -> range:
        return range(8)

    monkeypatch.setattr("os.sched_getaffinity", eight)
    assert cores(quota) == 3
