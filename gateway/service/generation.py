"""A generation: the workers that serve by one configuration, forked with what was had for it."""

import socket
from collections.abc import Callable, Collection
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Final

from gateway.relay.tally import Tallies
from gateway.service.cores import workers_of
from gateway.service.crew import Child, Run
from gateway.service.seats import Seat
from gateway.service.worker import Common, work

if TYPE_CHECKING:
    from gateway.service.prepare import Prepared

START_SECONDS: Final = 30.0
"""How long new workers may take to serve. They wait for the first look-up of names for two seconds at the most."""
TOO_SLOW: Final = f"it took more than {START_SECONDS:g} s"

Fork = Callable[[Child, Run, Collection[socket.socket]], None]
"""Starts a child; of all the sockets that clients come to, it has these. Raises StartError where there is no room."""


@dataclass(frozen=True, slots=True)
class Generation:
    """One configuration, and who serves by it."""

    prepared: "Prepared"
    """What workers are forked with: sockets, configuration, certificates."""
    seats: tuple[Seat, ...]

    @property
    def workers(self) -> list[Child]:
        """Return those on its seats."""
        return [seat.child for seat in self.seats if seat.child is not None]

    def start(self) -> None:
        """Start a worker on each seat.

        Raises:
            StartError: the machine has no room for it.
        """
        for seat in self.seats:
            seat.start()

    def has_started(self) -> bool:
        """Tell whether all of them serve, or it is certain that they will not."""
        return all(each.is_ready for each in self.workers) or any(each.ended for each in self.workers)

    def failure(self) -> str:
        """Return why not all of them serve; empty where they do."""
        if all(each.is_ready for each in self.workers):
            return ""
        return next((each.failed or each.ended for each in self.workers if each.ended), TOO_SLOW)

    def dismiss(self) -> None:
        """Have its workers serve what is under way, and end."""
        for each in self.workers:
            each.dismiss()

    def abandon(self) -> None:
        """End its workers, of which not all serve."""
        for each in self.workers:
            if each.is_ready:
                each.dismiss()  # clients may have come to it already
            else:
                each.kill()

    def has_let_go(self) -> bool:
        """Tell whether its workers accept no more, as far as they have told."""
        return all(each.has_let_go for each in self.workers)


def generation_of(prepared: "Prepared", fork: Fork, common: Common) -> Generation:
    """Return the generation of a configuration; nobody is started yet."""
    count = workers_of(prepared.config)
    tallies = Tallies(len(prepared.config.sites), count)

    def started(nth: int) -> Child:
        child = Child("worker", nth, lambda: tallies.forget(nth))
        fork(child, lambda its: work(its, prepared, (nth, count), tallies, common), prepared.sockets.values())
        return child

    return Generation(prepared, tuple(Seat(partial(started, nth)) for nth in range(count)))
