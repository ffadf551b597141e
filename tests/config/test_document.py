"""YAML text to nodes: what is refused, and with which words."""

import pytest
import yaml

from gateway.config.document import (
    MAX_DEPTH,
    MAX_OCTETS,
    MAX_VALUES,
    compose,
    decoded,
    kind_of,
    our_own,
    our_own_table,
    plain,
)
from gateway.config.expand import Expander
from gateway.config.node import Entry, Items, Kind, Node, Place, Scalar, Table
from gateway.config.notes import Notes, Unread


def told(text: str) -> list[str]:
    """Return the mistakes in a text."""
    notes = Notes()
    try:
        compose(text, "c", notes, Expander({}))
    except Unread:
        assert notes.mistakes
    return [str(mistake) for mistake in notes.mistakes]


def composed(text: str) -> Node | None:
    notes = Notes()
    node = compose(text, "c", notes, Expander({"NAME": "value"}))
    assert not notes.mistakes
    return node


def test_nodes_keep_their_places_and_paths() -> None:
    assert composed("a:\n  - 'x'\n  - {b: 1.5}\n") == Table(
        Place("c", 1, 1),
        "",
        {
            "a": Entry(
                Place("c", 1, 1),
                Items(
                    Place("c", 2, 3),
                    "a",
                    (
                        Scalar(Place("c", 2, 5), "a[0]", "x", "x"),
                        Table(
                            Place("c", 3, 5),
                            "a[1]",
                            {
                                "b": Entry(
                                    Place("c", 3, 6), Scalar(Place("c", 3, 9), "a[1].b", "1.5", "1.5", Kind.NUMBER)
                                )
                            },
                        ),
                    ),
                ),
            )
        },
    )


def test_values_are_expanded() -> None:
    assert composed("${NAME}") == Scalar(Place("c", 1, 1), "", "${NAME}", "value")


@pytest.mark.parametrize("text", ["", "# only a comment\n", "---\n", "~", "null"])
def test_nothing(text: str) -> None:
    assert composed(text) is None


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("yes", Kind.BOOLEAN),
        ("No", Kind.BOOLEAN),
        ("on", Kind.BOOLEAN),
        ("10:30", Kind.INTEGER),
        ("0x1F", Kind.INTEGER),
        ("1_000", Kind.INTEGER),
        ("1.5", Kind.NUMBER),
        ("2024-01-31", Kind.TIMESTAMP),
        ("~", Kind.NOTHING),
        ("10.0.0.5", Kind.TEXT),
        ("=", Kind.TEXT),
        ("None", Kind.TEXT),
    ],
)
def test_what_yaml_takes_text_for(text: str, kind: Kind) -> None:
    assert kind_of(text) is kind
    node = composed(f"[{text}]")
    assert isinstance(node, Items)
    assert isinstance(node.items[0], Scalar)
    assert node.items[0].kind is kind


@pytest.mark.parametrize("text", ["'no'", '"10:30"', "!!str no"])
def test_what_is_in_quotes_is_text(text: str) -> None:
    node = composed(text)
    assert isinstance(node, Scalar)
    assert node.kind is Kind.TEXT


def test_aliases_are_written_out() -> None:
    node = composed("{a: &x [1], b: *x}")
    assert isinstance(node, Table)
    first, second = node.get("a"), node.get("b")
    assert isinstance(first, Items)
    assert isinstance(second, Items)
    assert (first.place, first.items[0].path) == (second.place, "a[0]")
    assert second.items[0].path == "b[0]"


NOT_YAML = "is not YAML that can be read"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param(
            "a:\n\t- b\n",
            rf"c:2:1: {NOT_YAML}: found character '\t' that cannot start any token: indent with spaces",
            id="tab",
        ),
        pytest.param(
            'a: "C:\\Windows"',
            f"c:1:8: {NOT_YAML}: found unknown escape character 'W': write it in single quotes, where a backslash is "
            "a backslash",
            id="escape",
        ),
        pytest.param(
            'a: "C:\\tls"',
            r"c:1:4: a: 'C:\tls' holds the control character '\t': write it in single quotes, where a backslash is a "
            "backslash",
            id="a-tab-that-was-a-folder",
        ),
        pytest.param(
            "a: |\n  x\n  y\n",
            r"c:1:4: a: 'x\ny\n' holds the control character '\n': write it on one line",
            id="several-lines",
        ),
        pytest.param(
            r'a: "\uD800"',
            r"c:1:4: a: '\ud800' holds the control character '\ud800': write it in single quotes, where a backslash is "
            "a backslash",
            id="half-a-character",
        ),
        pytest.param('a: "\\UFFFFFFFF"', f"c:1:7: {NOT_YAML}: an escape that is no character", id="beyond-unicode"),
        pytest.param(
            "a: b: c",
            f"c:1:5: {NOT_YAML}: mapping values are not allowed here: is the indentation right, or does the value "
            "need quotes?",
            id="colon",
        ),
        pytest.param(
            "- a\nb: c",
            f"c:2:1: {NOT_YAML}: expected <block end>, but found '?': is it indented as the lines before it?",
            id="indentation",
        ),
        pytest.param(
            "a: 'x",
            f"c:1:6: {NOT_YAML}: found unexpected end of stream: is a closing quote missing?",
            id="quote",
        ),
        pytest.param(
            "abc\ndef: 1",
            f"c:2:4: {NOT_YAML}: mapping values are not allowed here: is the indentation right, or does the value "
            "need quotes?",
            id="no-colon",
        ),
        pytest.param(
            "a: 1\nb\nc: 2",
            f"c:3:1: {NOT_YAML}: could not find expected ':': is a colon missing, or the space behind it?",
            id="missing-colon",
        ),
        pytest.param(
            "a: @x",
            f"c:1:4: {NOT_YAML}: found character '@' that cannot start any token: write the value in quotes",
            id="at-sign",
        ),
        pytest.param(
            "a: [1 2: 3",
            (
                f"c:1:11: {NOT_YAML}: expected ',' or ']', but got '<stream end>': is a comma or a closing bracket "
                "missing?"
            ),
            id="bracket",
        ),
        pytest.param(
            "a: [1,",
            f"c:1:7: {NOT_YAML}: expected the node content, but found '<stream end>': is a closing bracket missing?",
            id="open-bracket",
        ),
        pytest.param(
            "a: 1\n---\nb: 2",
            (
                f"c:2:1: {NOT_YAML}: expected a single document in the stream, but found another document: one file "
                "holds one: put the second into a file of its own"
            ),
            id="two-documents",
        ),
        pytest.param("a: *x", f"c:1:4: {NOT_YAML}: found undefined alias 'x'", id="no-anchor"),
        pytest.param(
            "a: &x 1\nb: &x 2",
            f"c:2:4: {NOT_YAML}: found duplicate anchor 'x'; first occurrence, second occurrence",
            id="an-anchor-twice",
        ),
        pytest.param(
            "%YAML 2.0\n---\na",
            f"c:1:1: {NOT_YAML}: found incompatible YAML document (version 1.* is required)",
            id="yaml-2",
        ),
        pytest.param("a: 1\na: 2", "c:2:1: a: is given twice: the first stands in line 1", id="a-key-twice"),
        pytest.param("? [a]\n: b", "c:1:3: a list or a mapping is not a key", id="no-key"),
        pytest.param("'a\\u202e': 1", None, id="an-odd-key-is-told-later"),
        pytest.param(
            "a: &x {b: 1}\nc:\n  <<: *x\n",
            "c:3:3: c.<<: is not used here: put what sites share under defaults",
            id="merge-key",
        ),
        pytest.param(
            "a: !!int '1'",
            None,
            id="a-tag-that-changes-nothing",
        ),
        pytest.param(
            "a: !secret x",
            "c:1:4: a: has the tag '!secret', which is not used here: take it out",
            id="tag",
        ),
        pytest.param(
            "a: !!python/object:os.system {}",
            "c:1:4: a: has the tag 'tag:yaml.org,2002:python/object:os.system', which is not used here: take it out",
            id="a-tag-of-an-attacker",
        ),
        pytest.param(
            "&x [*x]",
            "c:1:1: [0][0][0][0][0][0][0][0][0][0][0][0][0][0][0][0][0]: aliases (*name) make this endless, or too "
            "much: write it out, or put it under defaults",
            id="an-alias-to-itself",
        ),
        pytest.param("[" * 1000, f"c: {NOT_YAML}: nested deeper than {MAX_DEPTH}", id="a-well"),
    ],
)
def test_what_is_refused(text: str, expected: str | None) -> None:
    assert told(text) == ([] if expected is None else [expected])


def test_an_odd_key_is_quoted_in_its_path() -> None:
    node = composed('"a\\u202e": 1')
    assert isinstance(node, Table)
    (entry,) = node.entries.values()
    assert entry.node.path == r"'a\u202e'"


def test_a_billion_laughs_stop_early() -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 10)]
    (mistake,) = told("\n".join(lines))
    assert "aliases (*name) make this endless" in mistake


def test_all_mistakes_of_a_text_are_told() -> None:
    assert len(told("a: !x 1\na: 2\nb: !y 3\n")) == 3


@pytest.mark.parametrize(
    ("octets", "expected"),
    [
        pytest.param(b"a: 1\nb: \xe4\n", "c:2:4: is not UTF-8: save the file as UTF-8", id="latin-1"),
        pytest.param("a: 1".encode("utf-16"), "c:1:1: is not UTF-8: save the file as UTF-8", id="utf-16"),
        pytest.param(b"a: 1\nb: \x00", r"c:2:4: holds the character '\x00': take it out", id="nul"),
        pytest.param(
            b"x" * (MAX_OCTETS + 1), f"c: is longer than {MAX_OCTETS} octets: is it the right file?", id="long"
        ),
    ],
)
def test_what_is_no_text_for_yaml(octets: bytes, expected: str) -> None:
    notes = Notes()
    with pytest.raises(Unread):
        decoded(octets, "c", notes)
    assert [str(mistake) for mistake in notes.mistakes] == [expected]


def test_text_with_a_byte_order_mark() -> None:
    assert decoded(b"\xef\xbb\xbfa: \xc3\xa4", "c", Notes()) == "a: ä"


def test_a_text_of_our_own_stands_where_it_is_put() -> None:
    place = Place("crm.yaml", 6, 9, source="default")
    assert our_own("[a]", place, "x") == Items(place, "x", (Scalar(place, "x[0]", "a", "a"),))
    assert our_own_table("{}", place, "x") == Table(place, "x", {})


def test_plain_values() -> None:
    assert plain("{a: [1, x]}") == {"a": [1, "x"]}


def test_bounds_are_far_from_what_is_needed() -> None:
    thirty = yaml.safe_dump(
        [{"names": ["a"], "origins": [{"origin": str(i), "methods": ["GET"]} for i in range(20)]}] * 30
    )
    assert len(thirty) < MAX_OCTETS / 10
    assert composed(thirty) is not None
    assert MAX_VALUES < 10**5
