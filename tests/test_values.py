"""Values that are made for each request are not frozen, which takes time: the code is held to leave them alone."""

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import Final

GATEWAY: Final = Path(__file__).parents[1] / "gateway"
RECORD: Final = GATEWAY / "relay" / "record.py"
MODULES: Final = {file: ast.parse(file.read_text("utf-8")) for file in GATEWAY.rglob("*.py")}


def values() -> Iterator[ast.ClassDef]:
    """Yield the classes of values that are not frozen."""
    for module in MODULES.values():
        for node in ast.walk(module):
            if isinstance(node, ast.ClassDef) and "unsafe_hash=True" in "".join(map(ast.unparse, node.decorator_list)):
                yield node


def parts_that_are_set(node: ast.AST) -> Iterator[tuple[int, str]]:
    """Yield what is set of anything but the object that a method is of."""
    for each in ast.walk(node):
        if isinstance(each, ast.Attribute) and not isinstance(each.ctx, ast.Load) and ast.unparse(each.value) != "self":
            yield each.lineno, each.attr
        if isinstance(each, ast.Call) and ast.unparse(each.func) in {"setattr", "object.__setattr__"}:
            whose, part, _ = map(ast.unparse, each.args)
            if whose != "self":
                yield each.lineno, ast.literal_eval(part)


def test_nobody_sets_a_part_of_a_value() -> None:
    classes = list(values())
    parts = {
        each.target.id
        for node in classes
        for each in node.body
        if isinstance(each, ast.AnnAssign) and isinstance(each.target, ast.Name)
    }
    parts |= parts_of_records()
    assert {"RequestHead", "Relay"} < {node.name for node in classes}
    set_somewhere = [
        f"{file.name}:{line}: {part}"
        for file, module in MODULES.items()
        for line, part in parts_that_are_set(module)
        if part in parts
    ]
    assert set_somewhere == []
    assert [part for node in classes for method in node.body for part in parts_that_are_set_by(method)] == []


def parts_that_are_set_by(method: ast.stmt) -> Iterator[str]:
    """Yield what a value's own method sets of it."""
    for each in ast.walk(method):
        if isinstance(each, ast.Attribute) and not isinstance(each.ctx, ast.Load):
            yield each.attr


def parts_of_records() -> set[str]:
    """Return what `Record` is made of, which sets its parts itself, once."""
    record = next(
        node for node in ast.walk(MODULES[RECORD]) if isinstance(node, ast.ClassDef) and node.name == "Record"
    )
    (made,) = (each for each in record.body if isinstance(each, ast.FunctionDef))
    return {each.arg for each in made.args.args} - {"self"}
