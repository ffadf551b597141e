"""The Debian package, as `make deb` builds it, through the life it has on a machine with a systemd that runs."""

import json
import os
import re
import shutil
import threading
from collections.abc import Generator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final

import pytest

from gateway import __version__
from tests.deploy import roots
from tests.deploy.machine import booted
from tests.deploy.peers import ADDIN, NAME, Crm, ask, preflight
from tests.deploy.roots import Namespaces, Root
from tests.docs.markdown import ROOT
from tests.real.processes import until
from tests.system import needs

pytestmark = [needs("mmdebstrap", "iproute2"), pytest.mark.xdist_group("roots"), pytest.mark.timeout(600)]

PORT: Final = 9900
"""Of deploy/systemd/cors-gateway.socket, and the gateway's own where nothing is said."""

YAML: Final = f"""
sites:
  - names: [{NAME}]
    upstream: http://127.0.0.1:80
    preset: vtenext
    paths: preset
    origins: [{ADDIN}]
"""


@pytest.fixture(scope="module")
def machine_root(debian: Root, package: Root) -> Generator[Root]:
    """Return a Debian with systemd, and with the package and its next version at hand."""
    root = debian.copy("machine")
    roots.install(root, "systemd-sysv", "python3")
    (built,) = package.file("/built").iterdir()
    shutil.copy(built, root.file("/now.deb"))
    # The next version: the same files under a higher number.
    root.run("sh", "-euc", "dpkg-deb -R /now.deb /next; sed -i 's/^Version: 0/Version: 1000/' /next/DEBIAN/control")
    root.run("dpkg-deb", "-Znone", "-b", "/next", "/next.deb")
    shutil.rmtree(root.file("/next"))
    yield root
    root.remove()


def apt(machine: Namespaces, *words: str) -> str:
    """Let apt do something, without a network."""
    quiet = ("-qq", "--yes", "--no-install-recommends", "--option=Dpkg::Use-Pty=0")
    return machine.run("apt-get", *quiet, *words).stdout


def configure(root: Root, text: str) -> None:
    """Write the configuration as the manual has it."""
    file = root.file("/etc/cors-gateway/crm.yaml")
    file.write_text(text, "utf-8")
    file.chmod(0o640)
    os.chown(file, 0, file.parent.stat().st_gid)


def told_of(machine: Namespaces, name: str, unit: str = "cors-gateway.service") -> str:
    """Return a property of a unit."""
    return machine.run("systemctl", "show", "--value", f"--property={name}", unit).stdout.strip()


def test_it_lives_on_a_machine(machine_root: Root, tmp_path: Path) -> None:
    """Follow it from its installation to its end: each part begins where the one before ends."""
    root, crm = machine_root.copy("life"), Crm(b"crm")
    with booted(root, tmp_path / "console") as machine:
        crm.listen(machine, "127.0.0.1", 80)
        installed_it_waits_for_a_configuration(machine)
        configured_it_serves_as_its_own_user(machine, root)
        upgraded_it_serves_on(machine)
        upgraded_with_its_socket_nobody_notices(machine)
        removed_it_is_gone_but_for_what_is_the_administrators(machine, root)
        purged_nothing_is_left(machine, root)
        crm.close()
    root.remove()


def installed_it_waits_for_a_configuration(machine: Namespaces) -> None:
    assert "cors-gateway does not run yet" in apt(machine, "install", "/now.deb")
    assert (told_of(machine, "ActiveState"), told_of(machine, "ConditionResult")) == ("inactive", "no")
    assert machine.run("systemctl", "is-enabled", "cors-gateway.service").stdout == "enabled\n"
    assert machine.run("stat", "-c", "%U %G %a", "/etc/cors-gateway").stdout == "root cors-gateway 750\n"
    examples = machine.run("ls", "/usr/share/doc/cors-gateway/examples").stdout.split()
    assert examples == sorted(each.name for each in (ROOT / "config").glob("*.yaml"))


def configured_it_serves_as_its_own_user(machine: Namespaces, root: Root) -> None:
    configure(root, YAML)
    machine.run("systemctl", "start", "cors-gateway")
    first = told_of(machine, "MainPID")
    assert machine.run("stat", "-c", "%U", f"/proc/{first}").stdout == "cors-gateway\n"
    assert preflight(machine, PORT).cors()[0] == ("Access-Control-Allow-Origin", ADDIN)
    assert ask(machine, PORT).body == b"crm"
    configure(root, YAML.replace(ADDIN, "https://second.example"))
    machine.run("systemctl", "reload", "cors-gateway")
    until(lambda: preflight(machine, PORT).status == 403, "the reload has no effect")
    assert told_of(machine, "MainPID") == first
    configure(root, YAML)


def upgraded_it_serves_on(machine: Namespaces) -> None:
    before = told_of(machine, "MainPID")
    apt(machine, "install", "/next.deb")
    assert told_of(machine, "ActiveState") == "active"
    assert told_of(machine, "MainPID") != before
    assert preflight(machine, PORT).status == 204
    assert machine.run("dpkg", "--verify", "cors-gateway").stdout == "", "what runs writes nothing of its own"


def upgraded_with_its_socket_nobody_notices(machine: Namespaces) -> None:
    machine.run("systemctl", "stop", "cors-gateway.service")
    machine.run("systemctl", "enable", "--now", "cors-gateway.socket")
    machine.run("systemctl", "start", "cors-gateway.service")
    before, done = told_of(machine, "MainPID"), threading.Event()

    def ask_on() -> list[bytes]:
        answers = [ask(machine, PORT).body]
        while not done.is_set():
            answers.append(ask(machine, PORT).body)
        return answers

    with ThreadPoolExecutor(2) as clients:
        asking = [clients.submit(ask_on) for _ in range(2)]
        try:
            apt(machine, "install", "--reinstall", "/next.deb")
        finally:
            done.set()
        assert {answer for each in asking for answer in each.result()} == {b"crm"}
    assert told_of(machine, "MainPID") != before


def removed_it_is_gone_but_for_what_is_the_administrators(machine: Namespaces, root: Root) -> None:
    apt(machine, "remove", "cors-gateway")
    for unit in ("cors-gateway.service", "cors-gateway.socket"):
        assert told_of(machine, "ActiveState", unit) == "inactive"
    assert not machine.accepts(PORT)
    assert "what you put into /etc/cors-gateway is still there" in apt(machine, "purge", "cors-gateway")
    assert root.file("/etc/cors-gateway/crm.yaml").read_text("utf-8") == YAML
    assert machine.run("getent", "passwd", "cors-gateway").returncode == 0


def purged_nothing_is_left(machine: Namespaces, root: Root) -> None:
    root.file("/etc/cors-gateway/crm.yaml").unlink()
    apt(machine, "install", "/now.deb")
    apt(machine, "purge", "cors-gateway")
    assert machine.run("systemctl", "--failed", "--no-legend", "--plain").stdout == ""
    assert left_of(root) == []


def test_it_is_installed_where_no_systemd_runs(machine_root: Root) -> None:
    root = machine_root.copy("quiet")
    root.run("apt-get", "install", "-qq", "--yes", "/now.deb")
    assert root.file("/etc/systemd/system/multi-user.target.wants/cors-gateway.service").is_symlink()
    assert root.run("cors-gateway", "version").splitlines() == [
        f"cors-gateway {__version__}",
        "scanners: compiled",
        "relay: compiled",
        "system: compiled",
    ]
    root.run("apt-get", "install", "-qq", "--yes", "/next.deb")
    root.run("apt-get", "purge", "-qq", "--yes", "cors-gateway")
    assert left_of(root) == []
    root.remove()


def test_what_is_in_it(package: Root) -> None:
    (built,) = package.file("/built").iterdir()
    release = re.findall(r"^VERSION_ID=\"(.*)\"$", package.file("/etc/os-release").read_text("utf-8"), re.MULTILINE)
    assert built.name.startswith(f"cors-gateway_{__version__}+deb{release[0]}_")
    package.run("dpkg-deb", "--raw-extract", f"/built/{built.name}", "/inside")
    inside = package.file("/inside")
    minor = int(package.run("python3", "-c", "import sys; print(sys.version_info.minor)"))
    control = (inside / "DEBIAN" / "control").read_text("utf-8")
    assert f"python3 (>= 3.{minor}), python3 (<< 3.{minor + 1}~)" in control
    bill = json.loads((inside / "usr/share/doc/cors-gateway/sbom.cdx.json").read_text("utf-8"))
    (packages,) = (inside / "usr/lib/cors-gateway").glob("lib/python3.*/site-packages")
    made_of = {each.name.partition("-")[0] for each in packages.glob("*.dist-info")}
    listed = {each["name"].replace("-", "_") for each in bill["components"] if each["scope"] == "required"}
    assert listed <= made_of
    texts = [each for each in inside.rglob("*") if each.is_file() and not each.is_symlink() and each.suffix != ".so"]
    assert [each for each in texts if b"/tmp/deb." in each.read_bytes()] == [], "where it was built is nobody's affair"
    shutil.rmtree(inside)


def left_of(root: Root) -> list[str]:
    """Return what is left of the package's files; what dpkg and systemd note of it for themselves apart."""
    places = ("etc", "usr", "lib/systemd", "var/lib/systemd")
    found = [
        str(Path(folder, name).relative_to(root.file("/")))
        for place in places
        for folder, folders, files in os.walk(root.file(place))
        for name in (*folders, *files)
        if name.startswith("cors-gateway")
    ]
    accounts = [line for line in root.file("/etc/passwd").read_text("utf-8").splitlines() if "cors-gateway" in line]
    return found + accounts
