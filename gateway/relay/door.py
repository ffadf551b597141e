"""By what way a client came in, and what that makes of it."""

from typing import Final, NamedTuple, cast


class Door(NamedTuple):
    """By what way a client came in."""

    address: str
    """Its own, or that of the last proxy before us."""
    counts_as: str | None
    """The address its connections are counted by; None for a proxy in front, which has many clients."""
    by_tls: bool = False
    announced: bool = False
    """A PROXY header came before it: whatever it says of itself counts for nothing."""


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
