"""What a system costs, as Linux tells it in /proc: of all processes of its session, workers and helpers included."""

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

_TICKS: Final = os.sysconf("SC_CLK_TCK")

# /proc/PID/stat behind the name in parentheses (proc(5)): the state is field 3, the first here.
_SESSION: Final = 6 - 3
_UTIME: Final = 14 - 3
_STIME: Final = 15 - 3
_CUTIME: Final = 16 - 3
_CSTIME: Final = 17 - 3


class Tree:
    """The processes of one session."""

    def __init__(self, session: int) -> None:
        """Look at the session that this process leads."""
        self._session = session

    def pids(self) -> Iterator[int]:
        """Return its processes."""
        for entry in Path("/proc").iterdir():
            if entry.name.isdigit() and (stat := _stat(int(entry.name))) and int(stat[_SESSION]) == self._session:
                yield int(entry.name)

    def cpu_seconds(self) -> dict[int, float]:
        """Return the user and system time of each process, that of its children that have ended included."""
        used: dict[int, float] = {}
        for pid in self.pids():
            if stat := _stat(pid):
                used[pid] = sum(int(stat[each]) for each in (_UTIME, _STIME, _CUTIME, _CSTIME)) / _TICKS
        return used

    def proportional_octets(self) -> int:
        """Return the memory of all: PSS, in which a page that several share counts once."""
        return sum(_kib(pid, "smaps_rollup", "Pss") for pid in self.pids()) * 1024

    def resident_octets(self, name: str) -> dict[int, int]:
        """Return VmRSS, or VmHWM, its peak, of each process."""
        return {pid: _kib(pid, "status", name) * 1024 for pid in self.pids()}

    def reset_peaks(self) -> None:
        """Set the peaks to what is resident now (proc(5), clear_refs)."""
        for pid in self.pids():
            Path(f"/proc/{pid}/clear_refs").write_text("5", "ascii")


def _stat(pid: int) -> list[str]:
    """Return the fields of /proc/PID/stat from the state on; none where the process has ended."""
    try:
        return Path(f"/proc/{pid}/stat").read_text("utf-8", "replace").rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return []


def _kib(pid: int, file: str, name: str) -> int:
    try:
        match = re.search(rf"^{name}:\s+(\d+) kB$", Path(f"/proc/{pid}/{file}").read_text("ascii"), re.MULTILINE)
    except (FileNotFoundError, ProcessLookupError):
        return 0
    return int(match[1]) if match else 0
