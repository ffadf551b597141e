"""The places the gateway stands in: a folder, the gateway, a badly behaved CRM, and real servers in front.

Whoever asks does so from 127.0.0.2, so that an address that is passed on can be told from the proxies' own.
"""

import hashlib
import http.client
import json
import os
import ssl
import sys
import threading
from collections.abc import Generator, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Final, cast

import trustme
import yaml

from tests.docs.markdown import ROOT, blocks
from tests.real.processes import LOOPBACK, Ports, accepts, running
from tests.system import path_of

README: Final = ROOT / "README.md"
PLACEMENT: Final = ROOT / "docs" / "placement.md"
ADDIN: Final = "https://addin.vendor.example"
CRM: Final = "crm.customer.example"
OWN_NAME: Final = "crm-api.customer.example"
CLIENT: Final = "127.0.0.2"
"""Whose page asks: another address than the proxies' own, which are believed."""
IS_ROOT: Final = os.geteuid() == 0
UPLOAD_OCTETS: Final = 25_000_000
"""A mail with attachments."""
READ_OCTETS: Final = 65_536


def of_readme(language: str, *marks: str) -> list[str]:
    """Return the README's blocks in a language, in their order."""
    return [block.text for block in blocks(README) if block.language == language and block.marks == marks]


def of_placement(language: str, *marks: str) -> list[str]:
    return [block.text for block in blocks(PLACEMENT) if block.language == language and block.marks == marks]


def configuration(text: str, **changed: object) -> str:
    """Return a configuration of the README with other addresses."""
    read = yaml.safe_load(text)
    site = read["sites"][0]
    if "upstream" in changed:
        site["upstream"] = changed.pop("upstream")
    return yaml.safe_dump(read | changed)


# ------------------------------------------------------------------------------------------------------------ the CRM


class BadCrm(BaseHTTPRequestHandler):
    """Shares everything with everybody, twice, and answers with what it was asked."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        received = self._body()
        told = {"method": self.command, "path": self.path, "fields": list(self.headers.items()), "sha256": received}
        body = json.dumps(told).encode()
        self.send_response(200)
        self.send_header("Access-Control-Allow-Origin", "*")
        self.send_header("Access-Control-Allow-Origin", self.headers.get("Origin", "*"))
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_POST = do_OPTIONS = do_GET  # noqa: N815 - the standard library's names

    def _body(self) -> str:
        """Read the body to its end; the server is told as soon as its first octets are here."""
        left, seen = int(self.headers.get("Content-Length", "0")), hashlib.sha256()
        while left > 0 and (octets := self.rfile.read1(min(left, READ_OCTETS))):
            left -= len(octets)
            seen.update(octets)
            cast("BadCrmServer", self.server).began.set()
        return seen.hexdigest()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the standard library's name
        """Say nothing."""


class BadCrmServer(ThreadingHTTPServer):
    """It on a port of its own."""

    def __init__(self) -> None:
        super().__init__((LOOPBACK, 0), BadCrm)
        self.began = threading.Event()
        """The first octets of a request's body are here."""

    @property
    def url(self) -> str:
        return f"http://{LOOPBACK}:{self.server_address[1]}"


@contextmanager
def bad_crm(context: ssl.SSLContext | None = None) -> Generator[BadCrmServer]:
    """Serve it, with TLS if there is a `context`."""
    server = BadCrmServer()
    if context is not None:
        server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield server
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


@contextmanager
def standing(folder: Path) -> Generator[Place]:
    """Yield a place in a folder that pytest made; a server's workers, who are somebody else, may enter it."""
    for each in (folder, *folder.parents):
        if each.owner() == folder.owner() and "pytest" in str(each):
            each.chmod(each.stat().st_mode | 0o011)
    ports = Ports()
    yield Place(folder, ports, trustme.CA())
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
    named = {name.replace("_", "-"): value for name, value in fields.items()}
    with _connected(port, tls) as connection:
        connection.request(method, path, headers={"Host": host, "Origin": ADDIN} | named)
        return _answered(connection)


@contextmanager
def _connected(port: int, tls: ssl.SSLContext | None) -> Generator[http.client.HTTPConnection]:
    connection = (
        http.client.HTTPConnection(LOOPBACK, port, timeout=30, source_address=(CLIENT, 0))
        if tls is None
        else http.client.HTTPSConnection(LOOPBACK, port, context=tls, timeout=30, source_address=(CLIENT, 0))
    )
    try:
        yield connection
    finally:
        connection.close()


def _answered(connection: http.client.HTTPConnection) -> Answered:
    response = connection.getresponse()
    return Answered(response.status, response.headers, response.read())


def trusting(authority: trustme.CA) -> ssl.SSLContext:
    """Return a client's context that trusts our authority; names are not looked at, since all is on one address."""
    context = ssl.create_default_context(cadata=authority.cert_pem.bytes().decode())
    context.check_hostname = False
    return context


def expect_the_place_to_work(port: int, host: str, tls: ssl.SSLContext | None, scheme: str) -> None:
    """Hold what the README says of each place."""
    preflight = ask(port, host, "OPTIONS", "/restapi/v1/x", tls, Access_Control_Request_Method="POST")
    assert (preflight.status, preflight.origins) == (204, [ADDIN])

    read = ask(port, host, "GET", "/webservice.php", tls)
    assert (read.status, read.origins, read.seen[0]) == (200, [ADDIN], "GET")

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


def expect_an_upload_to_pass_as_it_comes(port: int, host: str, tls: ssl.SSLContext | None, crm: BadCrmServer) -> None:
    """Hold that the CRM has the beginning of a mail with attachments before its end is sent, and then all of it."""
    half = os.urandom(UPLOAD_OCTETS // 2)

    def octets() -> Iterator[bytes]:
        yield half
        assert crm.began.wait(30), "what is in front keeps the whole body to itself first"
        yield half

    crm.began.clear()
    fields = {"Host": host, "Origin": ADDIN, "Content-Length": str(2 * len(half))}
    with _connected(port, tls) as connection:
        connection.request("POST", "/restapi/v1/x", octets(), fields)
        sent = _answered(connection)
    assert (sent.status, sent.origins) == (200, [ADDIN])
    assert json.loads(sent.body)["sha256"] == hashlib.sha256(half + half).hexdigest()
