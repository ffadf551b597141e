"""Who holds connections and is slow starves nobody. Whether others have to wait is for `make load` to measure."""

from itertools import islice
from pathlib import Path

import pytest

from tests.load.crowd import crowd
from tests.load.memory import needs_proc
from tests.load.normal import rounds
from tests.load.place import place

pytestmark = needs_proc


@pytest.mark.parametrize("tls", [False, True], ids=["plain", "tls"])
def test_a_normal_client_is_answered_right_among_slow_heads_slow_readers_and_idle_connections(
    tmp_path: Path, tls: bool
) -> None:
    heads, readers, idle = (50, 50, 150) if tls else (300, 300, 2000)
    with place(tmp_path, tls=tls) as made:
        with crowd(made, heads=heads, readers=readers, idle=idle) as met:
            assert len(list(islice(rounds(made), 100))) == 100
        # Slow heads are closed at their deadline and come again; nobody else was.
        assert met["present"]["readers"] == readers
        assert met["present"]["idle"] == idle
        assert met["closed"].keys() <= {"heads"}
        assert met["refused"] == {}
