"""Is each fault seen by the test that it names?  `make faults`, or `python -m tests.faults [NAME…]`.

A name is a fault's, or that of a file of them. First all the tests named have to pass on the code as it is. Then each
fault is tried in a fork (`tests/changed.py`). Exit status 1 if one was not seen, if a patch does not apply any more, or
if something of the contract or the requirements has no fault.
"""

import argparse
import json
import os
import random
import secrets
import signal
import sys
import time
from collections import defaultdict
from collections.abc import Sequence
from typing import Final

import pytest

from tests.changed import ROOT, ended, prepare, start
from tests.faults import Fault, PatchError, not_shown, read_faults

IMPORTED_ONCE: Final = (
    *("aiohttp.web", "aiohttp.test_utils", "coverage", "h11", "hypothesis.strategies", "jsonschema", "pytest_aiohttp"),
    *("pytest_asyncio", "trustme", "uvloop", "yaml"),
)
"""What the tests import besides."""

CPU_SECONDS: Final = 60
HANG_SECONDS: Final = 3.0
"""A test that takes so long, and four times what it takes on the code as it is, hangs: that is a way to fail.

Besides, it may take as long as pytest took to begin: the machine may be busy.
"""

SEEN: Final = {pytest.ExitCode.TESTS_FAILED: "red"}
HUNG: Final = {signal.SIGALRM: "red, it hangs", signal.SIGXCPU: "red, it turns without end"}


class Only:
    """Leaves of the tests that pytest has collected those that faults name, and notes how each of them ended."""

    def __init__(self, tests: Sequence[str], report: int | None = None) -> None:
        """Write to the file descriptor `report`, if any, which tests passed, and how long each took."""
        self._tests = tests
        self._report = report
        self._seconds = defaultdict[str, float](float)
        self._failed: set[str] = set()

    def pytest_collection_modifyitems(self, config: pytest.Config, items: list[pytest.Item]) -> None:
        """Leave out other parameters."""
        left_out = [item for item in items if not self._tests_of(item.nodeid)]
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if item not in left_out]

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Note how a step of a test ended."""
        for test in self._tests_of(report.nodeid):
            self._seconds[test] += report.duration
            if not report.passed:
                self._failed.add(test)

    def pytest_sessionfinish(self) -> None:
        """Tell."""
        if self._report is not None:
            passed = {test: seconds for test, seconds in self._seconds.items() if test not in self._failed}
            os.write(self._report, json.dumps(passed).encode())

    def _tests_of(self, nodeid: str) -> list[str]:
        """Return which of the tests named an item belongs to, on whichever loop it runs."""
        plain = nodeid.replace("[asyncio-", "[").replace("[uvloop-", "[")
        return [test for test in self._tests if plain == test or plain.startswith(test + "[")]


def functions(tests: Sequence[str]) -> list[str]:
    """Return what pytest is asked for: parameters are `Only`'s. Not what is not there: it would run nothing at all."""
    return [function for function in dict.fromkeys(test.partition("[")[0] for test in tests) if is_there(function)]


def is_there(function: str) -> bool:
    """Tell whether there is a test, `file::test`."""
    file, _, name = function.partition("::")
    return (ROOT / file).is_file() and f"def {name}(" in (ROOT / file).read_text("utf-8")


def passing(tests: Sequence[str], *, verbose: bool) -> dict[str, float]:
    """Run tests on the code as it is; return those that pass, and the seconds each took."""
    wanted = functions(tests)
    if not wanted:
        return {}
    reading, writing = os.pipe()
    only = Only(tests, writing)
    child = start(None, wanted, cpu_seconds=600, plugins=[only], quiet=not verbose)
    os.close(writing)
    with os.fdopen(reading, "rb") as report:
        octets = report.read()
    os.waitpid(child, 0)
    seconds: dict[str, float] = json.loads(octets or b"{}")
    return seconds


def try_faults(faults: Sequence[Fault], jobs: int, *, verbose: bool) -> int:
    """Try faults, tell of each, and return how many were seen."""
    if not faults:
        return 0
    began = time.monotonic()
    usual = passing(list(dict.fromkeys(fault.test for fault in faults)), verbose=verbose)
    patience = HANG_SECONDS + max(0.0, time.monotonic() - began - sum(usual.values()))
    begun: dict[str, float] = {}

    def begin(fault: Fault) -> int:
        begun[fault.name] = time.monotonic()
        return start(
            fault,
            ["-x", *functions([fault.test])],
            cpu_seconds=CPU_SECONDS,
            seconds=patience + 4 * usual[fault.test],
            plugins=[Only([fault.test])],
            quiet=not verbose,
        )

    seen = 0
    for fault in faults:
        if fault.test not in usual:
            tell("BROKEN", fault, "its test does not pass on the code as it is, or is not there")
    waiting = [fault for fault in reversed(faults) if fault.test in usual]
    for fault, status in ended(waiting, begin, jobs):
        outcome = outcome_of(status)
        seen += outcome.startswith("red")
        tell(outcome, fault, f"{time.monotonic() - begun[fault.name]:.1f} s")
    return seen


def outcome_of(status: int) -> str:
    """Return in a word what the status of a process says of the fault."""
    if os.WIFSIGNALED(status):
        number = signal.Signals(os.WTERMSIG(status))
        return HUNG.get(number, f"BROKEN by {number.name}")
    code = os.WEXITSTATUS(status)
    return "GREEN!" if code == pytest.ExitCode.OK else SEEN.get(pytest.ExitCode(code), f"BROKEN, pytest said {code}")


def tell(outcome: str, fault: Fault, words: str) -> None:
    """Print a line about a fault."""
    print(f"{outcome:28}{fault.subject}/{fault.name}: {', '.join(fault.shows)}; {fault.test} ({words})", flush=True)


def main(arguments: Sequence[str]) -> int:
    """Try the faults named, or all; return 1 where something is to be done."""
    parser = argparse.ArgumentParser("python -m tests.faults", description="is each fault seen by the test it names?")
    parser.add_argument("names", nargs="*", metavar="NAME", help="of a fault, or of a file of them; all, if none")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="how many are tried at once")
    parser.add_argument("--random", type=int, metavar="N", help="try only so many, by chance")
    parser.add_argument("--seed", type=int, help="the chance of --random, to have it again")
    parser.add_argument("--verbose", action="store_true", help="let pytest print")
    options = parser.parse_args(arguments)
    faults = read_faults()
    known = {fault.name for fault in faults} | {fault.subject for fault in faults}
    if unknown := [name for name in options.names if name not in known]:
        parser.error(f"there is no fault {unknown[0]}")
    chosen = [fault for fault in faults if not options.names or {fault.name, fault.subject} & set(options.names)]
    if options.random is not None:
        seed = secrets.randbits(32) if options.seed is None else options.seed
        print(f"--random {options.random} --seed {seed}")
        chance = random.Random(seed)  # noqa: S311 - a seed that is told has to give the same again
        chosen = chance.sample(chosen, min(options.random, len(chosen)))
    prepare(IMPORTED_ONCE)
    applicable: list[Fault] = []
    for fault in chosen:
        try:
            fault.code()
        except (PatchError, SyntaxError) as error:
            tell("BROKEN", fault, str(error))
        else:
            applicable.append(fault)
    began = time.monotonic()
    seen = try_faults(applicable, options.jobs, verbose=options.verbose)
    missing = not_shown(faults)
    for item in missing:
        print(f"no fault shows {item}")
    print(f"{seen} of {len(chosen)} faults seen; {time.monotonic() - began:.0f} s")
    return 1 if seen < len(chosen) or missing else 0


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except PatchError as mistake:
        sys.exit(str(mistake))
