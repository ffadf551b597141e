"""docs/threat-model.md names code and tests that exist, and each threat has one of each."""

import re
from typing import Final

import pytest

from tests.docs.markdown import ROOT, prose
from tests.docs.test_design import names_in

PAGE: Final = ROOT / "docs" / "threat-model.md"

_REFERENCE: Final = re.compile(r"`((?:[a-z0-9_]+/)+[a-z0-9_]+\.py)(?::([\w.]+))?`")

REFERENCES: Final = sorted({match.groups("") for match in _REFERENCE.finditer(prose(PAGE))})

THREATS: Final = [
    cells
    for line in prose(PAGE).splitlines()
    if len(cells := [cell.strip() for cell in line.strip("|").split("|")]) == 4
    if not set(cells[0]) <= {"-"} and cells[0] != "Who, what"
]


@pytest.mark.parametrize(("path", "name"), REFERENCES)
def test_what_is_named_exists(path: str, name: str) -> None:
    file = ROOT / path if path.startswith("tests/") else ROOT / "gateway" / path
    assert file.exists()
    assert not name or name in names_in(file)


@pytest.mark.parametrize("threat", THREATS, ids=lambda threat: threat[0])
def test_each_threat_has_code_and_a_test(threat: list[str]) -> None:
    _, _, code, shown = threat
    assert _REFERENCE.search(code)
    assert all(path.startswith("tests/") for path, _ in _REFERENCE.findall(shown))
    assert _REFERENCE.search(shown)


def test_there_are_threats() -> None:
    assert len(THREATS) > 30
