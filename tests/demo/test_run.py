"""The demonstration as a whole, with the gateway as people start it."""

import asyncio
import os
import signal
import socket
import sys
from pathlib import Path

import pytest
from yarl import URL

from gateway.demo import wire
from gateway.demo.process import GatewayEndedError
from gateway.demo.replay import replay
from gateway.demo.run import Options, run_demo, running
from tests.demo.conftest import Crm

REASONS = {
    "challenge": ["allowed"],
    "rest": ["preflight-allowed", "allowed"],
    "rest-credentials": ["preflight-allowed", "allowed"],
    "touch-login": ["allowed"],
    "touch-records": ["preflight-allowed", "allowed"],
    "fixed-twice": ["preflight-allowed", "allowed"],
    "download": ["allowed"],
    "login-redirect": ["allowed", "allowed"],
    "error-500": ["allowed"],
    "off": ["upstream-refused"],
    "origin": ["origin-not-allowed"],
    "header": ["header-not-allowed"],
    "method": ["method-not-allowed"],
    "path": ["path-not-served"],
}


async def test_each_call_through_the_gateway_has_its_reason_in_the_log() -> None:
    async with running(Options(port=0, gateway_port=0)) as show:
        found: dict[str, list[object]] = {}
        for call in show.calls:
            origin = show.places.foreign if call.foreign else show.places.page
            replayed = await replay(call, show.bases[call.site]["gateway"], origin)
            found[call.id] = [entry["reason"] for entry in await show.gateway.log_of(replayed.request_ids)]
            readable = call.wanted or call.id == "path"
            assert (replayed.refusal is None) is readable, call.id

        assert found == REASONS


async def test_the_gateway_s_lines_are_the_only_ones() -> None:
    async with running(Options(port=0, gateway_port=0)) as show:
        call = next(call for call in show.calls if call.id == "fixed-twice")
        directly = await replay(call, show.bases["crm"]["direct"], show.places.page)
        through = await replay(call, show.bases["crm"]["gateway"], show.places.page)

        origins = [
            [
                exchange.response.values("Access-Control-Allow-Origin")
                for exchange in each.exchanges
                if exchange.response
            ]
            for each in (directly, through)
        ]
        assert origins == [[[show.places.page, "*"]], [[show.places.page], [show.places.page]]]


async def test_before_somebody_s_own_crm(crm: Crm) -> None:
    async with running(Options(f"{crm.base}/", "https://addin.vendor.example", 0, 0)) as show:
        assert show.own
        assert show.places.crm == crm.base
        for call in (call for call in show.calls if call.wanted):
            for origin in (show.places.page, "https://addin.vendor.example"):
                replayed = await replay(call, show.bases["crm"]["gateway"], origin)
                assert replayed.refusal is None, call.id


async def test_the_pages_are_served_where_they_say() -> None:
    async with running(Options(port=0, gateway_port=0)) as show:
        for page in (show.places.page, show.places.foreign):
            url = URL(page) / ""
            response = await wire.send(url, wire.request("GET", url, [], None))
            assert response.status == 200


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
async def test_a_signal_ends_everything(number: signal.Signals) -> None:
    told: list[str] = []

    def say(story: str) -> None:
        told.append(story)
        os.kill(os.getpid(), number)

    await run_demo(Options(port=0, gateway_port=0), say)

    gateway = URL(told[0].partition("gateway        ")[2].split()[0])
    with socket.socket() as client, pytest.raises(ConnectionRefusedError):
        client.connect(("127.0.0.1", gateway.port or 0))


async def test_a_gateway_that_ends_ends_the_demonstration(tmp_path: Path) -> None:
    stand_in = tmp_path / "gateway.py"
    stand_in.write_text(
        "import re, socket, sys\n"
        "text = open(sys.argv[-1]).read()\n"
        "port = int(re.search(r'address: 127.0.0.1:(\\d+)', text)[1])\n"
        "with socket.create_server(('127.0.0.1', port)) as server:\n"
        "    server.accept()\n",
        encoding="utf-8",
    )
    async with asyncio.timeout(30):
        with pytest.raises(GatewayEndedError, match="has ended"):
            await run_demo(Options(port=0, gateway_port=0, command=(sys.executable, str(stand_in))), lambda _: None)
