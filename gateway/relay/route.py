"""Ways to an upstream."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gateway.policy.model import UpstreamUrl


@dataclass(frozen=True, slots=True)
class Route:
    """One way to an upstream: an address, and the name its certificate must have."""

    url: "UpstreamUrl"
    tls_name: str
    """SNI and verified name; empty for plain HTTP."""
    key: str = field(init=False, repr=False, compare=False)
    """Says both: parked connections are looked up by it, and a text knows its hash."""

    def __post_init__(self) -> None:
        url = self.url
        key = f"{url.scheme}://{url.authority}{url.prefix.decode('latin-1')} {self.tls_name}"
        object.__setattr__(self, "key", key)
