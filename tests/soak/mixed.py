"""All of it at once for as long as is wanted, in front of one process and of several."""

import time
from collections.abc import Sequence
from contextlib import ExitStack
from itertools import cycle
from typing import Final

from tests.real.processes import until
from tests.soak.certificates import is_shown
from tests.soak.crm import BACK_SECONDS, gone_and_back
from tests.soak.half import SHARES, Half
from tests.soak.place import CRM_NAME, Place, place
from tests.soak.told import Told
from tests.soak.watch import REST_SECONDS, Watch

STEPS: Final = (
    *("limits", "certificate", "death", "broken", "death", "one worker more", "crm away", "certificate", "listener"),
    *("wrong key", "death", "certificate", "crm away", "broken", "limits", "one worker less", "no listener"),
)
"""Workers die with files on disk that cannot be used, too: who takes their place has to be as they were."""
QUIET: Final = ("certificate", "broken", "crm away")
"""Nothing that replaces a process, so that each can be compared with what it was before."""
PARTS: Final = (
    ("until the first rest", ((STEPS, 1 / 4), (QUIET, 3 / 8))),
    ("behind it", ((QUIET, 3 / 8),)),
)
"""What is done in which share of the time; behind each part there is a rest.

Before the first, who came last has served for a while, in a run of 30 minutes at least: what a worker needs for its
first requests is no growth. In a shorter one workers are too young (`WARM_SECONDS`), and the others are judged.
"""


class Mixed:
    """What is done, one thing after the other."""

    def __init__(self, made: Place, workers: tuple[int, ...], away_answers: int) -> None:
        """Have a gateway for each number of workers."""
        made.names.resolve(CRM_NAME)
        self.made = made
        self.shown = made.put_certificate()
        crm, self.other = made.crm(), made.crm()
        self.halves = [Half(made, number, crm, self.other) for number in workers]
        self.done: list[str] = []
        self.back: list[float] = []
        """How long behind each return of the CRM its first answer came."""
        self._away_answers = away_answers

    def step(self, step: str) -> None:
        """Do one thing, to all gateways."""
        self.done.append(step)
        match step:
            case "certificate":
                self.shown = self.made.put_certificate()
                for half in self.halves:
                    until(lambda: is_shown(self.made, half.tls, self.shown), step)  # noqa: B023 - asked at once
            case "wrong key":
                self.made.put_certificate(key_of=self.shown)
            case "crm away":
                loads = [half.loads["other site"] for half in self.halves]
                self.back += gone_and_back(self.made, self.other, loads, self._away_answers)[1:]
            case "death" | "broken":
                for half in self.halves:
                    (half.kill if step == "death" else half.break_file)()
            case _:
                for half in self.halves:
                    half.change(step)

    def tell(self, told: Told) -> None:
        """Add how often what was done, and what the loads met."""
        for step in sorted(set(self.done)):
            told.figure(f"how often: {step}", self.done.count(step), "")
        for half in self.halves:
            half.tell(told)
        if self.back:
            told.seconds("first success behind the CRM's return", self.back, BACK_SECONDS)


def mixed(
    *,
    seconds: float,
    workers: tuple[int, ...],
    rate: float,
    pause_seconds: float,
    away_answers: int,
    rest_seconds: float = REST_SECONDS,
) -> Told:
    """Do all of it for so long, and each thing of `STEPS` once at least; the gateways share the rate.

    Behind each part everybody leaves for a while: what the processes have then can be compared.
    """
    told = Told(f"{seconds / 60:g} minutes of all of this mixed, {rate:g} requests/s")
    each = rate / len(workers)
    pause = int(each * SHARES[0] * pause_seconds)
    with place() as made:
        mix = Mixed(made, workers, away_answers)
        with Watch({half.name: half.gateway for half in mix.halves}) as watch:
            for part, what in PARTS:
                with ExitStack() as stack:
                    for half in mix.halves:
                        half.call(stack, each, part)
                    for steps, share in what:
                        _go_through(mix, steps, seconds * share, pause)
                watch.rest(rest_seconds)
            mix.tell(told)
        watch.tell(told)
        for half in mix.halves:
            half.tell_rest(told)
    return told


def _go_through(mix: Mixed, steps: Sequence[str], seconds: float, pause: int) -> None:
    """Do these things again and again for so long, each once at least, and leave with files that can be used."""
    began = time.monotonic()
    for done, step in enumerate(cycle(steps)):
        if time.monotonic() - began >= seconds and done >= len(steps):
            break
        mix.step(step)
        mix.halves[0].loads["plain"].more(pause)
    mix.step("certificate")
