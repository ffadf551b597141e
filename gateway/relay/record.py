"""What the log, the metrics and the status hear of requests."""

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Generic, NamedTuple, TypeVar

from gateway.policy.reason import Reason
from gateway.relay.scanners import path_of  # for each request; elsewhere it is for few

if TYPE_CHECKING:
    from gateway.http1.head import RequestHead, Salvaged
    from gateway.policy.decide import Answer
    from gateway.relay.exchange import Exchange


class Oddity(StrEnum):
    """What a peer does that is taken, and that a sysadmin may want to know of: it is counted, by site."""

    ORIGIN_WITH_SLASH = "origin-with-slash"
    """A client writes its origin with a slash behind it (OfficeDev/office-js#4144)."""
    FIELDS_WITH_UNDERSCORE = "fields-with-underscore"
    """A client sends fields whose names have `_` in them; they are dropped."""
    UPSTREAM_SHARES = "upstream-shares"
    """The upstream sends `Access-Control-Allow-Origin` of its own; it is dropped."""


class Outcome(NamedTuple):
    """What outcomes are counted by. There are as many as sites, reasons and classes of status: nothing grows."""

    site: str | None
    """None: the connection never came to a request of a site."""
    reason: Reason
    status_class: int
    """1 to 5; 0 where nothing was answered."""


_Word = TypeVar("_Word", bound=StrEnum)


class Count(Generic[_Word]):
    """How often one thing has happened."""

    __slots__ = ("site", "status_class", "times", "what")

    def __init__(self, site: str | None, what: _Word, status_class: int) -> None:
        """Begin with never."""
        self.site = site
        self.what = what
        self.status_class = status_class
        self.times = 0


class Counts(Generic[_Word]):
    """How often each thing has happened. There are as many as sites, words and classes of status: nothing grows."""

    __slots__ = ("_counts", "_last")

    def __init__(self) -> None:
        """Begin with nothing."""
        self._counts: dict[tuple[str | None, _Word, int], Count[_Word]] = {}
        self._last: Count[_Word] | None = None
        """What has happened last; mostly it happens again."""

    def more(self, site: str | None, what: _Word, status_class: int = 0) -> None:
        """Count one more."""
        last = self._last
        if last is None or last.what is not what or last.site is not site or last.status_class != status_class:
            key = (site, what, status_class)
            last = self._last = self._counts.get(key) or Count(site, what, status_class)
            self._counts[key] = last
        last.times += 1

    def each(self) -> list[Count[_Word]]:
        """Return all that has happened at all, in the order of the first times."""
        return list(self._counts.values())


@dataclass(frozen=True, slots=True)
class Refusal:
    """A request that was refused, or failed, and what would change that."""

    time: float
    """Seconds since 1970."""
    reason: Reason
    remedy: str


class Record:
    """One request that has ended. Never in it: cookies, Authorization, bodies, query strings."""

    __slots__ = (
        *("client", "detail", "duration_ms", "method", "origin", "path", "reason", "remedy", "request_id", "site"),
        "status",
    )

    def __init__(  # noqa: PLR0913, PLR0917 - it has as many
        self,
        client: str,
        site: str | None,
        method: bytes,
        path: bytes,
        status: int | None,
        origin: bytes | None,
        reason: Reason,
        remedy: str,
        detail: str,
        request_id: str,
        duration_ms: float,
    ) -> None:
        """Take the parts."""
        self.client = client
        """Address of the client, as told to the upstream."""
        self.site = site
        self.method = method
        self.path = path
        """As sent, without the query."""
        self.status = status
        """Status sent; None when no answer could be given."""
        self.origin = origin
        self.reason = reason
        self.remedy = remedy
        self.detail = detail
        """What went wrong in words, for failures."""
        self.request_id = request_id
        self.duration_ms = duration_ms


def record_of_answer(answer: "Answer", head: "RequestHead", client: str, request_id: str, seconds: float) -> Record:
    """Return the record of a request that the gateway answered by itself, in so many seconds."""
    return Record(
        client,
        answer.site.name if answer.site else None,
        head.method,
        path_of(head.target),
        answer.status,
        head.origin,
        answer.reason,
        answer.remedy,
        "",
        request_id,
        seconds * 1000,
    )


def record_of_no_head(answer: "Answer", salvaged: "Salvaged", client: str, request_id: str) -> Record:
    """Return the record of what was no request, or not a whole one."""
    return Record(
        client=client,
        site=answer.site.name if answer.site else None,
        method=salvaged.method or b"",
        path=b"",
        status=answer.status,
        origin=salvaged.origin,
        reason=answer.reason,
        remedy=answer.remedy,
        detail="",
        request_id=request_id,
        duration_ms=0.0,
    )


def record_of_exchange(exchange: "Exchange", client: str, seconds: float) -> Record:
    """Return the record of a request that was relayed, or was to be."""
    head = exchange.head
    return Record(
        client,
        exchange.relay.site.name,
        head.method,
        path_of(head.target),
        exchange.status,
        head.origin,
        exchange.reason,
        exchange.answer.remedy if exchange.answer else "",
        exchange.detail,
        exchange.request_id,
        seconds * 1000,
    )
