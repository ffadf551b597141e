"""Measures one system: started, alone or beside others that wait, warmed up, loaded, and read from /proc."""

import math
import os
import socket
import subprocess
import time
from collections.abc import Generator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Final

from tests.bench.check import UPSTREAM_GONE, wrong
from tests.bench.figures import Measure
from tests.bench.idle import ask, kept
from tests.bench.load import Result, load
from tests.bench.place import NAME, Place
from tests.bench.systems import System
from tests.bench.tree import Tree
from tests.bench.workloads import GB, Kind, Workload
from tests.real.processes import LOOPBACK, accepts, end, running

STARTED_WITHIN_SECONDS: Final = 20.0
POLL_SECONDS: Final = 0.001
WARM_UP_SECONDS: Final = 0.4
WARM_UP_CONNECTIONS: Final = 100
"""Opened and closed before the memory of idle ones is counted, so that what is there once is not counted for each."""
FIRST: Final = f"GET / HTTP/1.1\r\nHost: {NAME}\r\n\r\n".encode()


@contextmanager
def upstream(place: Place) -> Generator[None]:
    """Run the upstream beside the load."""
    command = ("taskset", "-c", str(place.load_core), str(place.shared / "upstream"), str(place.upstream))
    with running(command, place.shared / "upstream.log", lambda: accepts(place.upstream)):
        yield


@dataclass(frozen=True, slots=True)
class Started:
    """A system that has given its first answer."""

    tree: Tree
    seconds: float
    """How long that took."""


@contextmanager
def started(system: System, place: Place, *, log: bool) -> Generator[Started]:
    """Start a system on its core, wait for the first answer, and end it with the block."""
    place.access_log.unlink(missing_ok=True)
    command = system.prepare(place, log=log)
    if not system.both_cores:
        command = ["taskset", "-c", str(place.proxy_core), *command]
    home = {"HOME": str(place.folder), "XDG_CONFIG_HOME": str(place.folder), "XDG_DATA_HOME": str(place.folder)}
    home["PYTHONDONTWRITEBYTECODE"] = ""  # an installed program is compiled once, and not at each start
    output = place.folder / f"{system.name}.output"
    with output.open("wb") as file:
        began = time.monotonic()
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            env={**os.environ, **home, **system.environment},
        )
        try:
            while not answers(place.plain):
                if process.poll() is not None or time.monotonic() - began > STARTED_WITHIN_SECONDS:
                    raise ChildProcessError(f"{system.name} does not answer:\n{output.read_text('utf-8', 'replace')}")
                time.sleep(POLL_SECONDS)
            yield Started(Tree(process.pid), time.monotonic() - began)
        finally:
            end(process)


def answers(port: int) -> bool:
    """Tell whether something answers a request."""
    try:
        with socket.create_connection((LOOPBACK, port), timeout=STARTED_WITHIN_SECONDS) as sock:
            return ask(sock, FIRST).startswith(b"HTTP/1.1 200")
    except OSError:
        return False


def checked(system: System, place: Place) -> list[str]:
    """Return what a system gets wrong, with the upstream there and without."""
    with ExitStack() as stack:
        with upstream(place):
            stack.enter_context(started(system, place, log=True))
            found = wrong(place.plain)
        return [*found, *wrong(place.plain, (UPSTREAM_GONE,))]


def alone(system: System, workload: Workload, place: Place) -> dict[Measure, float]:
    """Start a system while no other runs, with which it would share memory; return what it takes, and is kept idle."""
    with started(system, place, log=True) as running_system:
        tree = running_system.tree
        values = {Measure.START: running_system.seconds, Measure.IDLE: float(tree.proportional_octets())}
        if workload.kind is Kind.IDLE:
            values[Measure.CONNECTION] = _per_connection(tree, workload, place.tls if workload.tls else place.plain)
        return values


class Loaded:
    """A system that runs and is warm, to be loaded again and again."""

    def __init__(self, tree: Tree, workload: Workload, place: Place, seconds: float) -> None:
        """Warm it up."""
        self._tree = tree
        self._workload = workload
        self._place = place
        self._seconds = seconds
        self._port = place.tls if workload.tls else place.plain
        tree.reset_peaks()
        self._resident = tree.resident_octets("VmRSS")
        _load(self._port, workload, place, WARM_UP_SECONDS)

    def load(self) -> dict[Measure, float]:
        """Load it once; return what that gave."""
        received = _received(self._place)
        used = self._tree.cpu_seconds()
        result = _load(self._port, self._workload, self._place, self._seconds)
        cpu = {pid: after - used.get(pid, 0.0) for pid, after in self._tree.cpu_seconds().items()}
        total = sum(cpu.values())
        match self._workload.kind:
            case Kind.DOWN:
                units = result.octets / GB
            case Kind.UP:
                units = (_received(self._place) - received) / GB
            case _:
                units = result.requests
        return _rates(result) | {
            Measure.CPU: total / units if units else math.inf,
            Measure.BUSY: total / result.seconds,
            Measure.SHARE: max(cpu.values()) / total if total else 1.0,
        }

    def growth(self) -> dict[Measure, float]:
        """Return how far its memory rose at the most, since before it was warm."""
        peaks = self._tree.resident_octets("VmHWM")
        return {Measure.GROWTH: float(sum(max(0, peak - self._resident.get(pid, 0)) for pid, peak in peaks.items()))}


@contextmanager
def loaded(system: System, workload: Workload, place: Place, *, log: bool, seconds: float) -> Generator[Loaded]:
    """Start a system to be loaded for so many seconds at a time."""
    with started(system, place, log=log) as running_system:
        yield Loaded(running_system.tree, workload, place, seconds)


def load_upstream(workload: Workload, place: Place, seconds: float) -> dict[Measure, float]:
    """Load the upstream with nothing before it; return what that gave."""
    return _rates(_load(place.upstream, workload, place, seconds))


def _per_connection(tree: Tree, workload: Workload, port: int) -> float:
    with kept(port, workload.request, WARM_UP_CONNECTIONS, tls=workload.tls):
        pass
    before = tree.proportional_octets()
    with kept(port, workload.request, workload.connections, tls=workload.tls):
        return (tree.proportional_octets() - before) / workload.connections


def _rates(result: Result) -> dict[Measure, float]:
    return {
        Measure.RATE: result.requests / result.seconds,
        Measure.P50: result.p50_seconds,
        Measure.P99: result.p99_seconds,
        Measure.ERRORS: float(result.errors),
    }


def _load(port: int, workload: Workload, place: Place, seconds: float) -> Result:
    file = place.folder / f"{workload.name}.request"
    file.write_bytes(workload.request)
    url = f"{'https' if workload.tls else 'http'}://{LOOPBACK}:{port}/"
    return load(url, file, workload.connections, seconds)


def _received(place: Place) -> int:
    """Return how many octets of bodies have come to the upstream."""
    with socket.create_connection((LOOPBACK, place.upstream), timeout=STARTED_WITHIN_SECONDS) as sock:
        answer = ask(sock, f"GET /received HTTP/1.1\r\nHost: {NAME}\r\n\r\n".encode())
    return int(answer.rpartition(b"\r\n")[2])
