"""A place as a run has it, made once for the tests of a process."""

from collections.abc import Generator
from pathlib import Path

import pytest

from tests.bench.place import Place, make_place
from tests.real.processes import Ports


@pytest.fixture(scope="session")
def ports() -> Generator[Ports]:
    """Give ports that are free."""
    ports = Ports()
    try:
        yield ports
    finally:
        ports.close()


@pytest.fixture(scope="session")
def place(tmp_path_factory: pytest.TempPathFactory, ports: Ports) -> Place:
    """Give a place; the programs of requirements/bench.txt are not there."""
    return make_place(tmp_path_factory.mktemp("bench"), Path("not-there"), ports)
