import os
import secrets
import time

import pytest

from tests.relay.fuzz.case import Case, from_json
from tests.relay.fuzz.run import case_of, corpus, fuzz, wrong_with
from tests.relay.fuzz.world import small_world

SECONDS = 60.0 if os.environ.get("CI") == "true" else 10.0
"""How long any cases are done: a minute in CI, some 50,000; less where somebody waits. `make fuzz` does ten million."""


@pytest.mark.fuzz
def test_what_the_relay_writes_is_exactly_what_it_means() -> None:
    seed = secrets.randbits(32)
    end = time.monotonic() + SECONDS
    figures = fuzz(seed, range(10**9), lambda: time.monotonic() < end)
    replays = [
        f"python -m tests.relay.fuzz --case {seed}:{index}  # {found}" for index, found in figures.failed.items()
    ]
    assert not replays, "\n".join(replays)
    assert figures.executions


@pytest.mark.parametrize("case", [pytest.param(case, id=name) for name, case in corpus().items()])
def test_cases_that_were_worth_keeping(case: Case) -> None:
    with small_world():
        assert wrong_with(case) == []


def test_a_case_is_the_same_when_it_is_read_back() -> None:
    case = case_of(1, 1)
    assert from_json(case.as_json()) == case
