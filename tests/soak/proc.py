"""What Linux tells in /proc of processes that are not ours: children, memory, descriptors, sockets."""

import os
import re
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Final

from tests.real.processes import LOOPBACK

PROC: Final = Path("/proc")
LISTENS: Final = "0A"
"""The state of a listening socket in /proc/net/tcp (TCP_LISTEN)."""


def children(pid: int) -> list[int]:
    """Return the children of a process, without those that have ended and are not waited for yet."""
    found: list[int] = []
    for folder in PROC.iterdir():
        if folder.name.isdigit():
            with suppress(OSError):
                state, parent = (folder / "stat").read_text().rpartition(")")[2].split()[:2]
                if int(parent) == pid and state != "Z":
                    found.append(int(folder.name))
    return sorted(found)


def is_stopped(pid: int) -> bool:
    """Return whether a process has been stopped by a signal, and does nothing."""
    return (PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()[0] == "T"


def family(pid: int) -> list[int]:
    """Return a process, its children and theirs."""
    return [pid, *(one for child in children(pid) for one in family(child))]


def resident_kib(pid: int) -> int:
    """Return the resident memory of a process."""
    pages = int((PROC / str(pid) / "statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") // 1024


def descriptors(pid: int) -> int:
    """Return how many files a process has open."""
    return len(_entries(pid, "fd"))


def sockets(pid: int) -> set[str]:
    """Return the inodes of the sockets that a process has open."""
    return set(_sockets(pid).values())


def clients(pid: int, port: int) -> set[int]:
    """Return the ports of the clients, on this machine, whose connections to `port` a process holds."""
    inodes = sockets(pid)
    return {peer for local, peer, _, inode in _connections() if local == port and peer and inode in inodes}


def accepts(pid: int, port: int) -> bool:
    """Return whether a process is waiting for connections to `port`: its epoll watches a socket that listens there."""
    mine = _sockets(pid)
    listening = {inode for local, _, state, inode in _connections() if local == port and state == LISTENS}
    watched = {
        match[1]
        for entry in _entries(pid, "fdinfo")
        for match in re.finditer(r"^tfd:\s+(\d+)", _text(entry), re.MULTILINE)
    }
    return any(mine.get(descriptor) in listening for descriptor in watched)


def _sockets(pid: int) -> dict[str, str]:
    """Return the inode of the socket behind each descriptor of a process that is one."""
    found: dict[str, str] = {}
    for link in _entries(pid, "fd"):
        with suppress(OSError):  # closed meanwhile
            name = str(link.readlink())
            if name.startswith("socket:["):
                found[link.name] = name[8:-1]
    return found


def _entries(pid: int, folder: str) -> list[Path]:
    with suppress(OSError):  # it has ended meanwhile
        return list((PROC / str(pid) / folder).iterdir())
    return []


def _text(path: Path) -> str:
    with suppress(OSError):  # closed meanwhile
        return path.read_text()
    return ""


def _connections() -> Iterator[tuple[int, int, str, str]]:
    """Return local port, remote port, state and inode of each socket of IPv4's loopback."""
    loopback = bytes(map(int, reversed(LOOPBACK.split(".")))).hex().upper()
    for line in (PROC / "net" / "tcp").read_text().splitlines()[1:]:
        _, local, remote, state, *rest = line.split()
        address, _, port = local.partition(":")
        if address == loopback:
            yield int(port, 16), int(remote.partition(":")[2], 16), state, rest[5]
