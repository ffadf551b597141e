"""Runs the tests of what is compiled twice: on the scanners in Python, and on those in C."""

import os
from collections.abc import Iterator
from dataclasses import fields
from typing import Final

import pytest

from tests.http1.scanners import BUILD, COMPILED, PYTHON, Scanners
from tests.system import skip_or_fail

BOTH: Final = frozenset({"test_framing", "test_head_request", "test_head_response", "test_outgoing"})


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Have each test of these modules run on both kinds, a module at a time."""
    if metafunc.definition.path.stem in BOTH and os.environ.get("CORS_GATEWAY_NO_EXTENSIONS") != "1":
        metafunc.fixturenames.append("scanners")
        metafunc.parametrize("scanners", ["python", "compiled"], indirect=True, scope="module")


@pytest.fixture(scope="module")
def scanners(request: pytest.FixtureRequest) -> Iterator[None]:
    """Give a module of tests the scanners of one kind."""
    kind = PYTHON
    if request.param == "compiled":
        if COMPILED is None:
            skip_or_fail(BUILD)
            pytest.fail("gateway.http1.compiled is not built, though all that takes is here: `make unit` builds it")
        kind = COMPILED
    assert isinstance(request.node, pytest.Module)
    with pytest.MonkeyPatch.context() as patched:
        for field in fields(Scanners):
            patched.setattr(request.node.obj, field.name, getattr(kind, field.name), raising=False)
        yield
