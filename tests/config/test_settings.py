"""Settings: keys that are read, missing, unknown, empty; sections and lists of them."""

from typing import Final

import pytest

from gateway.config.node import Items, Table
from gateway.config.notes import Notes, Unread, Wrong
from gateway.config.reader import SWITCH, ListOf, Reader, Value
from gateway.config.settings import Section, Sections, Settings, defaulted, optional, required
from tests.config.build import node_of, table_of


def _short(text: str) -> str:
    if len(text) > 5:
        raise Wrong
    return text


WORD: Final = Value("a short word", "word", _short, {"type": "string"})


class InnerSettings(Settings):
    """Inside."""

    words = required(ListOf("a list of words", WORD), "Words.", write="words: [word]")
    loud = defaulted("false", SWITCH, "Loud.")


class OuterSettings(Settings):
    """Outside."""

    name = required(WORD, "A name.", write="name: word")
    note = optional(WORD, "A note.")
    inner = defaulted("{words: [here]}", Section("a mapping with words", InnerSettings, "words"), "Inside.")
    plain = optional(Section("a mapping", InnerSettings), "Inside, too.")
    parts = defaulted("[]", Sections("a list of parts", Section("a part", InnerSettings, "words")), "Parts.")


def read(text: str) -> tuple[OuterSettings, list[str]]:
    """Return the settings, and what was noted."""
    notes = Notes()
    settings = OuterSettings(table_of(text), notes)
    return settings, [str(mistake) for mistake in notes.mistakes]


def test_keys_are_known_by_name_and_in_order() -> None:
    assert list(InnerSettings.keys) == ["words", "loud"]
    assert InnerSettings.words is InnerSettings.keys["words"]
    assert InnerSettings.title == "Inner"


def test_values_and_where_they_came_from() -> None:
    settings, told = read("{name: x, inner: {words: [a, b]}, parts: [c, {words: [d], loud: true}]}")
    assert told == []
    assert settings.name == "x"
    assert settings.note is None
    assert settings.plain is None
    assert (settings.inner.words, settings.inner.loud) == (("a", "b"), False)
    assert [(part.words, part.loud) for part in settings.parts] == [(("c",), False), (("d",), True)]
    assert str(settings.node_of(OuterSettings.name).place) == "c.yaml:1"
    assert settings.node_of(OuterSettings.note) is settings.node
    loud = settings.inner.node_of(InnerSettings.loud)
    assert (str(loud.place), loud.path) == ("default", "inner.loud")
    assert (loud.place.file, loud.place.line, loud.place.column) == ("c.yaml", 1, 18)


def test_a_default_that_is_a_mapping() -> None:
    settings, told = read("{name: x}")
    assert told == []
    assert settings.inner.words == ("here",)
    assert settings.inner.node.place.source == "default"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{}", ["c.yaml:1:1: name is missing: write name: word"]),
        ("{name: x, nam: y}", ["c.yaml:1:11: nam: is not a key: did you mean name?"]),
        ("{name: x, zzz: y}", ["c.yaml:1:11: zzz: is not a key"]),
        ("{name: }", ["c.yaml:1:7: name: has no value: write one, or leave the key out"]),
        ("{name: ~}", ["c.yaml:1:8: name: has no value: write one, or leave the key out"]),
        ("{name: far too long}", ["c.yaml:1:8: name: 'far too long' is not a short word: write it as in word"]),
        ("{name: x, inner: [a]}", ["c.yaml:1:18: inner: a list is not a mapping with words: write words: [word]"]),
        ("{name: x, plain: a}", ["c.yaml:1:18: plain: 'a' is not a mapping: write words: [word]"]),
        (
            "{name: x, parts: {}}",
            ["c.yaml:1:18: parts: a mapping is not a list of parts: write a list, each item of it behind a -"],
        ),
        (
            "{name: x, parts: [[a], {loud: yes}, far too long]}",
            [
                "c.yaml:1:19: parts[0]: a list is not a part: write words: [word]",
                "c.yaml:1:24: parts[1]: words is missing: write words: [word]",
                "c.yaml:1:31: parts[1].loud: 'yes' is not true or false: write true",
                "c.yaml:1:37: parts[2]: 'far too long' is not a short word: write it as in word",
            ],
        ),
    ],
)
def test_mistakes(text: str, expected: list[str]) -> None:
    assert read(text)[1] == expected


def test_what_could_stand_behind_a_wrong_key_is_not_missing() -> None:
    node, notes = node_of("{? [name] : x}")
    assert isinstance(node, Table)
    settings = OuterSettings(node, notes)
    assert [mistake.text for mistake in notes.mistakes] == ["a list or a mapping is not a key"]
    with pytest.raises(Unread):
        _ = settings.name


def test_a_value_that_was_not_read_cannot_be_had() -> None:
    settings, told = read("{name: far too long, parts: [[a], b]}")
    assert len(told) == 2
    with pytest.raises(Unread):
        _ = settings.name
    assert [part.words for part in settings.parts] == [("b",)]


def test_an_empty_list_where_there_may_be_none() -> None:
    reader = Sections("a list", Section("a part", InnerSettings), empty="leave it out")
    node, notes = node_of("[]")
    assert isinstance(node, Items)
    with pytest.raises(Unread):
        reader.read(node, notes)
    assert [mistake.text for mistake in notes.mistakes] == ["is empty: leave it out"]


def test_a_scalar_is_spelt_out() -> None:
    listed, single = Section("", InnerSettings, "words"), Section("", OuterSettings, "name")
    node, _ = node_of("a")
    assert node is not None
    whole = listed.spelt_out(node)
    assert isinstance(whole, Table)
    assert whole.get("words") == Items(node.place, node.path, (node,))
    alone = single.spelt_out(node)
    assert isinstance(alone, Table)
    assert alone.get("name") is node
    assert listed.spelt_out(table_of("{}")) == table_of("{}")
    assert Section("", InnerSettings).spelt_out(node) is node


INNER: Final = {"$ref": "#/definitions/Inner"}


@pytest.mark.parametrize(
    ("reader", "expected"),
    [
        (Section("", InnerSettings), INNER),
        (Section("", InnerSettings, "words"), {"anyOf": [WORD.schema(), INNER]}),
        (Section("", InnerSettings, "loud"), {"anyOf": [SWITCH.schema(), INNER]}),
        (Sections("", Section("", InnerSettings)), {"type": "array", "items": INNER}),
    ],
)
def test_schema(reader: Reader[object], expected: object) -> None:
    assert reader.schema() == expected
