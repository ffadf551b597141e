"""Several workers, and one process that starts, watches and replaces them, and owns the addresses; it serves nobody.

It has no event loop and no thread, so that it can fork: a worker is this process as it was at that moment, with the
configuration, certificates and sockets it had. None of them has to be had anew, whatever the files on disk hold then.
"""

import signal
import socket
import time
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Final

import structlog

from gateway.config.model import ConfigError
from gateway.relay.fault import where
from gateway.relay.tally import Tallies
from gateway.service.admin_process import answer, reloaded_octets
from gateway.service.cores import workers_of
from gateway.service.crew import Child, Crew, Seat
from gateway.service.events import ready
from gateway.service.following import LOOK_SECONDS
from gateway.service.link import Word
from gateway.service.prepare import MachineError, NobodyServesError, Prepared, StartError, prepare
from gateway.service.renewal import Renewal, Shown, tell
from gateway.service.snapshot import Snapshot, encode, frame_of, merged, past
from gateway.service.standing import STOPS, Log, Reloaded, Standing, no_file
from gateway.service.worker import Common, work

if TYPE_CHECKING:
    from gateway.config.load import Loaded
    from gateway.service.events import Events
    from gateway.service.systemd import Notifier

TURN_SECONDS: Final = 0.25
"""How often it is seen what is due."""
START_SECONDS: Final = 30.0
"""How long new workers may take to serve. They wait for the first look-up of names for two seconds at the most."""
TOO_SLOW: Final = f"it took more than {START_SECONDS:g} s"
LET_GO_SECONDS: Final = 2.0
"""How long a reload waits until the former workers accept no more: who connects behind it is served by the new ones."""
ANSWER_SECONDS: Final = 1.0
"""How long workers may take to tell how they are, before what they told last has to do."""
GRACE_SECONDS: Final = 3.0
"""How long workers may go on after the drain's deadline, at which they end by themselves."""
FORMER_GENERATIONS: Final = 4
"""Configurations whose workers may drain at a time: a reload waits until the oldest has ended."""
NOBODY_SECONDS: Final = 30.0
"""How long nobody may serve before the watchdog is told nothing any more, and systemd starts the whole anew."""
IN_ORDER: Final = "exit status 0"
STUCK: Final = "it is killed and replaced; standard error has where it hung: please report that"
GIVEN_UP: Final = "see how it ended; SIGHUP, by `systemctl reload`, or a restart tries again"


class Question:
    """The admin process has asked how the gateway is; workers are asked first."""

    def __init__(self, asker: Child, workers: Iterable[Child]) -> None:
        """Wait for these workers."""
        self.asker = asker
        self.open = {worker.pid for worker in workers}
        self.due = time.monotonic() + ANSWER_SECONDS


class Supervisor:
    """The gateway in several processes."""

    def __init__(
        self,
        again: "Callable[[], Loaded] | None",
        log: Log,
        notifier: "Notifier",
        common: Common,
    ) -> None:
        """Serve nobody yet; `again` reads the configuration anew."""
        self._again = again
        self._log = log
        self._notifier = notifier
        self._common = common
        self._crew = Crew()
        self._standing = Standing()
        self._prepared: Prepared
        """What workers are forked with: sockets, configuration, certificates."""
        self._held: tuple[Prepared, ...] = ()
        """That, and while it goes over to another, that too: nobody else may keep the sockets of these open."""
        self._seats: list[Seat] = []
        """Those of the workers of the present generation."""
        self._admin: tuple[socket.socket, Seat] | None = None
        """Whose process answers at the admin address, and the socket for that."""
        self._past: list[Snapshot] = []
        """What workers that have ended had counted; one at the most."""
        self._questions: list[Question] = []
        self._reloads: list[Child | None] = []
        """Who asked for a reload that is to come; None: a signal did."""
        self._renewal = Renewal()
        self._look_at = 0.0
        """When files are looked at next, as of `time.monotonic`."""
        self._served_at = time.monotonic()
        """When a worker was last seen to serve."""
        self._stops = 0
        """How often it was told to stop."""
        self._replaced = 0
        self._serving = self._draining = False

    @property
    def _events(self) -> "Events":
        events: Events = structlog.get_logger()
        return events

    # ------------------------------------------------------------------------------------------------------ start

    def run(self, loaded: "Loaded", prepared: Prepared) -> None:
        """Serve until told to stop.

        Raises:
            StartError: a worker could not start.
            NobodyServesError: later on, none is left.
        """
        self._standing.begin(loaded)
        try:
            self._go_over(prepared)
            ready(loaded.config, self._events)
            self._say_ready()
            while not self._stops:
                self._turn()
                while self._reloads and not self._stops:
                    asker = self._reloads.pop(0)
                    _answer_reload(asker, self._reload())
                self._see_whether_any_serves()
            self._drain()
            self._events.info("gateway.stopped")
        finally:
            self._crew.close()  # whoever is left hears of it when this process has ended, and ends in order

    def _go_over(self, prepared: Prepared) -> None:
        """Have new workers serve by a configuration, and after them those end that served by the former.

        Raises:
            StartError: they could not start. Those that serve still do.
        """
        before, self._held = self._held, (*self._held, prepared)
        try:
            seats = self._filled(prepared)
        except StartError:
            self._held = before
            raise
        former = [seat.child for seat in self._seats if seat.child is not None]
        left = [sock for each in before for sock in each.sockets.values() if sock not in prepared.sockets.values()]
        self._prepared, self._held, self._seats, self._serving = prepared, (prepared,), seats, True
        for each in former:
            each.dismiss()
        for sock in left:
            sock.close()
        self._admin_at(prepared)
        self._wait(LET_GO_SECONDS, lambda: all(each.ended or _has_let_go(each) for each in former))

    def _filled(self, prepared: Prepared) -> list[Seat]:
        """Return seats whose workers serve by a configuration.

        Raises:
            StartError: they could not start; there are none.
        """
        count = workers_of(prepared.config)
        tallies = Tallies(len(prepared.config.sites), count)
        fresh: list[Child] = []
        seats: list[Seat] = []
        failed = ""
        try:
            for nth in range(count):
                fork = partial(self._fork_worker, prepared, nth, count, tallies)
                seats.append(Seat(fork, fork()))
                fresh = [seat.child for seat in seats if seat.child is not None]
        except StartError as error:
            failed = str(error)
        else:
            self._wait(START_SECONDS, lambda: all(each.is_ready for each in fresh) or any(each.ended for each in fresh))
            if not all(each.is_ready for each in fresh):
                ended = (each.failed or each.ended for each in fresh if each.ended)
                failed = STOPS if self._stops else next(ended, TOO_SLOW)
        if failed:
            for each in fresh:
                if each.is_ready:
                    each.dismiss()  # clients may have come to it already
                else:
                    each.kill()
            self._wait(LET_GO_SECONDS, lambda: all(each.ended or _has_let_go(each) for each in fresh))
            raise MachineError(f"a worker could not start: {failed}")
        return seats

    def _fork_worker(self, prepared: Prepared, nth: int, of: int, tallies: Tallies) -> Child:
        child = Child("worker", nth, lambda: tallies.forget(nth))
        others = [sock for sock in self._sockets() if sock not in prepared.sockets.values()]
        self._crew.fork(
            child,
            lambda its: work(its, prepared, (nth, of), tallies, self._common),
            others,
            partial(self._hear_worker, child),
        )
        return child

    def _admin_at(self, prepared: Prepared) -> None:
        """Have a process answer at the admin address of a configuration, and nowhere else."""
        former, sock = self._admin, prepared.admin
        if former is not None and former[0] is not sock:
            if former[1].child is not None:
                former[1].child.dismiss()
            former[0].close()
            self._admin = None
        elif former is not None and former[1].is_given_up:
            self._admin = None
        if sock is not None and self._admin is None:
            seat = Seat(partial(self._fork_admin, prepared, sock))
            self._admin = sock, seat
            seat.fill(time.monotonic())  # where there is no room for it now, it is tried again

    def _fork_admin(self, prepared: Prepared, sock: socket.socket) -> Child:
        child = Child("admin", 0)
        others = [each for each in self._sockets() if each is not sock]
        self._crew.fork(
            child,
            lambda its: answer(its, prepared.config, sock, self._common),
            others,
            partial(self._hear_admin, child),
        )
        return child

    def _sockets(self) -> list[socket.socket]:
        """Return every socket that clients come to: each child has its own, and has to leave the others alone."""
        admin = [] if self._admin is None else [self._admin[0]]
        every = [sock for each in self._held for sock in (*each.sockets.values(), each.admin) if sock is not None]
        return list(dict.fromkeys((*every, *admin)))

    def _workers(self) -> list[Child]:
        """Return all workers there are, those that drain too."""
        return [child for child in self._crew if child.name == "worker"]

    # ------------------------------------------------------------------------------------------------------ watch

    def _turn(self) -> None:
        """Wait for what comes next, and do what is due."""
        for child in self._crew.turn(TURN_SECONDS):
            self._has_ended(child)
        self._heed_signals()
        now = time.monotonic()
        self._tell_watchdog(now)
        self._standing.remind(now)
        if self._seats and now >= self._look_at:
            self._look_at = now + LOOK_SECONDS
            self._look()
        for child in self._crew:
            if child.end_if_stuck(now):
                self._events.error("process.stuck", what=child.name, pid=child.pid, remedy=STUCK)
        for seat in self._all_seats():
            if not self._draining and seat.fill(now) and seat.child is not None:
                self._events.info("process.replaced", what=seat.child.name, pid=seat.child.pid)
        for question in [each for each in self._questions if not each.open or each.due <= now]:
            self._questions.remove(question)
            question.asker.link.say(Word.TOLD, encode(self._snapshot()))

    def _tell_watchdog(self, now: float) -> None:
        """Tell that all is well, unless nobody has served for long."""
        if any(worker.is_ready for worker in self._workers()):
            self._served_at = now
        if now - self._served_at < NOBODY_SECONDS:
            self._notifier.alive(now)

    def _heed_signals(self) -> None:
        for number in self._crew.signals:
            if number == signal.SIGHUP:
                self._asked_for_reload(None)
            elif number in {signal.SIGTERM, signal.SIGINT}:
                self._stops += 1
        self._crew.signals.clear()

    def _look(self) -> None:
        """See what is in files now: certificates for workers that are forked from now on, and the configuration."""
        prepared = self._prepared
        shown = {place: Shown(each, prepared.identities[place]) for place, each in prepared.listeners.items()}
        try:
            found = self._renewal.look(shown, datetime.now(UTC))
            changed = prepared.config.reload_on_change and self._standing.files.look()
        except Exception as error:  # noqa: BLE001 - a fault of ours in looking must not end whoever serves
            self._events.error("internal.error", error=where(error))
            return
        prepared.identities.update(found.renewed)
        tell(found.events)
        if changed:
            self._asked_for_reload(None)

    def _wait(self, seconds: float, condition: Callable[[], bool]) -> None:
        """Go on until something is so, or a time has passed; a reload does not wait on when it is told to stop."""
        until = time.monotonic() + seconds
        while not condition() and time.monotonic() < until:
            if self._stops and self._seats and not self._draining:
                break
            self._turn()

    def _has_ended(self, child: Child) -> None:
        """Note that a child has ended, and have another take its place where that was not asked for."""
        child.over()
        snapshot = child.snapshot
        if snapshot is not None:
            self._past = [past([*self._past, snapshot])]
        for question in self._questions:
            question.open.discard(child.pid)
        self._questions = [each for each in self._questions if each.asker is not child]
        seat = next((seat for seat in self._all_seats() if seat.child is child), None)
        if seat is None or self._draining:
            if child.dismissed and child.ended != IN_ORDER:
                self._events.error("process.ended", what=child.name, pid=child.pid, how=child.failed or child.ended)
            return
        seat.vacate(time.monotonic())
        how = child.failed or child.ended
        self._replaced += child.name == "worker"
        self._events.error("process.ended", what=child.name, pid=child.pid, how=how)
        if seat.is_given_up:
            self._events.error("process.given_up", what=child.name, how=how, remedy=GIVEN_UP)

    def _all_seats(self) -> list[Seat]:
        return self._seats if self._admin is None else [*self._seats, self._admin[1]]

    def _see_whether_any_serves(self) -> None:
        """End where nobody serves, and nobody will.

        Raises:
            NobodyServesError
        """
        if all(seat.is_given_up for seat in self._seats):
            raise NobodyServesError("no worker can be started: the log says how each of them ended")

    # --------------------------------------------------------------------------------------------- what is asked

    def _hear_worker(self, worker: Child, word: Word, octets: bytes) -> None:
        worker.hear(word, octets)
        if word is Word.TOLD:
            for question in self._questions:
                question.open.discard(worker.pid)

    def _hear_admin(self, admin: Child, word: Word, octets: bytes) -> None:
        match word:
            case Word.ASK:
                self._questions.append(Question(admin, [each for each in self._workers() if each.is_ready]))
                for worker in self._workers():
                    worker.link.say(Word.ASK)
            case Word.RELOAD:
                self._asked_for_reload(admin)
            case _:
                admin.hear(word, octets)

    def _snapshot(self) -> Snapshot:
        """Return how all of them are, as far as is known."""
        workers = [worker.snapshot for worker in self._workers()]
        frame = replace(
            frame_of(self._prepared, self._standing, self._renewal.broken),
            serving=self._serving and any(each.is_ready and not each.dismissed for each in self._workers()),
            draining=self._draining,
            replaced=self._replaced,
        )
        return merged(frame, [each for each in (*workers, *self._past) if each is not None])

    def _say_ready(self) -> None:
        self._notifier.ready(self._standing.line(len(self._prepared.config.sites)))

    # ----------------------------------------------------------------------------------------------- reload, end

    def _asked_for_reload(self, asker: Child | None) -> None:
        if self._draining:
            _answer_reload(asker, Reloaded((), STOPS))
        elif asker is not None or None not in self._reloads:  # one comes after all the signals that have come by now
            self._reloads.append(asker)

    def _reload(self) -> Reloaded:
        """Go over to the configuration on disk; on any mistake stay with the one in force."""
        if self._again is None:
            return no_file()
        self._notifier.reloading()
        # Before anything is had for another: whoever is started meanwhile would keep that open.
        drain_seconds = self._prepared.config.drain_seconds
        self._wait(drain_seconds, lambda: self._former() < FORMER_GENERATIONS)
        try:
            loaded, before = self._again(), self._prepared
            self._standing.files.were_read(loaded.sources)
            config = loaded.config
            fresh = prepare(config, before.sockets, before.config.admin, workers=workers_of(config))
            kept = {place: sock for place, sock in before.sockets.items() if place in fresh.listeners}
            admin = before.admin if config.admin == before.config.admin else fresh.admin
            try:
                self._go_over(replace(fresh, sockets=kept | fresh.sockets, admin=admin))
            except StartError:
                fresh.close()
                raise
            self._log.configured(config)
            return self._standing.adopted(before.config, loaded)
        except ConfigError as error:
            self._standing.files.were_read(error.sources)
            return self._standing.failed("\n".join(map(str, error.mistakes)))
        except StartError as error:
            return Reloaded((), STOPS) if self._stops else self._standing.failed(str(error))
        except Exception as error:  # noqa: BLE001 - a fault of ours in reading must not end whoever serves
            return self._standing.failed(f"a fault of the gateway's own: {where(error)}")
        finally:
            self._say_ready()

    def _former(self) -> int:
        """Return how many workers drain on one seat: that many configurations are in the past, and not over yet."""
        drain = Counter(worker.seat for worker in self._workers() if worker.dismissed)
        return max(drain.values(), default=0)

    def _drain(self) -> None:
        """Serve what is under way, and end; at once where it is told so twice, and at the drain's deadline."""
        self._draining, config = True, self._prepared.config
        for asker in self._reloads:
            _answer_reload(asker, Reloaded((), STOPS))
        self._notifier.stopping()
        if config.drain_delay_seconds:
            self._events.info("gateway.leaving", seconds=config.drain_delay_seconds)
            for worker in self._workers():
                worker.link.say(Word.LEAVE)
            self._wait(config.drain_delay_seconds, lambda: self._stops > 1)
        for worker in self._workers():
            worker.dismiss()
        for sock in self._prepared.sockets.values():
            sock.close()  # or the kernel would go on taking connections for us
        self._wait(LET_GO_SECONDS, lambda: all(map(_has_let_go, self._workers())) or self._stops > 1)
        self._events.info("gateway.draining", seconds=config.drain_seconds)
        self._wait(config.drain_seconds + GRACE_SECONDS, lambda: not self._workers() or self._stops > 1)
        for worker in self._workers():
            worker.link.say(Word.CUT)
        self._wait(GRACE_SECONDS, lambda: not self._workers())
        for child in self._crew:
            child.dismiss()  # who is asked how the gateway is ends last
        self._wait(GRACE_SECONDS, lambda: not tuple(self._crew))
        for child in self._crew:
            child.kill()


def _has_let_go(worker: Child) -> bool:
    """Tell whether a worker accepts no more, as far as it has told."""
    snapshot = worker.snapshot
    return snapshot is not None and not snapshot.status.serving


def _answer_reload(asker: Child | None, came: Reloaded) -> None:
    """Tell who asked for a reload what came of it; a signal asks to be told nothing."""
    if asker is not None and not asker.ended:
        asker.link.say(Word.RELOAD, reloaded_octets(came))
