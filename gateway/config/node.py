"""Nodes: YAML as it was written, each value with its place, its path and where it came from."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import Enum


@dataclass(frozen=True, slots=True)
class Place:
    """Where a value stands, or would."""

    file: str
    """A file as it was named, or an option, `--upstream`."""
    line: int = 0
    """From 1; 0 when the file as a whole, or an option, is meant."""
    column: int = 0
    source: str = ""
    """For a value that stands in no file: `default`, `preset vtenext`."""

    def __str__(self) -> str:
        """Return `customer.yaml:6`, or the source."""
        if self.source:
            return self.source
        return f"{self.file}:{self.line}" if self.line else self.file


class Kind(Enum):
    """What YAML 1.1 makes of a scalar; what is in quotes is text."""

    TEXT = "text"
    INTEGER = "int"
    NUMBER = "float"
    BOOLEAN = "bool"
    NOTHING = "null"
    TIMESTAMP = "timestamp"


@dataclass(frozen=True, slots=True)
class Scalar:
    """One value."""

    place: Place
    path: str
    written: str
    """As it stands in the file."""
    value: str
    """With every `${…}` put in."""
    kind: Kind = Kind.TEXT
    told: bool = False
    """A mistake in it is noted already."""

    @property
    def expanded(self) -> bool:
        """Tell whether the value came from elsewhere: it may be a secret, and is not repeated."""
        return "${" in self.written

    @property
    def shown(self) -> str:
        """The value as given, for a mistake: in quotes, bounded."""
        return quoted(self.written)

    @property
    def bare(self) -> str:
        """The same without quotes, for a remedy."""
        return self.shown[1:-1]


@dataclass(frozen=True, slots=True)
class Items:
    """A list."""

    place: Place
    path: str
    items: tuple["Node", ...]

    @property
    def shown(self) -> str:
        """What stands here, for a mistake."""
        return "a list"


@dataclass(frozen=True, slots=True)
class Entry:
    """One key with its value."""

    key: Place
    node: "Node"


@dataclass(frozen=True, slots=True)
class Table:
    """A mapping from keys to values."""

    place: Place
    path: str
    entries: Mapping[str, Entry]
    told: bool = False
    """Some of its keys could not be read, which is noted: none is missing."""

    def get(self, name: str) -> "Node | None":
        """Return the value of a key, if it is there."""
        entry = self.entries.get(name)
        return entry.node if entry else None

    @property
    def shown(self) -> str:
        """What stands here, for a mistake."""
        return "a mapping"


Node = Scalar | Items | Table


def items_of(node: Node) -> tuple[Node, ...]:
    """Return the items of a list; none of anything else, a mapping where a key was left out."""
    return node.items if isinstance(node, Items) else ()


def joined(path: str, name: str) -> str:
    """Return the path of the key `name` in the mapping at `path`."""
    return f"{path}.{name}" if path else name


def quoted(text: str) -> str:
    """Return `text` in single quotes for a mistake: on one line, bounded, without the user and password of a URL."""
    longest = 100
    text = re.sub(r"(?<=//)[^/\s]*@", "…@", text)
    if len(text) > longest:
        text = text[:longest] + "…"
    return "'" + "".join(char if char.isprintable() else ascii(char)[1:-1] for char in text) + "'"


def over(upper: Table, lower: Table) -> Table:
    """Return `upper` with those keys of `lower` that it has not, mappings key by key."""
    entries = dict(lower.entries)
    for name, entry in upper.entries.items():
        below = lower.get(name)
        if isinstance(entry.node, Table) and isinstance(below, Table):
            entries[name] = replace(entry, node=over(entry.node, below))
        else:
            entries[name] = entry
    return replace(upper, entries=entries)


def with_node(table: Table, name: str, node: Node) -> Table:
    """Return `table` with another value for a key it has."""
    return replace(table, entries={**table.entries, name: replace(table.entries[name], node=node)})


def without(table: Table, name: str) -> Table:
    """Return `table` without a key."""
    return replace(table, entries={key: entry for key, entry in table.entries.items() if key != name})
