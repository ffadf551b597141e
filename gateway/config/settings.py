"""Settings: a mapping described by its keys, in one place, for reading, for the JSON Schema and for the documentation."""

from contextlib import suppress
from dataclasses import dataclass, replace
from functools import cache
from typing import Any, Generic, Self, TypeVar, cast, overload

from gateway.config.document import our_own
from gateway.config.node import Entry, Items, Node, Scalar, Table, joined
from gateway.config.notes import Notes, Unread
from gateway.config.reader import ListOf, Reader, Schema, did_you_mean

T = TypeVar("T")
S = TypeVar("S", bound="Settings")


class Key(Generic[T]):
    """One key: on the class of its settings it is itself, on an instance it is the value."""

    name: str

    def __init__(self, reader: Reader[T], doc: str, *, default: str | None, example: str = "") -> None:
        """Read with `reader`; `default` is YAML, None where there is no value to fall back on."""
        self.reader = reader
        self.doc = doc
        self.default = default
        self.example = example
        """What to write, for a key that must be there; empty where it need not."""

    def __set_name__(self, owner: type["Settings"], name: str) -> None:
        self.name = name

    @overload
    def __get__(self, settings: None, owner: type["Settings"]) -> Self: ...
    @overload
    def __get__(self, settings: "Settings", owner: type["Settings"]) -> T: ...
    def __get__(self, settings: "Settings | None", owner: type["Settings"]) -> Self | T:
        """Return the value.

        Raises:
            Unread: it could not be read, which has been told.
        """
        return self if settings is None else settings.value(self)


def required(reader: Reader[T], doc: str, *, write: str) -> Key[T]:
    """Return a key that must be there; `write` is an example."""
    return Key(reader, doc, default=None, example=write)


def defaulted(default: str, reader: Reader[T], doc: str) -> Key[T]:
    """Return a key that has a default, in YAML."""
    return Key(reader, doc, default=default)


def optional(reader: Reader[T], doc: str) -> Key[T | None]:
    """Return a key that may be left out, and is then None."""
    return Key(cast("Reader[T | None]", reader), doc, default=None)


class Settings:
    """A mapping that was read: a value for each key, and the node it came from."""

    def __init__(self, node: Table, notes: Notes) -> None:
        """Read each key of the mapping `node`; unknown keys are mistakes."""
        self.node = node
        self.nodes: dict[str, Node] = {}
        """The node of each key that has a value, defaults included."""
        self._values: dict[str, object] = {}
        keys = keys_of(type(self))
        for name, entry in node.entries.items():
            if name not in keys:
                hint = did_you_mean(name, keys)
                notes.mistake(entry.key, joined(node.path, name), "is not a key" + (f": {hint}" if hint else ""))
        for key in keys.values():
            self._read(key, notes)

    def _read(self, key: Key[Any], notes: Notes) -> None:
        value = self.node.get(key.name)
        if value is None and key.default is not None:
            place = replace(self.node.place, source="default")
            value = our_own(key.default, place, joined(self.node.path, key.name))
        if value is not None:
            self.nodes[key.name] = value
            with suppress(Unread):
                self._values[key.name] = key.reader.read(value, notes)
        elif key.example:
            notes.mistake(self.node.place, self.node.path, f"{key.name} is missing: write {key.example}")
        else:
            self._values[key.name] = None

    def value(self, key: Key[T]) -> T:
        """Return the value of `key`.

        Raises:
            Unread: it could not be read, which has been told.
        """
        if key.name not in self._values:
            raise Unread
        return cast("T", self._values[key.name])

    def node_of(self, key: Key[Any]) -> Node:
        """Return the node that the value of `key` came from; the mapping itself where there is none."""
        return self.nodes.get(key.name, self.node)


@cache
def keys_of(settings: type[Settings]) -> dict[str, Key[Any]]:
    """Return the keys of a class of settings, by name, in their order."""
    return {name: key for name, key in vars(settings).items() if isinstance(key, Key)}


@dataclass(frozen=True)
class Section(Generic[S]):
    """Reads a mapping as settings."""

    wants: str
    settings: type[S]
    shorthand: str = ""
    """The key that a scalar in place of the mapping stands for."""

    def read(self, node: Node, notes: Notes) -> S:
        table = self.spelt_out(node)
        if not isinstance(table, Table):
            raise notes.wrong(node, f"is not {self.wants}")
        return self.settings(table, notes)

    def spelt_out(self, node: Node) -> Node:
        """Return the mapping that a scalar stands for; any other node as it is."""
        if not self.shorthand or not isinstance(node, Scalar):
            return node
        listed = isinstance(keys_of(self.settings)[self.shorthand].reader, ListOf)
        value = Items(node.place, node.path, (node,)) if listed else node
        return Table(node.place, node.path, {self.shorthand: Entry(node.place, value)})

    def schema(self) -> Schema:
        own: Schema = {"$ref": f"#/$defs/{self.settings.__name__}"}
        if not self.shorthand:
            return own
        short = keys_of(self.settings)[self.shorthand].reader
        return {"anyOf": [(short.item if isinstance(short, ListOf) else short).schema(), own]}


@dataclass(frozen=True)
class Sections(Generic[S]):
    """Reads a list of settings; those that are no mapping are left out, their mistakes being told."""

    wants: str
    item: Section[S]

    def read(self, node: Node, notes: Notes) -> tuple[S, ...]:
        if not isinstance(node, Items):
            raise notes.wrong(node, f"is not {self.wants}", "write a list, each of its lines with - before it")
        read: list[S] = []
        for item in node.items:
            with suppress(Unread):
                read.append(self.item.read(item, notes))
        return tuple(read)

    def schema(self) -> Schema:
        return {"type": "array", "items": self.item.schema()}
