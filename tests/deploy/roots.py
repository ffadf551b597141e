"""Debian roots, as a container or a machine of its own has one, and how a program is run in one.

A program gets mounts of its own, and processes and a network where it is asked for: what it binds is nobody else's
port, and all of it is gone when its first process is. A root is a folder in memory, made once and then copied; the
memory belongs to a process that ends with the tests, however they end.
"""

import ctypes
import os
import shlex
import shutil
import signal
import socket
import subprocess
import threading
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

import pytest

from tests.real.processes import until
from tests.sources import BUILDS_QUICKLY
from tests.system import path_of

PATH: Final = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
"""Where programs are in a root."""

WHEELS: Final = "/wheels"
"""Where the locked packages lie in a root that has Python."""

OFFLINE: Final = {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": WHEELS}
"""What has pip take the packages that lie there and nothing else. There is no network besides."""

_AUTHORITIES: Final = "/etc/ssl/certs/ca-certificates.crt"
"""Debian's list of those whose certificates are trusted, and what this machine has added to it."""

_NETWORK_NAMESPACE: Final = 0x40000000
"""CLONE_NEWNET of sched.h."""

_MOUNTS: Final = """
set -eu
root=$1; shift
mount --bind "$root" "$root"
mount -t proc proc "$root/proc"
mount --bind "$root/proc/sys" "$root/proc/sys"
mount -o remount,bind,ro "$root/proc/sys"
mount -t tmpfs -o mode=755 tmpfs "$root/dev"
node() { mknod -m 666 "$root/dev/$1" c "$2" "$3"; }
node null 1 3; node zero 1 5; node full 1 7; node random 1 8; node urandom 1 9; node tty 5 0
ln -s /proc/self/fd "$root/dev/fd"
ln -s fd/0 "$root/dev/stdin"; ln -s fd/1 "$root/dev/stdout"; ln -s fd/2 "$root/dev/stderr"
"""
"""A shell's, in mounts of its own: what every root has mounted.

Nothing of it is this machine's: the kernel's settings are read-only, and devices are nodes of its own, since whatever
changes the owner or mode of a node would else change them for everybody.
"""


def skip_unless_possible() -> None:
    """Skip the running test where no root can be made; with CI=true, as root, let it fail."""
    if (why := impossible()) is None:
        return
    if os.environ.get("CI") == "true" and os.geteuid() == 0:
        pytest.fail(why, pytrace=False)
    pytest.skip(why)


@cache
def impossible() -> str | None:
    """Return why no root can be made and entered here, or None."""
    if os.geteuid() != 0:
        return "a Debian root is made and entered by root only"
    if debian_release() is None:
        return "a Debian root is made from the package sources of a Debian system, and this is none"
    spaces = ("unshare", "--mount", "--net", "--pid", "--fork")
    tried = subprocess.run(
        (*spaces, "sh", "-euc", "mount -t tmpfs none /mnt; mknod /mnt/null c 1 3; : >/mnt/null"),
        capture_output=True,
        text=True,
        check=False,
    )
    return f"namespaces and mounts are not permitted here: {tried.stderr.strip()}" if tried.returncode else None


def debian_release() -> str | None:
    """Return the name of the Debian release that this is, or None."""
    lines = (line.partition("=") for line in Path("/etc/os-release").read_text("utf-8").splitlines())
    told = {name: value for name, _, value in lines}
    return told.get("VERSION_CODENAME") if told["ID"] == "debian" else None


class Disk:
    """A folder in memory that only those see who enter it."""

    def __init__(self, folder: Path) -> None:
        """Mount one on a folder, in mounts of its own."""
        self.folder = folder
        mount = 'mount -t tmpfs tmpfs "$1"; echo; exec cat'
        command = ("unshare", "--mount", "sh", "-euc", mount, "sh", folder)
        # It reads what we never write: when we are gone it ends, and with it the last who sees the folder.
        self._holder = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        assert self._holder.stdout is not None
        assert self._holder.stdout.readline() == b"\n"

    @property
    def enter(self) -> tuple[str, ...]:
        """Return the words before a command that shall see it."""
        return ("nsenter", f"--target={self._holder.pid}", "--mount", "--")

    def here(self, path: Path) -> Path:
        """Return where a path of it is for us, who have not entered."""
        return Path(f"/proc/{self._holder.pid}/root") / path.relative_to("/")

    def close(self) -> None:
        """Give the memory back."""
        self._holder.communicate()


@dataclass(frozen=True, slots=True)
class Root:
    """A folder that is somebody's `/`."""

    disk: Disk
    path: Path
    """As it is called by those who have entered the disk."""

    def file(self, name: str) -> Path:
        """Return where a file of it is for us."""
        return self.disk.here(self.path) / name.lstrip("/")

    def copy(self, name: str) -> "Root":
        """Return another that has the same files."""
        path = self.disk.folder / name
        subprocess.run((*self.disk.enter, "cp", "--archive", self.path, path), check=True)
        return Root(self.disk, path)

    def remove(self) -> None:
        """Remove it."""
        shutil.rmtree(self.file("/"))

    def run(
        self, *command: str, environment: Mapping[str, str] | None = None, folder: str = "/", network: bool = False
    ) -> str:
        """Run a command as its root, and return what it prints."""
        spaces = ("unshare", "--mount", *(() if network else ("--net",)))
        entered = ("sh", "-c", f'{_MOUNTS} exec chroot "$root" "$@"', "sh", self.path)
        usual = {"PATH": PATH, "HOME": "/root", "DEBIAN_FRONTEND": "noninteractive", **BUILDS_QUICKLY}
        variables = usual | dict(environment or {})
        clean = (
            "env",
            "--ignore-environment",
            f"--chdir={folder}",
            *(f"{name}={it}" for name, it in variables.items()),
        )
        done = subprocess.run(
            (*self.disk.enter, *spaces, *entered, *clean, *command), capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, f"{shlex.join(command)}: {done.returncode}\n{done.stdout}{done.stderr}"
        return done.stdout


@dataclass(frozen=True, slots=True)
class Namespaces:
    """Mounts, processes and network of a program that runs in a root, by its first process."""

    first: int
    """As it is numbered here; to itself it is 1."""

    def run(self, *command: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        """Run one more program in there, as root."""
        enter = ("nsenter", f"--target={self.first}", "--all", "--root", "--wd")
        clean = ("env", "--ignore-environment", f"PATH={PATH}", "HOME=/root", "DEBIAN_FRONTEND=noninteractive")
        done = subprocess.run((*enter, *clean, *command), capture_output=True, text=True, check=False)
        assert not check or done.returncode == 0, (
            f"{shlex.join(command)}: {done.returncode}\n{done.stdout}{done.stderr}"
        )
        return done

    def new_socket(self) -> socket.socket:
        """Return a socket of its network. Whoever uses it may be anywhere."""
        return self._in_network(socket.socket)

    def connect(self, port: int) -> socket.socket:
        """Return a connection to a port in there."""
        connected = self.new_socket()
        try:
            connected.connect(("127.0.0.1", port))
        except OSError:
            connected.close()
            raise
        return connected

    def accepts(self, port: int) -> bool:
        """Return whether something listens in there."""
        try:
            self.connect(port).close()
        except OSError:
            return False
        return True

    def _in_network(self, make: Callable[[], socket.socket]) -> socket.socket:
        """Make a socket in a thread of its own, since a network is entered by a thread, and for good."""
        made: list[socket.socket] = []
        libc = ctypes.CDLL(None, use_errno=True)

        def enter() -> None:
            with Path(f"/proc/{self.first}/ns/net").open("rb") as network:
                if libc.setns(network.fileno(), _NETWORK_NAMESPACE) == 0:
                    made.append(make())

        thread = threading.Thread(target=enter)
        thread.start()
        thread.join()
        assert made, f"the network of {self.first} cannot be entered"
        return made[0]


@contextmanager
def started(
    root: Root, setup: str, command: Sequence[str], log: Path, *, before: Sequence[str] = (), more: Sequence[str] = ()
) -> Generator[tuple[subprocess.Popen[bytes], Namespaces]]:
    """Run a command as the first process in namespaces of its own, after `setup`, a shell's lines; kill all at the end.

    `before` is a command that ends in running another, `more` what shall be its own besides.
    """
    shell = f'{_MOUNTS} ip link set lo up\n{setup}\nexec "$@"'
    spaces = ("unshare", "--mount", "--net", "--pid", "--ipc", "--uts", "--fork", "--kill-child", *more)
    with log.open("ab") as output:
        process = subprocess.Popen(
            (*root.disk.enter, *before, *spaces, "sh", "-c", shell, "sh", root.path, *command),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children")
    try:
        until(lambda: process.poll() is not None or bool(children.read_text().split()), "no process")
        first = int(children.read_text().split()[0])
        comm = Path(f"/proc/{first}/comm")
        until(lambda: process.poll() is not None or comm.read_text() != "sh\n", "the setup does not end")
        yield process, Namespaces(first)
    except Exception as error:
        error.add_note(log.read_text("utf-8", errors="replace")[-4000:])
        raise
    finally:
        # The first process, and with it all in there. --kill-child is no help: who changes its user forgets it.
        for child in children.read_text().split() if process.poll() is None else ():
            os.kill(int(child), signal.SIGKILL)
        process.wait()


def debian(disk: Disk, *packages: str) -> Root:
    """Make the smallest that has apt and some packages, from the package sources of this machine."""
    root = Root(disk, disk.folder / "debian")
    release = debian_release()
    assert release is not None
    command = (path_of("mmdebstrap"), "--mode=root", "--variant=apt", "--include=" + ",".join(packages))
    # The lists stay, so that more can be installed.
    quick: list[str] = [
        "--skip=cleanup/apt/lists",
        "--dpkgopt=force-unsafe-io",
        *(f"--aptopt={it}" for it in _apt_settings()),
    ]
    made: list[str | Path] = [*disk.enter, *command, *quick, release, root.path, *_apt_sources()]
    done = subprocess.run(made, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    for name in ("/etc/resolv.conf", "/etc/hosts"):
        shutil.copy(name, root.file(name))
    return root


def with_python(base: Root, requirements: Path) -> Root:
    """Copy a root, and add what Debian has for environments, compilers and the locked packages."""
    root = base.copy("python")
    # What the Dockerfile itself installs is there already: its steps run without a network.
    install(root, "python3-venv", "python3-dev", "gcc", "libc6-dev")
    shutil.copy(_AUTHORITIES, root.file(_AUTHORITIES))
    locks = ("run.txt", "build.txt")
    for lock in locks:
        shutil.copy(requirements / lock, root.file(lock))
    root.run("python3", "-m", "venv", "/fetch")
    wanted = [word for lock in locks for word in ("-r", f"/{lock}")]
    download = ("/fetch/bin/pip", "download", "--quiet", "--no-cache-dir", "--no-deps", "--require-hashes")
    root.run(*download, f"--dest={WHEELS}", *wanted, environment=_pip_settings(), network=True)
    shutil.rmtree(root.file("/fetch"))
    return root


def install(root: Root, *packages: str) -> None:
    """Install Debian packages, or files of them."""
    root.run("apt-get", "install", "-qq", "--yes", "--no-install-recommends", *packages, network=True)


def _apt_sources() -> list[str]:
    """Return Debian's package sources of this machine, and not those of others that it may have besides."""
    told = subprocess.run(
        (
            "apt-get",
            "indextargets",
            "--format",
            "$(ORIGIN)\tdeb $(SITE) $(RELEASE) $(COMPONENT)",
            "Created-By: Packages",
        ),
        capture_output=True,
        text=True,
        check=True,
    )
    lines = (line.partition("\t") for line in told.stdout.splitlines())
    return sorted({source for origin, _, source in lines if origin == "Debian"})


def _apt_settings() -> list[str]:
    """Return how apt of this machine gets to its sources."""
    told = subprocess.run(("apt-config", "dump"), capture_output=True, text=True, check=True)
    kept = ("Acquire::http::Proxy ", "Acquire::https::Proxy ", "Acquire::Check-Valid-Until ", "Acquire::Check-Date ")
    return [line for line in told.stdout.splitlines() if line.startswith(kept)]


def _pip_settings() -> dict[str, str]:
    """Return how pip of this machine gets to its packages; what lies on this machine's disk is not there in a root."""
    pip = ("python3", "-m", "pip", "config", "list")
    told = subprocess.run(pip, capture_output=True, text=True, check=False).stdout
    settings = {"PIP_CERT": _AUTHORITIES, "PIP_DISABLE_PIP_VERSION_CHECK": "1"}
    for line in told.splitlines():
        key, _, value = line.partition("=")
        name = key.rpartition(".")[2]
        if name in {"index-url", "extra-index-url", "trusted-host", "proxy", "default-timeout"}:
            words = [word for word in value.strip("'").split() if not word.startswith(("file:", "/"))]
            settings |= {f"PIP_{name.upper().replace('-', '_')}": " ".join(words)} if words else {}
    proxies = {
        name: value for name, value in os.environ.items() if name.lower() in {"http_proxy", "https_proxy", "no_proxy"}
    }
    return settings | proxies
