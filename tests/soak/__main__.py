"""Run all of it long: `make soak`, or `python -m tests.soak [MINUTES] [WORD…]` for the scenarios with a word in them.

The minutes are those of the last scenario, in which everything is mixed; the others take about as long as ten of them.
One line a figure, some with what they should stay below; exit status 1 if a request was lost or wrong, or if a figure
is not below.
"""

import sys
import time
from collections.abc import Callable
from functools import partial
from typing import Final

from tests.soak.certificates import certificates
from tests.soak.crm import away, nobody_there
from tests.soak.deaths import deaths
from tests.soak.mixed import mixed
from tests.soak.reloads import STEPS, reloads
from tests.soak.restarts import activated, rolling
from tests.soak.stop import stop
from tests.soak.told import Told

RATE: Final = 500.0
"""Requests a second."""
OTHER_RATE: Final = 20.0
"""To a site whose CRM is away."""
PAUSE: Final = 1500
"""Answers between two events: three seconds."""
AWAY_SECONDS: Final = 60
MIXED_AWAY: Final = 100
"""Answers for which the CRM is away each time in the last scenario: a few seconds."""
WORKERS: Final = (1, 2)
MINUTES: Final = 30.0

SCENARIOS: Final[tuple[tuple[str, Callable[..., Told]], ...]] = (
    ("reloads", partial(reloads, steps=STEPS, pause=PAUSE)),
    ("certificates", partial(certificates, changes=10, wrong=2, pause=PAUSE)),
    ("deaths", partial(deaths, times=10, pause=PAUSE)),
    ("rolling", partial(rolling, rounds=3, pause=PAUSE)),
    ("activated", partial(activated, times=5, pause=4 * PAUSE)),
    ("stop", partial(stop, answer_seconds=10, idle=100, pause=PAUSE)),
    ("away", partial(away, answers=int(AWAY_SECONDS * OTHER_RATE), other_rate=OTHER_RATE)),
    ("nobody", partial(nobody_there, other_rate=OTHER_RATE, pause=PAUSE)),
)


def all_of_it(minutes: float) -> list[tuple[str, Callable[[], Told]]]:
    """Return each scenario, with a word for it."""
    found: list[tuple[str, Callable[[], Told]]] = []
    for workers in WORKERS:
        for word, scenario in SCENARIOS:
            if (word, workers) not in {("deaths", 1), ("rolling", 2)}:  # no worker to kill; two instances of one each
                found.append((word, partial(scenario, workers=workers, rate=RATE)))
    return [
        *found,
        (
            "mixed",
            partial(
                mixed, seconds=minutes * 60, workers=WORKERS, rate=RATE, pause_seconds=5.0, away_answers=MIXED_AWAY
            ),
        ),
    ]


def main(arguments: list[str]) -> int:
    """Print what each scenario tells; return the exit status."""
    minutes = float(arguments.pop(0)) if arguments and arguments[0].replace(".", "").isdigit() else MINUTES
    good = True
    for word, scenario in all_of_it(minutes):
        if arguments and word not in arguments:
            continue
        began = time.monotonic()
        told = scenario()
        print(f"{told.name} ({time.monotonic() - began:.0f} s)")  # noqa: T201 - a command of its own
        for line in (*told.figures, *(f"  FAULT {fault}" for fault in told.faults)):
            print(line)  # noqa: T201 - a command of its own
        sys.stdout.flush()
        good &= not told.faults and not any(figure.is_over for figure in told.figures)
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
