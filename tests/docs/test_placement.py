"""The three places, with the configuration of their pages in real servers: only addresses, ports and folders differ.

Behind each stands a CRM that says yes to every origin, twice, and tells what it was asked.
"""

import http.client
import json
import os
import re
import ssl
import subprocess
import sys
import threading
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Final, cast

import pytest
import trustme
import yaml

from tests.docs.markdown import ROOT, blocks
from tests.real.processes import LOOPBACK, Ports, accepts, running
from tests.system import needs, path_of

README: Final = ROOT / "README.md"
PLACEMENT: Final = ROOT / "docs" / "placement.md"
ADDIN: Final = "https://addin.vendor.example"
CRM: Final = "crm.customer.example"
OWN_NAME: Final = "crm-api.customer.example"
CLIENT: Final = "127.0.0.2"
"""Whose page asks: another address than the proxies' own, which are believed."""
IS_ROOT: Final = os.geteuid() == 0


def of_readme(language: str, *marks: str) -> list[str]:
    """Return the README's blocks in a language, in their order."""
    return [block.text for block in blocks(README) if block.language == language and block.marks == marks]


def of_placement(language: str, *marks: str) -> list[str]:
    return [block.text for block in blocks(PLACEMENT) if block.language == language and block.marks == marks]


# ------------------------------------------------------------------------------------------------------------ the CRM


class BadCrm(BaseHTTPRequestHandler):
    """Shares everything with everybody, twice, and answers with the fields it was asked with."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        body = json.dumps({"method": self.command, "path": self.path, "fields": list(self.headers.items())}).encode()
        self.send_response(200)
        self.send_header("Access-Control-Allow-Origin", "*")
        self.send_header("Access-Control-Allow-Origin", self.headers.get("Origin", "*"))
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_POST = do_OPTIONS = do_GET  # noqa: N815 - the standard library's names

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the standard library's name
        """Say nothing."""


@contextmanager
def bad_crm(context: ssl.SSLContext | None = None) -> Generator[int]:
    """Serve it, with TLS if there is a `context`; yield the port."""
    server = ThreadingHTTPServer((LOOPBACK, 0), BadCrm)
    if context is not None:
        server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


# --------------------------------------------------------------------------------------------------- what is in front


@dataclass(frozen=True, slots=True)
class Place:
    """A folder, ports of its own, and a certificate for every name here."""

    folder: Path
    ports: Ports
    authority: trustme.CA

    def write(self, name: str, text: str) -> Path:
        file = self.folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, "utf-8")
        return file

    def certificate(self, folder: Path) -> tuple[Path, Path]:
        """Write fullchain.pem and privkey.pem into a folder."""
        leaf = self.authority.issue_cert(CRM, OWN_NAME, "localhost")
        folder.mkdir(parents=True, exist_ok=True)
        chain, key = folder / "fullchain.pem", folder / "privkey.pem"
        leaf.cert_chain_pems[0].write_to_path(chain)
        leaf.private_key_pem.write_to_path(key)
        key.chmod(0o640)
        return chain, key


@pytest.fixture
def place(tmp_path: Path) -> Generator[Place]:
    for folder in (tmp_path, *tmp_path.parents):
        if folder.owner() == tmp_path.owner() and "pytest" in str(folder):
            folder.chmod(folder.stat().st_mode | 0o011)  # a server's workers are somebody else's where root starts it
    ports = Ports()
    yield Place(tmp_path, ports, trustme.CA())
    ports.close()


@contextmanager
def gateway(place: Place, text: str, port: int) -> Generator[Path]:
    """Run the gateway with a configuration of the README; yield its log."""
    log = place.folder / "gateway.log"
    file = place.write("gateway.yaml", text)
    with running((sys.executable, "-m", "gateway", "serve", "-c", file), log, lambda: accepts(port)):
        yield log


NGINX: Final = """\
daemon off;
{user}
pid {folder}/nginx.pid;
error_log {folder}/nginx-error.log;
events {{ }}
http {{
    access_log off;
    client_body_temp_path {folder}/client;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
{http}
}}
"""


def nginx_command(place: Place, http: str) -> tuple[str | Path, ...]:
    """Write nginx's configuration, and return the command that runs it."""
    user = "user www-data;" if IS_ROOT else ""
    file = place.write("nginx/nginx.conf", NGINX.format(user=user, folder=place.folder, http=http))
    return (path_of("nginx-light"), "-p", place.folder, "-e", place.folder / "nginx-error.log", "-c", file)


APACHE: Final = """\
ServerName localhost
DefaultRuntimeDir "{folder}"
PidFile "{folder}/apache.pid"
ErrorLog "{folder}/apache-error.log"
TypesConfig /etc/mime.types
{user}
{modules}
LogFormat "%a" address
CustomLog "{folder}/addresses" address
<Directory "{folder}">
    Require all granted
    {directory}
</Directory>
{text}
"""


def apache_command(place: Place, text: str, *modules: str, directory: str = "") -> tuple[str | Path, ...]:
    """Write Apache's configuration, and return the command that runs it."""
    folder = "/usr/lib/apache2/modules"
    loaded = ("mpm_event", "authz_core", "dir", "mime", "setenvif", *modules)
    file = place.write(
        "apache.conf",
        APACHE.format(
            folder=place.folder,
            user="User www-data\nGroup www-data" if IS_ROOT else "",
            modules="\n".join(f"LoadModule {name}_module {folder}/mod_{name}.so" for name in loaded),
            directory=directory,
            text=text,
        ),
    )
    return (path_of("apache2"), "-f", file, "-DFOREGROUND")


# ------------------------------------------------------------------------------------------------------------ the page


@dataclass(frozen=True, slots=True)
class Answered:
    """An answer, its field lines as they came."""

    status: int
    lines: http.client.HTTPMessage
    body: bytes

    @property
    def origins(self) -> list[str]:
        return self.lines.get_all("Access-Control-Allow-Origin") or []

    @property
    def seen(self) -> tuple[str, str, Mapping[str, str]]:
        """Method, path and fields as the CRM saw them; no field stands there twice."""
        told = json.loads(self.body)
        fields = cast("list[tuple[str, str]]", told["fields"])
        names = [name.lower() for name, _ in fields]
        assert len(names) == len(set(names))
        return told["method"], told["path"], {name.lower(): value for name, value in fields}


def ask(port: int, host: str, method: str, path: str, tls: ssl.SSLContext | None = None, **fields: str) -> Answered:
    """Ask as a page of the add-in does; `fields` are further ones, with `_` for `-`."""
    connection = (
        http.client.HTTPConnection(LOOPBACK, port, timeout=30, source_address=(CLIENT, 0))
        if tls is None
        else http.client.HTTPSConnection(LOOPBACK, port, context=tls, timeout=30, source_address=(CLIENT, 0))
    )
    named = {name.replace("_", "-"): value for name, value in fields.items()}
    try:
        connection.request(method, path, headers={"Host": host, "Origin": ADDIN} | named)
        response = connection.getresponse()
        return Answered(response.status, response.headers, response.read())
    finally:
        connection.close()


def trusting(authority: trustme.CA) -> ssl.SSLContext:
    """Return a client's context that trusts our authority; names are not looked at, since all is on one address."""
    context = ssl.create_default_context(cadata=authority.cert_pem.bytes().decode())
    context.check_hostname = False
    return context


def expect_the_place_to_work(port: int, host: str, tls: ssl.SSLContext | None, scheme: str) -> None:
    """Hold what the README says of each place."""
    preflight = ask(port, host, "OPTIONS", "/restapi/v1/x", tls, Access_Control_Request_Method="POST")
    assert (preflight.status, preflight.origins) == (204, [ADDIN])

    path = "/restapi/v1/a%20b?q=%2F+c"
    forged = {"X_Forwarded_For": "192.0.2.66", "Client_IP": "192.0.2.66", "X_Forwarded_Proto": "gopher"}
    shared = ask(port, host, "POST", path, tls, **forged)
    assert (shared.status, shared.origins) == (200, [ADDIN])
    method, seen_path, seen = shared.seen
    assert (method, seen_path) == ("POST", path)
    assert seen["x-forwarded-host"] == host
    assert (seen["x-forwarded-for"], seen["x-forwarded-proto"]) == (CLIENT, scheme)
    assert "client-ip" not in seen

    refused = ask(port, host, "GET", "/webservice.php", tls, Origin="https://stranger.example")
    assert (refused.status, refused.origins) == (403, [])
    assert json.loads(refused.body)["reason"] == "origin-not-allowed"


# ----------------------------------------------------------------------------------------------------------- the places


def configuration(text: str, **changed: object) -> str:
    """Return a configuration of the README with other addresses."""
    read = yaml.safe_load(text)
    site = read["sites"][0]
    if "upstream" in changed:
        site["upstream"] = changed.pop("upstream")
    return yaml.safe_dump(read | changed)


@needs("apache2")
def test_1_on_port_443_itself_before_apache(place: Place) -> None:
    outer, inner = place.ports.take(), place.ports.take()
    (place.folder / "themes").mkdir()
    place.certificate(place.folder / "tls" / "crm")
    (text,) = [each for each in of_readme("apache") if "VirtualHost" in each]
    text = text.replace(f"{LOOPBACK}:8080", f"{LOOPBACK}:{inner}").replace("/var/www/vtenext", str(place.folder))
    text = text.replace("</VirtualHost>", 'Header always set Seen-Https "%{HTTPS}e"\n</VirtualHost>')
    ours = configuration(
        of_readme("yaml")[1],
        listeners=[{"address": f"{LOOPBACK}:{outer}", "certificates": str(place.folder / "tls")}],
        upstream=f"http://{LOOPBACK}:{inner}",
    )
    apache = apache_command(place, text, "remoteip", "headers")
    with (
        running(apache, place.folder / "apache.log", lambda: accepts(inner)),
        gateway(place, ours, outer),
    ):
        redirect = ask(outer, CRM, "GET", "/themes", trusting(place.authority), Sec_Fetch_Site="same-origin")
    # All three lines of the page's table.
    assert redirect.lines["Location"] == f"https://{CRM}/themes/"
    assert redirect.lines["Seen-Https"] == "on"
    assert (place.folder / "addresses").read_text("utf-8") == f"{CLIENT}\n"


@needs("nginx-light")
def test_2_behind_nginx_that_keeps_443(place: Place) -> None:
    outer, inner = place.ports.take(), place.ports.take()
    (locations,) = [each for each in of_readme("nginx") if "location ^~" in each]
    (snippet,) = of_readme("nginx", "snippet")
    place.write("nginx/snippets/cors-gateway.conf", snippet.replace(f"{LOOPBACK}:9900", f"{LOOPBACK}:{inner}"))
    http = f"server {{\n listen {LOOPBACK}:{outer};\n location ~ \\.php$ {{ return 418; }}\n{locations}}}"
    with bad_crm() as crm:
        ours = place_2(crm, inner)
        with (
            gateway(place, ours, inner),
            running(nginx_command(place, http), place.folder / "nginx.log", lambda: accepts(outer)),
        ):
            expect_the_place_to_work(outer, CRM, None, "http")


@needs("apache2")
def test_2_behind_apache_that_keeps_443(place: Place) -> None:
    outer, inner = place.ports.take(), place.ports.take()
    (lines,) = [each for each in of_readme("apache") if "ProxyPass" in each]
    lines = lines.replace(f"{LOOPBACK}:9900", f"{LOOPBACK}:{inner}")
    text = f"Listen {LOOPBACK}:{outer}\n<VirtualHost {LOOPBACK}:{outer}>\nServerName {CRM}\n{lines}</VirtualHost>"
    with bad_crm() as crm:
        ours = place_2(crm, inner)
        apache = apache_command(place, text, "headers", "proxy", "proxy_http")
        with (
            gateway(place, ours, inner),
            running(apache, place.folder / "apache.log", lambda: accepts(outer)),
        ):
            expect_the_place_to_work(outer, CRM, None, "http")


def place_2(crm: int, inner: int) -> str:
    """Return the smallest file, with what it does without `listeners` spelt out for another port."""
    return configuration(
        of_readme("yaml")[0],
        listeners=[{"address": f"{LOOPBACK}:{inner}"}],
        trusted_proxies=[LOOPBACK],
        upstream=f"http://{LOOPBACK}:{crm}",
    )


@needs("nginx-light")
def test_3_under_its_own_name_behind_nginx(place: Place) -> None:
    outer, inner = place.ports.take(), place.ports.take()
    chain, key = place.certificate(place.folder / "terminator")
    (server,) = [each for each in of_readme("nginx") if "server {" in each]
    server = server.replace("listen 443", f"listen {LOOPBACK}:{outer}").replace("10.0.0.20:9900", f"{LOOPBACK}:{inner}")
    server = server.replace("/etc/ssl/crm-api/fullchain.pem", str(chain))
    server = server.replace("/etc/ssl/crm-api/privkey.pem", str(key))
    authority = place.folder / "authority.pem"
    place.authority.cert_pem.write_to_path(authority)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(*place.certificate(place.folder / "crm"))
    with bad_crm(context) as crm:
        ours = configuration(
            of_readme("yaml")[2],
            listeners=[{"address": f"{LOOPBACK}:{inner}"}],
            trusted_proxies=[LOOPBACK],
            upstream={"urls": [f"https://localhost:{crm}"], "tls": {"ca": str(authority)}},
        )
        with (
            gateway(place, ours, inner),
            running(nginx_command(place, server), place.folder / "nginx.log", lambda: accepts(outer)),
        ):
            expect_the_place_to_work(outer, OWN_NAME, trusting(place.authority), "https")


HAPROXY: Final = """\
global
    maxconn 100
defaults
    timeout connect 5s
    timeout client 60s
    timeout server 60s
{text}
"""


def haproxy_command(place: Place, text: str) -> tuple[str | Path, ...]:
    """Write HAProxy's configuration, and return the command that runs it."""
    return (path_of("haproxy"), "-db", "-f", place.write("haproxy.cfg", HAPROXY.format(text=text)))


@needs("haproxy")
def test_3_under_its_own_name_behind_haproxy(place: Place) -> None:
    outer, inner = place.ports.take(), place.ports.take()
    chain, key = place.certificate(place.folder / "terminator")
    pem = place.write("crm-api.pem", chain.read_text("utf-8") + key.read_text("utf-8"))
    (text,) = of_placement("haproxy", "http")
    text = text.replace("bind :443", f"bind {LOOPBACK}:{outer}").replace("10.0.0.20:9900", f"{LOOPBACK}:{inner}")
    text = text.replace("/etc/haproxy/crm-api.pem", str(pem))
    with bad_crm() as crm:
        ours = configuration(
            of_readme("yaml")[2],
            listeners=[{"address": f"{LOOPBACK}:{inner}"}],
            trusted_proxies=[LOOPBACK],
            upstream=f"http://{LOOPBACK}:{crm}",
        )
        with (
            gateway(place, ours, inner),
            running(haproxy_command(place, text), place.folder / "haproxy.log", lambda: accepts(outer)),
        ):
            expect_the_place_to_work(outer, OWN_NAME, trusting(place.authority), "https")


@needs("haproxy")
@pytest.mark.parametrize("version", ["send-proxy", "send-proxy-v2"])
def test_3_behind_haproxy_that_passes_tls_on_with_a_proxy_header(place: Place, version: str) -> None:
    outer, inner = place.ports.take(), place.ports.take()
    place.certificate(place.folder / "tls" / "crm-api")
    (text,) = of_placement("haproxy", "tcp")
    text = text.replace("bind :443", f"bind {LOOPBACK}:{outer}").replace("10.0.0.20:8443", f"{LOOPBACK}:{inner}")
    text = text.replace("send-proxy-v2", version)
    (announced,) = [each for each in of_placement("yaml") if "proxy_protocol" in each]
    listener = yaml.safe_load(announced)["listeners"][0]
    with bad_crm() as crm:
        ours = configuration(
            announced,
            listeners=[listener | {"address": f"{LOOPBACK}:{inner}", "certificates": str(place.folder / "tls")}],
            trusted_proxies=[LOOPBACK],
            upstream=f"http://{LOOPBACK}:{crm}",
        )
        with (
            gateway(place, ours, inner) as log,
            running(haproxy_command(place, text), place.folder / "haproxy.log", lambda: accepts(outer)),
        ):
            expect_the_place_to_work(outer, OWN_NAME, trusting(place.authority), "https")
            direct = ask(inner, OWN_NAME, "GET", "/restapi/v1/x", trusting(place.authority))
            assert direct.status == 200  # from an address that is not trusted, which sends none
        assert "proxy.header" not in log.read_text("utf-8")  # HAProxy's checks have one, too


def test_a_proxy_that_is_not_trusted_is_named_in_the_log(place: Place) -> None:
    inner = place.ports.take()
    with bad_crm() as crm:
        ours = configuration(
            of_readme("yaml")[0],
            listeners=[{"address": f"{LOOPBACK}:{inner}"}],
            upstream=f"http://{LOOPBACK}:{crm}",
        )
        with gateway(place, ours, inner) as log:
            ask(inner, CRM, "GET", "/webservice.php", X_Forwarded_For="192.0.2.66")
        told = log.read_text("utf-8")
    assert "proxy.untrusted" in told
    assert f"put {CLIENT} into trusted_proxies" in told


@needs("nginx-light")
def test_nginx_takes_the_crms_own_server_of_the_page(place: Place) -> None:
    (text,) = of_placement("nginx", "http")
    (line,) = of_placement("nginx", "location")
    parameters = Path("/etc/nginx/fastcgi_params").read_text("utf-8")
    place.write("nginx/fastcgi_params", parameters)
    text = text.replace(f"{LOOPBACK}:8080", f"{LOOPBACK}:{place.ports.take()}")
    server = f"server {{ listen {LOOPBACK}:{place.ports.take()}; location / {{ {line} }} }}"
    tested = subprocess.run((*nginx_command(place, text + server), "-t"), capture_output=True, text=True, check=False)
    assert tested.returncode == 0, tested.stderr


@needs("apache2")
def test_apache_takes_what_the_page_puts_into_a_directory(place: Place) -> None:
    (line,) = of_placement("apache", "directory")
    port = place.ports.take()
    apache = apache_command(place, f"Listen {LOOPBACK}:{port}", directory=line)
    with running(apache, place.folder / "apache.log", lambda: accepts(port)):
        pass


def test_what_finds_cors_lines_finds_them() -> None:
    (line,) = [each for each in of_readme("sh") if each.startswith("grep")]
    pattern = re.search(r"'(.*)'", line)
    assert pattern is not None
    for told in (
        'Header always set Access-Control-Allow-Origin "*"',
        "add_header access-control-allow-credentials true always;",
        "accessControlAllowOriginList: ['*']",
    ):
        assert re.search(pattern[1], told, re.IGNORECASE)
