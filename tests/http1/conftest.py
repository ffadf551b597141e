"""Runs the tests of what is compiled twice: on the scanners in Python, and on those in C."""

import os
from collections.abc import Iterator
from dataclasses import fields
from importlib import import_module
from typing import TYPE_CHECKING, Final, cast

import pytest

from tests.system import skip_or_fail

if TYPE_CHECKING:
    from tests.http1.scanners import Scanners

BOTH: Final = frozenset({"test_framing", "test_head_request", "test_head_response", "test_outgoing", "test_target"})


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Have each test of these modules run on both kinds, a module at a time."""
    if metafunc.definition.path.stem in BOTH and os.environ.get("CORS_GATEWAY_NO_EXTENSIONS") != "1":
        metafunc.fixturenames.append("scanners")
        metafunc.parametrize("scanners", ["python", "compiled"], indirect=True, scope="module")


@pytest.fixture(scope="module")
def scanners(request: pytest.FixtureRequest) -> Iterator[None]:
    """Give a module of tests the scanners of one kind."""
    # Not above: what does not import is to fail as a test does (make mutants), and not to end pytest.
    kinds = import_module("tests.http1.scanners")
    if request.param == "compiled" and kinds.COMPILED is None:
        skip_or_fail(kinds.BUILD)
        pytest.fail("gateway.http1.compiled is not built, though all that takes is here: `make unit` builds it")
    kind = cast("Scanners", kinds.COMPILED if request.param == "compiled" else kinds.PYTHON)
    assert isinstance(request.node, pytest.Module)
    with pytest.MonkeyPatch.context() as patched:
        for field in fields(kind):
            patched.setattr(request.node.obj, field.name, getattr(kind, field.name), raising=False)
        yield
