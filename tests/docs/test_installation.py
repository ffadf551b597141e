"""docs/installation.md, followed in a folder that stands for the root of a machine.

What is there of the real thing: `venv`, both calls of `pip` with their hashes, the check, the unit's own command. The
packages come from the environment that the tests run in, and not from a network. What needs a machine of its own, a
user, `apt` and `systemctl`, is not run; that it fits the unit is read.
"""

import os
import re
import signal
import subprocess
import sys
import sysconfig
from pathlib import Path
from typing import Final

import pytest

from tests.docs.markdown import ROOT, block, blocks
from tests.real.processes import ENDED_WITHIN_SECONDS, LOOPBACK, Ports, accepts, running
from tests.sources import BUILDS_QUICKLY, copy_sources
from tests.system import needs, path_of

pytestmark = pytest.mark.xdist_group("installation")
"""One worker installs for all of them."""

PAGE: Final = ROOT / "docs" / "installation.md"
UNIT: Final = ROOT / "deploy" / "systemd" / "cors-gateway.service"
PREFIX: Final = Path("/opt/cors-gateway")
CONFIGURATION: Final = Path("/etc/cors-gateway")
COMMANDS: Final = Path("/usr/local/bin")
"""Where systemd looks for a command without a path first, so that one unit serves this and the Debian package."""


def setting(name: str) -> str:
    """Return the value of a setting of the unit."""
    (value,) = re.findall(rf"^{name}=(.*)$", UNIT.read_text("utf-8"), re.MULTILINE)
    return str(value)


class Machine:
    """A folder that stands for `/`, and the commands of the page run in it."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def path(self, path: Path) -> Path:
        """Return where a path of the page is here."""
        return self.root / path.relative_to("/")

    def translated(self, text: str) -> str:
        """Return commands with the page's paths as they are here; groups of the real machine are left out."""
        for path in (PREFIX, CONFIGURATION, COMMANDS):
            text = text.replace(str(path), str(self.path(path)))
        return text.replace("-g cors-gateway ", "")

    def command(self) -> list[str]:
        """Return what the unit starts, found where systemd finds it."""
        name, *words = self.translated(setting("ExecStart")).split()
        return [str(self.path(COMMANDS) / name), *words]

    def run(self, commands: str, folder: Path) -> str:
        """Run commands as the page has them, and return what they print.

        Raises:
            CalledProcessError: one of them failed.
        """
        environment = (
            os.environ
            | BUILDS_QUICKLY
            | {
                # python3 is the one that runs the tests: the packages at hand are built for it.
                "PATH": os.pathsep.join(
                    (str(self.path(COMMANDS)), str(Path(sys.executable).parent), os.environ["PATH"])
                ),
                "PIP_NO_INDEX": "1",
                "PIP_DISABLE_PIP_VERSION_CHECK": "1",
                "PIP_NO_CACHE_DIR": "1",
            }
        )
        script = ("/bin/sh", "-euc", self.translated(commands))
        done = subprocess.run(script, cwd=folder, env=environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory) -> Machine:
    """Return a machine on which the gateway is installed as the page says."""
    machine = Machine(tmp_path_factory.mktemp("root"))
    sources = tmp_path_factory.mktemp("sources")
    copy_sources(sources)
    make_environment, *install = block(PAGE, "sh", "install").text.splitlines()
    machine.run(make_environment, sources)
    machine.path(COMMANDS).mkdir(parents=True)
    # Python 3.11 puts an old setuptools into each new environment: pip, which has no network here, cannot replace it.
    machine.run(f"{PREFIX}/bin/pip uninstall --quiet --yes setuptools", machine.root)
    # The locked packages are at hand in the tests' own environment; pip finds them there, and takes no others.
    (site_packages,) = machine.path(PREFIX).glob("lib/python*/site-packages")
    (site_packages / "at-hand.pth").write_text(sysconfig.get_path("purelib") + "\n", "utf-8")
    machine.run("\n".join(install), sources)
    machine.path(CONFIGURATION).mkdir(parents=True)
    return machine


def test_the_lock_is_all_that_is_needed_and_the_command_is_there(machine: Machine) -> None:
    assert machine.path(COMMANDS / "cors-gateway").readlink() == machine.path(PREFIX / "bin" / "cors-gateway")
    told = machine.run("cors-gateway version", machine.root)
    assert re.search(r"[0-9]+\.[0-9]+\.[0-9]+", told)
    where = machine.run(f"{PREFIX}/bin/python -c 'import gateway; print(gateway.__file__)'", machine.root)
    assert where.startswith(str(machine.path(PREFIX)))


def test_the_configuration_is_put_in_place_and_checked(machine: Machine, tmp_path: Path) -> None:
    (tmp_path / "crm.yaml").write_text(crm_yaml(), "utf-8")
    machine.run(block(PAGE, "sh", "configure").text, tmp_path)
    assert machine.path(CONFIGURATION / "crm.yaml").stat().st_mode & 0o777 == 0o640


def test_what_the_unit_starts_listens_and_stops_in_order(machine: Machine, tmp_path: Path) -> None:
    ports = Ports()
    try:
        port = ports.take()
        listeners = f"listeners: [{{address: '{LOOPBACK}:{port}'}}]\n"
        machine.path(CONFIGURATION / "crm.yaml").write_text(crm_yaml() + listeners, "utf-8")
        command = machine.command()
        log = tmp_path / "log"
        with running(command, log, lambda: accepts(port)) as process:
            process.send_signal(signal.SIGTERM)
            assert process.wait(ENDED_WITHIN_SECONDS) == 0
    finally:
        ports.close()
    events = re.findall(r'"event":"([a-z.]+)"', log.read_text("utf-8"))
    assert events == ["listener.ready", "gateway.ready", "gateway.draining", "gateway.stopped"]


def test_the_script_has_the_lines_of_the_page_and_no_others() -> None:
    service = block(PAGE, "sh", "service").text.splitlines()[:2]
    page = [*block(PAGE, "sh", "install").text.splitlines(), *block(PAGE, "sh", "account").text.splitlines(), *service]
    script = (ROOT / "deploy" / "systemd" / "install").read_text("utf-8").splitlines()
    shell = ("#", "set ", "cd ", "getent ", "echo ")
    assert [line.strip() for line in script if line and not line.startswith(shell)] == page


@needs("shellcheck")
def test_the_script_is_read_without_a_complaint() -> None:
    script = ROOT / "deploy" / "systemd" / "install"
    done = subprocess.run((path_of("shellcheck"), script), capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "")


@needs("systemd")
def test_the_unit_is_read_without_a_complaint(machine: Machine, tmp_path: Path) -> None:
    analyze = path_of("systemd")
    unit = tmp_path / UNIT.name
    text = machine.translated(UNIT.read_text("utf-8"))
    text = re.sub(r"^ExecStart=.*$", f"ExecStart={' '.join(machine.command())}", text, flags=re.MULTILINE)
    unit.write_text(text, "utf-8")
    verified = subprocess.run((analyze, "verify", unit), capture_output=True, text=True, check=False)
    ours = [line for line in verified.stderr.splitlines() if UNIT.name in line]
    assert ours == []


def test_the_page_and_the_unit_speak_of_the_same_user_files_and_times() -> None:
    commands = "".join(each.text for each in blocks(PAGE))
    user = setting("User")
    assert f" {user}\n" in block(PAGE, "sh", "account").text
    assert f"-g {setting('Group')} " in commands
    assert setting("ExecStart") == f"cors-gateway serve -c {CONFIGURATION}"
    assert str(UNIT.relative_to(ROOT)) in commands
    assert setting("RestartPreventExitStatus") == "1 2"
    assert float(setting("TimeoutStopSec").removesuffix("s")) > 30


def crm_yaml() -> str:
    """Return the README's first YAML."""
    return next(each.text for each in blocks(ROOT / "README.md") if each.language == "yaml")
