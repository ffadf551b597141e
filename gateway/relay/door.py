"""By what way a client came in, and who the upstream and the log are told that it is."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Final, cast

from gateway.http1.forwarding import client_address, client_scheme, forwarding_lines

if TYPE_CHECKING:
    from gateway.http1.head import RequestHead

IsTrusted = Callable[[str], bool]
"""Address → whether it is that of a proxy in front, whose forwarding fields count."""


class Door:
    """By what way a client came in: one object for all connections of an address between which it tells nothing apart.

    A proxy in front speaks for others: what it says of them counts in place of what is known of itself.
    """

    __slots__ = ("_host", "_lines", "_scheme", "address", "announced", "counts_as", "is_of_proxy")

    def __init__(self, address: str, counts_as: str | None, *, by_tls: bool = False, announced: bool = False) -> None:
        """Take what is known once somebody is connected."""
        self.address = address
        """Its own, or that of the last proxy before us."""
        self.counts_as = counts_as
        """The address its connections are counted by; None for a proxy in front, which has many clients."""
        self.announced = announced
        """A PROXY header came before it: whatever it says of itself counts for nothing."""
        self.is_of_proxy = counts_as is None and not announced
        """Forwarding fields say who asks."""
        self._scheme = "https" if by_tls else "http"
        self._host: bytes | None = None
        self._lines = b""
        """What the upstream was told last of a client that speaks for itself, which is the same for each `_host`."""

    def address_of(self, head: "RequestHead", is_trusted: IsTrusted) -> str:
        """Return the client's address, as the upstream and the log are told."""
        if not self.is_of_proxy:
            return self.address
        return client_address(self.address, head.fields, is_trusted)

    def scheme_of(self, head: "RequestHead") -> str:
        """Return the scheme the client used, as the upstream is told."""
        return client_scheme(self._scheme, head.fields, trusted=True) if self.is_of_proxy else self._scheme

    def forwarding_lines(self, head: "RequestHead", is_trusted: IsTrusted) -> bytes:
        """Return the lines that tell the upstream who asks."""
        host = head.host or b""
        if self.is_of_proxy:
            return forwarding_lines(self.address_of(head, is_trusted), self.scheme_of(head), host)
        if host != self._host:
            self._host = host
            self._lines = forwarding_lines(self.address, self._scheme, host)
        return self._lines


NO_DOOR: Final = Door("", "")
"""Of who has not come in yet."""


def address_of_peer(peername: object) -> str:
    """Return the IP address in what the kernel calls a peer; empty where it has none.

    An IPv4 client of a listener for both families is told by its IPv4 address: rules and lock-outs know it by that. A
    zone (`%eth0`) means something on this machine only.
    """
    if not isinstance(peername, tuple) or not peername:
        return ""
    return str(cast("tuple[object, ...]", peername)[0]).partition("%")[0].removeprefix("::ffff:")
