"""By what it is known whether files have changed since they were read."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeAlias

Stamp: TypeAlias = tuple[int, ...]
"""What changes when a file is written, replaced, or another one is led to by a link; empty for none."""


def stamp_of(path: Path) -> Stamp:
    """Return what stands for a file as it is now."""
    try:
        found = path.stat()
    except OSError:  # between two names, perhaps: it may be back at the next look
        return ()
    # The last is what a change of permissions changes alone.
    return (found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns)


@dataclass(frozen=True, slots=True)
class Sources:
    """What a configuration was read from."""

    paths: tuple[Path, ...] = ()
    """Files, and folders of them, as they were named."""
    stamps: Mapping[Path, Stamp] = field(default_factory=dict[Path, Stamp])
    """All files read, before they were: YAML files in order, then those that values came from."""
