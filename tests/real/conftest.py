"""One set of servers, one gateway and one browser for all tests of this folder."""

from collections.abc import Generator, Mapping

import pytest

from tests.real.chromium import Chromium
from tests.real.everything import Running, everything
from tests.real.servers import Servers
from tests.real.table import Observed, observe


@pytest.fixture(scope="session")
def running() -> Generator[Running]:
    with everything() as started:
        yield started


@pytest.fixture(scope="session")
def observed(running: Running) -> Mapping[str, Observed]:
    return observe(running.chromium, running.servers, running.gateway.plain)


@pytest.fixture
def chromium(running: Running) -> Chromium:
    return running.chromium


@pytest.fixture
def servers(running: Running) -> Servers:
    return running.servers
