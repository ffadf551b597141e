"""What is wrong after a case: every octet that was written is accounted for."""

import json
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Final

from gateway.http1.framing import Kind
from gateway.http1.head import RequestHead
from gateway.http1.target import path_of
from gateway.policy.decide import Answer, Relay
from gateway.policy.reason import Reason
from gateway.relay.record import Record
from tests.relay.fuzz import model, oracles
from tests.relay.fuzz.case import Case
from tests.relay.fuzz.loop import End, MemoryTransport, Side
from tests.relay.fuzz.model import Given, Meant
from tests.relay.fuzz.oracles import OracleError, Read
from tests.relay.fuzz.world import LIMITS, Client, Server, World, done

SWITCHED: Final = 101
ID_DIGITS_COUNTED: Final = 8
"""The end of an id, in hex, in which requests are counted from 1."""
FLUSHED: Final = (End.FIN, End.OPEN)
"""Ends before which everything that was written was sent."""

CUT: Final = frozenset({Reason.CLIENT_GONE, Reason.CLIENT_STALLED})
"""Reasons after which there is no answer."""

TIMED: Final = frozenset(
    {
        *(Reason.BODY_TIMEOUT, Reason.UPSTREAM_TIMEOUT, Reason.UPSTREAM_CONNECT_TIMEOUT, Reason.CLIENT_STALLED),
        Reason.HEAD_TIMEOUT,
    }
)
"""Reasons that need time to pass."""

_HOP_BY_HOP: Final = frozenset(
    b"connection keep-alive te trailer upgrade proxy-connection expect x_forwarded_for alt-svc".split()
)
_NOT_OF_A_SWITCH: Final = _HOP_BY_HOP - {b"connection", b"upgrade"} | {b"content-length", b"transfer-encoding"}


def faults(case: Case) -> list[str]:
    """Do a case in a `small_world`, and return what is wrong."""
    world = done(case)
    found = list(dict.fromkeys(_faults(world)))
    world.dismantle()
    return found


def _faults(world: World) -> Iterator[str]:
    yield from world.faults
    if world.faults:
        return
    ids = [record.request_id for record in world.records]
    issued = int(world.gateway.request_id()[-ID_DIGITS_COUNTED:], 16) - 1
    if len(set(ids)) != len(ids) or len(ids) != issued:
        yield f"{issued} requests begun, but the records of {ids}"
    try:
        by_id: dict[str, tuple[Record, Meant, Client]] = {}
        attempts: dict[str, list[tuple[Server, int]]] = {}
        for server in world.servers:
            for nth, asked in enumerate(server.asked):
                attempts.setdefault(asked.id, []).append((server, nth))
        for client in world.clients:
            yield from _of_client(world, client, by_id, attempts)
        for server in world.servers:
            yield from _of_server(world, server, by_id)
        for request_id, tries in attempts.items():
            yield from _of_retry(*by_id[request_id][:2], tries)
    except OracleError as error:
        yield str(error)


# ------------------------------------------------------------------------------------------------ what clients are told


def _of_client(
    world: World,
    client: Client,
    by_id: dict[str, tuple[Record, Meant, Client]],
    attempts: Mapping[str, list[tuple[Server, int]]],
) -> Iterator[str]:
    transport = client.transport
    records = [record for record in world.records if record.client == client.address]
    switched = next((nth for nth, record in enumerate(records) if record.status == SWITCHED), None)
    meant = model.requests(bytes(transport.delivered), world.config.policy, LIMITS.head, switched)
    name = f"client {client.address}"
    if len(records) > len(meant):
        yield f"{name}: {len(records)} records of {len(meant)} requests"
        return
    octets = bytes(transport.sent)
    fin = transport.end is End.FIN
    must_be_last = last_is_whole = False
    for record, request in zip(records, meant, strict=False):
        if record.reason is Reason.HEAD_TIMEOUT:  # what came of the head later was not read
            request = Meant()  # noqa: PLW2901
        by_id[record.request_id] = record, request, client
        given = _given(attempts.get(record.request_id, ()))
        wrong = [*_of_record(world, client, record, request, given)]
        read = None
        if record.status == SWITCHED:
            wrong += _of_tunnel(world, client, record, given, octets)
        else:
            end_of_body = transport.end in transport.ends_as_if_orderly
            read = oracles.response(octets, record.method, fin=end_of_body) if octets else None
            wrong += _of_none(client, record, octets, read)
        yield from (f"{name}: {record.request_id}: {what}" for what in wrong)
        if read is None or not read.start[0]:
            octets = b""
            must_be_last, last_is_whole = True, False
            continue
        if must_be_last:
            yield f"{name}: an answer behind the last one"
        octets = octets[read.octets :]
        last_is_whole = read.whole
        must_be_last = not read.whole or b"close" in read.values(b"connection")
        yield from (f"{name}: {record.request_id}: {what}" for what in _of_answer(client, record, request, given, read))
        if not read.whole and fin and not client.left:
            yield f"{name}: {record.request_id} is not whole, and ends as if it were"
    if octets:
        yield f"{name}: octets that are no answer: {octets!r}"
    yield from (f"{name}: {what}" for what in _of_the_end(world, client, records, meant, closes=must_be_last))
    if last_is_whole and transport.cut_at is not None and transport.cut_at == transport.written_at and not client.left:
        yield f"{name}: cut off right behind an answer, which may be lost by that"


def _of_none(client: Client, record: Record, octets: bytes, read: Read | None) -> Iterator[str]:
    """Yield what is wrong where there is no answer, or no more than a part of its head."""
    if read is not None and read.start[0]:
        return
    if octets and read is None:
        yield f"a part of a head, {octets!r}"
    if client.transport.end in FLUSHED and not (record.reason in CUT and client.left):
        yield f"no answer ({record.reason}), and the end is {client.transport.end}"


def _of_the_end(
    world: World, client: Client, records: list[Record], meant: list[Meant], *, closes: bool
) -> Iterator[str]:
    transport = client.transport
    if client.end is End.FIN and not client.left and not closes and not world.rested_at:
        yield "closed without having said so"
    at_once = transport.closed_at is not None and transport.closed_at == transport.written_at
    if at_once and records and records[-1].status != SWITCHED:
        last = meant[len(records) - 1]
        if not last.whole or transport.closed_behind > last.end:
            yield "closed at once, though what was not read of the client's would reset its answer away"
    if len(records) < len(meant) and not closes and not world.rested_at and client.end is not End.OPEN:
        unheard = meant[len(records)]
        if unheard.decision is not None and not any(record.reason in CUT for record in records):
            yield f"{len(meant) - len(records)} requests are not answered"


def _given(tries: "list[tuple[Server, int]] | tuple[()]") -> Given | None:
    """Return the response to the last of the attempts at a request."""
    if not tries:
        return None
    server, nth = tries[-1]
    return _response(server, nth)


def _response(server: Server, nth: int) -> Given:
    asked = server.asked[nth]
    fin = asked.end is server.transport.orderly_end
    return _given_in(bytes(asked.delivered), asked.method, asked.key, fin)


@lru_cache(1024)
def _given_in(octets: bytes, method: bytes, key: bytes | None, fin: bool) -> Given:
    return model.response(octets, method, key=key, fin=fin)


def _of_record(world: World, client: Client, record: Record, meant: Meant, given: Given | None) -> Iterator[str]:
    """Yield what a record does not say as it was."""
    reason, decision, head = record.reason, meant.decision, meant.head
    if head is not None and (record.method, record.path) != (head.method, path_of(head.target)):
        yield f"the record is of {record.method!r} {record.path!r}"
    if decision is None:
        if reason is not Reason.HEAD_TIMEOUT:
            yield f"{reason} for half a head"
    elif isinstance(decision, Answer):
        if (reason, record.status) != (decision.reason, decision.status):
            yield f"{reason} and {record.status} instead of {decision}"
    elif reason is decision.reason:
        if given is None or given.head is None or not given.whole or given.head.status != record.status:
            yield f"{reason} and {record.status}, but the upstream gave {given}"
    elif (why := _unfounded(world, client, record, meant, given)) is not None:
        yield f"{reason}, but {why}; the upstream gave {given}"


def _unfounded(world: World, client: Client, record: Record, meant: Meant, given: Given | None) -> str | None:
    """Return what speaks against the reason why a relayed request failed."""
    reason = record.reason
    timed = reason in TIMED
    # A WebSocket may end later, or be one too many by the time that its 101 comes.
    has_reason = reason is Reason.SITE_BUSY or (timed and record.status == SWITCHED)
    if given is not None and given.whole and not given.malformed and not (given.switched and has_reason):
        return "the upstream's answer was whole"
    if timed:
        return None if world.elapsed else "no time passed"
    founded = {
        Reason.CLIENT_GONE: client.left,
        Reason.SITE_BUSY: len(world.clients) > 1,
        Reason.BODY_TOO_LARGE: meant.head is not None
        and max(meant.head.body.length, len(meant.body)) > world.site.limits.request_body,
        Reason.BODY_MALFORMED: meant.malformed,
        Reason.UPSTREAM_REFUSED: "refused" in world.case.connects,
        Reason.UPSTREAM_CLOSED: given is None or given.head is None,
        Reason.UPSTREAM_CUT_OFF: given is not None and given.head is not None,
        Reason.UPSTREAM_MALFORMED: given is not None and given.malformed,
    }
    return None if founded.get(reason) else "nothing shows it"


def _of_answer(client: Client, record: Record, meant: Meant, given: Given | None, read: Read) -> Iterator[str]:
    """Yield what is wrong with an answer."""
    flushed = client.transport.end in FLUSHED
    decision = meant.decision
    if read.values(b"x-request-id") != [record.request_id.encode()] or not read.values(b"date"):
        yield f"the answer has the ids {read.values(b'x-request-id')}, the date {read.values(b'date')}"
    if read.start[0] != b"%d" % (record.status or 0):
        yield f"answered {read.start[0]!r}, recorded {record.status}"
    continues = isinstance(decision, Relay) and meant.head is not None and meant.head.expects_continue
    if any(status != 100 for status in read.interim) or len(read.interim) > continues:
        yield f"interim responses {read.interim}"
    nominated = given.head.fields.items(b"connection") if given is not None and given.head is not None else ()
    if any(name in _HOP_BY_HOP - {b"connection", b"keep-alive"} or name in nominated for name, _ in read.fields):
        yield f"hop-by-hop fields in {read.fields}"
    yield from _of_cors(meant, read)
    is_own = b"no-store" in read.values(b"cache-control") and not read.values(b"x-token")
    if not isinstance(decision, Relay) or is_own:
        if isinstance(decision, Relay) and record.reason is decision.reason:
            yield "an answer of our own in place of the upstream's"
        if flushed and not read.whole:
            yield "an answer of our own that is not whole"
        is_problem = b"application/problem+json" in read.values(b"content-type")
        if read.whole and read.body and is_problem and _reason_in(read.body) != record.reason:
            yield f"answered {read.body!r}, recorded {record.reason}"
        return
    yield from _of_relayed(read, given, ok=record.reason is decision.reason, flushed=flushed)


@lru_cache(1024)
def _reason_in(problem: bytes) -> str:
    return str(json.loads(problem)["reason"])


def _of_relayed(read: Read, given: Given | None, *, ok: bool, flushed: bool) -> Iterator[str]:
    """Yield how an upstream's response, which was whole if `ok`, is not what it was."""
    if given is None or given.head is None:
        yield f"{read} came from nowhere"
        return
    if read.whole and not ok:
        yield f"cut off, but the answer looks whole: {read}"
    if ok and flushed and not read.whole:
        yield f"the answer is not whole: {read}"
    if read.body != given.body if read.whole else not given.body.startswith(read.body):
        yield f"the answer has the body {read.body!r}, not {given.body!r}"
    if read.start[0] != b"%d" % given.head.status:
        yield f"answered {read.start[0]!r}, not {given.head.status}"


def _of_tunnel(world: World, client: Client, record: Record, given: Given | None, octets: bytes) -> Iterator[str]:
    """Yield what is wrong with a 101, and with what the client was sent behind it."""
    if given is None or given.head is None or not given.switched:
        yield f"a WebSocket is open, but the upstream gave {given}"
        return
    transport = client.transport
    read = oracles.switch(octets) if octets else None
    if read is None:
        if transport.end in FLUSHED or octets:
            yield f"a WebSocket is open, but the client was sent {octets!r}"
        return
    if read.values(b"x-request-id") != [record.request_id.encode()] or read.values(b"upgrade") != [b"websocket"]:
        yield f"switched with {read.fields}"
    if (
        read.values(b"connection") != [b"Upgrade"]
        or tuple(read.values(b"sec-websocket-accept")) != given.head.fields.values(b"sec-websocket-accept")
        or tuple(read.values(b"sec-websocket-protocol")) != given.head.fields.values(b"sec-websocket-protocol")
    ):
        yield f"switched with {read.fields}, the upstream with {given.head}"
    if any(name.startswith(b"access-control-") or name in _NOT_OF_A_SWITCH for name, _ in read.fields):
        yield f"a 101 has the fields {read.fields}"
    said = octets[read.octets :]
    if not given.body.startswith(said) or (transport.end is End.FIN and said != given.body):
        yield f"the client was sent {said!r} of {given.body!r}, the end is {transport.end}"
    if transport.end is End.CUT and not client.left and _in_no_time(world, record, transport):
        yield "a WebSocket is cut off, and nobody was slow"


def _in_no_time(world: World, record: Record, transport: MemoryTransport) -> bool:
    """Tell whether a connection was cut off in the moment when its request ended, though nobody had been slow."""
    return transport.cut_at == world.ended[record.request_id].at and record.reason not in TIMED


def _of_cors(meant: Meant, read: Read) -> Iterator[str]:
    found = sorted((name, value) for name, value in read.fields if name.startswith(b"access-control-"))
    decision = meant.decision
    block = decision.block if decision is not None else b""
    lines = [line.partition(b": ") for line in block.split(b"\r\n") if line.startswith(b"Access-Control-")]
    expected = sorted((name.lower(), value) for name, _, value in lines)
    if meant.head is None:  # the origin is shared with where it could be read
        expected = found if len({name for name, _ in found}) == len(found) else expected
    if found != expected:
        yield f"CORS fields {found} instead of {expected}"
    of_a_site = isinstance(decision, Relay) or (decision is not None and decision.site is not None)
    if meant.head is not None and of_a_site and len(read.values(b"vary")) != 1:
        yield f"Vary {read.values(b'vary')}"


# ---------------------------------------------------------------------------------------------- what upstreams are told


def _of_server(world: World, server: Server, by_id: Mapping[str, tuple[Record, Meant, Client]]) -> Iterator[str]:
    octets = bytes(server.transport.sent)
    nth = 0
    while octets:
        read = oracles.request(octets)
        if read is None:
            if server.transport.end is End.FIN:
                yield f"upstream: half a head, and an orderly end: {octets!r}"
            return
        octets = octets[read.octets :]
        ids = read.values(b"x-request-id")
        known = by_id.get(ids[0].decode()) if len(ids) == 1 else None
        if known is None:
            yield f"upstream: a request that nobody made, or that has two ids: {read}"
            return
        record, meant, client = known
        wrong = [*_of_request(world, meant, read, client), *_of_its_end(server, meant, read)]
        if nth:
            wrong += _of_reuse(server, nth)
        if meant.opens and nth < len(server.asked):
            wrong += _of_tunnel_up(world, server, nth, octets, known)
        yield from (f"upstream: {record.request_id}: {what}" for what in wrong)
        if record.status == SWITCHED:
            return
        nth += 1
        if not read.whole and octets:
            yield "upstream: octets behind half a request"


def _of_its_end(server: Server, meant: Meant, read: Read) -> Iterator[str]:
    if not read.whole and server.transport.end is End.FIN and not server.has_ended:
        yield "half a request, and an orderly end"
    if read.whole and not meant.whole:
        yield "looks whole, but the client's was not"


def _of_tunnel_up(
    world: World, server: Server, nth: int, octets: bytes, known: tuple[Record, Meant, Client]
) -> Iterator[str]:
    """Yield what is wrong with what an upstream was sent behind a request for a WebSocket."""
    record, meant, client = known
    asked = server.asked[nth]
    if asked.ahead is not None:
        given = _response(server, nth)
        if not given.switched or asked.ahead < given.before:
            yield f"octets passed before a valid 101: {octets!r}"
    if record.status != SWITCHED:
        return
    ended = world.ended[record.request_id]
    said = bytes(client.transport.delivered[meant.end : ended.read])
    transport = server.transport
    whole = transport.end in FLUSHED and not server.has_ended
    if not said.startswith(octets) or (whole and octets != said):
        yield f"the upstream was sent {octets!r} of {said!r}, the end is {transport.end}"
    if transport.end is End.CUT and not server.has_ended and _in_no_time(world, record, transport):
        yield "the upstream of a WebSocket is cut off, and nobody was slow"
    if ended.stalled and record.reason not in TIMED and not client.left and asked.end is None:
        yield f"a WebSocket has ended as {record.reason}, though its client took nothing"


def _of_request(world: World, meant: Meant, read: Read, client: Client) -> Iterator[str]:
    head = meant.head
    if head is None or not isinstance(meant.decision, Relay):
        yield f"was not to be relayed: {read}"
        return
    if read.start != (head.method, head.target):
        yield f"{read.start} instead of {head.method!r} {head.target!r}"
    if read.body != meant.body if read.whole else not meant.body.startswith(read.body):
        yield f"the body {read.body!r} instead of {meant.body!r}"
    if len(read.body) > meant.decision.site.limits.request_body:
        yield f"a body of {len(read.body)} octets is relayed"
    if read.values(b"host") != [head.host or b""] or read.values(b"x-forwarded-for") != [client.address.encode()]:
        yield f"Host {read.values(b'host')}, X-Forwarded-For {read.values(b'x-forwarded-for')}"
    if read.values(b"x-forwarded-proto") != [b"http" if world.case.sides[0] is Side.PLAIN else b"https"]:
        yield f"X-Forwarded-Proto {read.values(b'x-forwarded-proto')}"
    yield from _of_hops(meant, head, read)


def _of_hops(meant: Meant, head: RequestHead, read: Read) -> Iterator[str]:
    """Yield which fields should not have been sent on, and which should have been written anew."""
    names = {name for name, _ in read.fields}
    if meant.opens:
        names -= {b"connection", b"upgrade"}
        asks = read.values(b"connection"), read.values(b"upgrade"), tuple(read.values(b"sec-websocket-key"))
        if asks != ([b"Upgrade"], [b"websocket"], head.fields.values(b"sec-websocket-key")):
            yield f"no such request for a WebSocket: {read.fields}"
    if names & _HOP_BY_HOP or (b"x-a" in names and b"x-a" in head.fields.items(b"connection")):
        yield f"hop-by-hop fields in {read.fields}"
    if isinstance(meant.decision, Relay) and meant.decision.rule is not None and b"cookie" in names:
        yield "Cookie is relayed"


def _of_reuse(server: Server, nth: int) -> Iterator[str]:
    """Yield why a connection should not have been used once more."""
    asked = server.asked[nth - 1]
    given = _response(server, nth - 1)
    is_clean = given.whole and not given.over and not given.switched and asked.end is None
    if not is_clean or (given.head is not None and not given.head.persistent):
        yield f"a connection is used again behind {given}"
    if server.spoilt_after is not None and server.spoilt_after <= nth:
        yield "a connection is used again that said something unasked"


def _of_retry(record: Record, meant: Meant, tries: list[tuple[Server, int]]) -> Iterator[str]:
    """Yield why a request should not have been sent again, or should have been (contract item 17)."""
    server, nth = tries[0]
    asked = server.asked[nth]
    may = nth > 0 and not asked.delivered and asked.method in {b"GET", b"HEAD"} and not meant.body
    if len(tries) > 1 and not (may and len(tries) == 2):
        yield f"a {asked.method!r} is sent {len(tries)} times, first as number {nth} of a connection"
    must = may and meant.head is not None and meant.head.body.kind is Kind.NONE
    if len(tries) == 1 and must and record.reason is Reason.UPSTREAM_CLOSED:
        yield f"a {asked.method!r} that could be sent again is not"
