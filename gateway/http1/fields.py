"""Header fields of one message, as they came."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Fields:
    """The field lines of one head, in order, looked up by lower-case name.

    `names` and `lines` run in parallel: the lower-case field name and the whole line as it came, without its CRLF.
    """

    names: tuple[bytes, ...]
    lines: tuple[bytes, ...]
    first: Mapping[bytes, int]
    """Lower-case name → index of its first line."""
    repeated: frozenset[bytes]
    """Names that stand on more than one line; nearly always empty."""

    def __contains__(self, name: object) -> bool:
        """Tell whether a line has this lower-case name."""
        raise NotImplementedError

    def value(self, name: bytes) -> bytes | None:
        """Return the first line's value without the white space around it, or None."""
        raise NotImplementedError

    def values(self, name: bytes) -> tuple[bytes, ...]:
        """Return the value of each line with this name, without the white space around it."""
        raise NotImplementedError

    def items(self, name: bytes) -> tuple[bytes, ...]:
        """Return the members of a comma-separated list field, over all its lines, empty ones left out (RFC 9110, 5.6.1)."""
        raise NotImplementedError


def parse_fields(octets: bytes, *, max_lines: int, max_line_octets: int) -> Fields:
    """Parse field lines, each ended by CRLF, without the empty line that ends the section (RFC 9112, 5).

    Raises:
        MalformedError: a line is not `token ":" OWS value OWS`: bare CR or LF, NUL or another control octet, white space before
            the colon, an empty name, obs-fold. Octets from 0x80 to 0xFF in values pass untouched.
        HeadTooLargeError: too many lines, or one too long.
    """
    raise NotImplementedError
