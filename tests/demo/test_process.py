import asyncio
import sys
from pathlib import Path

import pytest

from gateway.demo import process
from gateway.demo.process import GatewayEndedError, GatewayProcess
from gateway.demo.sockets import free_port

STAND_IN = (sys.executable, str(Path(__file__).with_name("stand_in.py")))


def gateway(folder: Path, behaviour: str) -> GatewayProcess:
    port = free_port(0)
    configuration = folder / "gateway.yaml"
    configuration.write_text(f"{behaviour} {port}", encoding="utf-8")
    return GatewayProcess(configuration, folder / "gateway.log", port, STAND_IN)


async def test_its_log_is_kept_and_found_by_request_in_whatever_order_it_came(tmp_path: Path) -> None:
    async with gateway(tmp_path, "listens") as running:
        assert [entry["reason"] for entry in await running.log_of(["r1", "r2"])] == ["allowed", "not-cors"]
        assert [entry["reason"] for entry in await running.log_of(["r2"])] == ["not-cors"]
    assert (tmp_path / "gateway.log").read_text(encoding="utf-8").startswith("starting\n")


async def test_a_request_that_is_not_in_the_log_is_not_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(process, "LOG_SECONDS", 0.01)
    async with gateway(tmp_path, "listens") as running:
        assert await running.log_of(["nobody"]) == []


async def test_one_that_does_not_start_says_why(tmp_path: Path) -> None:
    with pytest.raises(GatewayEndedError, match=r"(?s)did not start.*serve -c .*gateway\.yaml:1:1: a mistake"):
        await gateway(tmp_path, "fails").__aenter__()


async def test_one_that_never_listens_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process, "START_SECONDS", 0.2)
    with pytest.raises(GatewayEndedError, match="did not listen within 0 s"):
        await gateway(tmp_path, "deaf").__aenter__()


async def test_one_that_does_not_stop_is_killed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process, "STOP_SECONDS", 0.1)
    async with gateway(tmp_path, "stubborn") as running:
        await running.log_of(["r1"])


async def test_one_that_ends_by_itself_is_noticed(tmp_path: Path) -> None:
    async with gateway(tmp_path, "ends") as running, asyncio.timeout(10):
        with pytest.raises(GatewayEndedError, match="has ended"):
            await running.wait()


async def test_one_that_was_never_started_has_nothing_to_end(tmp_path: Path) -> None:
    await gateway(tmp_path, "listens").__aexit__(None, None, None)
