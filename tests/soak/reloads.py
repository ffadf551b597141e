"""Reloads under load: broken files, other listeners, another number of workers, other sites and limits."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from tests.load.clients import PREFLIGHT
from tests.real.processes import accepts, until
from tests.soak.gateway import Gateway
from tests.soak.place import OTHER, Place, listener, place, site
from tests.soak.told import Told
from tests.soak.watch import rest, tell_rest

STEPS: Final = (
    *("another site", "broken", "listener", "no other site", "one worker more", "broken", "limits"),
    *("listener with tls", "broken", "another site", "limits", "one worker less", "broken"),
    *("no listener", "no other site", "broken", "limits", "another site", "limits", "no other site"),
)
"""Twenty, of which five are broken, three change listeners, and two the number of workers."""
SHORT: Final = (
    *("another site", "broken", "listener", "one worker more", "listener with tls"),
    *("limits", "one worker less", "no listener"),
)
BROKEN: Final = "orgins"


@dataclass
class Wanted:
    """What the configuration says now."""

    place: Place
    port: int
    other_port: int
    crm_port: int
    workers: int
    listener: str = ""
    """How the other port is listened on: not, `plain` or `tls`."""
    site: bool = False
    in_flight: int = 128

    def change(self, step: str) -> str:
        """Go on by a step, and return the text of the file."""
        match step:
            case "another site" | "no other site":
                self.site = step == "another site"
            case "listener" | "listener with tls" | "no listener":
                self.listener = {"listener": "plain", "listener with tls": "tls"}.get(step, "")
            case "one worker more" | "one worker less":
                self.workers += 1 if step == "one worker more" else -1
            case "limits":
                self.in_flight += 8
            case _:
                return self.text().replace('"origins"', f'"{BROKEN}"')
        return self.text()

    def text(self) -> str:
        """Return the text of a file without a mistake."""
        more = {"certificates": str(self.place.certificates)} if self.listener == "tls" else {}
        listeners = [listener(self.port), *([listener(self.other_port, **more)] if self.listener else [])]
        sites = [site(self.crm_port, limits={"in_flight": self.in_flight})]
        if self.site:
            sites.append(site(self.crm_port, name=OTHER))
        return self.place.text(listeners, sites, workers=self.workers)

    def is_so(self, gateway: Gateway) -> bool:
        """Return whether the gateway's processes and listeners are what the configuration says."""
        if len(gateway.workers()) != self.workers:
            return False
        if not self.listener:
            return not accepts(self.other_port)
        try:
            with self.place.client(self.other_port, tls=self.listener == "tls") as client:
                return client.ask(PREFLIGHT).status == 204
        except OSError:
            return False


def reloads(*, steps: Sequence[str], workers: int, rate: float, pause: int) -> Told:
    """Reload again and again, by signal and by the admin address in turn; `pause` are the answers between two."""
    steps = [step for step in steps if workers > 1 or "worker" not in step]
    told = Told(f"{len(steps)} reloads, {workers} workers")
    with place() as made:
        wanted = Wanted(made, made.ports.take(), made.ports.take(), made.crm().port, workers)
        made.put_certificate()
        gateway = made.gateway(wanted.text())
        before = rest(gateway)
        seconds: list[float] = []
        with made.load(wanted.port, rate) as load:
            for number, step in enumerate(steps):
                gateway.file.write_text(wanted.change(step))
                began = time.monotonic()
                mistakes = gateway.reload(by_signal=number % 2 == 0)
                seconds.append(time.monotonic() - began)
                assert (BROKEN in mistakes) == (step == "broken"), mistakes
                assert bool(mistakes) == (step == "broken"), mistakes
                until(lambda: wanted.is_so(gateway), f"{step}: {wanted}")
                load.more(pause)
        told.load(load)
        told.seconds("a reload", seconds)
        tell_rest(told, gateway, before)
    return told
