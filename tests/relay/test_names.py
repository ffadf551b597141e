import asyncio
import socket
from collections.abc import Awaitable, Callable

import pytest

from gateway.relay.names import Names, literal

Answers = list[tuple[socket.AddressFamily, socket.SocketKind, int, str, tuple[str, int]]]


def answer(*addresses: str) -> Answers:
    return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, 0)) for address in addresses]


@pytest.fixture
def resolver(monkeypatch: pytest.MonkeyPatch) -> list[Answers | OSError]:
    """Answer each look-up with the next of a list, the last one for ever; the time between them is cut to nothing."""
    script: list[Answers | OSError] = []

    async def getaddrinfo(_self: object, *_: object, **__: object) -> Answers:
        result = script.pop(0) if len(script) > 1 else script[0]
        if isinstance(result, OSError):
            raise result
        return result

    async def at_once(seconds: float) -> None:
        slept.append(seconds)
        await real_sleep(0)

    slept: list[float] = []
    real_sleep = asyncio.sleep
    monkeypatch.setattr("asyncio.sleep", at_once)
    monkeypatch.setattr(Names, "_look_up", getaddrinfo)
    return script


async def until(condition: Callable[[], object], again: Callable[[float], Awaitable[None]] = asyncio.sleep) -> None:
    async with asyncio.timeout(10):
        while not condition():
            await again(0)


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("127.0.0.1", ((socket.AF_INET, "127.0.0.1"),)),
        ("::1", ((socket.AF_INET6, "::1"),)),
        ("crm.lan", None),
    ],
)
def test_literal(host: str, expected: tuple[tuple[socket.AddressFamily, str], ...] | None) -> None:
    assert literal(host) == expected


async def test_a_name_that_does_not_resolve_recovers_when_it_does(resolver: list[Answers | OSError]) -> None:
    resolver += [OSError("Name or service not known"), OSError("Name or service not known"), answer("192.0.2.1")]
    names = Names(asyncio.get_running_loop())
    names.watch({"crm.lan", "127.0.0.1"})
    assert names.error("crm.lan") == "not looked up yet"
    await names.first_answers(10)
    assert names.unresolved() == ("crm.lan",)
    assert names.error("crm.lan") == "Name or service not known"
    await until(lambda: names.addresses("crm.lan"))
    assert names.addresses("crm.lan") == ((socket.AF_INET, "192.0.2.1"),)
    assert names.unresolved() == ()
    names.stop()


async def test_the_last_good_answer_is_kept_while_the_resolver_fails(resolver: list[Answers | OSError]) -> None:
    resolver += [answer("192.0.2.1", "192.0.2.1"), OSError("timed out"), answer("192.0.2.2")]
    names = Names(asyncio.get_running_loop())
    names.watch({"crm.lan"})
    await names.first_answers(10)
    assert names.addresses("crm.lan") == ((socket.AF_INET, "192.0.2.1"),)
    await until(lambda: names.error("crm.lan") == "timed out")
    assert names.addresses("crm.lan") == ((socket.AF_INET, "192.0.2.1"),)
    await until(lambda: names.addresses("crm.lan") == ((socket.AF_INET, "192.0.2.2"),))
    names.stop()


async def test_a_name_that_is_no_longer_watched_is_forgotten(resolver: list[Answers | OSError]) -> None:
    resolver += [answer("192.0.2.1")]
    names = Names(asyncio.get_running_loop())
    names.watch({"crm.lan"})
    await names.first_answers(10)
    names.watch({"crm2.lan"})
    assert names.addresses("crm.lan") == ()
    names.stop()


async def test_nothing_to_look_up_is_nothing_to_wait_for() -> None:
    names = Names(asyncio.get_running_loop())
    names.watch({"127.0.0.1"})
    await names.first_answers(10)
    assert names.unresolved() == ()
