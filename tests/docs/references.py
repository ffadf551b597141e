"""Names of code and of tests in the documentation: `relay/pool.py:Pool.take`, `tests/relay/test_gateway.py:test_x`."""

import ast
import re
from functools import cache
from pathlib import Path
from typing import Final

from tests.docs.markdown import ROOT, code

PAGES_WITH_REFERENCES: Final = tuple(ROOT / "docs" / f"{name}.md" for name in ("design", "protocol", "threat-model"))

_REFERENCE: Final = re.compile(r"((?:[a-z0-9_]+/)+(?:[a-z0-9_]+\.py)?)(?::([\w.]+))?")


def references(page: Path) -> list[tuple[Path, str | None]]:
    """Return what a page names, each once: a file or folder, and a name in it or None."""
    found = {match for text in set(code(page)) if (match := _REFERENCE.fullmatch(text))}
    return sorted({(_file(match[1]), match[2]) for match in found}, key=lambda each: (each[0], each[1] or ""))


def _file(path: str) -> Path:
    return (
        ROOT / path if path.startswith(("tests/", "gateway/", "requirements/", "deploy/")) else ROOT / "gateway" / path
    )


@cache
def names_in(file: Path) -> frozenset[str]:
    """Return the names defined at the top of a module, and in its classes as `Class.name`."""
    module = ast.parse(file.read_text("utf-8"))
    return frozenset(_names(module, ""))


def _names(within: ast.Module | ast.ClassDef, prefix: str) -> list[str]:
    found: list[str] = []
    for node in within.body:
        match node:
            case ast.ClassDef():
                found += [prefix + node.name, *_names(node, f"{prefix}{node.name}.")]
            case ast.FunctionDef() | ast.AsyncFunctionDef():
                found.append(prefix + node.name)
            case ast.AnnAssign(target=ast.Name(id=name)):
                found.append(prefix + name)
            case ast.Assign():
                found += [prefix + target.id for target in node.targets if isinstance(target, ast.Name)]
            case _:
                pass
    return found
