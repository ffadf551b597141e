"""A CRM that is stopped, its name gone with it, and comes back; and a start with every upstream away."""

import time
from collections.abc import Sequence
from typing import Any, Final

from tests.soak.load import Load
from tests.soak.place import CRM_NAME, OTHER, Crm, Place, listener, place, site
from tests.soak.told import Told

READABLE_SECONDS: Final = 2.0
BACK_SECONDS: Final = 5.0
STEADY: Final = 20
"""Good answers in a row, behind which the CRM counts as back."""


def away(*, answers: int, workers: int, rate: float, other_rate: float) -> Told:
    """Stop the CRM of one site for so many answers, while another site goes on."""
    told = Told(f"the CRM stopped, its name unresolvable, {workers} workers")
    with place() as made:
        port, crm, other = made.ports.take(), made.crm(), made.crm()
        made.names.resolve(CRM_NAME)
        sites = [site(crm.port), site(other.port, name=OTHER, upstream=CRM_NAME)]
        made.gateway(made.text([listener(port)], sites, workers=workers), names=made.names)
        with made.load(port, rate) as load, made.load(port, other_rate, host=OTHER) as calls:
            load.more(int(rate))
            seconds = gone_and_back(made, other, [calls], answers)
            load.more(int(rate))
        told.load(load)
        told.load(calls, ", other site")
        told.figure("the CRM was away", seconds[0], "s")
        told.figure("slowest 502", calls.met["slowest_trouble_seconds"], "s", READABLE_SECONDS)
        told.figure("first success behind its return", seconds[1], "s", BACK_SECONDS)
    return told


def gone_and_back(made: Place, crm: Crm, loads: Sequence[Load], answers: int) -> tuple[float, ...]:
    """Stop a CRM for so many answers; return how long it was away, and when it answered each load behind its return."""
    for load in loads:
        load.trouble(is_right=True)
    began = time.monotonic()
    troubled = [sum(load.met["trouble"].values()) for load in loads]
    made.names.resolve()
    crm.stop()
    for load, before in zip(loads, troubled, strict=True):
        load.until(lambda met: sum(met["trouble"].values()) >= before + answers, "502s", 2 * answers)  # noqa: B023 - asked for at once
    made.names.resolve(CRM_NAME)
    crm.start()
    back = time.monotonic()
    for load in loads:
        load.until(is_back, "the CRM's answers")
        load.trouble(is_right=False)
    return back - began, *(max(0.0, float(load.met["back_at"]) - back) for load in loads)


def is_back(met: dict[str, Any]) -> bool:
    """Return whether the CRM answers again, and steadily."""
    return int(met["since"]) >= STEADY


def nobody_there(*, workers: int, rate: float, other_rate: float, pause: int) -> Told:
    """Start it with a CRM that is down and one whose name nobody knows, and have both come later."""
    told = Told(f"start with upstreams down and unresolvable, {workers} workers")
    down, unknown, good = "down.customer.example", OTHER, "good.customer.example"
    with place() as made:
        port, crms = made.ports.take(), {name: made.crm(runs=name == good) for name in (down, unknown, good)}
        sites = [site(crms[name].port, name=name) for name in (down, good)]
        sites.append(site(crms[unknown].port, name=unknown, upstream=CRM_NAME))
        began = time.monotonic()
        made.gateway(made.text([listener(port)], sites, workers=workers), names=made.names)
        told.figure("until it serves", time.monotonic() - began, "s")
        with (
            made.load(port, rate, host=good) as load,
            made.load(port, other_rate, host=down, trouble=True) as first,
            made.load(port, other_rate, host=unknown, trouble=True) as second,
        ):
            load.more(pause)
            for name, calls in ((down, first), (unknown, second)):
                crms[name].start()
                if name == unknown:
                    made.names.resolve(CRM_NAME)
                back = time.monotonic()
                calls.until(is_back, "the CRM's answers")
                calls.trouble(is_right=False)
                told.figure(
                    f"first success behind its start, {name}", max(0.0, calls.met["back_at"] - back), "s", BACK_SECONDS
                )
            load.more(pause)
        for each, name in ((load, good), (first, down), (second, unknown)):
            told.load(each, f", {name}")
    return told
