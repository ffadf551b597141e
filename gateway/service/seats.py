"""Seats: places that one child after the other has, so that there always is one."""

import time
from typing import TYPE_CHECKING, Final

from gateway.service.events import EVENTS
from gateway.service.prepare import NobodyServesError, StartError

if TYPE_CHECKING:
    from collections.abc import Callable

    from gateway.service.crew import Child

PAUSES: Final = (0.0, 0.2, 1.0, 3.0, 10.0)
"""Seconds before each try to fill a seat whose children end before they serve; after these it is given up."""
YOUNG_SECONDS: Final = 1.0
"""A child that serves less than this before it ends is replaced after the second of these pauses, again and again."""
IN_ORDER: Final = "exit status 0"
GIVEN_UP: Final = "see how it ended; SIGHUP, by `systemctl reload`, or a restart tries again"


class Seat:
    """A place that one child after the other has, so that there always is one."""

    def __init__(self, fork: "Callable[[], Child]") -> None:
        """Have `fork` start each of them; nobody is there yet."""
        self._fork = fork
        self.child: Child | None = None
        self._vacated = False
        """One has been there, and has ended."""
        self._failures = 0
        """How many in a row have ended before they served."""
        self._due = 0.0
        """When the next one may be started, as of `time.monotonic`; infinite: never."""

    @property
    def is_given_up(self) -> bool:
        """Tell whether nobody is started here any more."""
        return self.child is None and self._due == float("inf")

    def start(self) -> None:
        """Start the first one.

        Raises:
            StartError: the machine has no room for it.
        """
        self.child = self._fork()

    def vacate(self, now: float) -> None:
        """Note that its child has ended."""
        served = None if self.child is None or self.child.ready_at is None else now - self.child.ready_at
        self.child, self._vacated = None, True
        if served is not None:
            self._failures = 0
            self._due = now if served >= YOUNG_SECONDS else now + PAUSES[1]
        elif self._failures < len(PAUSES):
            self._due = now + PAUSES[self._failures]
            self._failures += 1
        else:
            self._due = float("inf")

    def fill(self, now: float) -> bool:
        """Start a child where there is none, and it is time to; tell whether it replaces one."""
        if self.child is not None or self._due > now:
            return False
        try:
            self.child = self._fork()
        except StartError:
            self._due = now + PAUSES[-1]  # the machine is at its end: that passes
            return False
        return self._vacated


class Seats:
    """Those there are, each of which is filled again when its child has ended."""

    def __init__(self) -> None:
        """Have none yet."""
        self.workers: tuple[Seat, ...] = ()
        """Of the configuration in force."""
        self.admin: Seat | None = None
        self.replaced = 0
        """Workers that ended unasked, or did not go on."""

    def has_ended(self, child: "Child") -> None:
        """Note and tell that a child has ended: where that was not asked for, another is to take its place."""
        how = child.failed or child.ended
        seat = next((seat for seat in self._all() if seat.child is child), None)
        if seat is None:
            if child.dismissed and child.ended != IN_ORDER:
                EVENTS.error("process.ended", what=child.name, pid=child.pid, how=how)
            return
        seat.vacate(time.monotonic())
        self.replaced += child.name == "worker"
        EVENTS.error("process.ended", what=child.name, pid=child.pid, how=how)
        if seat.is_given_up:
            EVENTS.error("process.given_up", what=child.name, how=how, remedy=GIVEN_UP)

    def fill(self, now: float) -> None:
        """Have another child where one has ended, and it is time to; `now` as of `time.monotonic`."""
        for seat in self._all():
            if seat.fill(now) and seat.child is not None:
                EVENTS.info("process.replaced", what=seat.child.name, pid=seat.child.pid)

    def check(self) -> None:
        """See that somebody serves, or will.

        Raises:
            NobodyServesError
        """
        if all(seat.is_given_up for seat in self.workers):
            raise NobodyServesError("no worker can be started: the log says how each of them ended")

    def leave(self) -> None:
        """Fill none any more."""
        self.workers, self.admin = (), None

    def _all(self) -> tuple[Seat, ...]:
        return self.workers if self.admin is None else (*self.workers, self.admin)
