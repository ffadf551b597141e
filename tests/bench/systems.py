"""What is compared: how each system is started, and where its version is told."""

import os
import re
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from tests.bench.configuration import configuration
from tests.bench.place import HERE, Place
from tests.system import path_of

LOG: Final = "log"
NO_LOG: Final = "no-log"

Command = Callable[[Place, Path, bool], list[str]]
"""(place, file of the configuration, whether it logs) → how it is started."""


@dataclass(frozen=True, slots=True)
class System:
    """One system as it is configured for the comparison."""

    name: str
    command: Command
    file: str | None = None
    """Its file in `configurations/`."""
    tags: frozenset[str] = frozenset()
    """Lines of that file that are there besides."""
    environment: Mapping[str, str] = field(default_factory=dict[str, str])
    only: frozenset[str] | None = None
    """The workloads it takes part in; None for all."""
    speaks_http: bool = True
    both_cores: bool = False
    """Not held to one core."""
    version: Command | None = None

    def prepare(self, place: Place, *, log: bool) -> list[str]:
        """Write the configuration; return the command."""
        file = place.folder / (self.file or "none")
        if self.file is not None:
            file.write_text(configuration(self.file, place, self.tags | {LOG if log else NO_LOG}), "utf-8")
        return self.command(place, file, log)

    def takes(self, workload: str) -> bool:
        """Tell whether it takes part in a workload."""
        return self.only is None or workload in self.only

    def told_version(self, place: Place) -> str:
        """Return the first line it says of its version."""
        if self.version is None:
            return ""
        told = subprocess.run(
            self.version(place, Path(), False),  # noqa: FBT003 - a command's three arguments
            check=True,
            capture_output=True,
            text=True,
        )
        lines = (told.stdout + told.stderr).strip().splitlines()
        line = next((line for line in lines if "version" in line.lower()), lines[0]).strip()
        return re.sub(r"^/\S*/", "", line)  # Envoy tells where it is installed first, which is nobody's business


def _floor(place: Place, _file: Path, _log: bool) -> list[str]:
    return [str(place.shared / "floor"), str(place.plain), str(place.upstream)]


def _naive(place: Place, _file: Path, log: bool) -> list[str]:
    ports = (str(place.plain), str(place.tls), str(place.upstream))
    command = [sys.executable, str(HERE / "naive.py"), *ports, str(place.chain), str(place.key)]
    return [*command, str(place.access_log)] if log else command


def _nginx(_place: Place, file: Path, _log: bool) -> list[str]:
    return [str(path_of("nginx-light")), "-c", str(file)]


def _haproxy(_place: Place, file: Path, _log: bool) -> list[str]:
    return [str(path_of("haproxy")), "-f", str(file)]


def _apache(_place: Place, file: Path, log: bool) -> list[str]:
    return [str(path_of("apache2")), "-DFOREGROUND", "-f", str(file), *(("-DLOG",) if log else ())]


def _caddy(place: Place, file: Path, _log: bool) -> list[str]:
    return [str(place.programs / "bin" / "caddy"), "run", "--adapter", "caddyfile", "--config", str(file)]


def envoy_program(programs: Path) -> str:
    """Return the program itself: the one in bin/ is a start in Python, whose time and memory are not Envoy's."""
    return str(next(programs.glob("lib/python*/site-packages/envoy/_bin/envoy"), programs / "bin" / "envoy"))


def _envoy(place: Place, file: Path, _log: bool) -> list[str]:
    quiet = ("--log-level", "error", "--disable-hot-restart", "--concurrency", "1")
    return [envoy_program(place.programs), "-c", str(file), *quiet]


def _gateway(_place: Place, file: Path, _log: bool) -> list[str]:
    return [sys.executable, "-m", "gateway", "serve", "-c", str(file)]


WITHOUT_UVLOOP: Final = """\
import sys
sys.modules["uvloop"] = None  # importing it fails, as where it is not installed
from gateway.cli import main
main()
"""


def _gateway_on_asyncio(_place: Place, file: Path, _log: bool) -> list[str]:
    return [sys.executable, "-c", WITHOUT_UVLOOP, "serve", "-c", str(file)]


def _says(*arguments: str, of: Command) -> Command:
    """Return the command that has a program tell its version."""
    return lambda place, file, log: [of(place, file, log)[0], *arguments]


DIRECT: Final = "direct"
"""No system at all: the load goes to the upstream."""

PLAIN: Final = {"CORS_GATEWAY_NO_EXTENSIONS": "1"}
"""The gateway without its compiled parts, in a tree that has some."""

LARGE_BODIES: Final = frozenset({"start", "100k", "down", "up"})

_ONE: Final = frozenset({"one-worker"})
_TWO: Final = frozenset({"two-workers"})

SYSTEMS: Final = (
    System(
        "floor", _floor, speaks_http=False, only=frozenset({"get", "100k", "chunked", "down", "up", "one", "start"})
    ),
    System("nginx", _nginx, "nginx.conf", version=_says("-v", of=_nginx)),
    System("nginx-large-buffers", _nginx, "nginx.conf", frozenset({"large-buffers"}), only=LARGE_BODIES),
    System("haproxy", _haproxy, "haproxy.cfg", version=_says("-v", of=_haproxy)),
    System("haproxy-large-buffers", _haproxy, "haproxy.cfg", frozenset({"large-buffers"}), only=LARGE_BODIES),
    System("apache", _apache, "apache.conf", version=_says("-v", of=_apache)),
    System("caddy", _caddy, "Caddyfile", environment={"GOMAXPROCS": "1"}, version=_says("version", of=_caddy)),
    System("envoy", _envoy, "envoy.yaml", version=_says("--version", of=_envoy)),
    System("naive", _naive),
    System("cors-gateway", _gateway, "cors-gateway.yaml", _ONE, version=_says("-m", "gateway", "version", of=_gateway)),
    System("cors-gateway-plain", _gateway, "cors-gateway.yaml", _ONE, PLAIN),
    System("cors-gateway-asyncio", _gateway_on_asyncio, "cors-gateway.yaml", _ONE),
    System("cors-gateway-1-worker", _gateway, "cors-gateway.yaml", _ONE, only=frozenset({"two"}), both_cores=True),
    System("cors-gateway-2-workers", _gateway, "cors-gateway.yaml", _TWO, only=frozenset({"two"}), both_cores=True),
)


def has_extensions() -> bool:
    """Tell whether the gateway in this tree has compiled parts: `version` then says something else without them."""
    command = (sys.executable, "-m", "gateway", "version")
    told = {
        subprocess.run(command, check=True, capture_output=True, env=os.environ | extra).stdout for extra in ({}, PLAIN)
    }
    return len(told) > 1
