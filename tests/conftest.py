"""What holds for every test: system packages, how many cases hypothesis draws, the coverage gate."""

import asyncio
import sysconfig
from collections.abc import Callable
from pathlib import Path
from typing import Final

import pytest
import uvloop
from hypothesis import HealthCheck, Phase, settings

from gateway.extensions import WANTED
from tests.system import signs, skip_or_fail

pytest_plugins = ["tests.coverage_gate"]

GATEWAY: Final = Path(__file__).parents[1] / "gateway"
TYPED: Final = (
    *(f"{package}/*.py" for package in ("http1", "cors", "policy", "config", "relay")),
    "service/lines.py",
    "service/output.py",
)
"""Files whose types and values are in what was compiled; the Makefile has them, too."""

# The time a case takes says more about the machine than about the code: no deadline in any profile.
settings.register_profile("default", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("fuzz", parent=settings.get_profile("default"), max_examples=10_000)
settings.register_profile(
    "mutants",
    parent=settings.get_profile("default"),
    max_examples=25,  # thousands of runs: each has to be short, and a table test kills most mutants anyway
    derandomize=True,  # the same mutants survive in each run
    database=None,
    phases=[Phase.explicit, Phase.generate],  # nobody reads the smallest failing case
)
settings.load_profile("default")


def pytest_configure() -> None:
    """Refuse to test what was compiled before its source, or what that imports, was changed."""
    compiled = GATEWAY / f"native__mypyc{sysconfig.get_config_var('EXT_SUFFIX')}"
    if not (WANTED and compiled.exists()):
        return
    sources = (file for pattern in TYPED for file in GATEWAY.glob(pattern))
    if compiled.stat().st_mtime < max(file.stat().st_mtime for file in sources):
        raise pytest.UsageError(f"{compiled.name} is older than its source: make lint builds it anew")


def pytest_itemcollected(item: pytest.Item) -> None:
    """Refuse a package that the list does not have when the test is read, not on the one machine that lacks it."""
    for package in packages_of(item):
        if package not in signs():
            raise pytest.UsageError(f"{item.nodeid} needs {package!r}, which tests/system-packages.txt does not list")


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Put its group into the id of a test, by which xdist keeps a group in one worker.

    xdist 3.8 does so itself, but writes it where pytest 9.2 no longer reads it: the groups were none.
    """
    if not config.getoption("loadgroup", default=False):
        return
    for item in items:
        mark = item.get_closest_marker("xdist_group")
        if mark is not None and not item.nodeid.endswith(f"@{mark.args[0]}"):
            named = type(item.id).parse(f"{item.nodeid}@{mark.args[0]}")
            item._id = named  # noqa: SLF001 # pyright: ignore[reportPrivateUsage] - as xdist does, see above


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip, or with CI=true fail, a test whose programs are not on this machine."""
    skip_or_fail(packages_of(item))


def packages_of(item: pytest.Item) -> tuple[str, ...]:
    """Return the packages that the `needs` marks of a test name."""
    return tuple(str(package) for mark in item.iter_markers("needs") for package in mark.args)


@pytest.hookimpl(optionalhook=True)
def pytest_asyncio_loop_factories(item: pytest.Item) -> dict[str, Callable[[], asyncio.AbstractEventLoop]]:
    """Run the relay's tests on both loops: uvloop where it is installed, and asyncio, the tested fallback."""
    factories: dict[str, Callable[[], asyncio.AbstractEventLoop]] = {"asyncio": asyncio.new_event_loop}
    if "relay" in item.path.parts:
        factories["uvloop"] = uvloop.new_event_loop
    return factories
