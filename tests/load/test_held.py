"""One request never makes the gateway hold a hundred times a limit."""

from pathlib import Path
from typing import Final

import pytest

from tests.load import held
from tests.load.memory import needs_proc
from tests.load.place import place

pytestmark = needs_proc

HERE: Final = (
    *("head_size", "lines", "chunk line", "trailers of a request", "body that waits for a connection, in pieces"),
    *("write buffer to a client: an answer", "octets behind"),
)
"""Those that hold most, or are kept in a place of their own. `make load` has all."""
ON_TLS: Final = ("write buffer to a client: an answer", "octets behind")
"""Where it matters how much comes with one read."""

CASES: Final = [
    *(pytest.param(case, False, id=f"plain-{case.name}") for case in held.CASES if case.name.startswith(HERE)),
    *(pytest.param(case, True, id=f"tls-{case.name}") for case in held.CASES if case.name.startswith(ON_TLS)),
]


def test_there_is_a_case_for_each_name() -> None:
    assert len(CASES) == len(HERE) + len(ON_TLS)


@pytest.mark.parametrize(("case", "tls"), CASES)
def test_a_request_holds_less_than_a_hundred_times_its_limit(tmp_path: Path, case: held.Case, tls: bool) -> None:
    with place(tmp_path, tls=tls) as made:
        assert held.held(made, case) < held.BOUND * case.limit


@pytest.mark.parametrize("tls", [False, True], ids=["plain", "tls"])
def test_an_idle_connection_holds_little(tmp_path: Path, tls: bool) -> None:
    with place(tmp_path, tls=tls) as made:
        assert held.connection(made) < held.CONNECTION_BOUND
