"""Readers: each turns one kind of node into a value, or notes what is wrong, and says in JSON Schema what it takes."""

from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Final, Generic, Protocol, TypeVar

from gateway.config.node import Items, Kind, Node, Scalar
from gateway.config.notes import Notes, Unread, Wrong

T_co = TypeVar("T_co", covariant=True)
Word_co = TypeVar("Word_co", covariant=True)

Schema = dict[str, object]


class Reader(Protocol[T_co]):
    """Reads one kind of node."""

    @property
    def wants(self) -> str:
        """What is read, for mistakes and documentation: "a duration such as 10m"."""
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
    parse: Callable[[str], T_co]
    """Raises Wrong."""
    shape: Schema
    kinds: frozenset[Kind] = frozenset({Kind.TEXT})
    """What it may look like to YAML."""

    def read(self, node: Node, notes: Notes) -> T_co:
        if not isinstance(node, Scalar):
            raise notes.wrong(node, f"is not {self.wants}")
        if node.told:
            raise Unread
        try:
            value = self.parse(node.value)
        except Wrong as wrong:
            raise notes.wrong(node, wrong.says, wrong.remedy) from None
        if not node.expanded and node.kind not in self.kinds:
            raise notes.wrong(node, *_surprise(node))
        return value

    def schema(self) -> Schema:
        return {"anyOf": [self.shape, {"$ref": "#/$defs/reference"}]}


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
        return "is a text, as it is in quotes", f"write {node.written} without them"
    return f"is {_READ_AS[node.kind]} to YAML", f"write it in quotes, '{node.written}'"


@dataclass(frozen=True)
class ListOf(Generic[T_co]):
    """Reads a list without repeats; one wrong item makes the list unread."""

    wants: str
    item: Reader[T_co]

    def read(self, node: Node, notes: Notes) -> tuple[T_co, ...]:
        if not isinstance(node, Items):
            remedy = f"write [{node.written}]" if isinstance(node, Scalar) and node.written else ""
            raise notes.wrong(node, f"is not {self.wants}", remedy)
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
        return {"type": "array", "items": self.item.schema()}


@dataclass(frozen=True)
class WordOr(Generic[Word_co, T_co]):
    """Reads a word that stands for something, or what another reader reads."""

    words: Mapping[str, Word_co]
    other: Reader[T_co]

    @property
    def wants(self) -> str:
        return ", ".join([*self.words, f"or {self.other.wants}"])

    def read(self, node: Node, notes: Notes) -> Word_co | T_co:
        if isinstance(node, Scalar) and not node.told:
            if node.value in self.words:
                return self.words[node.value]
            raise notes.wrong(node, f"is not {self.wants}", did_you_mean(node.value, self.words))
        return self.other.read(node, notes)

    def schema(self) -> Schema:
        return {"anyOf": [{"enum": list(self.words)}, self.other.schema()]}


@dataclass(frozen=True)
class ScalarOr(Generic[Word_co, T_co]):
    """Reads a scalar with one reader, anything else with another."""

    scalar: Reader[Word_co]
    other: Reader[T_co]

    @property
    def wants(self) -> str:
        return f"{self.scalar.wants}, or {self.other.wants}"

    def read(self, node: Node, notes: Notes) -> Word_co | T_co:
        return self.scalar.read(node, notes) if isinstance(node, Scalar) else self.other.read(node, notes)

    def schema(self) -> Schema:
        return {"anyOf": [self.scalar.schema(), self.other.schema()]}


def choice(words: Mapping[str, T_co]) -> Value[T_co]:
    """Return a reader of one of `words`."""
    *others, last = words
    wants = f"{', '.join(others)} or {last}" if others else last

    def parse(text: str) -> T_co:
        if text not in words:
            raise Wrong(f"is not {wants}", did_you_mean(text, words))
        return words[text]

    return Value(wants, parse, {"enum": list(words)}, frozenset({Kind.TEXT, Kind.INTEGER}))


def _switch(text: str) -> bool:
    match text:
        case "true":
            return True
        case "false":
            return False
        case _:
            word = {"yes": "true", "on": "true", "no": "false", "off": "false"}.get(text.lower(), text.lower())
            raise Wrong("is not true or false", f"write {word}" if word in {"true", "false"} else "")


SWITCH: Final = Value("true or false", _switch, {"type": "boolean"}, frozenset({Kind.BOOLEAN}))


def did_you_mean(given: str, known: Iterable[str]) -> str:
    """Return "did you mean max_age?", or nothing when no word of `known` is near."""
    near = get_close_matches(given.lower().replace("-", "_"), list(known), 1, cutoff=0.6)
    return f"did you mean {near[0]}?" if near else ""
