"""Each scenario, short: what `make soak` does for long and under more load, by the same functions.

With two workers; `tests/service` has much of it for one process.
"""

from tests.soak.certificates import certificates
from tests.soak.crm import away, nobody_there
from tests.soak.deaths import deaths
from tests.soak.mixed import mixed
from tests.soak.names import needs_names
from tests.soak.reloads import SHORT, reloads
from tests.soak.restarts import activated, rolling
from tests.soak.stop import stop
from tests.soak.told import Told
from tests.system import needs

RATE = 100.0
OTHER_RATE = 30.0
PAUSE = 20


def good(told: Told) -> bool:
    """Hold that no request was lost or wrong, and nothing is left; how fast it went is for `make soak` to say."""
    assert told.faults == [], "\n".join(map(str, told.figures))
    return True


def test_reloads() -> None:
    assert good(reloads(steps=SHORT, workers=2, rate=RATE, pause=PAUSE))


def test_certificates() -> None:
    assert good(certificates(changes=2, wrong=1, workers=2, rate=RATE, pause=PAUSE))


def test_workers_that_are_killed() -> None:
    assert good(deaths(times=2, workers=2, rate=RATE, pause=PAUSE))


@needs("haproxy")
def test_a_rolling_restart_behind_haproxy() -> None:
    assert good(rolling(rounds=1, workers=1, rate=RATE, pause=PAUSE))


def test_a_restart_behind_a_socket_that_is_kept() -> None:
    assert good(activated(times=2, workers=2, rate=RATE, pause=PAUSE))


def test_a_stop_with_a_slow_answer_under_way() -> None:
    assert good(stop(answer_seconds=6, idle=20, workers=2, rate=RATE, pause=PAUSE))


@needs_names
def test_a_crm_that_goes_and_comes() -> None:
    assert good(away(answers=120, workers=2, rate=RATE, other_rate=OTHER_RATE))


@needs_names
def test_a_start_with_nobody_there() -> None:
    assert good(nobody_there(workers=2, rate=RATE, other_rate=OTHER_RATE, pause=PAUSE))


@needs_names
def test_all_of_it_mixed() -> None:
    assert good(mixed(seconds=1, workers=(2,), rate=RATE, pause_seconds=0.1, away_answers=5, rest_seconds=0))
