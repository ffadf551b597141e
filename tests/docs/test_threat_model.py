"""docs/threat-model.md has for each threat the code that stops it, and a test."""

from typing import Final

import pytest

from tests.docs.markdown import ROOT, prose

PAGE: Final = ROOT / "docs" / "threat-model.md"

THREATS: Final = [
    cells
    for line in prose(PAGE).splitlines()
    if len(cells := [cell.strip() for cell in line.strip("|").split("|")]) == 4
    if not set(cells[0]) <= {"-"} and cells[0] != "Who, what"
]


@pytest.mark.parametrize("threat", THREATS, ids=lambda threat: threat[0])
def test_each_threat_has_code_and_a_test(threat: list[str]) -> None:
    _, _, code, shown = threat
    assert ".py" in code
    assert "`tests/" not in code
    assert "`tests/" in shown


def test_there_are_threats() -> None:
    assert len(THREATS) > 30
