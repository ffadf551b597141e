"""From a loaded configuration to exit: what has to be there, one process or several, signals."""

import asyncio
import os
import signal
import sys
import traceback
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from gateway.relay.gateway import Gateway, new_loop_name
from gateway.service.cores import workers_of
from gateway.service.events import EVENTS, hinter, ready
from gateway.service.library import LibraryError, check_installed
from gateway.service.log import ServiceLog, renderer
from gateway.service.loops import loop_factory
from gateway.service.output import LogWriter, standard_output
from gateway.service.prepare import MachineError, NobodyServesError, Prepared, StartError, prepare
from gateway.service.process import Process
from gateway.service.signals import STOPS, heed
from gateway.service.systemd import Notifier, inherited_sockets

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable, Sequence

    from gateway.config.load import Loaded

CANNOT_GO_ON: Final = 3
"""Exit status after which systemd tries again: it cannot go on serving, or the machine has no room for it now."""


def run(loaded: "Loaded", again: "Callable[[], Loaded] | None" = None) -> int:
    """Serve until told to stop; `again` reads the configuration anew, for SIGHUP.

    Return the exit status: 0 after an orderly stop, 1 if it could not start, 3 if it cannot go on.
    """
    try:
        check_installed()
        open_standard_streams()
        workers = workers_of(loaded.config)
        start = Start(loaded, again, Notifier(os.environ), inherited_sockets(os.environ), workers)
        if workers == 1:
            with asyncio.Runner(loop_factory=loop_factory()) as runner:
                runner.run(_serve(start))
        else:
            _supervise(start)
    except (StartError, LibraryError) as error:
        print(f"cors-gateway cannot start: {error}", file=sys.stderr)  # noqa: T201 - the log may not be up yet
        return CANNOT_GO_ON if isinstance(error, MachineError) else 1
    except NobodyServesError as error:
        print(f"cors-gateway cannot go on: {error}", file=sys.stderr)  # noqa: T201 - the log may not be up any more
        return CANNOT_GO_ON
    except Exception:  # noqa: BLE001 - a fault of ours: 1 would have systemd leave it at that
        traceback.print_exc()
        return CANNOT_GO_ON
    return 0


def open_standard_streams() -> None:
    """Give descriptors 0 to 2 to /dev/null where they are closed: other files would get them, and what is printed."""
    descriptor = os.open(os.devnull, os.O_RDWR)
    while descriptor <= STANDARD_ERROR:
        descriptor = os.dup(descriptor)
    os.close(descriptor)


STANDARD_ERROR: Final = 2
"""Its file descriptor."""


@dataclass(frozen=True, slots=True)
class Start:
    """What there is at first."""

    loaded: "Loaded"
    again: "Callable[[], Loaded] | None"
    notifier: Notifier
    inherited: "Sequence[socket.socket]"
    """Those that systemd keeps."""
    workers: int

    def prepared(self) -> Prepared:
        """Have all that the configuration needs.

        Raises:
            StartError: something of it cannot be had.
        """
        return prepare(self.loaded.config, inherited=self.inherited, workers=self.workers)


def _supervise(start: Start) -> None:
    """Serve with several processes."""
    # Where processes cannot be forked, what these need is not there either.
    from gateway.service.supervisor import Supervisor  # noqa: PLC0415
    from gateway.service.turns import DirectWriter, Turns  # noqa: PLC0415
    from gateway.service.worker import Common  # noqa: PLC0415

    stream, turns = standard_output(), Turns()
    log = ServiceLog(stream, DirectWriter(stream, turns), start.loaded.config)
    common = Common(stream, turns, new_loop_name())
    supervisor = Supervisor(start.again, log, start.notifier, common)  # it heeds signals from now on
    supervisor.run(start.loaded, start.prepared())


async def _serve(start: Start) -> None:
    """Serve with this process."""
    stream, config = standard_output(), start.loaded.config
    writer = LogWriter(stream, renderer(config.log, stream))
    log = ServiceLog(stream, writer, config)
    try:
        gateway = log.gateway = Gateway(config, done=log.requests, hint=hinter())
        process = Process(gateway, start.again, log, start.notifier)
        stop, cut = _signalled(process)
        process.standing.begin(start.loaded)
        await process.start(start.prepared())
        ready(config)
        await stop.wait()
        await process.stop(cut)
        EVENTS.info("gateway.stopped")
        await asyncio.sleep(0)  # the sockets that were cut just now are closed in the loop's next pass
    finally:
        writer.close()


async def _reload(process: Process) -> None:
    await process.reload()


def _signalled(process: Process) -> tuple[asyncio.Event, asyncio.Event]:
    """Return what the first signal to stop sets, and what the second does; SIGHUP reloads."""
    loop = asyncio.get_running_loop()
    stop, cut = asyncio.Event(), asyncio.Event()
    reloads: set[asyncio.Task[None]] = set()

    def signalled() -> None:
        (cut if stop.is_set() else stop).set()

    def reload() -> None:
        task = loop.create_task(_reload(process))
        reloads.add(task)
        task.add_done_callback(reloads.discard)

    for number in STOPS:
        heed(number, signalled)
    if hasattr(signal, "SIGHUP"):  # not on Windows
        heed(signal.SIGHUP, reload)
    return stop, cut
