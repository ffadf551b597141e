"""Names that resolve or do not, for one gateway alone: it runs in a mount namespace with an /etc/hosts of its own.

Its resolver reads that file and asks no server, so that a name that is not in it does not resolve.
"""

import functools
import os
import subprocess
from pathlib import Path
from typing import Final

import pytest

from tests.real.processes import LOOPBACK

_OWN: Final = 'mount --bind "$0" /etc/hosts && mount --bind "$1" /etc/nsswitch.conf && shift && exec "$@"'


class Names:
    """The names that a gateway finds."""

    def __init__(self, folder: Path) -> None:
        """Find none yet."""
        self._hosts = folder / "hosts"
        self._switch = folder / "nsswitch.conf"
        self._hosts.write_text(f"{LOOPBACK} localhost\n")
        self._switch.write_text("hosts: files\n")

    def resolve(self, *names: str) -> None:
        """Have these names lead to this machine from now on, and no others."""
        # In place: what is mounted is the file, not its name.
        self._hosts.write_text("".join(f"{LOOPBACK} {name}\n" for name in ("localhost", *names)))

    @property
    def within(self) -> tuple[str, ...]:
        """Return what to put before a command, so that it finds these names."""
        return (*_unshare(), "/bin/sh", "-c", _OWN, str(self._hosts), str(self._switch))


def _unshare() -> tuple[str, ...]:
    mine = () if os.geteuid() == 0 else ("--user", "--map-root-user")
    return ("unshare", *mine, "--mount", "--propagation", "private")


@functools.cache
def can_be_had() -> bool:
    """Return whether this machine lets us have names of our own."""
    if not Path("/etc/nsswitch.conf").exists():
        return False
    try:
        command = (*_unshare(), "mount", "--bind", "/etc/nsswitch.conf", "/etc/hosts")
        return subprocess.run(command, capture_output=True, check=False).returncode == 0
    except FileNotFoundError:
        return False


needs_names: Final = pytest.mark.skipif(
    not can_be_had(), reason="no mount namespace of one's own: run as root, or allow user namespaces"
)
