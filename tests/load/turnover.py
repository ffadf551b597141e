"""Clients that come and go, many at a time: what is left of them in memory when they have gone."""

import time
from contextlib import ExitStack
from typing import Final

from gateway.service.memory import GIVE_BACK_SECONDS
from tests.load.clients import get
from tests.load.memory import MIB, resident_octets
from tests.load.place import Place

CLIENTS: Final = 500
"""At a time."""
TURNS: Final = 20
BOUND_OCTETS: Final = 12 * MIB
"""Of 10,000 connections on TLS 65 MiB were left before the gateway gave anything back; now it is 2."""


def left(place: Place, turns: int = TURNS) -> int:
    """Have clients come and go, all of them so many times; return by how much the process is larger for it.

    That is when it has had the time to give back what is free.
    """
    before = resident_octets(place.pid)
    for _ in range(turns):
        with ExitStack() as stack:
            for _ in range(CLIENTS):
                assert stack.enter_context(place.client()).ask(get(b"/ok")).status == 200
    place.fence()
    time.sleep(GIVE_BACK_SECONDS + 1)
    return max(0, resident_octets(place.pid) - before)
