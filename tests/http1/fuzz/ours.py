"""What `gateway.http1` makes of octets, read and written as the relay does."""

from dataclasses import dataclass

from gateway.http1.buffer import HeadBuffer
from gateway.http1.errors import Http1Error
from gateway.http1.fields import Fields
from gateway.http1.framing import CHUNKED, LAST_CHUNK, UNTIL_CLOSE, Kind, body_reader, chunk
from gateway.http1.head import RequestHead, ResponseHead, parse_request_head, parse_response_head
from gateway.http1.outgoing import Change, request_octets, response_octets
from tests.http1.fuzz.message import Case, Message, Nothing

ADDED = b"X-Forwarded-For: 192.0.2.7\r\nVary: Origin\r\n"


@dataclass(frozen=True, slots=True)
class Taken:
    """A message we take, and where it ends."""

    message: Message
    head: RequestHead | ResponseHead
    end: int
    """How many octets it has; so far, where it is not whole."""
    until_close: bool
    """EOF ends it."""


def read(case: Case) -> Taken | Nothing:
    """Read the first message of a case."""
    octets = case.octets
    try:
        found = HeadBuffer().feed(octets)
        if found is None:
            return Nothing.UNFINISHED
        head_octets, behind = found
        head: RequestHead | ResponseHead
        if case.side == "request":
            head = parse_request_head(head_octets)
            start = head.method, head.target
        else:
            head = parse_response_head(head_octets, case.method)
            start = b"%d" % head.status, head.phrase
        reader = body_reader(head.body, extensions=case.side == "response")
        body, rest = reader.feed(behind)
    except Http1Error:
        return Nothing.REFUSED
    until_close = head.body.kind is Kind.UNTIL_CLOSE
    message = Message(start, pairs(head.fields), body, whole=reader.done or until_close, alone=not rest)
    return Taken(message, head, len(octets) - len(rest), until_close)


def pairs(fields: Fields) -> tuple[tuple[bytes, bytes], ...]:
    """Return the fields as a Message has them."""
    return tuple(
        (name, line[len(name) + 1 :].strip(b" \t")) for name, line in zip(fields.names, fields.lines, strict=True)
    )


@dataclass(frozen=True, slots=True)
class Written:
    """A message as the relay writes it on."""

    octets: bytes
    start: tuple[bytes, bytes]


def write(taken: Taken) -> Written | None:
    """Write a message on as the relay does; None for an interim answer, which it does not relay."""
    head = taken.head
    body = taken.message.body
    change = Change(dropped_prefixes=(b"access-control-",), added=ADDED)
    framing = head.body
    if isinstance(head, RequestHead):
        octets = request_octets(head, target=head.target, host=head.host or b"crm", change=change, own=b"")
    elif head.status < 200:
        return None
    else:
        framing = CHUNKED if framing == UNTIL_CLOSE else framing
        octets = response_octets(head, body=framing, close=len(body) % 2 == 1, minor=1, change=change, own=b"")
    if framing == CHUNKED:
        half = len(body) // 2
        octets += b"".join(chunk(piece) for piece in (body[:half], body[half:]) if piece) + LAST_CHUNK
    else:
        octets += body
    return Written(octets, taken.message.start)
