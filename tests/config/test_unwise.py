"""Every warning has its section in the documentation, and every section its warning."""

import re

from gateway.config.unwise import Unwise
from tests.docs.markdown import ROOT

SECTION = re.compile(r"^## (.+)\n\n(.+)$", re.MULTILINE)


def test_ids_and_sections_are_the_same() -> None:
    sections = SECTION.findall((ROOT / "docs" / "warnings.md").read_text("utf-8"))
    assert [title for title, _ in sections] == sorted(Unwise)
    assert [member.name.lower().replace("_", "-") for member in Unwise] == [member.value for member in Unwise]
