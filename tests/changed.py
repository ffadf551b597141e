"""Runs tests on a changed module: what `make mutants` and `make faults` have in common.

pytest, hypothesis and what they bring are imported once; each change is then tried in a fork, which imports the gateway
anew with the changed module in place of the file's. Nothing is written to the tree.
"""

import importlib
import importlib.util
import os
import resource
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from importlib.machinery import ModuleSpec, SourceFileLoader
from pathlib import Path
from types import CodeType, ModuleType
from typing import Final, Protocol, TypeVar

import pytest

ROOT: Final = Path(__file__).parent.parent

QUICK: Final = (
    *("-q", "--hypothesis-profile=mutants", "--timeout=0", "-W", "ignore::pytest.PytestAssertRewriteWarning"),
    *("-p", "no:cacheprovider", "-p", "no:randomly", "-p", "no:xdist", "-p", "no:cov"),
)
"""Draw few cases, and leave out what only costs time to load."""

MEMORY_OCTETS: Final = 4 << 30
"""A changed loop may collect without end: it fails here, before the machine feels it."""


class Change(Protocol):
    """One changed module."""

    @property
    def file(self) -> str:
        """Its path, from the root of the project."""
        ...

    def code(self) -> CodeType:
        """Return it as changed. Called in a fork."""
        ...


class Changed(SourceFileLoader):
    """Finds and loads one module, as changed."""

    def __init__(self, change: Change) -> None:
        super().__init__(change.file.removesuffix(".py").removesuffix("/__init__").replace("/", "."), change.file)
        self.change = change

    def find_spec(self, fullname: str, _path: object = None, _module: ModuleType | None = None) -> ModuleSpec | None:
        """Return the spec of the one module."""
        if fullname != self.name:
            return None
        return importlib.util.spec_from_file_location(fullname, ROOT / self.change.file, loader=self)

    def get_code(self, fullname: str) -> CodeType:  # noqa: ARG002 # the import system gives the name
        """Return the changed code in place of the file's."""
        return self.change.code()


def prepare(names: Sequence[str]) -> None:
    """Import what tests import and no change touches: a fork has it already. Nothing of `gateway` may come by these."""
    os.chdir(ROOT)
    os.environ["CORS_GATEWAY_NO_EXTENSIONS"] = "1"  # changes are made in Python, so that is what has to be in use
    sys.path.insert(0, str(ROOT))
    for name in names:
        importlib.import_module(name)
    taken = [name for name in sys.modules if name.partition(".")[0] == "gateway"]
    if taken:
        raise SystemExit(f"imported before any change: {', '.join(taken)}")


def start(
    change: Change | None,
    arguments: Sequence[str],
    *,
    cpu_seconds: int,
    seconds: float = 0,
    plugins: Sequence[object] = (),
    quiet: bool = True,
) -> int:
    """Start pytest on a change, or on the code as it is, in a fork; return its process id.

    After `cpu_seconds` of work, or `seconds` (0: no bound), a signal ends it.
    """
    sys.stdout.flush()
    if (child := os.fork()) != 0:
        return child
    code = int(pytest.ExitCode.INTERNAL_ERROR)
    try:
        resource.setrlimit(resource.RLIMIT_CPU, (cpu_seconds, cpu_seconds + 1))  # SIGXCPU first, which says why
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY_OCTETS, MEMORY_OCTETS))
        signal.setitimer(signal.ITIMER_REAL, seconds)
        if quiet:
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, 1)
            os.dup2(nowhere, 2)
        if change is not None:
            sys.meta_path.insert(0, Changed(change))
        code = int(pytest.main([*QUICK, *arguments], plugins=plugins))
    finally:
        sys.stdout.flush()
        os._exit(code)


_Trial = TypeVar("_Trial")


def ended(waiting: list[_Trial], begin: Callable[[_Trial], int], jobs: int) -> Iterator[tuple[_Trial, int]]:
    """Take trials from the end of `waiting`, have `begin` start each, `jobs` at a time; yield each with its status.

    More may be put into `waiting` meanwhile.
    """
    running: dict[int, _Trial] = {}
    while waiting or running:
        if waiting and len(running) < jobs:
            trial = waiting.pop()
            running[begin(trial)] = trial
            continue
        child, status = os.waitpid(next(iter(running)), 0) if len(running) == 1 else os.wait()
        yield running.pop(child), status
