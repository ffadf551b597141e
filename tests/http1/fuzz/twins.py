"""Whether the scanners in C make of a case what those in Python make of it: the same values, refusals and octets."""

from collections.abc import Iterator
from itertools import product
from typing import Final

from gateway.http1.buffer import HeadBuffer, HeadLimits
from gateway.http1.errors import Http1Error
from gateway.http1.framing import CHUNKED, NO_BODY, UNTIL_CLOSE, Framing, Kind
from gateway.http1.head import RequestHead, ResponseHead
from gateway.http1.outgoing import Change
from tests.http1.fuzz.message import Case
from tests.http1.scanners import Scanners

LIMITS: Final = (HeadLimits(), HeadLimits(octets=400, line=100, target=40, lines=4))
"""The usual ones, and some that many cases go over."""

CHANGES: Final = (
    Change(),
    Change(frozenset({b"cookie", b"x-mine"}), (b"access-control-", b"x"), b"Vary: Origin\r\n"),
)
OWN: Final = b"X-Own: 1\r\n"
BODIES: Final = (NO_BODY, Framing(Kind.SIZED, 5), CHUNKED, UNTIL_CLOSE)


def made_of(case: Case, scanners: Scanners) -> tuple[str, ...]:
    """Return, as text that shows types too, all that these scanners make of a case."""
    return tuple(_made_of(case, scanners))


def _made_of(case: Case, scanners: Scanners) -> Iterator[str]:
    octets = case.octets
    for limits in LIMITS:
        _take_no_more_by_the_short_way(case, limits, scanners)
        try:
            found = HeadBuffer(limits).feed(octets)
        except Http1Error:
            found = None
        # What is no whole head is parsed too: nobody but the buffer sees to it that no such thing comes.
        head_octets, behind = found or (octets, b"")
        head: RequestHead | ResponseHead
        try:
            if case.side == "request":
                head = scanners.parse_request_head(head_octets, limits)
            else:
                head = scanners.parse_response_head(head_octets, case.method, limits)
        except Http1Error as error:
            yield repr(error)
            continue
        yield _shown(head)
        yield from _written(head, scanners)
        for size in (len(behind) or 1, 7):
            yield _read(head, [behind[at : at + size] for at in range(0, len(behind), size)], scanners)


CHANGED_LINES: Final = (
    *((b"/", b"/x?"), (b"/", b"x"), (b" ", b"  "), (b"1.1", b"1.0"), (b"1.0", b"1.1"), (b"1.1", b"2.0"), (b"/", b"/#")),
    *(
        (b"GET", b"HEAD"),
        (b"POST", b"TRACE"),
        (b"GET", b"CONNECT"),
        (b"T", b"\n"),
        (b":", b" :"),
        (b"\r\n", b"\r\n\r\n"),
    ),
)
"""What a request may differ in from the one before: (what stands there, what stands there instead)."""


def _take_no_more_by_the_short_way(case: Case, limits: HeadLimits, scanners: Scanners) -> None:
    """See that what the short way takes the long one would have taken, and as the same."""
    head: RequestHead | ResponseHead
    begun: tuple[RequestHead | ResponseHead, bytes] | None
    if case.side == "request":
        begun = scanners.begin_request(case.octets, limits)
    else:
        begun = scanners.begin_response(case.octets, case.method, limits)
    try:
        if case.side == "request":
            found = HeadBuffer(limits).feed(case.octets) or (b"", b"")
            head, behind = scanners.parse_request_head(found[0], limits), found[1]
        else:
            found = HeadBuffer(limits, begins=b"HTTP/").feed(case.octets) or (b"", b"")
            head, behind = scanners.parse_response_head(found[0], case.method, limits), found[1]
    except Http1Error:
        assert begun is None
    else:
        assert begun in (None, (head, behind))
        if isinstance(head, RequestHead) and begun is not None:
            _take_the_same_lines_again(case.octets, head, behind, limits, scanners)


def _take_the_same_lines_again(
    octets: bytes, head: RequestHead, behind: bytes, limits: HeadLimits, scanners: Scanners
) -> None:
    """See that what went before changes nothing, whatever differs."""
    before = (octets[octets.find(b"\n") : len(octets) - len(behind)], head)
    line, _, lines = octets.partition(b"\r\n")
    for again in (
        octets,
        *(line.replace(old, new, 1) + b"\r\n" + lines for old, new in CHANGED_LINES),
        *(line + b"\r\n" + lines.replace(old, new, 1) for old, new in CHANGED_LINES),
        octets[: len(octets) // 2],
    ):
        assert scanners.begin_request(again, limits, before) == scanners.begin_request(again, limits)


def _shown(head: RequestHead | ResponseHead) -> str:
    """Return a head as text; the order in which names were found is nobody's business."""
    return f"{head!r} {sorted(head.fields.first.items())} {sorted(head.fields.repeated)}".replace(
        repr(head.fields.first), ""
    ).replace(repr(head.fields.repeated), "")


def _written(head: RequestHead | ResponseHead, scanners: Scanners) -> Iterator[str]:
    """Yield a head as it is written on, for each change, and an answer in each way there is to end it."""
    if isinstance(head, RequestHead):
        yield repr(scanners.path_of(head.target))
    for change in CHANGES:
        if isinstance(head, RequestHead):
            yield repr(
                scanners.request_octets(head, target=head.target, host=head.host or b"crm", change=change, own=OWN)
            )
            continue
        for body, close, minor in product(BODIES, (False, True), (0, 1)):
            try:
                yield repr(scanners.response_octets(head, body=body, close=close, minor=minor, change=change, own=OWN))
            except ValueError as error:
                yield repr(error)


def _read(head: RequestHead | ResponseHead, pieces: list[bytes], scanners: Scanners) -> str:
    reader = scanners.body_reader(head.body, extensions=isinstance(head, ResponseHead))
    try:
        return repr([(reader.feed(piece), reader.done) for piece in pieces])
    except Http1Error as error:
        return repr(error)
