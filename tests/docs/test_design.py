"""docs/design.md says what the code says: its table is the code's, its defaults are the defaults."""

import re
from pathlib import Path
from typing import Final

import pytest

from gateway.config.keys import ListenerLimitSettings, SiteLimitSettings, TimeoutSettings
from gateway.config.settings import Key, Settings
from gateway.policy.reason import Reason
from tests.docs.markdown import PAGES, ROOT, code, prose
from tests.policy.decision_table import rows

DESIGN: Final = ROOT / "docs" / "design.md"


def rows_below(heading: str) -> list[list[str]]:
    """Return the cells of the tables below the line that begins with `heading`, up to the next text, heads left out."""
    lines = iter(prose(DESIGN).splitlines())
    for line in lines:
        if line.startswith(heading):
            break
    rows: list[list[str]] = []
    for line in lines:
        if line.startswith("|"):
            rows.append([cell.strip() for cell in line.strip("|").split("|")])
        elif rows:
            break
    return rows[2:]


def test_the_decision_table_has_the_codes_rows_in_their_order() -> None:
    functions = [row[-1].strip("`") for row in rows_below("## Decisions")]
    assert functions == rows()


def test_each_reason_that_is_named_is_one() -> None:
    table = {row[2].strip("`") for row in rows_below("## Decisions")}
    limits = {word for text in LIMITS for row in rows_below(text) for word in re.findall(r"`([a-z-]+)`", row[2])}
    assert table | limits <= set(Reason) | {"limits"}


LIMITS: Final[dict[str, type[Settings]]] = {
    "Towards clients": ListenerLimitSettings,
    "Towards an upstream": TimeoutSettings,
    "For a site": SiteLimitSettings,
}


@pytest.mark.parametrize(("text", "settings"), LIMITS.items(), ids=LIMITS)
def test_the_defaults_are_the_defaults(text: str, settings: type[Settings]) -> None:
    told = {row[0].strip("`"): row[1] for row in rows_below(text)}
    assert told == {name: key.default for name, key in vars(settings).items() if isinstance(key, Key)}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_each_reason_in_the_prose_of_a_table_or_text_is_one(page: Path) -> None:
    beginnings = ("origin-", "header-", "method-", "path-", "host-", "upstream-", "body-", "head-", "preflight-")
    words = {text for text in code(page) if text.startswith(beginnings) and re.fullmatch(r"[a-z]+(-[a-z]+)+", text)}
    assert words <= set(Reason)
