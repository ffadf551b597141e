"""YAML text to nodes: strict where YAML is surprising, bounded where it is generous."""

import re
from dataclasses import replace
from functools import cache
from typing import Final, cast

import yaml

from gateway.config.expand import Expander
from gateway.config.node import Entry, Items, Kind, Node, Place, Scalar, Table, joined, quoted
from gateway.config.notes import Notes

MAX_OCTETS: Final = 1024 * 1024
"""Of one file: thirty sites are 10 KiB."""
MAX_VALUES: Final = 50_000
"""In one file, with aliases written out: nine lines of aliases can stand for 10⁹ values ("billion laughs")."""
MAX_DEPTH: Final = 16
"""Of mappings and lists in each other; ours need 6."""

_KINDS: Final = {f"tag:yaml.org,2002:{kind.value}": kind for kind in Kind}
_TAGS: Final = frozenset({*_KINDS, *(f"tag:yaml.org,2002:{name}" for name in ("str", "map", "seq", "merge", "value"))})
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]")
_NOT_YAML: Final = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""Characters outside YAML 1.1, 5.1."""

_HINTS: Final = (
    (r"character '\t'", "indent with spaces"),
    ("unknown escape character", "write it in single quotes, where a backslash is a backslash"),
    ("mapping values are not allowed", "is the indentation right, or does the value need quotes?"),
    ("<block end>", "is it indented as the lines before it?"),
    ("unexpected end of stream", "is a closing quote missing?"),
    ("could not find expected ':'", "is a colon missing, or the space behind it?"),
    ("that cannot start any token", "write the value in quotes"),
    ("expected ',' or", "is a comma or a closing bracket missing?"),
    ("<stream end>", "is a closing bracket missing?"),
    ("found another document", "one file holds one: put the second into a file of its own"),
)
"""What the parser says, and what usually helps."""


def decoded(octets: bytes, file: str, notes: Notes) -> str:
    """Return the text of a file.

    Raises:
        Unread: it is too long, or not UTF-8, or holds characters that YAML does not; noted.
    """
    if len(octets) > MAX_OCTETS:
        raise notes.mistake(Place(file), "", f"is longer than {MAX_OCTETS} octets: is it the right file?")
    try:
        text = octets.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = octets[: error.start].decode("utf-8", "replace")
        raise notes.mistake(_behind(file, before), "", "is not UTF-8: save the file as UTF-8") from None
    if bad := _NOT_YAML.search(text):
        says = f"holds the character {quoted(bad.group())}: take it out"
        raise notes.mistake(_behind(file, text[: bad.start()]), "", says)
    return text


def _behind(file: str, text: str) -> Place:
    """Return the place that follows `text`."""
    return Place(file, text.count("\n") + 1, len(text) - text.rfind("\n"))


def compose(text: str, file: str, notes: Notes, expander: Expander) -> Node | None:
    """Return the one document in `text`, or None when there is nothing in it.

    Raises:
        Unread: it is not YAML, or over a bound; noted.
    """
    place = Place(file)
    try:
        root = _composed(text)
    except yaml.MarkedYAMLError as error:
        problem = str(error.problem)
        if problem.startswith(("but ", "second ")):
            problem = f"{error.context}, {problem}"
        says = f"is not YAML that can be read: {problem}"
        says += next((f": {hint}" for sign, hint in _HINTS if sign in problem), "")
        raise notes.mistake(_at(place, error.problem_mark), "", says) from None
    if _kind(root) is Kind.NOTHING:
        return None
    return _Conversion(place, notes, expander).node(root, "", 0)


def our_own(text: str, place: Place, path: str) -> Node:
    """Return the node of a text that is part of the program, a default or a preset, as if it stood at `place`."""
    return _Conversion(place, Notes(), Expander({})).node(_our_own(text), path, 0)


def kind_of(text: str) -> Kind:
    """Return what YAML 1.1 makes of a text without quotes."""
    return _kind(_composed(text))


def plain(text: str) -> object:
    """Return what a text of the program is, for the JSON Schema."""
    return cast("object", yaml.safe_load(text))


def our_own_table(text: str, place: Place, path: str) -> Table:
    """Return the mapping that a text of the program is."""
    return cast("Table", our_own(text, place, path))


def _composed(text: str) -> yaml.Node:
    """Return PyYAML's node; that of nothing for an empty text.

    By its parser in Python: 0.1 s for two hundred sites, words of its own for each fault, and no recursion in C.
    """
    loader = yaml.SafeLoader(text)
    try:
        return loader.get_single_node() or yaml.ScalarNode("tag:yaml.org,2002:null", "")
    except RecursionError:
        raise yaml.MarkedYAMLError(problem=f"nested deeper than {MAX_DEPTH}") from None
    except (ValueError, OverflowError):
        mark = loader.get_mark()  # "\UFFFFFFFF"
        raise yaml.MarkedYAMLError(problem="an escape that is no character", problem_mark=mark) from None
    finally:
        loader.dispose()


_our_own: Final = cache(_composed)


def _at(place: Place, mark: yaml.Mark | None) -> Place:
    """Return the place of `mark` in the file of `place`; what is our own stays where it was put."""
    if place.source or mark is None:
        return place
    return Place(place.file, mark.line + 1, mark.column + 1)


def _kind(node: yaml.Node) -> Kind:
    return _KINDS.get(node.tag, Kind.TEXT)


class _Conversion:
    """Turns PyYAML's nodes into ours: a node that several aliases lead to becomes several, each with its path."""

    def __init__(self, place: Place, notes: Notes, expander: Expander) -> None:
        self._place = place
        self._notes = notes
        self._expander = expander
        self._values = 0

    def node(self, node: yaml.Node, path: str, depth: int) -> Node:
        """Return `node` as it stands at `path`."""
        place = _at(self._place, node.start_mark)
        self._values += 1
        if self._values > MAX_VALUES or depth > MAX_DEPTH:
            says = "aliases (*name) make this endless, or too much: write it out, or put it under defaults"
            raise self._notes.mistake(place, path, says)
        if node.tag not in _TAGS:
            self._notes.mistake(place, path, f"has the tag {quoted(node.tag)}, which is not used here: take it out")
        if isinstance(node, yaml.MappingNode):
            return self._table(node, place, path, depth)
        if isinstance(node, yaml.SequenceNode):
            items = enumerate(node.value)
            return Items(place, path, tuple(self.node(item, f"{path}[{i}]", depth + 1) for i, item in items))
        return self._scalar(node, place, path)

    def _table(self, node: yaml.MappingNode, place: Place, path: str, depth: int) -> Table:
        entries: dict[str, Entry] = {}
        told = False
        for key_node, value_node in node.value:
            key = _at(self._place, key_node.start_mark)
            if not isinstance(key_node.value, str):
                self._notes.mistake(key, path, "a list or a mapping is not a key")
                told = True
                continue
            name = key_node.value
            inner = joined(path, name if name.isprintable() else quoted(name))
            if name == "<<":
                self._notes.mistake(key, inner, "is not used here: put what sites share under defaults")
                told = True
            elif name in entries:
                first = entries[name].key
                self._notes.mistake(key, inner, f"is given twice: the first stands in line {first.line}")
            else:
                entries[name] = Entry(key, self.node(value_node, inner, depth + 1))
        return Table(place, path, entries, told)

    def _scalar(self, node: yaml.Node, place: Place, path: str) -> Scalar:
        scalar = Scalar(place, path, node.value, node.value, _kind(node))
        control = _CONTROL.search(node.value)
        if control is None:
            return self._expander.expand(scalar, self._notes)
        # "C:\tls" in double quotes holds a tab.
        escaped = isinstance(node, yaml.ScalarNode) and node.style == '"'
        remedy = "write it in single quotes, where a backslash is a backslash" if escaped else "write it on one line"
        self._notes.wrong(scalar, f"holds the control character {quoted(control.group())}", remedy)
        return replace(scalar, told=True)
