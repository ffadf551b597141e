"""Who may be connected to one listener: when it is full, the connection that was idle longest goes first."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gateway.config.model import Listener
    from gateway.relay.client import ClientConnection


class Admission:
    """The connections of one listener, counted, and those of them that wait for a request, the longest first."""

    def __init__(self, listener: "Listener") -> None:
        """Begin with none."""
        self.listener = listener
        self.connected = 0
        self._idle: dict[ClientConnection, None] = {}

    def enter(self) -> bool:
        """Count a connection in, at the expense of an idle one where the listener is full; tell if there is room."""
        if self.connected >= self.listener.limits.connections:
            longest = next(iter(self._idle), None)
            if longest is None:
                return False
            self.busy(longest)
            longest.finish_connection()
        self.connected += 1
        return True

    def leave(self, client: "ClientConnection") -> None:
        """Count a connection out."""
        self.connected -= 1
        self.busy(client)

    def idle(self, client: "ClientConnection") -> None:
        """Note that a connection waits for a request from now on."""
        self._idle[client] = None

    def busy(self, client: "ClientConnection") -> None:
        """Note that a connection has one."""
        self._idle.pop(client, None)
