"""The rows of the decision table, as `gateway.policy.decide` goes through them."""

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import Final

SOURCE: Final = Path(__file__).parents[2] / "gateway" / "policy" / "decide.py"


def rows() -> list[str]:
    """Return the name of each row's function, in the order in which their places in the code come."""
    module = ast.parse(SOURCE.read_text("utf-8"))
    return list(_called("decide", {node.name: node for node in module.body if isinstance(node, ast.FunctionDef)}))


def _called(name: str, functions: dict[str, ast.FunctionDef]) -> Iterator[str]:
    """Yield the names of the functions whose result a function returns; of `preflight`, those that it returns."""
    definition = functions[name]
    returned = [node for node in ast.walk(definition) if isinstance(node, ast.Return) and node.value]
    for statement in sorted(returned, key=lambda node: node.lineno):
        assert statement.value
        calls = [node for node in ast.walk(statement.value) if isinstance(node, ast.Call)]
        for call in sorted(calls, key=lambda node: node.col_offset):
            assert isinstance(call.func, ast.Name)
            if call.func.id == "preflight":
                yield from _called("preflight", functions)
            else:
                yield call.func.id
