"""What is noted, and how."""

from dataclasses import replace

from gateway.config.model import ConfigWarning, Mistake
from gateway.config.node import Items, Place
from gateway.config.notes import Notes, Unread, Wrong
from gateway.config.unwise import Unwise
from tests.config.build import text_scalar

NODE = text_scalar("600")
AT = ("c.yaml", 1, 1, "key")


def test_a_mistake_repeats_the_value_and_says_what_to_write() -> None:
    notes = Notes()
    assert isinstance(notes.wrong(NODE, "has no unit", "write 600s"), Unread)
    assert notes.mistakes == (Mistake(*AT, "'600' has no unit: write 600s"),)


def test_a_mistake_without_a_remedy() -> None:
    notes = Notes()
    notes.wrong(Items(NODE.place, NODE.path, ()), "is not a duration")
    assert notes.mistakes == (Mistake(*AT, "a list is not a duration"),)


def test_the_remedy_does_not_tell_a_secret() -> None:
    notes = Notes()
    notes.wrong(replace(NODE, written="${AGE}"), "has no unit", "write 600s")
    assert notes.mistakes == (Mistake(*AT, "'${AGE}' has no unit: correct what ${…} stands for"),)


def test_notes_of_others_are_taken() -> None:
    notes, others = Notes(), Notes()
    for each in (notes, others):
        each.mistake(Place("a"), "", "is empty")
    others.mistake(Place("b"), "", "is empty")
    others.warn(NODE, Unwise.PORT_ANY, "port 0")
    notes.take(others)
    assert notes.mistakes == (Mistake("a", 0, 0, "", "is empty"), Mistake("b", 0, 0, "", "is empty"))
    assert notes.warnings == others.warnings


def test_what_was_told_is_not_told_again() -> None:
    notes = Notes()
    assert isinstance(notes.wrong(replace(NODE, told=True), "has no unit"), Unread)
    notes.mistake(Place("a"), "", "is empty")
    notes.mistake(Place("a"), "", "is empty")
    notes.warn(NODE, Unwise.PORT_ANY, "port 0")
    notes.warn(NODE, Unwise.PORT_ANY, "port 0")
    assert notes.mistakes == (Mistake("a", 0, 0, "", "is empty"),)
    assert notes.warnings == (ConfigWarning(*AT, "port 0", "port-any"),)


def test_half_a_mistake() -> None:
    assert (Wrong().says, Wrong("is long", "cut it").remedy) == ("", "cut it")
