"""The rows of the decision table, as `gateway.policy.decide` goes through them."""

import ast
import inspect
from collections.abc import Callable, Iterator

from gateway.policy import decide as module


def rows() -> list[str]:
    """Return the name of each row's function, in the order in which their places in the code come."""
    return list(_called(module.decide))


def _called(function: Callable[..., object]) -> Iterator[str]:
    """Yield the names of the functions whose result a function returns; of `preflight`, those that it returns."""
    (definition,) = ast.parse(inspect.getsource(function)).body
    returned = [node for node in ast.walk(definition) if isinstance(node, ast.Return) and node.value]
    for statement in sorted(returned, key=lambda node: node.lineno):
        assert statement.value
        calls = [node for node in ast.walk(statement.value) if isinstance(node, ast.Call)]
        for call in sorted(calls, key=lambda node: node.col_offset):
            assert isinstance(call.func, ast.Name)
            if call.func.id == "preflight":
                yield from _called(module.preflight)
            else:
                yield call.func.id
