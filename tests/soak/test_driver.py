"""The load sees what is lost and what is wrong: here it calls servers that do such things."""

import asyncio
import json
import sys
from collections.abc import Awaitable, Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

import pytest
import trustme

from tests.load.clients import NAME
from tests.relay.peers import PATIENCE_SECONDS, Peer, Script, ScriptedUpstream
from tests.soak.asking import FIELDS, PREFLIGHT_FIELDS, digest, pattern
from tests.soak.driver import Settings

LATER: Final = 4
"""The request of each connection on which something happens: those before it are answered as they should be."""

Spoil = Callable[[Peer, bytes], Awaitable[None]]
"""Answer the request of number `LATER`; it is given the right answer."""


def right(head: bytes, body: bytes) -> bytes:
    """Return the right answer."""
    method, target, _ = head.split(b" ", 2)
    if method == b"OPTIONS":
        return b"HTTP/1.1 204 No Content\r\n" + b"\r\n".join(PREFLIGHT_FIELDS) + b"\r\n\r\n"
    _, _, number, *size = target.split(b"/")
    said = number + b" " + digest(body) if method == b"POST" else pattern(int(number), int(size[0]))
    return b"HTTP/1.1 200 OK\r\n%b\r\nContent-Length: %d\r\n\r\n%b" % (b"\r\n".join(FIELDS), len(said), said)


async def met_by_a_load(spoil: Spoil, is_enough: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
    """Return what a load has met at the end, which comes when it has met enough."""

    async def script(peer: Peer) -> None:
        for number in range(10_000):
            head = await peer.head()
            length = head.partition(b"Content-Length: ")[2].partition(b"\r\n")[0]
            answer = right(head, await peer.exactly(int(length)) if length else b"")
            await (spoil(peer, answer) if number == LATER else peer.send(answer))

    met = await met_by_calls(script, is_enough)
    assert met["sent"] == met["good"] + met["lost"] + met["wrong"] - met["unasked"]
    return met


async def met_by_calls(
    script: Script, is_enough: Callable[[dict[str, Any]], bool], authority: str = ""
) -> dict[str, Any]:
    """Return what a load has met that calls a server with this script."""
    async with ScriptedUpstream([script]) as server:
        settings = json.dumps(asdict(Settings(server.port, NAME, rate=200, connections=4, authority=authority)))
        driver = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "tests.soak.driver", settings),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
        )
        assert driver.stdout is not None
        assert driver.stdin is not None
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                met: dict[str, Any] = {"ended": False}
                while not met["ended"]:
                    met = json.loads(await driver.stdout.readline())
                    if is_enough(met):
                        driver.stdin.close()
        finally:
            if driver.returncode is None:
                driver.kill()
            await driver.communicate()
    return met


async def honest(peer: Peer, answer: bytes) -> None:
    await peer.send(answer)


async def leaves(peer: Peer, answer: bytes) -> None:
    del answer
    peer.close()


async def leaves_in_the_middle(peer: Peer, answer: bytes) -> None:
    await peer.send(answer[:50])
    peer.cut()


async def leaves_with_a_word(peer: Peer, answer: bytes) -> None:
    await peer.send(answer.replace(b"\r\n", b"\r\nConnection: close\r\n", 1))
    peer.close()


async def says_more(peer: Peer, answer: bytes) -> None:
    await peer.send(answer + b"HTTP/1.1 204 No Content\r\n\r\n")


async def says_it_twice(peer: Peer, answer: bytes) -> None:
    await peer.send(answer.replace(b"\r\n", b"\r\nAccess-Control-Allow-Origin: *\r\n", 1))


async def test_right_answers_are_good() -> None:
    met = await met_by_a_load(honest, lambda met: met["good"] > 100)
    assert (met["lost"], met["wrong"], met["withheld"], met["again"], met["unannounced"]) == (0, 0, 0, 0, 0)


async def test_who_is_told_to_close_asks_again_and_loses_nothing() -> None:
    met = await met_by_a_load(leaves_with_a_word, lambda met: met["again"] > 0)
    assert (met["lost"], met["wrong"], met["unannounced"]) == (0, 0, 0)


@pytest.mark.parametrize(
    ("spoil", "why"), [(leaves, "before its answer"), (leaves_in_the_middle, "in the middle of its answer")]
)
async def test_an_end_that_nobody_announced_loses_a_request(spoil: Spoil, why: str) -> None:
    met = await met_by_a_load(spoil, lambda met: met["lost"] > 0)
    assert met["wrong"] == 0
    assert why in met["losses"][0]["why"]
    assert met["losses"][0]["client_port"]


async def test_what_is_lost_in_a_handshake_is_told_with_its_port_by_which_one_knows_who_held_it(tmp_path: Path) -> None:
    async def cuts(peer: Peer) -> None:
        await peer.exactly(1)
        peer.cut()

    authority = tmp_path / "authority.pem"
    trustme.CA().cert_pem.write_to_path(authority)
    met = await met_by_calls(cuts, lambda met: met["lost"] > 0, str(authority))
    assert "no connection: ConnectionResetError" in met["losses"][0]["why"]
    assert all(loss["client_port"] for loss in met["losses"])


@pytest.mark.parametrize(("spoil", "why"), [(says_more, "octets that nobody asked for"), (says_it_twice, "fields")])
async def test_what_nobody_asked_for_is_wrong(spoil: Spoil, why: str) -> None:
    met = await met_by_a_load(spoil, lambda met: met["wrong"] > 0)
    assert any(why in error for error in met["errors"])


async def test_a_connection_that_is_closed_without_a_word_is_told_though_nothing_was_lost() -> None:
    async def answers_and_leaves(peer: Peer, answer: bytes) -> None:
        await peer.send(answer)
        peer.close()

    met = await met_by_a_load(answers_and_leaves, lambda met: met["unannounced"] > 0)
    assert met["closures"][0]["client_port"]
