"""What the log, the metrics and the status hear of one request."""

from dataclasses import dataclass
from typing import NamedTuple

from gateway.policy.reason import Reason


class Outcome(NamedTuple):
    """What outcomes are counted by. There are as many as sites, reasons and classes of status: nothing grows."""

    site: str | None
    """None: the connection never came to a request of a site."""
    reason: Reason
    status_class: int
    """1 to 5; 0 where nothing was answered."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """A request that was refused, or failed, and what would change that."""

    time: float
    """Seconds since 1970."""
    reason: Reason
    remedy: str


@dataclass(frozen=True, slots=True)
class Record:
    """One request that has ended. Never in it: cookies, Authorization, bodies, query strings."""

    client: str
    """Address of the client, as told to the upstream."""
    site: str | None
    method: bytes
    path: bytes
    """As sent, without the query."""
    status: int | None
    """Status sent; None when no answer could be given."""
    origin: bytes | None
    reason: Reason
    remedy: str
    detail: str
    """What went wrong in words, for failures."""
    request_id: str
    duration_ms: float
