"""Several workers, and one process that starts, watches and replaces them, and owns the addresses; it serves nobody.

It has no event loop and no thread, so that it can fork: a worker is this process as it was at that moment, with the
configuration, certificates and sockets it had. None of them has to be had anew, whatever the files on disk hold then.
"""

import signal
import socket
import time
from collections import Counter
from collections.abc import Callable, Collection
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Final

from gateway.config.model import ConfigError
from gateway.relay.fault import where
from gateway.service.admin_process import answer, reloaded_octets
from gateway.service.census import Census
from gateway.service.cores import workers_of
from gateway.service.crew import Child, Crew, Run
from gateway.service.events import EVENTS, ready, unused
from gateway.service.following import LOOK_SECONDS
from gateway.service.generation import START_SECONDS, Generation, generation_of
from gateway.service.link import Word, fault_of
from gateway.service.prepare import MachineError, Prepared, RestartError, StartError, prepare
from gateway.service.renewal import Renewal, Shown, tell
from gateway.service.seats import Seat, Seats
from gateway.service.snapshot import Snapshot, frame_of
from gateway.service.standing import STOPS, Log, Reloaded, Standing, no_file

if TYPE_CHECKING:
    from gateway.config.load import Loaded
    from gateway.service.systemd import Notifier
    from gateway.service.worker import Common

TURN_SECONDS: Final = 0.25
"""How often it is seen what is due."""
LET_GO_SECONDS: Final = 2.0
"""How long a reload waits until the former workers accept no more: who connects behind it is served by the new ones."""
GRACE_SECONDS: Final = 3.0
"""How long workers may go on after the drain's deadline, at which they end by themselves."""
FORMER_GENERATIONS: Final = 4
"""Configurations whose workers may drain at a time: a reload waits until the oldest has ended."""
NOBODY_SECONDS: Final = 30.0
"""How long nobody may serve before the watchdog is told nothing any more, and systemd starts the whole anew."""
STUCK: Final = "it is killed and replaced; standard error has where it hung: please report that"


class Supervisor:
    """The gateway in several processes."""

    def __init__(
        self,
        again: "Callable[[], Loaded] | None",
        log: Log,
        notifier: "Notifier",
        common: "Common",
    ) -> None:
        """Serve nobody yet; `again` reads the configuration anew."""
        self._again = again
        self._log = log
        self._notifier = notifier
        self._common = common
        self._crew = Crew()
        self._seats = Seats()
        self._census = Census()
        self._standing = Standing()
        self._renewal = Renewal()
        self._present: Generation
        """The one that serves."""
        self._held: tuple[Generation, ...] = ()
        """That, and while it is to give way to another, that too: nobody else may keep the sockets of these open."""
        self._admin: tuple[socket.socket, Seat] | None = None
        """Whose process answers at the admin address, and the socket for that."""
        self._reloads: list[Child | None] = []
        """Who asked for a reload that is to come; None: a signal did."""
        self._look_at = 0.0
        """When files are looked at next, as of `time.monotonic`."""
        self._served_at = time.monotonic()
        """When a worker was last seen to serve."""
        self._stops = 0
        """How often it was told to stop."""
        self._draining = False

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
            unused(prepared)
            ready(loaded.config)
            self._say_ready()
            while not self._stops:
                self._turn()
                while self._reloads and not self._stops:
                    asker = self._reloads.pop(0)
                    _answer_reload(asker, self._reload())
                self._seats.check()
            self._drain()
            EVENTS.info("gateway.stopped")
        finally:
            self._crew.close()  # whoever is left hears of it when this process has ended, and ends in order

    def _go_over(self, prepared: Prepared) -> None:
        """Have new workers serve by a configuration, and after them those end that served by the former.

        Raises:
            StartError: they could not start. Those that serve still do.
        """
        former, fresh = self._held, generation_of(prepared, self._fork, self._common)
        self._held = (*former, fresh)
        try:
            self._start(fresh)
        except StartError:
            self._held = former
            raise
        self._present, self._held, self._seats.workers = fresh, (fresh,), fresh.seats
        self._census.adopt(site.name for site in prepared.config.sites)
        for each in former:
            each.dismiss()
            for place, sock in each.prepared.sockets.items():
                if prepared.sockets.get(place) is not sock:
                    sock.close()
        self._admin_at(prepared)
        self._wait(LET_GO_SECONDS, lambda: all(each.has_let_go() for each in former))

    def _start(self, fresh: Generation) -> None:
        """Have the workers of a generation serve.

        Raises:
            StartError: they could not start; there are none.
        """
        try:
            fresh.start()
        except StartError as error:
            failure = str(error)
        else:
            self._wait(START_SECONDS, fresh.has_started)
            failure = fresh.failure()
            if failure and self._stops:
                failure = STOPS
        if failure:
            fresh.abandon()
            self._wait(LET_GO_SECONDS, fresh.has_let_go)
            raise MachineError(f"a worker could not start: {failure}")

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
        self._seats.admin = None if self._admin is None else self._admin[1]

    def _fork_admin(self, prepared: Prepared, sock: socket.socket) -> Child:
        child = Child("admin", 0)
        self._fork(child, lambda its: answer(its, prepared.config, sock, self._common), (sock,))
        return child

    def _fork(self, child: Child, run: Run, its: Collection[socket.socket]) -> None:
        """Start a child, which has these of all the sockets that clients come to, and leaves the others alone.

        Raises:
            StartError: the machine has no room for it.
        """
        admin = [] if self._admin is None else [self._admin[0]]
        every = {*admin, *(sock for each in self._held for sock in each.prepared.every_socket)}
        others = [sock for sock in every if sock not in its]
        self._crew.fork(child, run, others, partial(self._hear, child))

    def _workers(self) -> list[Child]:
        """Return all workers there are, those that drain too."""
        return [child for child in self._crew if child.name == "worker"]

    # ------------------------------------------------------------------------------------------------------ watch

    def _turn(self) -> None:
        """Wait for what comes next, and do what is due."""
        for child in self._crew.turn(TURN_SECONDS):
            self._census.has_ended(child)
            self._seats.has_ended(child)
        self._heed_signals()
        now = time.monotonic()
        self._tell_watchdog(now)
        self._standing.remind(now)
        if self._seats.workers and now >= self._look_at:
            self._look_at = now + LOOK_SECONDS
            self._look()
        for child in self._crew:
            if child.end_if_stuck(now):
                EVENTS.error("process.stuck", what=child.name, pid=child.pid, remedy=STUCK)
        self._seats.fill(now)
        self._census.answer(now, self._snapshot)

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
        prepared = self._present.prepared
        shown = {place: Shown(each, prepared.identities[place]) for place, each in prepared.listeners.items()}
        try:
            found = self._renewal.look(shown, datetime.now(UTC))
            changed = prepared.config.reload_on_change and self._standing.files.look()
        except Exception as error:  # noqa: BLE001 - a fault of ours in looking must not end whoever serves
            EVENTS.error("internal.error", error=where(error))
            return
        prepared.identities.update(found.renewed)
        tell(found.events)
        if changed:
            self._asked_for_reload(None)

    def _wait(self, seconds: float, condition: Callable[[], bool]) -> None:
        """Go on until something is so, or a time has passed; a reload does not wait on when it is told to stop."""
        until = time.monotonic() + seconds
        while not condition() and time.monotonic() < until:
            if self._stops and self._seats.workers:
                break
            self._turn()

    # --------------------------------------------------------------------------------------------- what is asked

    def _hear(self, child: Child, word: Word, octets: bytes) -> None:
        """Take what a child says."""
        match word:
            case Word.ASK:
                self._census.ask(child, [each for each in self._workers() if each.is_ready])
            case Word.RELOAD:
                self._asked_for_reload(child)
            case Word.ANSWERED:
                self._census.answered(child, octets)
            case Word.READY | Word.FAILED | Word.TOLD | Word.ALIVE:
                child.hear(word, octets)
            case _:
                EVENTS.error("internal.error", error=fault_of(word, f"{child.name} process"))

    def _snapshot(self) -> Snapshot:
        """Return how all of them are, as far as is known."""
        workers = self._workers()
        frame = replace(
            frame_of(self._present.prepared, self._standing, self._renewal.broken),
            serving=any(each.is_ready and not each.dismissed for each in workers),
            draining=self._draining,
            replaced=self._seats.replaced,
        )
        return self._census.whole(frame, workers)

    def _say_ready(self) -> None:
        self._notifier.ready(self._standing.line(len(self._present.prepared.config.sites)))

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
        drain_seconds = self._present.prepared.config.drain_seconds
        self._wait(drain_seconds, lambda: self._former() < FORMER_GENERATIONS)
        try:
            loaded, before = self._again(), self._present.prepared
            self._standing.files.were_read(loaded.sources)
            config = loaded.config
            fresh = prepare(config, before.sockets, before.config.admin, before.inherited, workers_of(config))
            kept = {place: sock for place, sock in before.sockets.items() if place in fresh.listeners}
            admin = before.admin if config.admin == before.config.admin else fresh.admin
            try:
                self._go_over(replace(fresh, sockets=kept | fresh.sockets, admin=admin))
            except StartError:
                fresh.close()
                raise
            self._log.configured(config)
            unused(fresh)
            return self._standing.adopted(before.config, loaded)
        except ConfigError as error:
            self._standing.files.were_read(error.sources)
            return self._standing.failed("\n".join(map(str, error.mistakes)))
        except StartError as error:
            if self._stops:
                return Reloaded((), STOPS)
            return self._standing.failed(str(error), restart_helps=isinstance(error, RestartError))
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
        self._draining, config = True, self._present.prepared.config
        self._seats.leave()
        for asker in self._reloads:
            _answer_reload(asker, Reloaded((), STOPS))
        self._notifier.stopping()
        if config.drain_delay_seconds:
            EVENTS.info("gateway.leaving", seconds=config.drain_delay_seconds)
            for worker in self._workers():
                worker.link.say(Word.LEAVE)
            self._wait(config.drain_delay_seconds, lambda: self._stops > 1)
        for worker in self._workers():
            worker.dismiss()
        for sock in (*self._present.prepared.sockets.values(), *self._present.prepared.inherited):
            sock.close()  # or the kernel would go on taking connections for us
        self._wait(LET_GO_SECONDS, lambda: all(each.has_let_go for each in self._workers()) or self._stops > 1)
        EVENTS.info("gateway.draining", seconds=config.drain_seconds)
        self._wait(config.drain_seconds + GRACE_SECONDS, lambda: not self._workers() or self._stops > 1)
        for worker in self._workers():
            worker.link.say(Word.CUT)
        self._wait(GRACE_SECONDS, lambda: not self._workers())
        for child in self._crew:
            child.dismiss()  # who is asked how the gateway is ends last
        self._wait(GRACE_SECONDS, lambda: not tuple(self._crew))
        for child in self._crew:
            child.kill()


def _answer_reload(asker: Child | None, came: Reloaded) -> None:
    """Tell who asked for a reload what came of it; a signal asks to be told nothing."""
    if asker is not None and not asker.ended:
        asker.link.say(Word.RELOAD, reloaded_octets(came))
