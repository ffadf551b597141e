"""Readers: scalars, lists, words."""

from typing import Final

import pytest

from gateway.config.node import Items, Kind, Place, Scalar
from gateway.config.notes import Notes, Unread, Wrong
from gateway.config.reader import SWITCH, ListOf, Reader, Value, ValueOr, WordOr, choice, did_you_mean
from tests.config.build import node_of


def _upper(text: str) -> str:
    if text != text.upper():
        raise Wrong("is not in capitals", meant=text.upper())
    if text == "X":
        raise Wrong
    return text


WORD: Final = Value("a word", "WORD", _upper, {"type": "string"})
WORDS: Final = ListOf("a list of words", WORD)
CHOICE: Final = choice({"keep": 1, "drop": 2, "401": 3})


def read(reader: Reader[object], text: str) -> object:
    """Return what is read, or the mistakes."""
    node, notes = node_of(text, {"NAME": "NO", "LOWER": "no"})
    assert node is not None
    try:
        value = reader.read(node, notes)
    except Unread:
        assert notes.mistakes
        return [f"{mistake.path}: {mistake.text}" if mistake.path else mistake.text for mistake in notes.mistakes]
    assert not notes.mistakes
    return value


@pytest.mark.parametrize(
    ("reader", "text", "expected"),
    [
        (WORD, "GET", "GET"),
        (WORD, "'NO'", "NO"),
        (WORD, "${NAME}", "NO"),
        (WORD, "NO", ["'NO' is true or false to YAML: write 'NO' in quotes"]),
        (WORD, "10", ["'10' is a number to YAML: write '10' in quotes"]),
        (WORD, "1.5", ["'1.5' is a number to YAML: write '1.5' in quotes"]),
        (WORD, "2024-01-31", ["'2024-01-31' is a date to YAML: write '2024-01-31' in quotes"]),
        (WORD, "get", ["'get' is not in capitals: write GET"]),
        (WORD, "${LOWER}", ["'${LOWER}' is not in capitals: correct what ${…} stands for"]),
        (WORD, "X", ["'X' is not a word: write it as in WORD"]),
        (WORD, "-a", ["'-a' is not in capitals: write '-A'"]),
        (WORD, "x", ["'x' is not in capitals: write it as in WORD"]),
        (WORD, "[GET]", ["a list is not a word: write it as in WORD"]),
        (WORD, "{GET: 1}", ["a mapping is not a word: write it as in WORD"]),
        (WORDS, "[GET, PUT]", ("GET", "PUT")),
        (WORDS, "[]", ()),
        (
            WORDS,
            "[GET, put, X]",
            ["[1]: 'put' is not in capitals: write PUT", "[2]: 'X' is not a word: write it as in WORD"],
        ),
        (WORDS, "[GET, GET]", ["[1]: 'GET' is in the list twice: take one out"]),
        (WORDS, "[[GET]]", ["[0]: a list is not a word: write it as in WORD"]),
        (WORDS, "GET", ["'GET' is not a list of words: write [GET]"]),
        (WORDS, "''", ["'' is not a list of words: write [WORD]"]),
        (WORDS, "{GET: 1}", ["a mapping is not a list of words: write [WORD]"]),
        (ListOf("", WORD, empty="write some"), "[]", ["is empty: write some"]),
        (WordOr({"any": None}, WORDS), "any", None),
        (WordOr({"any": None}, WORDS), "[GET]", ("GET",)),
        (WordOr({"any": None}, WORDS), "ani", ["'ani' is not any, or a list of words: did you mean any?"]),
        (WordOr({"any": None}, WORDS), "GET", ["'GET' is not any, or a list of words: write [GET]"]),
        (WordOr({"any": None}, WORDS), "X", ["'X' is not any, or a list of words"]),
        (WordOr({"any": None}, WORDS), "{}", ["a mapping is not a list of words: write [WORD]"]),
        (ValueOr(WORD, WORDS), "GET", "GET"),
        (ValueOr(WORD, WORDS), "[GET]", ("GET",)),
        (CHOICE, "keep", 1),
        (CHOICE, "401", 3),
        (CHOICE, "'401'", 3),
        (CHOICE, "kep", ["'kep' is not keep, drop or 401: did you mean keep?"]),
        (CHOICE, "zzz", ["'zzz' is not keep, drop or 401: write keep, drop or 401"]),
        (choice({"one": 1}), "two", ["'two' is not one: write one"]),
        (SWITCH, "true", True),
        (SWITCH, "false", False),
        (SWITCH, "${LOWER}", ["'${LOWER}' is not true or false: correct what ${…} stands for"]),
        (SWITCH, "yes", ["'yes' is not true or false: write true"]),
        (SWITCH, "Off", ["'Off' is not true or false: write false"]),
        (SWITCH, "TRUE", ["'TRUE' is not true or false: write true"]),
        (SWITCH, "1", ["'1' is not true or false: write true or false"]),
        (SWITCH, "'true'", ["'true' is a text, being in quotes: write true without them"]),
    ],
)
def test_read(reader: Reader[object], text: str, expected: object) -> None:
    assert read(reader, text) == expected


@pytest.mark.parametrize("reader", [WORD, WordOr({"any": None}, WORDS), WORDS])
def test_what_was_told_is_not_told_again(reader: Reader[object]) -> None:
    notes = Notes()
    with pytest.raises(Unread):
        reader.read(Scalar(Place(""), "", "any", "any", Kind.TEXT, told=True), notes)
    assert not notes.mistakes


def test_a_list_with_one_that_was_told() -> None:
    notes = Notes()
    with pytest.raises(Unread):
        WORDS.read(Items(Place(""), "", (Scalar(Place(""), "", "A", "A", told=True),)), notes)
    assert not notes.mistakes


def test_what_is_wanted() -> None:
    assert ValueOr(WORD, WORDS).wants == "a word, or a list of words"
    assert WordOr({"any": None, "none": None}, WORDS).wants == "any, none, or a list of words"


@pytest.mark.parametrize(
    ("reader", "expected"),
    [
        (WORD, {"anyOf": [{"type": "string"}, {"$ref": "#/definitions/reference"}]}),
        (WORDS, {"type": "array", "items": WORD.schema(), "uniqueItems": True}),
        (
            ListOf("", WORD, empty="x"),
            {"type": "array", "items": WORD.schema(), "uniqueItems": True, "minItems": 1},
        ),
        (
            WordOr({"any": None}, WORDS),
            {"anyOf": [{"enum": ["any"]}, {"$ref": "#/definitions/reference"}, WORDS.schema()]},
        ),
        (ValueOr(WORD, WORDS), {"anyOf": [WORD.schema(), WORDS.schema()]}),
        (CHOICE, {"anyOf": [{"enum": ["keep", "drop", "401", 401]}, {"$ref": "#/definitions/reference"}]}),
    ],
)
def test_schema(reader: Reader[object], expected: object) -> None:
    assert reader.schema() == expected


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("max_agee", "did you mean max_age?"),
        ("Max-Age", "did you mean max_age?"),
        ("orgins", "did you mean origins?"),
        ("nothing_near", ""),
        ("", ""),
    ],
)
def test_did_you_mean(given: str, expected: str) -> None:
    assert did_you_mean(given, ["max_age", "origins"]) == expected
