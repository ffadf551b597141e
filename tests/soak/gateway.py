"""The gateway as a scenario has it: started, watched, told to reload and to stop."""

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final

from tests.real.processes import LOOPBACK, end, until
from tests.soak import proc
from tests.soak.lines import PATIENCE_SECONDS, Lines

INSIDE: Final = Path(__file__).with_name("inside")


class Gateway:
    """The process that was started, its workers where it has any, and what it has told."""

    def __init__(
        self,
        file: Path,
        port: int,
        admin_port: int,
        *,
        sockets: Sequence[socket.socket] = (),
        within: Sequence[str] = (),
    ) -> None:
        """Start; clients come to `port`.

        `sockets` are handed over as systemd does, `within` is a command that the gateway's is put behind.
        """
        self.file = file
        self._port, self._admin_port = port, admin_port
        self.events: list[dict[str, Any]] = []
        self.requests = 0
        """Lines in the log, one for each request."""
        self._folder = folder = file.parent
        moved = "".join(f" {3 + number}<&{sock.fileno()}" for number, sock in enumerate(sockets))
        handed = f"exec{moved}; export LISTEN_FDS={len(sockets)} LISTEN_PID=$$; " if sockets else ""
        command = (*within, "/bin/bash", "-c", f'{handed}exec "$0" -m gateway serve -c "$1"')
        self.errors = folder / f"{file.stem}-errors.log"
        with self.errors.open("ab") as output:
            self.process = subprocess.Popen(
                (*command, sys.executable, str(file)),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=output,
                start_new_session=True,
                pass_fds=[sock.fileno() for sock in sockets],
                env=os.environ | {"PYTHONPATH": str(INSIDE), "SOAK_TASKS": str(folder)},
            )
        self._lines = Lines(self.process, self._take)

    @property
    def pid(self) -> int:
        """The process that was started: the supervisor, where there are workers."""
        return self.process.pid

    def _take(self, event: dict[str, Any]) -> None:
        if event["event"] == "request.done":
            self.requests += 1
            return
        self.events.append(event)

    def until(self, is_so: Callable[[dict[str, Any]], bool], what: str, *, since: int = 0) -> dict[str, Any]:
        """Return the first event from number `since` on of which it is so."""
        found: list[dict[str, Any]] = []

        def is_found() -> bool:
            found[:] = [event for event in self.events[since:] if is_so(event)][:1]
            return bool(found)

        try:
            self._lines.until(is_found, what)
        except TimeoutError as error:
            raise TimeoutError(f"{error}: {self.events[-5:]}; {self.errors.read_text()[-2000:]}") from None
        return found[0]

    def ready(self) -> None:
        """Return once it serves."""
        self.until(lambda event: event["event"] == "gateway.ready", "gateway.ready")

    def reload(self, *, by_signal: bool) -> str:
        """Have the file read anew; return the mistakes in it, nothing where it is in force now."""
        if not by_signal:
            told = self.admin("POST", "/reload")
            assert isinstance(told["broken"], str)
            return told["broken"]
        since = len(self.events)
        self.process.send_signal(signal.SIGHUP)
        kinds = {"config.reloaded", "config.broken"}
        event = self.until(lambda event: event["event"] in kinds, "what came of SIGHUP", since=since)
        return str(event.get("text", ""))

    def admin(self, method: str, path: str) -> dict[str, Any]:
        """Ask at the admin address."""
        connection = http.client.HTTPConnection(LOOPBACK, self._admin_port, timeout=PATIENCE_SECONDS)
        try:
            connection.request(method, path, headers={"X-Cors-Gateway": "reload"})
            answer = connection.getresponse()
            assert answer.status == 200, answer.status
            told: dict[str, Any] = json.loads(answer.read())
        finally:
            connection.close()
        return told

    def workers(self) -> list[int]:
        """Return the processes that accept connections now: of its children, or the one where it has none."""
        pids = proc.children(self.pid) or [self.pid]
        return [pid for pid in pids if proc.accepts(pid, self._port)]

    def tasks(self) -> dict[int, int]:
        """Return how many tasks the event loop of each process has; a supervisor has no loop."""
        found: dict[int, int] = {}
        for pid in proc.children(self.pid) or [self.pid]:
            told = self._folder / str(pid)
            told.unlink(missing_ok=True)
            os.kill(pid, signal.SIGUSR2)
            until(told.exists, f"the tasks of {pid}")
            found[pid] = int(told.read_text())
        return found

    def stop(self) -> float:
        """End it in order, and return how many seconds that took."""
        began = time.monotonic()
        self.process.terminate()
        status = self.process.wait(PATIENCE_SECONDS)
        assert status == 0, (status, self.errors.read_text()[-2000:])
        return time.monotonic() - began

    def close(self) -> None:
        """End it, however it is."""
        end(self.process)
        self._lines.close()
