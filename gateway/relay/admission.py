"""Who may be connected to one listener, whole and by address: when it is full, who was idle longest goes first."""

from enum import Enum, auto
from ipaddress import ip_address
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from typing import TypeAlias

    from gateway.config.model import Listener
    from gateway.relay.client import ClientConnection
    from gateway.relay.handshake import Handshake

    Member: TypeAlias = ClientConnection | Handshake

TOLD_CONNECTIONS: Final = 64
"""How many a full listener lets in besides, to be told so: one request each, answered 503 `gateway-busy` with fields.
A page whose connection is cut would know nothing but "network error"."""

TOLD_PER_ADDRESS: Final = 16
"""Of these, from one address."""

IPV6_PREFIX_OCTETS: Final = 8
"""A /64 counts as one address: it is the least that anybody is given (RFC 6177, 2)."""


class Entry(Enum):
    """What becomes of a new connection."""

    SERVED = auto()
    TOLD = auto()
    """It gets one answer, 503, and is closed."""
    CUT = auto()
    """There is no room even for that."""


class Neighbours:
    """The connections from one address: how many there are, and which of them are idle, the longest first."""

    __slots__ = ("connected", "idle", "key")

    def __init__(self, key: str) -> None:
        """Begin with none."""
        self.key = key
        self.connected = 0
        self.idle: dict[Member, None] = {}


class Admission:
    """The connections of one listener, counted, and those of them that wait for a request, the longest first."""

    def __init__(self, listener: "Listener") -> None:
        """Begin with none."""
        self.listener = listener
        """As it is for connections from now on; a reload changes it."""
        self.draining = False
        """Nobody is accepted any more, and whoever is connected is served one more request."""
        self.connected = 0
        """Those that are served."""
        self._told: dict[Member, str] = {}
        """Those that are only told that there is no room, and from where each is."""
        self._idle: dict[Member, None] = {}
        self._neighbours: dict[str, Neighbours] = {}
        self._places: dict[Member, Neighbours | None] = {}
        """Who is served, and who is counted with it; nobody is with a proxy, behind which there are many clients."""

    def enter(self, member: "Member", address: str | None) -> Entry:
        """Count a connection in, as idle, at the expense of another where the listener is full; say what becomes of it.

        `address` is the client's, None where many share it. The one that has to go is from the same address, where that
        has too many. It is cut: had it time to close, those that use it would be more than the limit.
        """
        limits = self.listener.limits
        neighbours = self._neighbours_at(address)
        if neighbours is not None and neighbours.connected >= limits.connections_per_address:
            room = self._let_go(neighbours.idle)
        else:
            room = self.connected < limits.connections or self._let_go(self._idle)
        if not room:
            return self._tell(member, "" if neighbours is None else neighbours.key)
        if neighbours is not None:
            self._neighbours[neighbours.key] = neighbours
            neighbours.connected += 1
        self.connected += 1
        self._places[member] = neighbours
        self.idle(member)
        return Entry.SERVED

    def leave(self, member: "Member") -> None:
        """Count a connection out."""
        if member not in self._places:
            self._told.pop(member, None)
            return
        self.busy(member)
        self.connected -= 1
        neighbours = self._places.pop(member)
        if neighbours is not None:
            neighbours.connected -= 1
            if not neighbours.connected:
                del self._neighbours[neighbours.key]

    def idle(self, member: "Member") -> None:
        """Note that a connection waits for a request from now on."""
        self._idle[member] = None
        neighbours = self._places[member]
        if neighbours is not None:
            neighbours.idle[member] = None

    def busy(self, member: "Member") -> None:
        """Note that a connection has one, or is about to close."""
        if member in self._idle:
            del self._idle[member]
            neighbours = self._places[member]
            if neighbours is not None:
                del neighbours.idle[member]

    @property
    def addresses(self) -> int:
        """How many addresses are counted: nothing is kept of those without a connection."""
        return len(self._neighbours)

    def _tell(self, member: "Member", key: str) -> Entry:
        """Let a connection in that is only told, if there is room for that; nobody takes all of it."""
        same = sum(each == key for each in self._told.values()) if key else 0
        if len(self._told) >= TOLD_CONNECTIONS or same >= TOLD_PER_ADDRESS:
            return Entry.CUT
        self._told[member] = key
        return Entry.TOLD

    def _neighbours_at(self, address: str | None) -> Neighbours | None:
        if address is None:
            return None
        key = network_of(address)
        return self._neighbours.get(key) or Neighbours(key)

    def _let_go(self, idle: "dict[Member, None]") -> bool:
        """Cut who is idle longest; tell if there was anybody."""
        longest = next(iter(idle), None)
        if longest is None:
            return False
        self.busy(longest)
        longest.abort()
        return True


def network_of(address: str) -> str:
    """Return what stands for everybody at `address`: an IPv4 address itself, of an IPv6 address its /64."""
    return ip_address(address).packed[:IPV6_PREFIX_OCTETS].hex() if ":" in address else address
