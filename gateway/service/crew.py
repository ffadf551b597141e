"""Processes that are forked from this one, which has no thread and no event loop: started, heard, watched, reaped."""

import faulthandler
import gc
import os
import selectors
import signal
import socket
import time
import traceback
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import suppress
from typing import Final, NoReturn

from gateway.service.link import Link, Word, frame
from gateway.service.prepare import MachineError, StartError
from gateway.service.snapshot import Snapshot, decode

STUCK_SECONDS: Final = 15.0
"""Silence of a child after which its loop is taken to turn no more: fifteen heartbeats."""
TRACE_SECONDS: Final = 2.0
"""How long it has for what follows, and for showing that it was not it that stood still, but the machine."""
TRACE: Final = signal.SIGUSR1
"""Has a worker write to standard error where it is, before it is killed: without, nobody could mend the fault."""
STANDARD_ERROR: Final = 2
"""Its file descriptor: `sys.stderr` may not be there."""
LAST_WORD_SECONDS: Final = 1.0
"""How long a child that ends tries to tell why."""

Run = Callable[[socket.socket], None]
"""What a child does; the socket leads to this process."""


class Child:
    """One process."""

    def __init__(self, name: str, seat: int, over: Callable[[], None] = lambda: None) -> None:
        """Describe a process that is about to be forked; of workers, `seat` is the number from 0.

        `over` is called once it has ended.
        """
        self.name = name
        self.over = over
        self.seat = seat
        self.pid = 0
        self.link: Link
        self.heard = time.monotonic()
        """When it last told anything."""
        self.ready_at: float | None = None
        """When it began to serve, as of `time.monotonic`."""
        self.told = b""
        """How it was when it last told, as `encode` writes it."""
        self.failed = ""
        """Why it could not start, as it says itself."""
        self.dismissed = False
        """It was told to end."""
        self.ended = ""
        """How it ended: `killed by SIGKILL`, `exit status 1`."""
        self._traced_at: float | None = None

    @property
    def snapshot(self) -> Snapshot | None:
        """Return how it was when it last told, if it did."""
        return decode(self.told) if self.told else None

    @property
    def is_ready(self) -> bool:
        """Tell whether it serves."""
        return self.ready_at is not None and not self.ended

    @property
    def has_let_go(self) -> bool:
        """Tell whether it accepts no more, as far as it has told."""
        snapshot = self.snapshot
        return bool(self.ended) or (snapshot is not None and not snapshot.status.serving)

    def hear(self, word: Word, octets: bytes) -> None:
        """Take what it says of itself."""
        self.heard, self._traced_at = time.monotonic(), None  # it was the machine that stood still
        match word:
            case Word.READY:
                self.ready_at = self.heard
            case Word.FAILED:
                self.failed = octets.decode()
            case Word.TOLD:
                self.told = octets
            case _:
                pass

    def dismiss(self) -> None:
        """Have it serve what is under way, and end."""
        self.dismissed = True
        self.link.say(Word.DRAIN)

    def kill(self) -> None:
        """End it now."""
        if not self.ended:  # until then its number is nobody else's
            os.kill(self.pid, signal.SIGKILL)

    def end_if_stuck(self, now: float) -> bool:
        """Kill it where it was silent for too long; it says where it hangs first, if it can. Tell when it is begun."""
        if now - self.heard < (STUCK_SECONDS if self.ready_at is not None else 2 * STUCK_SECONDS):
            return False
        if self._traced_at is None:
            self._traced_at = now
            os.kill(self.pid, TRACE)
            return True
        if now - self._traced_at >= TRACE_SECONDS:
            self.kill()
        return False


class Crew:
    """The children there are."""

    def __init__(self) -> None:
        """Hear signals from now on; nobody is forked yet."""
        self._selector = selectors.DefaultSelector()
        self._children: dict[int, Child] = {}
        self.signals: list[int] = []
        """Those to this process that came, and that nobody has taken yet."""
        self._woken, self._wakes = socket.socketpair()
        for sock in (self._woken, self._wakes):
            sock.setblocking(False)  # noqa: FBT003 - the standard library's signature
        signal.set_wakeup_fd(self._wakes.fileno(), warn_on_full_buffer=False)
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGCHLD):
            signal.signal(number, _noted)
        self._selector.register(self._woken, selectors.EVENT_READ, self._wake)

    def __iter__(self) -> Iterator[Child]:
        """Go through the children there are now."""
        return iter(tuple(self._children.values()))

    def fork(
        self, child: Child, run: Run, others: Iterable[socket.socket], hear: Callable[[Word, bytes], None]
    ) -> None:
        """Start a child; `others` are the sockets of this process that are none of its business.

        Raises:
            StartError: the machine has no room for it.
        """
        gc.freeze()  # or the child's collector would write to every page that it shares with us
        blocked = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM, signal.SIGINT, signal.SIGHUP})
        try:
            ours, its = socket.socketpair()
            pid = os.fork()
            if not pid:
                self._become(run, its, (ours, *others), blocked)
        except OSError as error:
            raise MachineError(f"no further process can be had: {error.strerror}") from error
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, blocked)
            gc.unfreeze()
        its.close()
        child.pid = pid
        child.link = Link(self._selector, ours, hear)
        self._children[pid] = child

    def _become(
        self, run: Run, its: socket.socket, others: Iterable[socket.socket], blocked: Collection[int]
    ) -> NoReturn:
        """Be a child from now on, until it ends: there is no way back into what its parent was doing."""
        status = 1
        try:
            last = its.dup()
            for sock in others:
                sock.close()
            signal.set_wakeup_fd(-1)
            for number, handler in _SIGNALS_OF_CHILDREN.items():
                signal.signal(number, handler)
            signal.pthread_sigmask(signal.SIG_SETMASK, blocked)
            faulthandler.register(TRACE, STANDARD_ERROR, all_threads=True)
            for each in self:
                each.link.leave()  # or their other ends would not see that the supervisor is gone
            self._selector.close()
            self._woken.close()
            self._wakes.close()
            try:
                run(its)
                status = 0
            except BaseException as error:  # noqa: BLE001 - told, and then the process ends
                _tell_why(last, error)
        finally:
            os._exit(status)

    def turn(self, seconds: float) -> list[Child]:
        """Wait so long, at the most, for what children say, for signals and ends; return those that have ended."""
        for key, events in self._selector.select(max(0.0, seconds)):
            key.data(events)
        ended = [child for child in self if self._has_ended(child)]
        for child in ended:
            child.link.read()
            child.link.close()
            del self._children[child.pid]
            child.over()
        return ended

    def close(self) -> None:
        """Hear no more signals."""
        signal.set_wakeup_fd(-1)
        self._selector.close()
        self._woken.close()
        self._wakes.close()

    def _has_ended(self, child: Child) -> bool:
        pid, status = os.waitpid(child.pid, os.WNOHANG)
        if not pid:
            return False
        code = os.waitstatus_to_exitcode(status)
        child.ended = f"killed by {_name_of(-code)}" if code < 0 else f"exit status {code}"
        return True

    def _wake(self, _events: int) -> None:
        try:
            while octets := self._woken.recv(64):
                self.signals += [number for number in octets if number != signal.SIGCHLD]
        except BlockingIOError:
            pass


def _noted(_number: int, _frame: object) -> None:
    """Do nothing: the number is written to the wake-up descriptor, and read in its turn."""


def _name_of(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:  # one of the realtime ones
        return f"signal {number}"


def _tell_why(supervisor: socket.socket, error: BaseException) -> None:
    """Tell why a child ends: a start that failed for a reason of its own in a line, any other fault in full."""
    with suppress(OSError):
        supervisor.settimeout(LAST_WORD_SECONDS)
        supervisor.sendall(frame(Word.FAILED, (str(error) or type(error).__name__).encode()))
    if not isinstance(error, StartError):
        with suppress(OSError):
            os.write(STANDARD_ERROR, "".join(traceback.format_exception(error)).encode("utf-8", "backslashreplace"))


_SIGNALS_OF_CHILDREN: Final = {
    signal.SIGTERM: signal.SIG_DFL,  # until the child knows better
    signal.SIGINT: signal.SIG_IGN,  # Ctrl-C reaches all of a terminal's processes: the supervisor says what to do
    signal.SIGHUP: signal.SIG_IGN,
    signal.SIGCHLD: signal.SIG_DFL,
}
