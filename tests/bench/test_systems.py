"""The systems that can be had here are started as for a run, and asked what they get right.

Caddy and Envoy come with `make bench` only, which checks them itself.
"""

import subprocess
from typing import Final

import pytest

from tests.bench.measure import checked
from tests.bench.place import Place
from tests.bench.systems import SYSTEMS
from tests.system import needs

pytestmark = needs("gcc", "libc6-dev")

BY_NAME: Final = {system.name: system for system in SYSTEMS}


@pytest.mark.parametrize(
    ("name", "wrong"),
    [
        pytest.param("nginx", [], marks=needs("nginx-light")),
        pytest.param("haproxy", [], marks=needs("haproxy")),
        pytest.param("apache", [], marks=needs("apache2")),
        pytest.param("naive", ["changes the target"]),
        pytest.param("cors-gateway", []),
        pytest.param("cors-gateway-asyncio", []),
    ],
)
def test_a_system_answers_as_the_page_says(name: str, wrong: list[str], place: Place) -> None:
    assert checked(BY_NAME[name], place) == wrong


def test_a_question_finds_what_is_wrong(place: Place) -> None:
    floor = BY_NAME["floor"]
    found = checked(floor, place)  # it relays everything, and its upstream knows nothing of CORS
    assert "lets the upstream's * through to a stranger" in found
    assert "passes a preflight on to the upstream" in found
    assert "changes a body" not in found


@pytest.mark.parametrize(
    ("system", "test"),
    [
        pytest.param("nginx", ("-t", "-c"), marks=needs("nginx-light")),
        pytest.param("nginx-large-buffers", ("-t", "-c"), marks=needs("nginx-light")),
        pytest.param("haproxy", ("-c", "-f"), marks=needs("haproxy")),
        pytest.param("haproxy-large-buffers", ("-c", "-f"), marks=needs("haproxy")),
        pytest.param("apache", ("-t", "-f"), marks=needs("apache2")),
        pytest.param("cors-gateway", ("-m", "gateway", "check")),
        pytest.param("cors-gateway-2-workers", ("-m", "gateway", "check")),
    ],
)
def test_a_configuration_without_the_log_is_accepted(system: str, test: tuple[str, ...], place: Place) -> None:
    chosen = BY_NAME[system]
    program, *_ = chosen.prepare(place, log=False)
    assert chosen.file is not None
    told = subprocess.run((program, *test, place.folder / chosen.file), capture_output=True, check=False)
    assert told.returncode == 0, told.stderr
