"""How many processes serve: one for each core that this gateway may use."""

import os
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from gateway.config.model import Config

QUOTA: Final = Path("/sys/fs/cgroup/cpu.max")
"""What a container may use: microseconds of each so many, or `max` (cgroup v2, the kernel's cgroup-v2.rst)."""


def workers_of(config: "Config") -> int:
    """Return how many processes a configuration asks for. Where processes cannot be forked it is one (Windows)."""
    if not hasattr(os, "fork"):
        return 1
    return config.workers or cores()


def cores(quota: Path = QUOTA) -> int:
    """Return how many cores there are for this process: those it may run on, or fewer where its time is bounded."""
    found = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    with suppress(OSError, ValueError):
        share, period = quota.read_text("ascii").split()
        if share != "max":
            found = min(found, max(1, -(-int(share) // int(period))))
    return found
