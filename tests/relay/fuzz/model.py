"""What octets mean, by the pure rules alone: which requests a client made, which responses an upstream gave."""

from base64 import b64decode
from binascii import Error
from dataclasses import dataclass

from gateway.http1.errors import Http1Error
from gateway.http1.framing import BodyReader, Framing, Kind, body_reader
from gateway.http1.head import (
    HeadBuffer,
    HeadLimits,
    RequestHead,
    ResponseHead,
    salvage,
)
from gateway.policy.decide import Answer, Relay, decide, refuse
from gateway.policy.model import Policy
from gateway.relay.upstream import MAX_INTERIM, RESPONSE_HEAD_LIMITS
from tests.relay.fuzz.case import PUSH
from tests.relay.fuzz.world import accept_of, request_head, response_head


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
    opens: bool = False
    """It asks for a WebSocket where there are some."""
    end: int = 0
    """How much of the client's octets it has behind it."""


def requests(octets: bytes, policy: Policy, limits: HeadLimits, switched: int | None) -> list[Meant]:
    """Return the requests in a client's octets, up to the one that must be the last.

    `switched`: number of the one behind which a WebSocket begins.
    """
    found: list[Meant] = []
    length = len(octets)
    while octets:
        buffer = HeadBuffer(limits)
        try:
            parted = buffer.feed(octets)
            if parted is None:
                found.append(Meant())
                break
            head = request_head(parted[0], limits)
        except Http1Error as error:
            found.append(Meant(decision=refuse(policy, error, salvage(octets))))
            break
        meant = Meant(head, decide(policy, head))
        found.append(meant)
        meant.body, octets, meant.whole, meant.malformed = _body(head.body, parted[1], extensions=False)
        meant.opens = _opens(head)
        meant.end = length - len(octets)
        if not meant.whole or not head.persistent or len(found) - 1 == switched:
            break
    return found


def _opens(head: RequestHead) -> bool:
    """Tell whether a request asks for a WebSocket (RFC 6455, 4.2.1) where the site has some."""
    fields = head.fields
    if head.method != b"GET" or head.minor != 1 or head.body.kind is not Kind.NONE or not head.target.startswith(PUSH):
        return False
    if not (_has(fields.values(b"upgrade"), b"websocket") and _has(fields.values(b"connection"), b"upgrade")):
        return False
    keys, versions = fields.values(b"sec-websocket-key"), fields.values(b"sec-websocket-version")
    try:
        return versions == (b"13",) and len(keys) == 1 and len(b64decode(keys[0], validate=True)) == 16
    except Error:
        return False


def _has(values: tuple[bytes, ...], token: bytes) -> bool:
    return token in [item.strip(b" \t") for item in b",".join(values).lower().split(b",")]


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
    switched: bool = False
    """It opens a WebSocket, in which `body` is said."""
    before: int = 0
    """How many octets it has up to there."""


def response(octets: bytes, method: bytes, *, key: bytes | None, fin: bool) -> Given:
    """Return the final response in an upstream's octets; `fin`: an orderly end stands behind them.

    `key`: of a request for a WebSocket.
    """
    given = Given()
    interim = 0
    length = len(octets)
    buffer = HeadBuffer(RESPONSE_HEAD_LIMITS, begins=b"HTTP/")
    try:
        while True:
            parted = buffer.feed(octets)
            if parted is None:
                return given
            head = response_head(parted[0], method, RESPONSE_HEAD_LIMITS)
            octets = parted[1]
            if head.status >= 200:
                break
            if head.status == 101 and key is not None and _switches(head, key):
                return Given(head, octets, whole=True, switched=True, before=length - len(octets))
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


def _switches(head: ResponseHead, key: bytes) -> bool:
    """Tell whether a 101 is the answer to `key` (RFC 6455, 4.1)."""
    fields = head.fields
    named = _has(fields.values(b"upgrade"), b"websocket") and _has(fields.values(b"connection"), b"upgrade")
    return named and head.minor == 1 and fields.values(b"sec-websocket-accept") == (accept_of(key),)
