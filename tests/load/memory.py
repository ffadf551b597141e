"""How much memory a process has, as Linux tells it in /proc."""

import re
from pathlib import Path
from typing import Final

import pytest

KIB: Final = 1024
MIB: Final = 1024 * 1024

needs_proc: Final = pytest.mark.skipif(
    not Path("/proc/self/clear_refs").exists(), reason="memory is read as Linux tells it"
)


class Growth:
    """What a process has needed at most since now, beyond what it had: VmHWM of /proc/PID/status less VmRSS before.

    The peak is the kernel's own and no sample, so that nothing that was freed soon is missed.
    """

    def __init__(self, pid: int) -> None:
        """Begin."""
        self._pid = pid
        # Sets the peak to what is resident now (proc(5), clear_refs).
        Path(f"/proc/{pid}/clear_refs").write_text("5")
        self._before = resident_octets(pid)

    def octets(self) -> int:
        """Return the growth up to now; 0 if there was none."""
        return max(0, _told(self._pid, "VmHWM") - self._before)


def resident_octets(pid: int) -> int:
    """Return what a process has in memory now."""
    return _told(pid, "VmRSS")


def _told(pid: int, name: str) -> int:
    match = re.search(rf"^{name}:\s+(\d+) kB$", Path(f"/proc/{pid}/status").read_text(), re.MULTILINE)
    assert match is not None, name
    return int(match[1]) * KIB
