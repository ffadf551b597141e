"""What a parser makes of octets, in one form for all of them."""

from dataclasses import dataclass
from enum import Enum, auto
from typing import Literal

Side = Literal["request", "response"]


@dataclass(frozen=True, slots=True)
class Case:
    """Octets as one side of a connection sends them: one message, or none, and perhaps more behind it."""

    side: Side
    octets: bytes
    method: bytes = b"GET"
    """The method of the request that a response answers."""
    ordinary: bool = False
    """Built from the standard's grammar alone, so that everyone has to take it."""


@dataclass(frozen=True, slots=True)
class Message:
    """The first message in the octets."""

    start: tuple[bytes, bytes]
    """Method and target, or status and reason phrase."""
    fields: tuple[tuple[bytes, bytes], ...]
    """Lower-case names, and values without the white space around them."""
    body: bytes
    """As much of it as there is, decoded from chunks."""
    whole: bool
    """The message has ended."""
    alone: bool
    """Nothing is left behind it, as far as the parser tells; true where it is not whole."""


class Nothing(Enum):
    """Why there is no message."""

    UNFINISHED = auto()
    """Its head has not ended."""
    REFUSED = auto()


Reading = Message | Nothing
