"""Workers that are killed under load: only what was inside them is lost, and another takes their place."""

import os
import random
import signal
import time
from typing import Any, Final

from tests.real.processes import until
from tests.soak import proc
from tests.soak.gateway import Gateway
from tests.soak.place import listener, place, site
from tests.soak.told import Told

REPLACED_SECONDS: Final = 1.0
BROKEN: Final = "no_configuration"
NOTICED_SECONDS: Final = 5.0
"""Within which the clients of a worker have noticed its death."""


class Deaths:
    """Workers that were killed, and who was connected to them."""

    def __init__(self) -> None:
        """Kill none yet."""
        self.seconds: list[float] = []
        """Of each, how long it took until another accepted connections."""
        self._inside: list[tuple[float, set[int]]] = []
        self._random = random.Random(1)  # noqa: S311 - no secret

    def kill(self, gateway: Gateway, *ports: int) -> None:
        """Kill one of the workers that accept on these ports, and return once another one does."""
        before = gateway.workers()
        victim = self._random.choice(before)
        # Stopped for a moment, so that what it holds is known when it dies.
        os.kill(victim, signal.SIGSTOP)
        while not proc.is_stopped(victim):
            pass  # no pause: each millisecond puts more requests inside it
        clients = {client for port in ports for client in proc.clients(victim, port)}
        began = time.monotonic()
        os.kill(victim, signal.SIGKILL)
        self._inside.append((began, clients))

        def is_replaced() -> bool:
            new = [pid for pid in gateway.workers() if pid not in before]
            return len(new) == 1 and all(proc.accepts(new[0], port) for port in ports)

        until(is_replaced, "another worker")
        self.seconds.append(time.monotonic() - began)

    def is_inside(self, loss: dict[str, Any]) -> bool:
        """Return whether a lost request was inside one of them."""
        return any(
            loss["client_port"] in clients and at <= loss["at"] <= at + NOTICED_SECONDS for at, clients in self._inside
        )


def deaths(*, times: int, workers: int, rate: float, pause: int) -> Told:
    """Kill a worker so many times."""
    told = Told(f"kill -9 of a worker {times} times, {workers} workers")
    with place() as made:
        port, died = made.ports.take(), Deaths()
        gateway = made.gateway(made.text([listener(port)], [site(made.crm().port)], workers=workers))
        assert len(gateway.workers()) == workers
        with made.load(port, rate) as load:
            for number in range(times):
                load.more(pause)
                if number == times // 2:  # whoever comes now has to serve by what is in force, not by what is on disk
                    gateway.file.write_text(BROKEN)
                    assert BROKEN in gateway.reload(by_signal=False)
                died.kill(gateway, port)
                assert len(gateway.workers()) == workers
            load.more(pause)
        told.load(load, inside=died.is_inside)
        told.seconds("until another worker accepts", died.seconds, REPLACED_SECONDS)
    return told
