"""A pytest plugin: with --coverage-gate, each pure module has to be covered in full by its own tests alone.

The own tests of `gateway/x/y.py` are `tests/x/test_y.py`, and `tests/x/test_y_z.py` where that has grown too long.
While a test runs, coverage notes its file as the context, so one run of all tests answers for each module what a run
of its own tests alone would have covered. A module is judged where tests of its package were run from its own file, or
where it has no such file.
"""

import re
from collections.abc import Generator, Iterator
from io import StringIO
from pathlib import Path
from typing import Final

import coverage
import pytest

ROOT: Final = Path(__file__).parent.parent
PACKAGES: Final = ("http1", "cors", "policy", "config")
"""Those without I/O, where a test can reach every branch."""

AT_IMPORT: Final = r"^$"
"""The context of what runs while modules are imported: no test's, and the same in any run."""


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the option that turns the gate on."""
    parser.addoption("--coverage-gate", action="store_true", help="demand that pure modules are covered by their tests")


def pytest_configure(config: pytest.Config) -> None:
    """Turn the gate on where it was asked for."""
    if config.getoption("--coverage-gate"):
        config.pluginmanager.register(Gate(), "coverage-gate")


class Gate:
    """Notes which test file covers what, and judges at the end."""

    def __init__(self) -> None:
        self.ran: set[str] = set()
        self.verdict: list[str] = []

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Generator[None, object, object]:
        """Tell coverage whose test runs."""
        if (measuring := coverage.Coverage.current()) is not None:
            measuring.switch_context(item.nodeid.partition("::")[0])
        return (yield)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Note the file of a test that ran, here or in a worker."""
        self.ran.add(report.nodeid.partition("::")[0])

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Judge, once the measurements of all workers are in one file."""
        if hasattr(session.config, "workerinput") or session.exitstatus != pytest.ExitCode.OK:
            return
        self.verdict = list(uncovered(self.ran))
        if self.verdict:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    @pytest.hookimpl(trylast=True)
    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Print what is missing, below the table of the whole."""
        if self.verdict:
            terminalreporter.section("not covered by their own tests alone", red=True)
            for line in self.verdict:
                terminalreporter.line(line)


def uncovered(ran: set[str]) -> Iterator[str]:
    """Yield a line for each pure module whose own tests ran and missed something, or that has none."""
    folders = {Path(file).parent.name for file in ran}
    measured = coverage.Coverage()
    measured.load()
    for package in PACKAGES:
        if package not in folders:
            continue
        for module in sorted((ROOT / "gateway" / package).glob("*.py")):
            own = own_tests(package, module.stem)
            has_own = any(
                re.match(own, f"tests/{package}/{file.name}") for file in (ROOT / "tests" / package).iterdir()
            )
            if has_own and not any(re.match(own, file) for file in ran):
                continue  # not asked for in this run
            text = StringIO()
            share = measured.report(morfs=[str(module)], contexts=[AT_IMPORT, own], file=text, skip_covered=False)
            if share < 100:
                missing = text.getvalue().splitlines()[2].rpartition("%")[-1].strip()
                yield f"gateway/{package}/{module.name}: {share:.1f} %, missing {missing}"


def own_tests(package: str, module: str) -> str:
    """Return a pattern for the contexts of a module's own tests."""
    return rf"^tests/{package}/test_{re.escape(module.strip('_'))}(_\w+)?\.py$"
