"""All real servers of a run, started together: Apache with PHP as module, Apache with PHP-FPM, nginx."""

from collections import Counter
from collections.abc import Generator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from uuid import uuid4

from tests.real import raw
from tests.real.apache import apache
from tests.real.mistakes import MISTAKES, Server
from tests.real.names import crm_host
from tests.real.nginx import nginx
from tests.real.place import IS_ROOT, WORKERS, Place
from tests.real.processes import running, until
from tests.system import path_of

FPM: Final = """\
[global]
error_log = {folder}/fpm-error.log
daemonize = no
[www]
{user}
listen = {socket}
listen.mode = 0666
pm = static
pm.max_children = 4
"""

MARKER: Final = "/no-more-until-here-"
"""How the targets begin that are asked for only to find them in a log."""


@dataclass(frozen=True, slots=True)
class Request:
    """A line of a server's log."""

    host: str
    method: str
    target: str
    version: str
    origin: str
    status: str


@dataclass(frozen=True, slots=True)
class Servers:
    """Where they listen, plain and with TLS, and what they were asked."""

    place: Place
    ports: Mapping[Server, tuple[int, int]]

    def reached(self, server: Server, host: str) -> Counter[tuple[str, str, str]]:
        """Return method, target and Origin of all that a server has been asked under the name `host`."""
        # A server writes a line when it is done with a request: once that of one more is there, those before are too.
        marker = f"{MARKER}{uuid4()}"
        raw.fetch(self.ports[server][0], "GET", marker, [("Host", host)])
        until(
            lambda: any(line.target == marker for line in self._requests(server)), "the server does not write its log"
        )
        return Counter(
            (line.method, line.target, line.origin)
            for line in self._requests(server)
            if line.host == host and not line.target.startswith(MARKER)
        )

    def _requests(self, server: Server) -> list[Request]:
        text = log_of(self.place, server).read_text("utf-8")
        whole = text[: text.rfind("\n") + 1].splitlines()
        return [Request(*fields) for line in whole if len(fields := line.replace(" ", "\t").split("\t")) == 6]


@contextmanager
def serving(place: Place, terminated: Mapping[str, int]) -> Generator[Servers]:
    """Start them, and end them; for each name of `terminated` nginx holds the certificate and passes on to a port."""
    ports = {server: (place.ports.take(), place.ports.take()) for server in Server}
    servers = Servers(place, ports)
    rows = {server: [row for row in MISTAKES if row.server is server] for server in Server}
    behind = {crm_host(row.number): ports[row.server][0] for row in MISTAKES if row.terminated}
    with ExitStack() as stack:
        stack.enter_context(_fpm(place))
        for server in Server:
            log = log_of(place, server)
            if server is Server.NGINX:
                running_server = nginx(place, ports[server], log, rows[server], {**behind, **terminated})
            else:
                running_server = apache(place, server, ports[server], log, rows[server])
            stack.enter_context(running_server)
        yield servers


def log_of(place: Place, server: Server) -> Path:
    """Return where a server writes down what it was asked."""
    return place.folder / f"{server.name.lower()}-requests.log"


@contextmanager
def _fpm(place: Place) -> Generator[None]:
    user = f"user = {WORKERS}\ngroup = {WORKERS}" if IS_ROOT else ""
    file = place.write("fpm.conf", FPM.format(folder=place.folder, socket=place.fpm_socket, user=user))
    command = (path_of("php-fpm"), "--nodaemonize", "--fpm-config", file, "--php-ini", place.folder / "php.ini")
    # Without Debian's own php.ini files: what is true here is said in ours.
    with running(command, place.folder / "fpm.log", place.fpm_socket.is_socket, {"PHP_INI_SCAN_DIR": ""}):
        yield
