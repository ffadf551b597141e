"""What the log, and later the metrics, hear of one request."""

from dataclasses import dataclass

from gateway.policy.reason import Reason


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
