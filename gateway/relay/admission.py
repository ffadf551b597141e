"""Who may be connected to one listener: when it is full, the connection that was idle longest goes first."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import TypeAlias

    from gateway.config.model import Listener
    from gateway.relay.client import ClientConnection
    from gateway.relay.handshake import Handshake

    Member: TypeAlias = ClientConnection | Handshake


class Admission:
    """The connections of one listener, counted, and those of them that wait for a request, the longest first."""

    def __init__(self, listener: "Listener") -> None:
        """Begin with none."""
        self.listener = listener
        self.connected = 0
        self._idle: dict[Member, None] = {}

    def enter(self, member: "Member") -> bool:
        """Count a connection in, as idle, at the expense of another where the listener is full; tell if there is room.

        The other is cut: had it time to close, those that use it would be more than the limit.
        """
        if self.connected >= self.listener.limits.connections:
            longest = next(iter(self._idle), None)
            if longest is None:
                return False
            self.busy(longest)
            longest.abort()
        self.connected += 1
        self.idle(member)
        return True

    def leave(self, member: "Member") -> None:
        """Count a connection out."""
        self.connected -= 1
        self.busy(member)

    def idle(self, member: "Member") -> None:
        """Note that a connection waits for a request from now on."""
        self._idle[member] = None

    def busy(self, member: "Member") -> None:
        """Note that a connection has one, or is about to close."""
        self._idle.pop(member, None)
