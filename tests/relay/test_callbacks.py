"""Faults of our own: both sides end, and one line says so, in our words and in no library's (contract 22)."""

import logging
from typing import NoReturn

import pytest

from gateway.policy.often import Often
from gateway.policy.reason import Reason
from tests.relay.conftest import RigMaker
from tests.relay.peers import answers, until

OK = b"HTTP/1.1 200 OK\r\nVary: Accept\r\nVary: Cookie\r\nContent-Length: 2\r\n\r\nok"
GET = b"GET /a HTTP/1.1\r\nHost: crm.customer.example\r\n\r\n"


def broken(*_: object, **__: object) -> NoReturn:
    raise KeyError("a bug, with a secret in its words")


@pytest.mark.parametrize(
    ("place", "upstreams"),
    [
        pytest.param("gateway.relay.client.begin_request", 0, id="reading-a-head"),
        pytest.param("", 0, id="deciding"),
        pytest.param("gateway.relay.exchange.request_octets", 1, id="writing-the-request"),
        pytest.param("gateway.relay.upstream.begin_response", 1, id="reading-the-answer"),
        pytest.param("gateway.policy.respond.merge_vary", 1, id="judging-the-answer"),
        pytest.param("gateway.relay.exchange.response_octets", 1, id="writing-the-answer"),
    ],
)
async def test_a_fault_at_any_step_ends_both_sides_in_one_line_of_ours(
    rig: RigMaker, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, place: str, upstreams: int
) -> None:
    made = await rig(answers(OK))
    client = await made.client()
    if place:
        monkeypatch.setattr(place, broken)
    else:
        made.gateway.often = Often(made.gateway.policy, broken)
    await client.send(GET)
    assert await client.gone()
    await until(lambda: not made.gateway.clients and not made.gateway.upstreams)
    assert made.upstream.connections == upstreams
    ((event, details),) = made.hints
    assert event == "internal.error"
    assert details["error"].startswith("KeyError at test_callbacks.py:")
    assert "secret" not in str(details)
    assert [one for one in caplog.records if one.levelno >= logging.WARNING] == []
    if upstreams:
        assert (await made.record()).reason is Reason.INTERNAL
