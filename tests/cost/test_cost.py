"""An exchange takes no more instructions than it did."""

import pytest

from tests.cost.count import PYTHON, SCANNERS, count, kept
from tests.http1.scanners import BUILD
from tests.system import needs

MOST = 1.05
"""What is passed over: a few instructions more or less are the addresses at which a process happens to find things."""


@needs("valgrind", *BUILD)
@pytest.mark.timeout(900)
@pytest.mark.parametrize("scanners", SCANNERS)
def test_no_exchange_takes_five_percent_more_than_it_did(scanners: str) -> None:
    before = kept().get(PYTHON, {}).get(scanners)
    if before is None:
        pytest.skip(f"counts.json has nothing of Python {PYTHON}, {scanners}: python -m tests.cost.renew")
    now = count(scanners=scanners)
    ratios = {kind: now[kind] / before[kind] for kind in before}
    print(f"{now}; to what counts.json has: {ratios}")  # noqa: T201 - pytest shows it with the failure
    dearer = [f"{kind}: {ratio - 1:+.1%}" for kind, ratio in ratios.items() if ratio > MOST]
    assert dearer == [], "where that is meant: python -m tests.cost.renew"
