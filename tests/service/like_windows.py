"""`cors-gateway` in a Python that lacks what it lacks on Windows: `python -m tests.service.like_windows serve -c FILE`.

It is no Windows: sockets and files are this system's. But whatever asks for a thing that is not there fails as it would
there, and our one switch (`gateway/config/windows.py`) stands at Windows. What that is comes from Python's reference,
where each name has its availability, and from that of Winsock.
"""

import asyncio
import errno
import os
import select
import selectors
import signal
import socket
import stat
import struct
import sys
from collections.abc import Callable, Sequence
from typing import NoReturn

MODULES = ("fcntl", "grp", "pty", "pwd", "resource", "syslog", "termios", "tty", "uvloop")
OF_OS = (
    *("chown", "chroot", "fchmod", "fchown", "fork", "forkpty", "get_blocking", "getegid", "geteuid", "getgid"),
    *("getgrouplist", "getgroups", "getloadavg", "getpgid", "getpgrp", "getpriority", "getresuid", "getsid", "getuid"),
    *(
        "initgroups",
        "killpg",
        "lchown",
        "lockf",
        "memfd_create",
        "mkfifo",
        "mknod",
        "nice",
        "openpty",
        "pipe2",
        "pread",
    ),
    *("pwrite", "readv", "register_at_fork", "sched_getaffinity", "sched_yield", "sendfile", "set_blocking", "setegid"),
    *("seteuid", "setgid", "setgroups", "setpgid", "setsid", "setuid", "statvfs", "sync", "sysconf", "uname", "wait"),
    *("wait3", "wait4", "waitid", "writev", "EX_OK", "O_CLOEXEC", "O_DIRECTORY", "O_NOFOLLOW", "O_NONBLOCK", "WNOHANG"),
)
OF_SOCKET = (
    "AF_UNIX",
    "CMSG_LEN",
    "MSG_DONTWAIT",
    "MSG_NOSIGNAL",
    "SO_REUSEPORT",
    "recv_fds",
    "send_fds",
    "sethostname",
)
SIGNALS = frozenset({"SIGABRT", "SIGFPE", "SIGILL", "SIGINT", "SIGSEGV", "SIGTERM"})
"""Those there are on Windows, besides SIGBREAK."""
OF_SIGNAL = (
    *("SIG_BLOCK", "SIG_SETMASK", "SIG_UNBLOCK", "alarm", "getitimer", "pause", "pthread_kill", "pthread_sigmask"),
    *("setitimer", "siginterrupt", "sigpending", "sigtimedwait", "sigwait", "sigwaitinfo"),
)
SIGBREAK = 21
"""Its number on Windows; a signal that there is here, too."""
SO_EXCLUSIVEADDRUSE = -5
MAX_SELECTED = 512
"""As many as `select` takes there (FD_SETSIZE in Python's selectmodule.c)."""


def become() -> None:
    """Take away what is not there; asyncio has been imported, as it is on this system."""
    for name in MODULES:
        sys.modules[name] = None  # type: ignore[assignment] # pyright: ignore[reportArgumentType] - a failing import
    for module, names in (
        (os, OF_OS),
        (socket, OF_SOCKET),
        (signal, (*OF_SIGNAL, *(name for name in dir(signal) if name.startswith("SIG") and name.isalnum()))),
        (select, (name for name in dir(select) if "poll" in name.lower())),
        (selectors, ("EpollSelector", "PollSelector")),
    ):
        for name in {*names} - SIGNALS:
            if hasattr(module, name):
                delattr(module, name)
    _replace(signal, SIGBREAK=SIGBREAK)
    _replace(selectors, DefaultSelector=selectors.SelectSelector)
    _replace(select, select=_select)
    _replace(socket, SO_EXCLUSIVEADDRUSE=SO_EXCLUSIVEADDRUSE, socketpair=_socketpair)
    _replace(socket.socket, setsockopt=_setsockopt)
    _replace(os, read=_read)
    _replace(asyncio.SelectorEventLoop, add_signal_handler=_no_signals, remove_signal_handler=_no_signals)
    _replace(asyncio.DefaultEventLoopPolicy, _loop_factory=_Proactor)
    name, os.name = os.name, "nt"
    import gateway.config.windows  # noqa: PLC0415 - it asks only once

    os.name = name
    assert gateway.config.windows.WINDOWS


def _replace(module: object, **replacements: object) -> None:
    for name, replacement in replacements.items():
        setattr(module, name, replacement)


_real_select, _real_read = select.select, os.read
_real_setsockopt: Callable[..., None] = socket.socket.setsockopt


def _select(
    readable: Sequence[int], writable: Sequence[int], other: Sequence[int], seconds: float | None = None
) -> tuple[list[int], list[int], list[int]]:
    if max(map(len, (readable, writable, other))) > MAX_SELECTED:
        raise ValueError("too many file descriptors in select()")
    return _real_select(readable, writable, other, seconds)


def _setsockopt(sock: socket.socket, level: int, option: int, value: int | bytes) -> None:
    """Set an option, told as on Windows."""
    match level, option, value:
        case socket.SOL_SOCKET, socket.SO_REUSEADDR, _:
            raise PermissionError(errno.EACCES, "anybody could have this address then")
        case socket.SOL_SOCKET, number, _ if number == SO_EXCLUSIVEADDRUSE:
            _real_setsockopt(sock, level, socket.SO_REUSEADDR, value)
        case socket.SOL_SOCKET, socket.SO_LINGER, bytes(octets):
            _real_setsockopt(sock, level, option, struct.pack("ii", *struct.unpack("HH", octets)))
        case _:
            _real_setsockopt(sock, level, option, value)


def _socketpair(*_: object) -> tuple[socket.socket, socket.socket]:
    """Return two that are connected, by TCP, as Python makes them there."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        first = socket.create_connection(listening.getsockname())
        return first, listening.accept()[0]


def _read(descriptor: int, most: int) -> bytes:
    """Read a file: a socket is none."""
    if stat.S_ISSOCK(os.fstat(descriptor).st_mode):
        raise OSError(errno.EBADF, os.strerror(errno.EBADF))
    return _real_read(descriptor, most)


def _no_signals(*_: object) -> NoReturn:
    raise NotImplementedError


class _Proactor(asyncio.SelectorEventLoop):
    """What asyncio chooses there by itself: it watches no sockets for anybody."""

    def add_reader(self, fd: object, callback: object, *args: object) -> NoReturn:
        raise NotImplementedError

    def remove_reader(self, fd: object) -> NoReturn:
        raise NotImplementedError


if __name__ == "__main__":
    become()
    from gateway.cli import main

    main()
