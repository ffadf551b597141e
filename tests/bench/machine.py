"""What a run was made on and with."""

import os
import platform
import re
import subprocess
from pathlib import Path

from tests.bench.place import Place
from tests.bench.systems import System
from tests.system import path_of


def machine(load_before: float) -> list[str]:
    """Return what the figures depend on besides the systems."""
    cpu = re.search(r"^model name\s*: (.*)$", Path("/proc/cpuinfo").read_text("utf-8"), re.MULTILINE)
    name = cpu[1] if cpu else platform.machine()
    system = platform.freedesktop_os_release()["PRETTY_NAME"]
    return [
        f"{system}, Linux {platform.release()}, {name}, {os.cpu_count()} cores",
        f"load average when it began: {load_before:.2f}",
        f"Python {platform.python_version()}; {_wrk()}",
    ]


def _wrk() -> str:
    told = subprocess.run((str(path_of("wrk")), "-v"), check=False, capture_output=True, text=True)
    return " ".join((told.stdout + told.stderr).split()[:2])


def versions(systems: tuple[System, ...], place: Place) -> list[str]:
    """Return what each system says of its version."""
    told = ((system.name, system.told_version(place)) for system in systems)
    return [f"{name}: `{version}`" for name, version in told if version]
