"""Readers: each turns one kind of node into a value, or notes what is wrong, and says in JSON Schema what it takes."""

from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Final, Generic, Protocol, TypeVar

from gateway.config.node import Items, Kind, Node, Scalar
from gateway.config.notes import Notes, Unread, Wrong

T_co = TypeVar("T_co", covariant=True)
Word_co = TypeVar("Word_co", covariant=True)

Schema = dict[str, object]

REFERENCE: Final = "reference"
"""The definition in the schema of what holds `${…}`, which may stand for any value."""


_REFERENCED: Final[Schema] = {"$ref": f"#/definitions/{REFERENCE}"}


class Reader(Protocol[T_co]):
    """Reads one kind of node."""

    @property
    def wants(self) -> str:
        """What is read: "a duration"."""
        ...

    def read(self, node: Node, notes: Notes) -> T_co:
        """Return the value of `node`.

        Raises:
            Unread: it has none; that is noted.
        """
        ...

    def schema(self) -> Schema:
        """Return what an editor should accept."""
        ...


@dataclass(frozen=True)
class Value(Generic[T_co]):
    """Reads one scalar."""

    wants: str
    example: str
    """Empty where `wants` says it all."""
    parse: Callable[[str], T_co]
    """Raises Wrong."""
    shape: Schema
    kinds: frozenset[Kind] = frozenset({Kind.TEXT})
    """What YAML may take it for."""

    def read(self, node: Node, notes: Notes) -> T_co:
        """Return what the scalar means."""
        if not isinstance(node, Scalar):
            raise notes.wrong(node, f"is not {self.wants}", self._remedy(""))
        if node.told:
            raise Unread
        try:
            value = self.parse(node.value)
        except Wrong as wrong:
            says = wrong.says or f"is not {self.wants}"
            raise notes.wrong(node, says, wrong.remedy or self._remedy(wrong.meant)) from None
        if not node.expanded and node.kind not in self.kinds:
            raise notes.wrong(node, *_surprise(node))
        return value

    def _remedy(self, meant: str) -> str:
        """Return the remedy to write what was meant, if that would be taken, else an example."""
        with suppress(Wrong):
            self.parse(meant)
            if meant:
                return f"write {meant}" if meant[0].isalnum() or meant[0] == "/" else f"write '{meant}'"
        return f"write it as in {self.example}" if self.example else ""

    def schema(self) -> Schema:
        """Return the value's shape, or a reference to what stands elsewhere."""
        return {"anyOf": [self.shape, _REFERENCED]}


_READ_AS: Final[Mapping[Kind, str]] = {
    Kind.INTEGER: "a number",
    Kind.NUMBER: "a number",
    Kind.BOOLEAN: "true or false",
    Kind.NOTHING: "nothing",
    Kind.TIMESTAMP: "a date",
}


def _surprise(node: Scalar) -> tuple[str, str]:
    """Return what YAML 1.1 makes of a value that reads well, and how to write it (https://yaml.org/type/)."""
    if node.kind is Kind.TEXT:
        return "is a text, being in quotes", f"write {node.bare} without them"
    return f"is {_READ_AS[node.kind]} to YAML", f"write {node.shown} in quotes"


@dataclass(frozen=True)
class ListOf(Generic[T_co]):
    """Reads a list without repeats; one wrong item makes the list unread."""

    wants: str
    item: Value[T_co]
    empty: str = ""
    """What to do instead of writing an empty list, where it may not be empty."""

    def read(self, node: Node, notes: Notes) -> tuple[T_co, ...]:
        """Return the values of all items."""
        if not isinstance(node, Items):
            shown = node.bare if isinstance(node, Scalar) and node.written else self.item.example
            raise notes.wrong(node, f"is not {self.wants}", f"write [{shown}]")
        if self.empty and not node.items:
            raise notes.mistake(node.place, node.path, f"is empty: {self.empty}")
        values: list[T_co] = []
        for item in node.items:
            with suppress(Unread):
                value = self.item.read(item, notes)
                if value in values:
                    raise notes.wrong(item, "is in the list twice", "take one out")
                values.append(value)
        if len(values) < len(node.items):
            raise Unread
        return tuple(values)

    def schema(self) -> Schema:
        """Return the schema of the list."""
        least: Schema = {"minItems": 1} if self.empty else {}
        return {"type": "array", "items": self.item.schema(), "uniqueItems": True, **least}


@dataclass(frozen=True)
class WordOr(Generic[Word_co, T_co]):
    """Reads a word that stands for something, or what another reader reads, which is no scalar."""

    words: Mapping[str, Word_co]
    other: Reader[T_co]

    @property
    def wants(self) -> str:
        """The words, or the other."""
        return ", ".join([*self.words, f"or {self.other.wants}"])

    def read(self, node: Node, notes: Notes) -> Word_co | T_co:
        """Return what the word stands for, or what the other reads."""
        if not isinstance(node, Scalar):
            return self.other.read(node, notes)
        if node.told:
            raise Unread
        if node.value not in self.words:
            raise notes.wrong(node, f"is not {self.wants}", self._remedy(node))
        return self.words[node.value]

    def _remedy(self, node: Scalar) -> str:
        """Return the word that was probably meant, or the list of one that a scalar stands for."""
        meant = did_you_mean(node.value, self.words)
        listed = Items(node.place, node.path, (node,))
        if not meant:
            with suppress(Unread):
                self.other.read(listed, Notes())
                return f"write [{node.bare}]"
        return meant

    def schema(self) -> Schema:
        """Return the schema of both."""
        return {"anyOf": [{"enum": list(self.words)}, _REFERENCED, self.other.schema()]}


@dataclass(frozen=True)
class ValueOr(Generic[Word_co, T_co]):
    """Reads a scalar with one reader, anything else with another."""

    value: Value[Word_co]
    other: Reader[T_co]

    @property
    def wants(self) -> str:
        """The one, or the other."""
        return f"{self.value.wants}, or {self.other.wants}"

    def read(self, node: Node, notes: Notes) -> Word_co | T_co:
        """Return what the one that fits reads."""
        return self.value.read(node, notes) if isinstance(node, Scalar) else self.other.read(node, notes)

    def schema(self) -> Schema:
        """Return the schema of both."""
        return {"anyOf": [self.value.schema(), self.other.schema()]}


def choice(words: Mapping[str, T_co]) -> Value[T_co]:
    """Return a reader of one of `words`."""
    *others, last = words
    wants = f"{', '.join(others)} or {last}" if others else last

    def parse(text: str) -> T_co:
        if text not in words:
            raise Wrong("", did_you_mean(text, words) or f"write {wants}")
        return words[text]

    # 401 is a word here, though a number to YAML.
    return Value(wants, last, parse, {"enum": [*words, *map(int, filter(str.isdigit, words))]}, _WORDS)


_WORDS: Final = frozenset({Kind.TEXT, Kind.INTEGER})


def _switch(text: str) -> bool:
    match text:
        case "true":
            return True
        case "false":
            return False
        case _:
            meant = {"yes": "true", "on": "true", "no": "false", "off": "false"}.get(text.lower(), text.lower())
            raise Wrong("", f"write {meant}" if meant in {"true", "false"} else "write true or false")


SWITCH: Final = Value("true or false", "true", _switch, {"type": "boolean"}, frozenset({Kind.BOOLEAN}))


def did_you_mean(given: str, known: Iterable[str]) -> str:
    """Return "did you mean max_age?", or nothing when no word of `known` is near."""
    from difflib import get_close_matches  # noqa: PLC0415 - for mistakes only

    near = get_close_matches(given.lower().replace("-", "_"), list(known), 1, cutoff=0.6)
    return f"did you mean {near[0]}?" if near else ""
