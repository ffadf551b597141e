"""Files that a configuration names: what to do when one cannot be read."""

import errno
import os
import stat
from collections.abc import Collection
from pathlib import Path
from typing import Final

from gateway.config.node import Place
from gateway.config.notes import Notes
from gateway.config.unwise import Unwise
from gateway.config.windows import WINDOWS

SERVICE_USER: Final = "cors-gateway"
"""The user that the service runs as (deploy/systemd/cors-gateway.service)."""
WINDOWS_USER: Final = r"NT SERVICE\corsgateway"
"""The same on Windows (deploy/windows)."""

_OTHERS_READ: Final = 0o004


def unreadable(path: Path, error: OSError) -> str:
    """Return why `path` could not be read, with the remedy."""
    match error.errno:
        case errno.ENOENT | errno.ENOTDIR:
            return "does not exist"
        case errno.EACCES | errno.EPERM:
            return f"cannot be read by this user: {opening(path)}"
        case errno.EISDIR:
            return "is a folder, not a file"
        case _:
            return f"cannot be read: {error.strerror or error}"


def opening(path: Path) -> str:
    """Return the commands that let the service read `path`, and nobody else."""
    if WINDOWS:
        return f'icacls "{path}" /grant "{WINDOWS_USER}:{"(OI)(CI)RX" if is_folder(path) else "R"}"'
    mode = "0750" if is_folder(path) else "0640"
    return f"chgrp {SERVICE_USER} {path}; chmod {mode} {path}"


def is_everyones(status: os.stat_result) -> bool:
    """Tell whether everyone on this machine can read a file; a mode says nothing of that on Windows."""
    return not WINDOWS and bool(status.st_mode & _OTHERS_READ)


def is_folder(path: Path) -> bool:
    """Tell whether `path` is a folder, as far as this user can see."""
    try:
        return path.is_dir()
    except OSError:
        return False


def warn_if_closed(file: Path, place: Place, path: str, notes: Notes) -> None:
    """Warn root of a file that was read and that the service's user cannot read: all is good here, and fails there."""
    closed = closed_to_service(file)
    if closed:
        says = f"root can read {file}, the service's user cannot: {opening(closed)}"
        notes.unwise(place, path, Unwise.SERVICE_CANNOT_READ, says)


def closed_to_service(file: Path) -> Path | None:
    """Return what keeps the service's user from reading `file`, itself or a folder on its way; only root is told."""
    if WINDOWS or os.geteuid() != 0:
        return None  # on Windows lists say who may read, and nobody is root
    import grp  # noqa: PLC0415 - there is none on Windows
    import pwd  # noqa: PLC0415 - as above

    try:
        user = pwd.getpwnam(SERVICE_USER)
        real = file.resolve(strict=True)
    except (KeyError, OSError):
        return None
    groups = {user.pw_gid, *(group.gr_gid for group in grp.getgrall() if SERVICE_USER in group.gr_mem)}
    way = (*reversed(real.parents), real)
    return next((each for each in way if not _is_open(each.stat(), user.pw_uid, groups)), None)


def _is_open(status: os.stat_result, uid: int, groups: Collection[int]) -> bool:
    """Tell whether a user can pass a folder, or read a file."""
    needed = stat.S_IXOTH if stat.S_ISDIR(status.st_mode) else stat.S_IROTH
    if status.st_uid == uid:
        needed <<= 6
    elif status.st_gid in groups:
        needed <<= 3
    return bool(status.st_mode & needed)
