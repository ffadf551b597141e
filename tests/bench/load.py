"""Loads a system with wrk, and reads the line in which `wrk.lua` tells the result."""

import re
import signal
import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from tests.bench.place import HERE
from tests.system import path_of

if TYPE_CHECKING:
    from pathlib import Path

_RESULT: Final = re.compile(r"^result (.*)$", re.MULTILINE)
_ERRORS: Final = ("connect", "read", "write", "status", "timeout")


@dataclass(frozen=True, slots=True)
class Result:
    """What wrk counted."""

    requests: int
    """Answers that came whole."""
    seconds: float
    octets: int
    """Read, in heads and bodies, those of answers not whole yet included."""
    p50_seconds: float
    p99_seconds: float
    errors: int
    """Connections refused or broken off, answers from 400 on, requests over time."""


def parse(told: str) -> Result:
    """Return what wrk printed.

    Raises:
        ValueError: there is no result in it.
    """
    found = _RESULT.search(told)
    if found is None:
        raise ValueError(f"wrk told no result:\n{told}")
    pairs = (each.split("=") for each in found[1].split())
    values = {name: int(value) for name, value in pairs}
    return Result(
        requests=values["requests"],
        seconds=values["microseconds"] / 1e6,
        octets=values["octets"],
        p50_seconds=values["p50"] / 1e6,
        p99_seconds=values["p99"] / 1e6,
        errors=sum(values[name] for name in _ERRORS),
    )


def load(url: str, request: "Path", connections: int, seconds: float) -> Result:
    """Ask again and again for so many seconds; `request` is a file with the octets to send.

    Raises:
        ValueError: wrk told no result.
    """
    # wrk counts in whole seconds: it is ended from here, as Ctrl-C would, and tells how long it was.
    command = (str(path_of("wrk")), "--threads=1", f"--connections={connections}", "--timeout=30s")
    arguments = ("--duration=600s", f"--script={HERE / 'wrk.lua'}", url, "--", str(request))
    with subprocess.Popen((*command, *arguments), stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as process:
        try:
            process.wait(seconds)
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGINT)
        assert process.stdout is not None
        return parse(process.stdout.read().decode("utf-8", "replace"))
