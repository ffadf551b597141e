"""The README says of each key that is accepted without effect, and of each reason that is never said, that it is so."""

import ast
import re
from functools import cache
from typing import Final

import pytest

from gateway.policy.reason import Reason
from tests.docs.markdown import ROOT, prose

README: Final = ROOT / "README.md"
HEADING: Final = "## What this version does not do yet"

KEYS: Final = {
    "admin": "admin",
    "health": "health",
    "limits.connections": "connections",
    "limits.streams": "streams",
    "proxy_protocol": "proxy_protocol",
    "redirect_to_https": "redirect_to_https",
    "websocket": "websocket",
    "workers": "workers",
}
"""Keys for work that is not in every version → what the relay or the service would ask for, if it did that work."""


@cache
def asked_for() -> frozenset[str]:
    """Return the attributes that the code which carries out the configuration asks for."""
    files = [file for folder in ("relay", "service") for file in sorted((ROOT / "gateway" / folder).glob("*.py"))]
    modules = [ast.parse(file.read_text("utf-8")) for file in files]
    return frozenset(
        node.attr
        for module in modules
        for node in ast.walk(module)
        # What an object keeps for itself may have the same name.
        if isinstance(node, ast.Attribute) and not (isinstance(node.value, ast.Name) and node.value.id == "self")
    )


@pytest.mark.parametrize(("key", "attribute"), KEYS.items(), ids=KEYS)
def test_a_key_is_said_to_be_without_effect_exactly_when_it_is(key: str, attribute: str) -> None:
    assert (f"`{key}`" in told()) == (attribute not in asked_for())


def test_a_reason_is_said_to_be_unused_exactly_when_it_is() -> None:
    modules = [file for file in (ROOT / "gateway").rglob("*.py") if file.name != "reason.py"]
    used = {name for file in modules for name in re.findall(r"\bReason\.([A-Z_]+)", file.read_text("utf-8"))}
    unused = {reason for name, reason in Reason.__members__.items() if name not in used}
    assert {reason for reason in Reason if f"`{reason}`" in told()} == unused


def told() -> str:
    """Return the section."""
    section = prose(README).partition(HEADING)[2].partition("\n## ")[0]
    assert section, HEADING
    return section
