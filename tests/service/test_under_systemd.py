"""The units of deploy/systemd under a real systemd, where there is one; elsewhere they are only read by it."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import pytest

from tests.docs.markdown import ROOT
from tests.load.clients import PREFLIGHT, connect
from tests.real.processes import LOOPBACK, until
from tests.soak.place import Place, listener, place, site
from tests.system import needs, path_of

UNITS: Final = ROOT / "deploy" / "systemd"
RUNTIME: Final = Path("/run/systemd/system")
NAME: Final = "cors-gateway-test"
"""Of the units: not those of a gateway that somebody has installed here."""
SERVICE: Final = f"{NAME}.service"
SOCKET: Final = f"{NAME}.socket"
SYSTEMCTL: Final = shutil.which("systemctl")


def why_not() -> str:
    """Return why no unit can be started here; nothing where one can."""
    if SYSTEMCTL is None:
        return "there is no systemctl"
    told = subprocess.run((SYSTEMCTL, "is-system-running"), capture_output=True, text=True, check=False)
    state = told.stdout.strip() or told.stderr.strip()
    if state not in {"running", "degraded"}:
        return f"systemd does not run this machine: is-system-running says {state!r}"
    return "" if os.geteuid() == 0 else "only root may start units"


under_systemd: Final = pytest.mark.skipif(bool(why_not()), reason=why_not() or "it runs")


def put_units(folder: Path, configuration: Path, port: int) -> None:
    """Put the units into a folder, each as it is, with a file beside it that says what is elsewhere here.

    That is the checkout and its interpreter, and who may read them: there is no user `cors-gateway`. All else that
    hardens the service stays.
    """
    for name in (SERVICE, SOCKET):
        (folder / name).write_bytes((UNITS / name.replace(NAME, "cors-gateway")).read_bytes())
        (folder / f"{name}.d").mkdir()
    (folder / f"{SERVICE}.d" / "checkout.conf").write_text(
        "[Service]\nExecStart=\n"
        f"ExecStart={sys.executable} -m gateway serve -c {configuration}\n"
        f"WorkingDirectory={ROOT}\nEnvironment=PYTHONDONTWRITEBYTECODE=1\n"
        f"User={os.geteuid()}\nGroup={os.getegid()}\nProtectHome=no\nPrivateTmp=no\n"
    )
    (folder / f"{SOCKET}.d" / "checkout.conf").write_text(f"[Socket]\nListenStream=\nListenStream={LOOPBACK}:{port}\n")


def systemctl(*arguments: str, check: bool = True) -> str:
    """Run systemctl, and return what it prints.

    Raises:
        CalledProcessError: it failed, and that is to be checked.
    """
    assert SYSTEMCTL is not None
    return subprocess.run((SYSTEMCTL, *arguments), capture_output=True, text=True, check=check).stdout.strip()


def shown(setting: str) -> str:
    """Return what systemd says of the service."""
    return systemctl("show", "--value", "--property", setting, SERVICE)


@contextmanager
def installed(made: Place, configuration: Path, port: int) -> Generator[None]:
    """Have the units be known to systemd while the block runs."""
    folder = made.folder / "units"
    folder.mkdir()
    put_units(folder, configuration, port)
    names = sorted(each.name for each in folder.iterdir())
    try:
        for name in names:
            (shutil.copytree if (folder / name).is_dir() else shutil.copy)(folder / name, RUNTIME / name)
        systemctl("daemon-reload")
        yield
    finally:
        systemctl("stop", SOCKET, SERVICE, check=False)
        for name in names:
            path = RUNTIME / name
            if path.is_dir():
                shutil.rmtree(path)
            else:
                path.unlink(missing_ok=True)
        systemctl("reset-failed", SOCKET, SERVICE, check=False)
        systemctl("daemon-reload")


def answers(port: int) -> bool:
    """Return whether a preflight is answered."""
    with connect(port, None) as client:
        return client.ask(PREFLIGHT).status == 204


@under_systemd
@pytest.mark.parametrize("workers", [1, 2])
def test_it_starts_reloads_tells_how_it_is_restarts_and_stops(workers: int) -> None:
    with place() as made:
        port, crm = made.ports.take(), made.crm()
        configuration = made.folder / "gateway.yaml"

        def write(*names: str) -> None:
            sites = [site(crm.port), *(site(crm.port, name=name) for name in names)]
            configuration.write_text(made.text([listener(port)], sites, workers=workers))

        def says(text: str) -> Callable[[], bool]:
            return lambda: text in shown("StatusText")

        write()
        with installed(made, configuration, port):
            systemctl("start", SOCKET, SERVICE)  # returns once it has said that it serves
            assert (shown("ActiveState"), shown("StatusText")) == ("active", "serving 1 sites")
            assert answers(port)
            write("other.customer.example")
            systemctl("reload", SERVICE)
            until(says("serving 2 sites"), "the reload")
            configuration.write_text("nonsense: true")
            systemctl("reload", SERVICE)
            until(says("CANNOT BE USED"), "the reload that fails")
            assert answers(port)
            write()
            with made.load(port, 100) as load:
                before = shown("MainPID")
                systemctl("restart", SERVICE)
                assert shown("MainPID") != before
                load.more(50)
            assert load.faults() == []
            systemctl("stop", SOCKET, SERVICE)
            assert (shown("ActiveState"), shown("Result")) == ("inactive", "success")


@needs("systemd")
def test_the_units_are_read_without_a_complaint(tmp_path: Path) -> None:
    configuration = tmp_path / "gateway.yaml"
    put_units(tmp_path, configuration, 9900)
    for name in (SERVICE, SOCKET):
        told = subprocess.run(
            (path_of("systemd"), "verify", "--man=no", tmp_path / name),
            capture_output=True,
            text=True,
            check=False,
            env=os.environ | {"LC_ALL": "C", "SYSTEMD_UNIT_PATH": f"{tmp_path}:"},
        )
        assert [line for line in told.stderr.splitlines() if NAME in line or "checkout.conf" in line] == []
    assert str(configuration) in (tmp_path / f"{SERVICE}.d" / "checkout.conf").read_text()
