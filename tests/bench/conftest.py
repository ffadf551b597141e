"""A place as a run has it, made once for the tests of a process."""

from collections.abc import Generator
from pathlib import Path

import pytest

from tests.bench.place import Place, make_place
from tests.real.processes import Ports


@pytest.fixture(scope="session")
def place(tmp_path_factory: pytest.TempPathFactory) -> Generator[Place]:
    """Give a place; the programs of requirements/bench.txt are not there."""
    folder = tmp_path_factory.mktemp("bench")
    ports = Ports()
    try:
        yield make_place(folder, Path("not-there"), ports)
    finally:
        ports.close()
