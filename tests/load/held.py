"""For each limit in octets, the worst request found: how much memory one holds, when many do the same at once.

The bar is Envoy's: a request that makes the gateway hold a hundred times the limit is a security bug. One more, octets
that come one at a time for a peer that takes none, needs sockets with little room and is in
`tests/relay/test_small_pieces.py`.
"""

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Final

from tests.load.clients import ADDIN, PREFLIGHT, Client
from tests.load.memory import KIB
from tests.load.place import HUNG, Place

BOUND: Final = 100
"""How many times its limit a request may hold (https://github.com/envoyproxy/envoy/security/policy)."""

CONNECTION_BOUND: Final = 40_000
"""What an idle connection may hold, in octets, with TLS as well, where it is 25,000, most of it OpenSSL's."""

HEAD: Final = b"GET /never HTTP/1.1\r\nHost: crm.customer.example\r\n"
UPLOAD: Final = b"PUT %b HTTP/1.1\r\nHost: %b\r\n%b\r\n"
SIZED: Final = b"Content-Length: 1000000000\r\n"
CHUNKED: Final = b"Transfer-Encoding: chunked\r\n"
PIECES: Final = 300
"""Octets sent one after the other, each a read of its own; twice, so that what a limit full of them costs is known."""
Act = Callable[[Place, Sequence[Client]], None]


@dataclass(frozen=True, slots=True)
class Case:
    """One limit, and the worst that was found against it."""

    name: str
    limit: int
    """Octets."""
    act: Act
    """Have each client do it."""
    clients: int = 100
    drip: bytes = b""
    """What is sent further, again and again: `PIECES` count as they are, those that the limit allows as they cost."""


def held(place: Place, case: Case) -> float:
    """Have many clients do it, each on a connection that was used before; return how many octets one of them holds.

    As many do it first and keep at it, unmeasured: they take what the process has free. It is to be a new process for
    each case.
    """
    with ExitStack() as stack:
        first, second = ([stack.enter_context(place.client()) for _ in range(case.clients)] for _ in range(2))
        for client in first + second:
            assert client.ask(PREFLIGHT).status == 204
        case.act(place, first)
        _drip(place, first, case.drip)
        _drip(place, first, case.drip)
        place.fence()
        growth = place.growth()
        case.act(place, second)
        _drip(place, second, case.drip)
        place.fence()
        before = growth.octets()
        _drip(place, second, case.drip)
        further = (growth.octets() - before) / PIECES * (case.limit / len(case.drip) - PIECES) if case.drip else 0.0
        return (before + further) / case.clients


def _drip(place: Place, clients: Sequence[Client], octets: bytes) -> None:
    """Send the same octets again and again, each time a read of its own for the gateway, as long as it reads."""
    if not octets:
        return
    with place.client() as other:
        for _ in range(PIECES):
            for client in clients:
                client.send_what_is_taken(octets)
            assert other.ask(PREFLIGHT).status == 204


def connection(place: Place, clients: int = 500) -> float:
    """Return how many octets a connection holds on which a request was answered and none is under way."""
    with ExitStack() as stack:
        for _ in range(clients):
            assert stack.enter_context(place.client()).ask(PREFLIGHT).status == 204
        growth = place.growth()
        for _ in range(clients):
            assert stack.enter_context(place.client()).ask(PREFLIGHT).status == 204
        return growth.octets() / clients


def _send(octets: bytes) -> Act:
    def act(_place: Place, clients: Sequence[Client]) -> None:
        for client in clients:
            client.send(octets)

    return act


def _flood(opening: bytes, again: bytes) -> Act:
    """Send an opening, and then the same again and again until nothing is taken any more."""
    stream = again * (64 * KIB // len(again) + 2)

    def act(place: Place, clients: Sequence[Client]) -> None:
        sent = dict.fromkeys(range(len(clients)), 0)
        for client in clients:
            client.send(opening)
        taken = 1
        while taken:
            taken = 0
            place.fence(5)
            for at, client in enumerate(clients):
                now = client.send_what_is_taken(stream[sent[at] % len(again) :])
                sent[at] += now
                taken += now

    return act


def _unread(target: bytes) -> Act:
    """Ask for something, and do not read it."""
    return _send(b"GET %b HTTP/1.1\r\nHost: crm.customer.example\r\n\r\n" % target)


_LINES: Final = b"".join(b"%c%c:%b\r\n" % (97 + at % 26, 97 + at // 26, b"v" * 240) for at in range(120))
_NAMES: Final = b",".join(b"x-%02d-%b" % (at, b"n" * 58) for at in range(64))
_LIST: Final = b"Access-Control-Request-Method: GET\r\nAccess-Control-Request-Headers: " + _NAMES[:4096] + b"\r\n"
_ASK: Final = b"OPTIONS /p HTTP/1.1\r\nHost: crm.customer.example\r\nOrigin: " + ADDIN + b"\r\n" + _LIST + b"\r\n"

CASES: Final = (
    Case("head_size: a head that does not end", 32 * KIB, _send((HEAD + _LINES * 2)[: 32 * KIB - 8])),
    Case("line_size: a line that does not end", 16 * KIB, _send(HEAD + b"X: " + b"y" * (16 * KIB - 8))),
    Case(
        "target_size: an answer that does not come",
        16 * KIB,
        _send(HEAD.replace(b"r H", b"r/" + b"t" * 16_300 + b" H") + b"\r\n"),
    ),
    Case("lines: an answer that does not come", 32 * KIB, _send(HEAD + _LINES + b"\r\n")),
    Case("chunk line of a response", KIB, _unread(b"/unfinished/chunk-line/1000")),
    Case(
        "trailers of a request",
        32 * KIB,
        _send(UPLOAD % (b"/never", b"crm.customer.example", CHUNKED) + b"0\r\nX: " + b"y" * 32_000),
    ),
    Case("trailers of a response", 32 * KIB, _unread(b"/unfinished/trailer/32000")),
    Case("Access-Control-Request-Headers", 4 * KIB, _send(_ASK)),
    Case("body that waits for a connection, at once", 64 * KIB, _flood(UPLOAD % (b"/", HUNG, SIZED), bytes(1))),
    Case(
        "body that waits for a connection, in pieces",
        64 * KIB,
        _send(UPLOAD % (b"/", HUNG, SIZED)),
        clients=40,
        drip=b"yy",
    ),
    Case(
        "write buffer to an upstream, at once",
        64 * KIB,
        _flood(UPLOAD % (b"/stall", b"crm.customer.example", SIZED), bytes(1)),
        clients=20,
    ),
    Case("write buffer to a client: an answer", 64 * KIB, _unread(b"/big/100000000"), clients=20),
    Case("write buffer to a client: answers", 64 * KIB, _flood(PREFLIGHT, PREFLIGHT), clients=6),
    Case("octets behind the present request", 32 * KIB, _flood(HEAD + b"\r\n", PREFLIGHT), clients=25),
    Case("head of a response", 32 * KIB, _unread(b"/unfinished/head/32000")),
)
