"""The decision for one request: the table of docs/design.md, one function a row, in its order."""

from dataclasses import dataclass

from gateway.http1.errors import Http1Error
from gateway.http1.head import RequestHead, Salvaged
from gateway.policy.model import Policy, Rule, Site
from gateway.policy.reason import Reason


@dataclass(frozen=True, slots=True)
class Answer:
    """The gateway answers by itself."""

    reason: Reason
    status: int
    block: bytes
    """Whole field lines, each ended by CRLF: the CORS fields if any, `Vary`, `Allow` where 405 needs it."""
    site: Site | None = None
    remedy: str = ""
    """What would change a refusal: the line of YAML, or of the proxy in front."""


@dataclass(frozen=True, slots=True)
class Relay:
    """The request goes to the upstream, and its response comes back changed as this says."""

    reason: Reason
    site: Site
    rule: Rule | None = None
    """The rule of the request's origin, for reason `allowed`."""
    block: bytes = b""
    """The CORS fields of the answer, each line ended by CRLF; empty for every reason but `allowed`. `Vary` is merged in `respond`."""


Decision = Answer | Relay


def decide(policy: Policy, head: RequestHead) -> Decision:
    """Decide what becomes of a request whose head is whole and well-formed."""
    raise NotImplementedError


def refuse(policy: Policy, error: Http1Error, salvaged: Salvaged) -> Answer:
    """Return the answer to a request whose head was refused; fields only if Host and a single Origin could be read."""
    raise NotImplementedError


def fail(reason: Reason, policy: Policy, salvaged: Salvaged) -> Answer:
    """Return the answer to a request that ended for `reason` before its head was whole (408, 431), as `refuse` does."""
    raise NotImplementedError


def failure(reason: Reason, relay: Relay, *, detail: str = "") -> Answer:
    """Return the answer to a request that `decide` let through and that failed later: 413, 502, 503, 504, with the relay's fields."""
    raise NotImplementedError
