"""The image as the test made it, and a container of it."""

import signal
import subprocess
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.deploy.dockerfile import Instruction, Stage
from tests.deploy.roots import Namespaces, Root, started
from tests.docs.markdown import ROOT

DOCKER: Final = ROOT / "deploy" / "docker"
DOCKERFILE: Final = DOCKER / "Dockerfile"

CONFIGURATION: Final = "/etc/cors-gateway"
"""Where compose.yaml mounts it."""

_CONTAINER: Final = """
mkdir -p "$root{configuration}"
mount --bind "{folder}" "$root{configuration}"
mount --bind "{hosts}" "$root/etc/hosts"
for shell in sh dash bash; do mount --bind "$root/dev/null" "$root/bin/$shell"; done
mount -o remount,bind,ro "$root{configuration}"
mount -o remount,ro "$root/dev"
mount -o remount,bind,ro "$root"
"""
"""What compose.yaml asks of Docker: nothing can be written. And no shell can be run, since none is needed."""


@dataclass(frozen=True, slots=True)
class Image:
    """Files, and what the last stage says about running them."""

    root: Root
    stage: Stage
    environment: dict[str, str]
    user: str

    @property
    def confined(self) -> tuple[str, ...]:
        """Return the words before a command that runs as the image says, with no rights at all."""
        user, _, group = self.user.partition(":")
        nothing = ("--clear-groups", "--bounding-set=-all", "--inh-caps=-all", "--no-new-privs")
        variables = (f"{name}={value}" for name, value in self.environment.items())
        return ("setpriv", f"--reuid={user}", f"--regid={group}", *nothing, "env", "--ignore-environment", *variables)

    @property
    def stop_signal(self) -> signal.Signals:
        """Return what it is stopped with."""
        return signal.Signals[self.stage.one("STOPSIGNAL").rest]

    @contextmanager
    def container(self, folder: Path, hosts: Path, log: Path) -> Generator[tuple[subprocess.Popen[bytes], Namespaces]]:
        """Run the image's own command, with a configuration and a hosts file of ours."""
        command = (*self.stage.one("ENTRYPOINT").words, *self.stage.one("CMD").words)
        setup = _CONTAINER.format(configuration=CONFIGURATION, folder=folder, hosts=hosts)
        entered = ("chroot", str(self.root.path), *self.confined, *command)
        with started(self.root, setup, entered, log) as run:
            yield run

    def health(self, where: Namespaces) -> subprocess.CompletedProcess[str]:
        """Run the image's own health check in a container."""
        word, listed = self.stage.one("HEALTHCHECK").rest.split(maxsplit=1)
        assert word == "CMD"
        return where.run(*self.confined, *Instruction(word, {}, listed).words, check=False)
