"""Settings: a mapping described by its keys, in one place for reading, for the JSON Schema and for the docs."""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any, ClassVar, Generic, Self, TypeVar, cast, overload

from gateway.config.document import our_own
from gateway.config.node import Entry, Items, Kind, Node, Scalar, Table, joined
from gateway.config.notes import Notes, Unread
from gateway.config.reader import ListOf, Reader, Schema, did_you_mean

T = TypeVar("T")
S = TypeVar("S", bound="Settings")


class Key(Generic[T]):
    """One key: on the class of its settings it is itself, on an instance it is the value."""

    name: str

    def __init__(
        self, reader: Reader[T], doc: str, *, default: str | None = None, write: str = "", shared: bool = False
    ) -> None:
        """Read with `reader`; `default` is YAML, None where there is no value to fall back on."""
        self.reader = reader
        self.doc = doc
        self.default = default
        self.write = write
        """An example, for a key that must be there; empty where it need not."""
        self.shared = shared
        """It may stand in `defaults` instead."""

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


def required(reader: Reader[T], doc: str, *, write: str, shared: bool = False) -> Key[T]:
    """Return a key that must be there, or in `defaults` if it is `shared`; `write` is an example."""
    return Key(reader, doc, write=write, shared=shared)


def defaulted(default: str, reader: Reader[T], doc: str) -> Key[T]:
    """Return a key that has a default, in YAML."""
    return Key(reader, doc, default=default)


def optional(reader: Reader[T], doc: str) -> Key[T | None]:
    """Return a key that may be left out, and is then None."""
    return Key(cast("Reader[T | None]", reader), doc)


class Settings:
    """A mapping that was read: a value for each key, and the node it came from."""

    keys: ClassVar[Mapping[str, Key[Any]]] = MappingProxyType({})
    """Its keys by name, in their order."""

    title: ClassVar[str]
    """Its name in the JSON Schema and in the documentation."""

    def __init_subclass__(cls) -> None:
        keys: dict[str, Key[Any]] = {name: key for name, key in vars(cls).items() if isinstance(key, Key)}
        cls.keys = MappingProxyType(keys)
        cls.title = cls.__name__.removesuffix("Settings")

    def __init__(self, node: Table, notes: Notes) -> None:
        """Read each key of the mapping `node`; unknown keys are mistakes."""
        self.node = node
        self.nodes: dict[str, Node] = {}
        """The node of each key that has a value, defaults included."""
        self._values: dict[str, object] = {}
        for name, entry in node.entries.items():
            if name not in self.keys:
                hint = did_you_mean(name, self.keys)
                notes.mistake(entry.key, entry.node.path, "is not a key" + (f": {hint}" if hint else ""))
        for key in self.keys.values():
            self._read(key, notes)

    def _read(self, key: Key[Any], notes: Notes) -> None:
        value = self.node.get(key.name)
        if value is None and key.default is not None:
            place = replace(self.node.place, source="default")
            value = our_own(key.default, place, joined(self.node.path, key.name))
        if isinstance(value, Scalar) and value.kind is Kind.NOTHING:
            notes.mistake(value.place, value.path, "has no value: write one, or leave the key out")
        elif value is not None:
            self.nodes[key.name] = value
            with suppress(Unread):
                self._values[key.name] = key.reader.read(value, notes)
        elif not key.write:
            self._values[key.name] = None
        elif not self.node.told:
            notes.mistake(self.node.place, self.node.path, f"{key.name} is missing: write {key.write}")

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


@dataclass(frozen=True)
class Section(Generic[S]):
    """Reads a mapping as settings."""

    wants: str
    settings: type[S]
    shorthand: str = ""
    """The key that a scalar in place of the mapping stands for."""

    def read(self, node: Node, notes: Notes) -> S:
        """Return the settings."""
        table = self.spelt_out(node)
        if not isinstance(table, Table):
            example = next((key.write for key in self.settings.keys.values() if key.write), "")
            raise notes.wrong(node, f"is not {self.wants}", f"write {example}" if example else "")
        return self.settings(table, notes)

    def spelt_out(self, node: Node) -> Node:
        """Return the mapping that a scalar stands for; any other node as it is."""
        if not self.shorthand or not isinstance(node, Scalar):
            return node
        listed = isinstance(self.settings.keys[self.shorthand].reader, ListOf)
        value = Items(node.place, node.path, (node,)) if listed else node
        return Table(node.place, node.path, {self.shorthand: Entry(node.place, value)})

    def schema(self) -> Schema:
        """Return a reference to the definition of the settings."""
        own: Schema = {"$ref": f"#/definitions/{self.settings.title}"}
        if not self.shorthand:
            return own
        schema = self.settings.keys[self.shorthand].reader.schema()
        return {"anyOf": [schema.get("items", schema), own]}


@dataclass(frozen=True)
class Sections(Generic[S]):
    """Reads a list of settings; those that are no mapping are left out, their mistakes being told."""

    wants: str
    item: Section[S]
    empty: str = ""
    """What to do instead of writing an empty list, where it may not be empty."""

    def read(self, node: Node, notes: Notes) -> tuple[S, ...]:
        """Return the settings of each item."""
        if not isinstance(node, Items):
            raise notes.wrong(node, f"is not {self.wants}", "write a list, each item of it behind a -")
        if self.empty and not node.items:
            raise notes.mistake(node.place, node.path, f"is empty: {self.empty}")
        read: list[S] = []
        for item in node.items:
            with suppress(Unread):
                read.append(self.item.read(item, notes))
        return tuple(read)

    def schema(self) -> Schema:
        """Return the schema of the list."""
        return {"type": "array", "items": self.item.schema()}
