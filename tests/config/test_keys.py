"""The keys themselves: each is described, has a default that reads, and stands where SECTIONS says."""

from collections.abc import Iterator
from typing import Any, cast

import pytest

from gateway.config.document import our_own
from gateway.config.keys import SECTIONS, GatewaySettings, SiteDefaults, SiteSettings, spelt_out
from gateway.config.node import Place
from gateway.config.notes import Notes, Unread
from gateway.config.reader import Reader, ValueOr, WordOr
from gateway.config.schema import schema_text
from gateway.config.settings import Key, Section, Sections, Settings
from tests.config.build import node_of, table_of
from tests.config.generate import PAGE, SCHEMA, page

EVERY_KEY = [
    pytest.param(key, id=f"{path}.{name}".lstrip("."))
    for path, section in SECTIONS.items()
    for name, key in section.keys.items()
]


@pytest.mark.parametrize("key", EVERY_KEY)
def test_a_key_is_described(key: Key[object]) -> None:
    assert key.doc.endswith(".")
    assert key.reader.wants
    assert f"| `{key.name}` | {key.reader.wants} |" in PAGE.read_text("utf-8")


@pytest.mark.parametrize("key", EVERY_KEY)
def test_a_default_can_be_read(key: Key[object]) -> None:
    notes = Notes()
    if key.default is not None:
        key.reader.read(our_own(key.default, Place("", source="default"), key.name), notes)
    assert not notes.mistakes
    assert not (key.default and key.write)


def nested(reader: Reader[Any], path: str) -> Iterator[tuple[str, type[Settings]]]:
    """Yield the sections that a reader leads to, with their paths."""
    match reader:
        case Section():
            settings = cast("type[Settings]", reader.settings)
            yield path, settings
            for name, key in settings.keys.items():
                yield from nested(key.reader, f"{path}.{name}".lstrip("."))
        case Sections():
            yield from nested(reader.item, f"{path}[]")
        case WordOr() | ValueOr():
            either = cast("WordOr[Any, Any]", reader)
            yield from nested(either.other, path)
        case _:
            pass


def test_every_section_is_listed_at_its_path() -> None:
    assert dict(nested(Section("", GatewaySettings), "")) == dict(SECTIONS)
    assert len({section.title for section in SECTIONS.values()}) == len(SECTIONS)


def test_what_is_generated_is_kept() -> None:
    assert SCHEMA.read_text("utf-8") == schema_text(), "run python -m tests.config.generate"
    assert PAGE.read_text("utf-8") == page(), "run python -m tests.config.generate"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{}", []),
        ("{preset: vtenext, paths: preset, upstream: {timeouts: {connect: 3s}}, origins: [https://a.example]}", []),
        ("{upstream: https://crm.lan}", []),
        ("{names: [a]}", ["c.yaml:1:2: names: is a site's own: write it there"]),
        ("{max_age: 10m}", ["c.yaml:1:2: max_age: is not a key"]),
        (
            "{paths: presets}",
            ["c.yaml:1:9: paths: 'presets' is not preset, everything, or a list of paths: did you mean preset?"],
        ),
        ("{upstream: {urls: [x y]}}", None),
    ],
)
def test_what_sites_have_in_common(text: str, expected: list[str] | None) -> None:
    notes = Notes()
    table = table_of(text)
    assert SiteDefaults().read(table, notes) is table
    told = [str(mistake) for mistake in notes.mistakes]
    assert told == expected or (expected is None and len(told) == 1)


def test_defaults_are_a_mapping() -> None:
    node, notes = node_of("[a]")
    assert node is not None
    with pytest.raises(Unread):
        SiteDefaults().read(node, notes)
    assert [mistake.text for mistake in notes.mistakes] == ["a list is not a mapping of keys of a site"]


def test_an_upstream_is_spelt_out() -> None:
    assert spelt_out(table_of("{a: b}")) == table_of("{a: b}")
    spelt = spelt_out(table_of("{upstream: 'http://a'}")).get("upstream")
    assert spelt is not None
    assert spelt.shown == "a mapping"


def test_what_is_wanted_of_a_site() -> None:
    assert [key.name for key in SiteSettings.keys.values() if key.write] == ["names", "upstream", "paths", "origins"]
