"""The folders of deploy/ for what stands in front, each in the real server: only addresses, ports and paths differ."""

import ssl
from collections.abc import Generator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path

import pytest
import yaml

from tests.deploy.programs import program
from tests.docs.markdown import ROOT
from tests.places import (
    ADDIN,
    CRM,
    OWN_NAME,
    BadCrmServer,
    Place,
    apache_command,
    ask,
    bad_crm,
    configuration,
    expect_an_upload_to_pass_as_it_comes,
    expect_the_place_to_work,
    gateway,
    haproxy_command,
    nginx_command,
    of_placement,
    of_readme,
    standing,
    trusting,
)
from tests.real.processes import LOOPBACK, running
from tests.system import needs

DEPLOY = ROOT / "deploy"


def lines_of(name: str) -> str:
    """Return a file of deploy/ without what it says of itself in its first lines."""
    said, _, lines = (DEPLOY / name).read_text("utf-8").partition("\n\n")
    assert all(line.startswith("# ") for line in said.splitlines())
    return lines


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("beside-apache/cors-gateway.conf", of_readme("apache")),
        ("beside-apache/inner.conf", of_readme("apache")),
        ("beside-nginx/locations.conf", of_readme("nginx")),
        ("beside-nginx/cors-gateway.conf", of_readme("nginx", "snippet")),
        ("beside-nginx/inner.conf", of_placement("nginx", "http")),
        ("behind-haproxy/header-fields.cfg", of_placement("haproxy", "http")),
        ("behind-haproxy/proxy-header.cfg", of_placement("haproxy", "tcp")),
        ("behind-haproxy/proxy-header.yaml", of_placement("yaml")),
        ("behind-traefik/cors-gateway.yaml", of_placement("yaml", "traefik")),
    ],
)
def test_the_pages_show_what_the_file_holds(name: str, shown: list[str]) -> None:
    assert lines_of(name) in shown


@dataclass(frozen=True, slots=True)
class Front:
    """A place with a port in front, one of the gateway's, and a CRM."""

    place: Place
    crm: BadCrmServer
    outer: int
    inner: int

    def ours(self, text: str, **listener: object) -> str:
        """Return the gateway's YAML with our addresses."""
        listeners = [{"address": f"{LOOPBACK}:{self.inner}"} | listener]
        return configuration(text, listeners=listeners, trusted_proxies=[LOOPBACK], upstream=self.crm.url)

    def lines_of(self, name: str, theirs: str = f"{LOOPBACK}:9900") -> str:
        """Return a file of deploy/ with our addresses for its own."""
        lines = lines_of(name)
        assert theirs in lines
        return lines.replace(theirs, f"{LOOPBACK}:{self.inner}").replace("bind :443", f"bind {LOOPBACK}:{self.outer}")

    @contextmanager
    def running(self, command: Sequence[str | Path], ours: str, host: str) -> Generator[Path]:
        """Run the gateway and the server in front of it; yield the gateway's log."""
        tls = self.tls(host)

        def leads_here() -> bool:
            # Traefik listens before it has read where things lead, and answers 404 meanwhile, or cuts.
            with suppress(OSError):
                return ask(self.outer, host, "GET", "/restapi/", tls).status != HTTPStatus.NOT_FOUND
            return False

        with (
            gateway(self.place, ours, self.inner) as log,
            running(command, self.place.folder / "front.log", leads_here),
        ):
            yield log

    def tls(self, host: str) -> ssl.SSLContext | None:
        """Return what a client of this host trusts: the one on the gateway's own machine is asked in plain HTTP."""
        return None if host == CRM else trusting(self.place.authority)

    def expect_to_work(self, command: Sequence[str | Path], ours: str, host: str) -> str:
        """Hold what each folder promises; return the gateway's log."""
        with self.running(command, ours, host) as log:
            tls = self.tls(host)
            expect_the_place_to_work(self.outer, host, tls, "https" if tls else "http")
            expect_an_upload_to_pass_as_it_comes(self.outer, host, tls, self.crm)
        return log.read_text("utf-8")


@pytest.fixture
def front(tmp_path: Path) -> Generator[Front]:
    with standing(tmp_path) as place, bad_crm() as crm:
        yield Front(place, crm, place.ports.take(), place.ports.take())


SIDECAR = (ROOT / "config" / "sidecar.yaml").read_text("utf-8")
"""What the folders for the same machine name; without `listeners` it does what `Front.ours` spells out."""


@needs("apache2")
def test_beside_apache(front: Front) -> None:
    lines = front.place.write("cors-gateway.conf", front.lines_of("beside-apache/cors-gateway.conf"))
    host = f"<VirtualHost {LOOPBACK}:{front.outer}>\nServerName {CRM}\nInclude {lines}\n</VirtualHost>"
    text = f"Listen {LOOPBACK}:{front.outer}\n{host}"
    apache = apache_command(front.place, text, "headers", "proxy", "proxy_http")
    front.expect_to_work(apache, front.ours(SIDECAR), CRM)


@needs("nginx-light")
def test_beside_nginx(front: Front) -> None:
    front.place.write("nginx/snippets/cors-gateway.conf", front.lines_of("beside-nginx/cors-gateway.conf"))
    locations = lines_of("beside-nginx/locations.conf")
    http = f"server {{\n listen {LOOPBACK}:{front.outer};\n location ~ \\.php$ {{ return 418; }}\n{locations}}}"
    front.expect_to_work(nginx_command(front.place, http), front.ours(SIDECAR), CRM)


@needs("haproxy")
def test_behind_haproxy_that_holds_the_certificate(front: Front) -> None:
    chain, key = front.place.certificate(front.place.folder / "terminator")
    pem = front.place.write("crm-api.pem", chain.read_text("utf-8") + key.read_text("utf-8"))
    text = front.lines_of("behind-haproxy/header-fields.cfg", "10.0.0.20:9900")
    text = text.replace("/etc/haproxy/crm-api.pem", str(pem))
    front.expect_to_work(haproxy_command(front.place, text), front.ours(of_readme("yaml")[2]), OWN_NAME)


@needs("haproxy")
@pytest.mark.parametrize("version", ["send-proxy", "send-proxy-v2"])
def test_behind_haproxy_that_passes_tls_on_with_a_proxy_header(front: Front, version: str) -> None:
    front.place.certificate(front.place.folder / "tls" / "crm-api")
    text = front.lines_of("behind-haproxy/proxy-header.cfg", "10.0.0.20:8443").replace("send-proxy-v2", version)
    announced = lines_of("behind-haproxy/proxy-header.yaml")
    listener = yaml.safe_load(announced)["listeners"][0] | {"address": f"{LOOPBACK}:{front.inner}"}
    ours = front.ours(announced, **listener | {"certificates": str(front.place.folder / "tls")})
    log = front.expect_to_work(haproxy_command(front.place, text), ours, OWN_NAME)
    assert "proxy.header" not in log  # HAProxy's checks have one, too


@needs("haproxy")
def test_who_is_not_haproxy_comes_without_a_proxy_header(front: Front) -> None:
    front.place.certificate(front.place.folder / "tls" / "crm-api")
    announced = lines_of("behind-haproxy/proxy-header.yaml")
    ours = front.ours(announced, certificates=str(front.place.folder / "tls"), proxy_protocol=True)
    with gateway(front.place, ours, front.inner):
        direct = ask(front.inner, OWN_NAME, "GET", "/restapi/v1/x", trusting(front.place.authority))
    assert (direct.status, direct.origins) == (200, [ADDIN])


def traefik_command(front: Front, **entry_point: object) -> tuple[str | Path, ...]:
    """Write Traefik's configuration, and return the command that runs it; it is kept from asking for newer ones."""
    chain, key = front.place.certificate(front.place.folder / "terminator")
    front.place.write("dynamic/cors-gateway.yaml", front.lines_of("behind-traefik/cors-gateway.yaml", "10.0.0.20:9900"))
    shown = {"defaultCertificate": {"certFile": str(chain), "keyFile": str(key)}}
    front.place.write("dynamic/certificate.yaml", yaml.safe_dump({"tls": {"stores": {"default": shown}}}))
    static = yaml.safe_load(lines_of("behind-traefik/entry-point.yaml"))
    static["entryPoints"]["websecure"] |= {"address": f"{LOOPBACK}:{front.outer}", **entry_point}
    static["providers"] = {"file": {"directory": str(front.place.folder / "dynamic")}}
    static["global"] = {"checkNewVersion": False, "sendAnonymousUsage": False}
    return (program("traefik"), f"--configFile={front.place.write('traefik.yaml', yaml.safe_dump(static))}")


def test_behind_traefik(front: Front) -> None:
    front.expect_to_work(traefik_command(front), front.ours(of_readme("yaml")[2]), OWN_NAME)


@pytest.mark.parametrize(
    ("told", "passed_on"),
    [
        pytest.param({}, "/a/b?c&d", id="by-itself"),
        pytest.param({"http": {"sanitizePath": False, "encodeQuerySemicolons": True}}, "/a//b?c%3Bd", id="told-not-to"),
    ],
)
def test_what_traefik_makes_of_a_target(front: Front, told: dict[str, object], passed_on: str) -> None:
    ours = front.ours(of_readme("yaml")[2].replace("paths: preset", "paths: everything"))
    tls = trusting(front.place.authority)
    with front.running(traefik_command(front, **told), ours, OWN_NAME):
        assert ask(front.outer, OWN_NAME, "GET", "/a//b?c;d", tls).seen[1] == passed_on
