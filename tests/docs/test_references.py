"""What the pages name of code and tests is there; docs/protocol.md names the whole conformance table."""

import re
from importlib import import_module
from pathlib import Path

import pytest

from tests.docs.markdown import ROOT, prose
from tests.docs.references import PAGES_WITH_REFERENCES, names_in, references
from tests.relay.wire.table import CLASSES

PROTOCOL = ROOT / "docs" / "protocol.md"


@pytest.mark.parametrize(
    ("file", "name"),
    [
        pytest.param(file, name, id=f"{page.stem}-{file.relative_to(ROOT)}-{name}")
        for page in PAGES_WITH_REFERENCES
        for file, name in references(page)
    ],
)
def test_what_is_named_exists(file: Path, name: str | None) -> None:
    assert file.exists()
    if name is not None:
        assert name in names_in(file)


@pytest.mark.parametrize("page", PAGES_WITH_REFERENCES, ids=lambda page: page.name)
def test_there_are_references(page: Path) -> None:
    assert len(references(page)) > 50


def test_each_class_of_the_conformance_table_is_named_and_run() -> None:
    named = [
        getattr(import_module(f"tests.relay.wire.{file.stem}"), name)
        for file, name in references(PROTOCOL)
        if name is not None and name.isupper() and file.parent.name == "wire"
    ]
    assert {id(cases) for cases in named} == {id(cases) for cases in CLASSES.values()}


def test_each_exception_is_marked_in_a_table_and_explained_at_the_end() -> None:
    tables, _, exceptions = prose(PROTOCOL).partition("## Exceptions")
    marked = [int(number) for number in re.findall(r"\[(\d+)\]", tables)]
    explained = [int(number) for number in re.findall(r"^(\d+)\. \*\*", exceptions, re.MULTILINE)]
    assert sorted(set(marked)) == explained
    assert explained == list(range(1, len(explained) + 1))


def test_each_row_of_the_protocol_names_a_test() -> None:
    rows = [line for line in prose(PROTOCOL).splitlines() if line.startswith("|")]
    told = [row for row in rows if not row.startswith(("|---", "| Section |", "| Anchor |"))]
    assert len(told) > 50
    assert [row for row in told if "`tests/" not in row] == []
