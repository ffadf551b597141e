"""Looking again and again."""

import asyncio
from collections.abc import Mapping

import pytest

from gateway.service.events import Events
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

    events, told = Events(), list[tuple[str, Mapping[str, object]]]()
    events.go_to(lambda event, details: told.append((event, details)), "error")
    monkeypatch.setattr("gateway.service.following.EVENTS", events)
    following = asyncio.create_task(each_second(look))
    await third.wait()
    following.cancel()
    assert {event for event, _ in told} == {"internal.error"}
    assert "RuntimeError" in str(told[0][1]["error"])
