"""The README says of each key that is accepted without effect that it is so, and of no other."""

import ast
from functools import cache
from typing import Final

import pytest

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
    told = prose(README).partition(HEADING)[2].partition("\n## ")[0]
    assert told, HEADING
    named = f"`{key}`" in told or f"`{key}: " in told
    assert named == (attribute not in asked_for())
