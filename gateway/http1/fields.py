"""Header fields of one message, as they came."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple, TypeAlias

from gateway.http1.errors import HeadTooLargeError, MalformedError
from gateway.http1.grammar import FIELD_LINES
from gateway.http1.names import LOWER_CASE, RARE
from gateway.http1.remembered import REMEMBERED_PARTS, Remembered

_WHITE_SPACE: Final = b" \t"
"""OWS (RFC 9110, 5.6.3). `bytes.strip()` alone would take vertical tab and form feed as well."""

_NONE_REPEATED: Final[frozenset[bytes]] = frozenset()

_is_section: Final = re.compile(FIELD_LINES).fullmatch

Kept: TypeAlias = tuple[object, bool, bytes]
"""What was changed, whether the lines are a client's, and the octets that go on."""


@dataclass(slots=True, unsafe_hash=True)
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
    usual: bool = field(default=False, repr=False, compare=False)
    """No name is repeated, has `_` in it or is one of `RARE`; told only of heads that are read in Python."""
    kept: list[Kept] = field(default_factory=list[Kept], repr=False, compare=False)
    """What went on when these were last written; nothing before, and always nothing of those that are read in C.

    One object is of many heads in a row, where all say the same (`head.py:LastHead`).
    """

    def __contains__(self, name: object) -> bool:
        """Tell whether a line has this lower-case name."""
        return name in self.first

    def value(self, name: bytes) -> bytes | None:
        """Return the first line's value without the white space around it, or None."""
        index = self.first.get(name)
        return None if index is None else self.lines[index][len(name) + 1 :].strip(_WHITE_SPACE)

    def values(self, name: bytes) -> tuple[bytes, ...]:
        """Return the value of each line with this name, without the white space around it."""
        if name not in self.first:
            return ()
        after_name = len(name) + 1
        return tuple(
            [
                line[after_name:].strip(_WHITE_SPACE)
                for at, line in zip(self.names, self.lines, strict=True)
                if at == name
            ]
        )

    def items(self, name: bytes) -> tuple[bytes, ...]:
        """Return the members of a comma-separated list field, over all its lines, without empty ones (RFC 9110, 5.6.1).

        For lists of tokens and the like: a comma inside a quoted string would part it too.
        """
        members = [member.strip(_WHITE_SPACE) for value in self.values(name) for member in value.split(b",")]
        return tuple([member for member in members if member])


class _Shape(NamedTuple):
    """What the names of some field lines say, whatever the values are."""

    names: tuple[bytes, ...]
    first: Mapping[bytes, int]
    repeated: frozenset[bytes]
    usual: bool


_SHAPES: Final[Remembered[tuple[bytes, ...], _Shape]] = Remembered()
"""By the names as they are spelt: a client, or an upstream, sends the same ones again and again."""


def index_fields(lines: Sequence[bytes], spelt: Sequence[bytes]) -> Fields:
    """Return `lines`, each of which is known to be a field line without its CRLF, as Fields; `spelt`: their names."""
    asked = tuple(spelt)
    shape = _SHAPES.get(asked) if len(asked) <= REMEMBERED_PARTS else None
    if shape is None:
        shape = _shape_of(asked)
        _SHAPES.keep(asked, shape, asked)
    names, first, repeated, usual = shape
    return Fields(names, tuple(lines), first, repeated, usual, [])


def _shape_of(spelt: tuple[bytes, ...]) -> _Shape:
    lower_case = LOWER_CASE
    names = tuple([lower_case[name] for name in spelt])
    count = len(names)
    index = dict(zip(names, range(count), strict=True))
    if len(index) == count:
        usual = RARE.isdisjoint(names) and b"_" not in b"".join(names)
        return _Shape(names, index, _NONE_REPEATED, usual)
    # Back to front, so that the first line of a name is what stays; `index` has the last.
    first = dict(zip(reversed(names), range(count - 1, -1, -1), strict=True))
    return _Shape(names, first, frozenset(name for name, at in index.items() if first[name] != at), usual=False)


def parse_fields(octets: bytes, *, max_lines: int, max_line_octets: int) -> Fields:
    """Parse field lines, each ended by CRLF, without the empty line that ends the section (RFC 9112, 5).

    Raises:
        MalformedError: a line is not `token ":" OWS value OWS`: bare CR or LF, NUL or another control octet, white
            space before the colon, an empty name, obs-fold. Octets from 0x80 to 0xFF in values pass untouched.
        HeadTooLargeError: too many lines, or one too long.
    """
    if octets.count(b"\n") > max_lines:
        raise HeadTooLargeError(f"more than {max_lines} field lines")
    lines = octets.split(b"\r\n")
    if len(octets) > max_line_octets and max(map(len, lines)) > max_line_octets:
        raise HeadTooLargeError(f"a field line of more than {max_line_octets} octets")
    if not _is_section(octets):
        raise MalformedError("a field line is not name, colon, value")
    lines.pop()
    return index_fields(lines, [line.partition(b":")[0] for line in lines])
