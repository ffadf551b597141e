"""Files that a configuration names, and what to do when one cannot be read."""

import errno


def unreadable(error: OSError) -> str:
    """Return why a file could not be read, and the remedy."""
    match error.errno:
        case errno.ENOENT | errno.ENOTDIR:
            return "it does not exist"
        case errno.EACCES | errno.EPERM:
            return f"it cannot be read by this user: {permission(str(error.filename))}"
        case errno.EISDIR:
            return "it is a folder"
        case _:
            return error.strerror or "it cannot be read"


def permission(path: str) -> str:
    """Return the commands that let the gateway's user read `path`, and nobody else."""
    return f"chgrp cors-gateway {path}; chmod 0640 {path}"
