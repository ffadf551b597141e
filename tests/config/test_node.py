"""Nodes: places, quotation, mappings over mappings."""

import pytest

from gateway.config.node import Items, Kind, Place, Scalar, Table, items_of, joined, over, quoted, with_node, without
from tests.config.build import table_of, text_scalar


@pytest.mark.parametrize(
    ("place", "expected"),
    [
        pytest.param(Place("crm.yaml", 6, 9), "crm.yaml:6", id="in-a-file"),
        pytest.param(Place("crm.yaml"), "crm.yaml", id="a-file-as-a-whole"),
        pytest.param(Place("--listen"), "--listen", id="an-option"),
        pytest.param(Place("crm.yaml", 6, 9, source="default"), "default", id="no-file"),
    ],
)
def test_a_place_is_told_in_short(place: Place, expected: str) -> None:
    assert str(place) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("GET", "'GET'", id="text"),
        pytest.param("", "''", id="nothing"),
        pytest.param("tab\tbell\x07", r"'tab\tbell\x07'", id="control-characters"),
        pytest.param("ä€", "'ä€'", id="letters-stay"),
        pytest.param("\ud800\u202e", r"'\ud800\u202e'", id="neither-halves-nor-turned-text"),
        pytest.param("x" * 101, "'" + "x" * 100 + "…'", id="bounded"),
        pytest.param("https://user:secret@crm/", "'https://…@crm/'", id="no-password"),
        pytest.param("a@b", "'a@b'", id="a-mail-address"),
    ],
)
def test_a_value_is_repeated_on_one_line(text: str, expected: str) -> None:
    assert quoted(text) == expected


def test_what_is_shown_of_a_node() -> None:
    assert text_scalar("x").shown == "'x'"
    assert Items(Place(""), "", ()).shown == "a list"
    assert table_of("{a: b}").shown == "a mapping"


def test_an_expanded_scalar_shows_what_was_written() -> None:
    node = Scalar(Place(""), "", "${SECRET}", "hunter2", Kind.TEXT)
    assert node.expanded
    assert node.shown == "'${SECRET}'"
    assert node.bare == "${SECRET}"


def test_the_path_of_a_key() -> None:
    assert joined("", "sites") == "sites"
    assert joined("sites[0]", "names") == "sites[0].names"


def test_items_of_what_is_no_list() -> None:
    assert items_of(text_scalar("x")) == ()
    assert items_of(Items(Place(""), "", (text_scalar("x"),))) == (text_scalar("x"),)


def test_mappings_over_mappings() -> None:
    upper = table_of("{a: 1, b: {c: 2}, d: {e: 3}, f: 4}")
    lower = table_of("{b: {c: 5, g: 6}, d: 7, f: {h: 8}, i: 9}")
    merged = over(upper, lower)
    assert (merged.place, merged.path) == (upper.place, upper.path)
    assert sorted(merged.entries) == ["a", "b", "d", "f", "i"]
    inner, above, below = merged.get("b"), upper.get("b"), lower.get("b")
    assert isinstance(inner, Table)
    assert isinstance(above, Table)
    assert isinstance(below, Table)
    assert inner.entries == {"c": above.entries["c"], "g": below.entries["g"]}
    assert merged.get("d") == upper.get("d")
    assert merged.get("f") == upper.get("f")
    assert merged.get("i") == lower.get("i")


def test_a_key_is_put_in_place_and_taken_out() -> None:
    table = table_of("{a: 1, b: 2}")
    node = text_scalar("x")
    assert with_node(table, "a", node).get("a") is node
    assert with_node(table, "a", node).get("b") == table.get("b")
    assert list(without(table, "a").entries) == ["b"]
    assert without(table, "z") == table
    assert table.get("z") is None
