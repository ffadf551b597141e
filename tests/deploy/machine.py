"""A machine with Debian and a systemd that runs, as somebody has who installs the package."""

import re
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from tests.deploy.roots import Namespaces, Root, started
from tests.real.processes import until

_BOOT: Final = """
mount -t tmpfs tmpfs "$root/run"
mount -t tmpfs -o mode=1777 tmpfs "$root/tmp"
mkdir "$root/dev/shm" "$root/dev/pts"
mount -t tmpfs -o mode=1777 tmpfs "$root/dev/shm"
mount -t devpts -o newinstance,ptmxmode=0666 devpts "$root/dev/pts"
ln -s pts/ptmx "$root/dev/ptmx"
mount -t sysfs -o ro sysfs "$root/sys"
mount -t cgroup2 cgroup2 "$root/sys/fs/cgroup"
export container=test
cd "$root"
pivot_root . mnt
"""
"""What systemd expects of those who start it in a container, https://systemd.io/CONTAINER_INTERFACE/."""

_WITHOUT: Final = "-sys_time,-sys_module,-sys_rawio,-sys_boot,-mac_admin,-mac_override,-wake_alarm,-perfmon,-bpf"
"""What would reach beyond the root: the clock, the kernel itself."""


class Groups:
    """A control group for a systemd of its own, below the one that the tests run in."""

    def __init__(self) -> None:
        """Make it."""
        mounts = (line.split() for line in Path("/proc/self/mounts").read_text("utf-8").splitlines())
        top = next((Path(mount[1]) for mount in mounts if mount[2] == "cgroup2"), None)
        if top is None:
            raise FileNotFoundError("no control groups of version 2 are mounted, which systemd wants")
        (own,) = re.findall(r"^0::(.*)$", Path("/proc/self/cgroup").read_text("utf-8"), re.MULTILINE)
        self.path = top / own.lstrip("/") / "cors-gateway-test"
        self.path.mkdir(exist_ok=True)

    def remove(self) -> None:
        """Remove it and those in it, which are empty when their processes are gone."""
        until(lambda: not (self.path / "cgroup.events").read_text("ascii").startswith("populated 1"), "it is not empty")
        for group in sorted((each for each in self.path.rglob("*") if each.is_dir()), reverse=True):
            group.rmdir()
        self.path.rmdir()


@contextmanager
def booted(root: Root, log: Path) -> Generator[Namespaces]:
    """Boot a root that has systemd, and switch it off at the end."""
    groups = Groups()
    try:
        # Into the group first, so that what is there is all that this systemd sees.
        join = ("sh", "-euc", f'echo 0 >"{groups.path}/cgroup.procs"; exec "$@"', "sh")
        systemd = f"exec setpriv --bounding-set={_WITHOUT} /lib/systemd/systemd --unit=multi-user.target"
        command = ("chroot", ".", "sh", "-c", f"umount -l /mnt; {systemd}")
        with started(root, _BOOT, command, log, before=join, more=("--cgroup",)) as (process, machine):

            def is_running() -> bool:
                told = machine.run("systemctl", "is-system-running", check=False).stdout.strip()
                return process.poll() is not None or told == "running"

            until(is_running, "systemd does not start")
            try:
                yield machine
            except Exception as error:
                error.add_note(machine.run("journalctl", "--no-pager", "--lines=60", check=False).stdout)
                raise
    finally:
        groups.remove()
