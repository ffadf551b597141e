"""What octets mean, by the pure rules alone: which requests a client made, which responses an upstream gave."""

from dataclasses import dataclass

from gateway.http1.errors import Http1Error
from gateway.http1.framing import BodyReader, Framing, Kind, body_reader
from gateway.http1.head import (
    HeadBuffer,
    HeadLimits,
    RequestHead,
    ResponseHead,
    parse_request_head,
    parse_response_head,
    salvage,
)
from gateway.policy.decide import Answer, Relay, decide, refuse
from gateway.policy.model import Policy
from gateway.relay.upstream import MAX_INTERIM, RESPONSE_HEAD_LIMITS


@dataclass(slots=True)
class Meant:
    """A request as a client made it."""

    head: RequestHead | None = None
    """None where the head is not whole, or was refused."""
    decision: Answer | Relay | None = None
    """None where the head is not whole."""
    body: bytes = b""
    whole: bool = False
    malformed: bool = False
    """The body is not what the head announces."""


def requests(octets: bytes, policy: Policy, limits: HeadLimits) -> list[Meant]:
    """Return the requests in a client's octets, up to the one that must be the last."""
    found: list[Meant] = []
    while octets:
        buffer = HeadBuffer(limits)
        try:
            parted = buffer.feed(octets)
            if parted is None:
                found.append(Meant())
                break
            head = parse_request_head(parted[0], limits)
        except Http1Error as error:
            found.append(Meant(decision=refuse(policy, error, salvage(octets))))
            break
        meant = Meant(head, decide(policy, head))
        found.append(meant)
        meant.body, octets, meant.whole, meant.malformed = _body(head.body, parted[1], extensions=False)
        if not meant.whole or not head.persistent:
            break
    return found


def _body(framing: Framing, octets: bytes, *, extensions: bool) -> tuple[bytes, bytes, bool, bool]:
    """Return a body as far as it is good, the octets behind it, whether it is whole, and whether it is malformed."""
    reader = body_reader(framing, extensions=extensions)
    try:
        body, rest = reader.feed(octets)
    except Http1Error:
        return _good_part(body_reader(framing, extensions=extensions), octets), b"", False, True
    return body, rest, reader.done, False


def _good_part(reader: BodyReader, octets: bytes) -> bytes:
    good = b""
    try:
        for at in range(len(octets)):
            good += reader.feed(octets[at : at + 1])[0]
    except Http1Error:
        pass
    return good


@dataclass(slots=True)
class Given:
    """A response as an upstream gave it."""

    head: ResponseHead | None = None
    body: bytes = b""
    whole: bool = False
    over: bool = False
    """Octets stand behind it."""
    malformed: bool = False


def response(octets: bytes, method: bytes, *, fin: bool) -> Given:
    """Return the final response in an upstream's octets; `fin`: an orderly end stands behind them."""
    given = Given()
    interim = 0
    buffer = HeadBuffer(RESPONSE_HEAD_LIMITS)
    try:
        while True:
            parted = buffer.feed(octets)
            if parted is None:
                return given
            head = parse_response_head(parted[0], method, RESPONSE_HEAD_LIMITS)
            octets = parted[1]
            if head.status >= 200:
                break
            interim += 1
            if head.status == 101 or interim > MAX_INTERIM:
                given.malformed = True
                return given
    except Http1Error:
        given.malformed = True
        return given
    given.head = head
    given.body, rest, done, given.malformed = _body(head.body, octets, extensions=True)
    given.over = bool(rest)
    given.whole = done or (fin and head.body.kind is Kind.UNTIL_CLOSE)
    return given
