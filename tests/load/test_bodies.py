"""A body goes no faster through the gateway than its slower side takes it, so that little of it is held."""

from pathlib import Path

import pytest

from tests.load import bodies
from tests.load.memory import needs_proc
from tests.load.place import place

pytestmark = needs_proc


@pytest.mark.parametrize("tls", [False, True], ids=["plain", "tls"])
def test_200_mib_to_a_slow_reader_are_not_held(tmp_path: Path, tls: bool) -> None:
    with place(tmp_path, tls=tls) as made:
        assert bodies.to_a_slow_reader(made) < bodies.BOUND_OCTETS


@pytest.mark.parametrize("tls", [False, True], ids=["plain", "tls"])
def test_100_mib_from_a_fast_sender_to_a_slow_upstream_are_not_held(tmp_path: Path, tls: bool) -> None:
    with place(tmp_path, tls=tls) as made:
        assert bodies.to_a_slow_upstream(made, bodies.BODY_OCTETS // 2) < bodies.BOUND_OCTETS
