"""Files that a configuration names: what to do when one cannot be read."""

import errno
from pathlib import Path


def unreadable(path: Path, error: OSError) -> str:
    """Return why `path` could not be read, with the remedy."""
    match error.errno:
        case errno.ENOENT | errno.ENOTDIR:
            return "does not exist"
        case errno.EACCES | errno.EPERM:
            mode = "0750" if is_folder(path) else "0640"
            return f"cannot be read by this user: chgrp cors-gateway {path}; chmod {mode} {path}"
        case errno.EISDIR:
            return "is a folder, not a file"
        case _:
            return f"cannot be read: {error.strerror or error}"


def is_folder(path: Path) -> bool:
    """Tell whether `path` is a folder, as far as this user can see."""
    try:
        return path.is_dir()
    except OSError:
        return False
