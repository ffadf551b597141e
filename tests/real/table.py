"""The measured table, once directly and once through the gateway, and what the gateway must refuse in each row."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Final

from tests.real import calls, raw
from tests.real.chromium import Ask, Chromium, Outcome
from tests.real.mistakes import MISTAKES, Call, Mistake
from tests.real.names import ADDIN, OPAQUE, OTHER, crm_host, gateway_host
from tests.real.raw import RawAnswer
from tests.real.servers import Servers

ENCODINGS: Final = "gzip, deflate, br, zstd"
"""What Chromium accepts: the raw client has to ask for the same."""


class Refusal(Enum):
    """What of a call the policy does not allow."""

    ORIGIN = "origin"
    METHOD = "method"
    HEADER = "header"
    PATH = "path"


@dataclass(frozen=True, slots=True)
class Observed:
    """What came of one row."""

    directly: Mapping[Call, Outcome]
    through: Mapping[Call, Outcome]
    raw: Mapping[Call, RawAnswer]
    """What a raw client gets from the CRM for the same requests."""
    refused: Mapping[Refusal, tuple[Outcome, ...]]
    """What the page read of the calls that the policy refuses, each without and with credentials."""
    lines: Mapping[str, tuple[RawAnswer, ...]]
    """What a raw client gets from the gateway for the calls of the table, by the origin that it says it has."""
    reached: Counter[tuple[str, str, str]]
    """Method, target and Origin of what the CRM was asked under the gateway's name, by it or by the raw client."""


def observe(chromium: Chromium, servers: Servers, gateway_port: int) -> Mapping[str, Observed]:
    """Make all calls of all rows, and return what came of each row by its number."""
    chromium.open(ADDIN)
    directly = {row.number: _table(chromium, crm_host(row.number)) for row in MISTAKES}
    through = {row.number: _table(chromium, gateway_host(row.number)) for row in MISTAKES}
    raw_answers = {row.number: _raw(servers, row, chromium.user_agent) for row in MISTAKES}
    refused = {row.number: _refused_of_the_rule(chromium, gateway_host(row.number)) for row in MISTAKES}
    for page in (OTHER, OPAQUE):
        chromium.open(page)
        for row in MISTAKES:
            asked = calls.table(gateway_host(row.number)).values()
            twice = [each for one in asked for each in calls.with_and_without_credentials(one)]
            outcomes = refused[row.number].get(Refusal.ORIGIN, ())
            refused[row.number][Refusal.ORIGIN] = (*outcomes, *chromium.ask(twice))
    return {
        row.number: Observed(
            directly[row.number],
            through[row.number],
            raw_answers[row.number],
            refused[row.number],
            {origin: _lines(gateway_port, row, origin) for origin in (ADDIN, OTHER, "null")},
            servers.reached(row.server, gateway_host(row.number)),
        )
        for row in MISTAKES
    }


def expected_to_reach(row: Mistake) -> Counter[tuple[str, str, str]]:
    """Return what that should be: each call by the page, by the raw client itself, and by it through the gateway."""
    once = Counter((one.method, one.target, ADDIN) for one in calls.table(gateway_host(row.number)).values())
    return once + once + once


def _table(chromium: Chromium, host: str) -> Mapping[Call, Outcome]:
    asked = calls.table(host)
    return dict(zip(asked, chromium.ask(list(asked.values())), strict=True))


def _refused_of_the_rule(chromium: Chromium, host: str) -> dict[Refusal, tuple[Outcome, ...]]:
    asked = {
        Refusal.METHOD: calls.REFUSED_METHOD,
        Refusal.HEADER: calls.REFUSED_HEADER,
        Refusal.PATH: calls.REFUSED_PATH,
    }
    return {
        refusal: tuple(chromium.ask(calls.with_and_without_credentials(calls.to(host, one))))
        for refusal, one in asked.items()
    }


def _raw(servers: Servers, row: Mistake, user_agent: str) -> Mapping[Call, RawAnswer]:
    port = servers.ports[row.server][0]
    asked = calls.table(gateway_host(row.number))
    return {call: _raw_answer(port, gateway_host(row.number), one, ADDIN, user_agent) for call, one in asked.items()}


def _lines(port: int, row: Mistake, origin: str) -> tuple[RawAnswer, ...]:
    host = gateway_host(row.number)
    return tuple(_raw_answer(port, host, one, origin, "a raw client") for one in calls.table(host).values())


def _raw_answer(port: int, host: str, one: Ask, origin: str, user_agent: str) -> RawAnswer:
    fields = [
        ("Host", host),
        ("Origin", origin),
        ("User-Agent", user_agent),
        ("Accept-Encoding", ENCODINGS),
        ("X-Forwarded-Proto", "https"),  # as the gateway says, and a CRM that forces https wants to hear
        *one.fields.items(),
    ]
    return raw.fetch(port, one.method, one.target, fields, one.body.encode())
