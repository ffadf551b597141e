"""Looking again and again."""

import asyncio

import pytest
from structlog.testing import capture_logs

from gateway.service.following import each_second


async def test_a_failure_of_ours_is_told_and_it_is_looked_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gateway.service.following.LOOK_SECONDS", 0)
    third, looks = asyncio.Event(), 0

    async def look() -> None:
        nonlocal looks
        looks += 1
        if looks == 3:
            third.set()
        raise RuntimeError

    with capture_logs() as told:
        following = asyncio.create_task(each_second(look))
        await third.wait()
        following.cancel()
    assert {event["event"] for event in told} == {"internal.error"}
    assert "RuntimeError" in told[0]["error"]
