"""Does a test fail for each small change to the pure packages?  `make mutants`, or `python -m tests.mutants FILE…`.

A mutant is a module with one small change: a comparison flipped, a constant altered, a statement dropped. The module's
own tests run on it, `tests/x/test_y*.py` for `gateway/x/y.py`, and where they pass, all tests of the package. What
survives both is either a missing test, or a change that makes no difference; the latter are listed, each with its
reason, in `tests/mutants-exceptions.txt`.

Each is tried in a fork (`tests/changed.py`). mutmut 3.8 leaves alone what is decorated or outside functions, and here
much is a property or a table; cosmic-ray starts Python anew each time.
"""

import ast
import os
import sys
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import CodeType
from typing import Final, cast

import pytest

from tests.changed import ROOT, ended, prepare, start

EXCEPTIONS: Final = Path(__file__).with_name("mutants-exceptions.txt")
PACKAGES: Final = ("gateway/http1", "gateway/cors", "gateway/policy")

IMPORTED_ONCE: Final = ("aiohttp.web", "coverage", "h11", "hypothesis.strategies", "pytest_aiohttp", "pytest_asyncio")
"""What the tests of these packages import besides."""

CPU_SECONDS: Final = 5
"""A changed loop may turn without end: after this, and five times what the tests take, it is killed and counts so."""

COMPARISONS: Final[Mapping[type[ast.cmpop], Sequence[type[ast.cmpop]]]] = {
    ast.Eq: [ast.NotEq],
    ast.NotEq: [ast.Eq],
    ast.Lt: [ast.LtE, ast.GtE],
    ast.LtE: [ast.Lt, ast.Gt],
    ast.Gt: [ast.GtE, ast.LtE],
    ast.GtE: [ast.Gt, ast.Lt],
    ast.Is: [ast.IsNot],
    ast.IsNot: [ast.Is],
    ast.In: [ast.NotIn],
    ast.NotIn: [ast.In],
}

OPERATORS: Final[Mapping[type[ast.operator], type[ast.operator]]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.FloorDiv,
    ast.FloorDiv: ast.Mult,
    ast.Mod: ast.FloorDiv,
    ast.BitAnd: ast.BitOr,
    ast.BitOr: ast.BitAnd,
    ast.LShift: ast.RShift,
    ast.RShift: ast.LShift,
}

NAMES: Final[Mapping[str, str]] = {
    "all": "any",
    "any": "all",
    "endswith": "startswith",
    "find": "rfind",
    "index": "rindex",
    "lower": "upper",
    "lstrip": "rstrip",
    "max": "min",
    "min": "max",
    "partition": "rpartition",
    "removeprefix": "removesuffix",
    "removesuffix": "removeprefix",
    "rfind": "find",
    "rpartition": "partition",
    "rstrip": "lstrip",
    "startswith": "endswith",
    "strip": "lstrip",
    "upper": "lower",
}


# ---------------------------------------------------------------------------------------------- what can be changed


@dataclass(frozen=True, slots=True)
class Place:
    """Where a node hangs in its tree: at `parent.field`, or at `parent.field[index]`."""

    parent: ast.AST
    field: str
    index: int | None

    def put(self, node: ast.AST) -> None:
        """Hang a node there."""
        if self.index is None:
            setattr(self.parent, self.field, node)
        else:
            getattr(self.parent, self.field)[self.index] = node


@dataclass(frozen=True, slots=True)
class Mutant:
    """One change to one module."""

    file: str
    function: str
    line: int
    change: str
    tree: ast.Module
    place: Place
    node: ast.AST

    @property
    def name(self) -> str:
        """Return what the list of exceptions calls it: no line number, so that it outlives changes elsewhere."""
        return f"{self.file}:{self.function}: {self.change}"

    def code(self) -> CodeType:
        """Return the changed module; to be called in a fork, since the tree stays changed."""
        self.place.put(self.node)
        return compile(ast.fix_missing_locations(self.tree), str(ROOT / self.file), "exec", dont_inherit=True)


def mutants_of(file: str) -> list[Mutant]:
    """Return all mutants of a module."""
    tree = ast.parse((ROOT / file).read_bytes(), file)
    return [
        Mutant(file, function, line, f"{text(node)} → {text(changed)}", tree, place, ast.copy_location(changed, node))
        for place, node, function, line in places(tree, "module", 1)
        for changed in changes(place, node)
    ]


def places(parent: ast.AST, function: str, line: int) -> Iterator[tuple[Place, ast.AST, str, int]]:
    """Yield each node below `parent` that decides what the module does, and the function and line it is in."""
    for place, node in children(parent):
        match node:
            case ast.Expr(ast.Constant(str())) | ast.Import() | ast.ImportFrom() | ast.If(ast.Name("TYPE_CHECKING")):
                continue
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
                yield from places(node, f"{function}.{node.name}".removeprefix("module."), node.lineno)
            case _:
                here: int = getattr(node, "lineno", line)
                yield place, node, function, here
                yield from places(node, function, here)


def children(parent: ast.AST) -> Iterator[tuple[Place, ast.AST]]:
    """Yield the nodes that hang at `parent`, without what is there for type checkers only."""
    for name in parent._fields:
        value: object = getattr(parent, name, None)
        if name in {"annotation", "returns", "decorator_list"}:
            continue
        if isinstance(value, ast.AST):
            yield Place(parent, name, None), value
        if isinstance(value, list):
            for index, node in enumerate(cast("list[object]", value)):
                if isinstance(node, ast.AST):
                    yield Place(parent, name, index), node


def changes(place: Place, node: ast.AST) -> Iterator[ast.AST]:
    """Yield what `node` is changed to, one after the other."""
    if isinstance(node, ast.expr):
        yield from other_expressions(place, node)
    else:
        yield from other_statements(node)


def other_expressions(place: Place, node: ast.expr) -> Iterator[ast.expr]:
    """Yield the expressions that one is changed to."""
    match node:
        case ast.Compare():
            yield from comparisons(node)
        case ast.BoolOp():
            yield ast.BoolOp(ast.Or() if isinstance(node.op, ast.And) else ast.And(), node.values)
        case ast.UnaryOp(ast.Not(), operand):
            yield operand
        case ast.BinOp(left, operator, right) if type(operator) in OPERATORS:
            yield ast.BinOp(left, OPERATORS[type(operator)](), right)
        case ast.Name(name, context) if name in NAMES:
            yield ast.Name(NAMES[name], context)
        case ast.Attribute(value, name, context) if name in NAMES:
            yield ast.Attribute(value, NAMES[name], context)
        case ast.Slice(lower, upper, step):
            yield from () if lower is None else (ast.Slice(None, upper, step),)
            yield from () if upper is None else (ast.Slice(lower, None, step),)
        case ast.Constant(value) if not isinstance(place.parent, ast.JoinedStr):
            yield from (ast.Constant(other) for other in constants(value))
        case _:
            pass
    changed_already = ast.Compare | ast.BoolOp | ast.Constant | ast.UnaryOp
    if place.field in {"test", "ifs", "guard"} and not isinstance(node, changed_already):
        yield ast.UnaryOp(ast.Not(), node)


def other_statements(node: ast.AST) -> Iterator[ast.AST]:
    """Yield the statements that one is changed to; nothing for what is neither statement nor case."""
    match node:
        case ast.AugAssign(target, operator, value):
            if type(operator) in OPERATORS:
                yield ast.AugAssign(target, OPERATORS[type(operator)](), value)
            yield ast.Pass()
        case ast.Return(ast.expr() as value) if not (isinstance(value, ast.Constant) and value.value is None):
            yield ast.Return(ast.Constant(None))
        case ast.Break():
            yield ast.Continue()
        case ast.Continue():
            yield ast.Break()
        case ast.Raise() | ast.Delete() | ast.Expr() | ast.Assign([ast.Attribute() | ast.Subscript()]):
            yield ast.Pass()
        case ast.match_case(pattern, _, body):
            yield ast.match_case(pattern, ast.Constant(value=False), body)
        case _:
            pass


def comparisons(node: ast.Compare) -> Iterator[ast.Compare]:
    """Yield a comparison with one of its operators changed."""
    for position, was in enumerate(node.ops):
        for other in COMPARISONS[type(was)]:
            operators = [*node.ops]
            operators[position] = other()
            yield ast.Compare(node.left, operators, node.comparators)


def constants(value: object) -> Iterator[bool | int | str | bytes]:
    """Yield what a constant is changed to; prose is for people and stays."""
    match value:
        case bool():
            yield not value
        case int():
            yield value + 1
        case str():
            if " " not in value.strip():
                yield value + "X"
        case bytes():
            yield value + b"X"
        case _:
            pass


def text(node: ast.AST) -> str:
    """Return a node as one line of source, not too long."""
    source = "nothing" if isinstance(node, ast.Pass) else " ".join(ast.unparse(node).split())
    return source if len(source) <= 100 else f"{source[:60]} … {source[-37:]}"


# ----------------------------------------------------------------------------------------------------- what is tried


def tests_of(file: str) -> tuple[list[str], list[str]]:
    """Return a module's own test files, and the folder of its package's tests."""
    path = Path(file)
    folder = Path("tests", path.parent.name)
    name = path.stem.strip("_")
    own = [folder / f"test_{name}.py", *sorted((ROOT / folder).glob(f"test_{name}_*.py"))]
    return [os.path.relpath(ROOT / test, ROOT) for test in own if (ROOT / test).exists()], [str(folder)]


def limit_of(tests: Sequence[str]) -> int:
    """Run tests on the code as it is, and return the seconds of CPU that a mutant may take for them.

    Raises:
        SystemExit: they do not pass.
    """
    began = time.monotonic()
    _, status = os.waitpid(start(None, ["-x", *tests], cpu_seconds=3600, quiet=False), 0)
    if status != 0:
        raise SystemExit(f"{' '.join(tests)} has to pass before mutants are tried on it")
    return CPU_SECONDS + int(5 * (time.monotonic() - began))


def survivors(mutants: Sequence[Mutant]) -> Iterator[Mutant]:
    """Try mutants, as many at a time as there are processors, and yield those that no test noticed."""
    limits: dict[tuple[str, ...], int] = {}

    def begin(trial: tuple[Mutant, list[list[str]]]) -> int:
        mutant, (tests, *_) = trial
        if (key := tuple(tests)) not in limits:
            limits[key] = limit_of(tests)
        return start(mutant, ["-x", *tests], cpu_seconds=limits[key])

    waiting = [(mutant, [tests for tests in tests_of(mutant.file) if tests]) for mutant in reversed(mutants)]
    for (mutant, (_, *more)), status in ended(waiting, begin, os.cpu_count() or 1):
        if status == 0 and more:
            waiting.append((mutant, more))
        elif status == 0:
            yield mutant
        elif os.WIFEXITED(status) and os.WEXITSTATUS(status) == pytest.ExitCode.USAGE_ERROR:
            raise SystemExit(f"pytest could not be run on {mutant.name}")


def exceptions() -> dict[str, str]:
    """Return the mutants that make no difference, each with the reason why."""
    lines = EXCEPTIONS.read_text("utf-8").splitlines() if EXCEPTIONS.exists() else []
    split = [line.rpartition(" — ") for line in lines if line and not line.startswith("#")]
    return {name: reason for name, _, reason in split}


def main(arguments: Sequence[str]) -> int:
    """Try the mutants of these files, or of all pure packages; return 1 where one survived that is not listed."""
    prepare(IMPORTED_ONCE)
    files = list(arguments) or [str(f.relative_to(ROOT)) for p in PACKAGES for f in sorted((ROOT / p).glob("*.py"))]
    began = time.monotonic()
    listed = exceptions()
    made, excepted, survived = 0, Counter[str](), 0
    for file in files:
        mutants = mutants_of(file)
        left = list(survivors(mutants))
        unlisted = [mutant for mutant in left if mutant.name not in listed]
        excepted.update(mutant.name for mutant in left if mutant.name in listed)
        print(f"{file}: {len(mutants)} mutants, {len(left)} survived, {len(unlisted)} of them unlisted", flush=True)
        for mutant in unlisted:
            print(f"  line {mutant.line}: {mutant.name}", flush=True)
        made += len(mutants)
        survived += len(unlisted)
    stale = [name for name in listed if name not in excepted and name.partition(":")[0] in files]
    for name in stale:
        print(f"listed in {EXCEPTIONS.name}, but killed or gone: {name}")
    killed = made - survived - excepted.total()
    seconds = time.monotonic() - began
    print(f"{made} mutants: {killed} killed, {excepted.total()} listed, {survived} survived; {seconds:.0f} s")
    return 1 if survived or stale else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
