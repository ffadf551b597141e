"""A CRM and a client in the network of a program that runs in a root."""

import http.client
import ssl
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Final

from tests.deploy.roots import Namespaces

NAME: Final = "crm.customer.example"
ADDIN: Final = "https://addin.vendor.example"
"""A host name and an origin, as the examples have them."""

PATIENCE_SECONDS: Final = 30.0
"""How long one answer may take on a busy machine."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a client got."""

    status: int
    lines: list[tuple[str, str]]
    body: bytes

    def cors(self) -> list[tuple[str, str]]:
        """Return the CORS field lines."""
        return [line for line in self.lines if line[0].lower().startswith("access-control-")]


def ask(where: Namespaces, port: int, method: str = "GET", tls: ssl.SSLContext | None = None, **fields: str) -> Answer:
    """Ask for the API's page, as a page of the add-in's would."""
    connection = http.client.HTTPConnection(NAME, timeout=PATIENCE_SECONDS)
    plain = where.connect(port)
    connection.sock = plain if tls is None else tls.wrap_socket(plain, server_hostname=NAME)
    try:
        sent = {"Origin": ADDIN} | {name.replace("_", "-"): value for name, value in fields.items()}
        connection.request(method, "/webservice.php", headers=sent)
        response = connection.getresponse()
        return Answer(response.status, response.getheaders(), response.read())
    finally:
        connection.close()


def preflight(where: Namespaces, port: int, tls: ssl.SSLContext | None = None) -> Answer:
    """Ask what a browser asks first."""
    return ask(where, port, "OPTIONS", tls, Access_Control_Request_Method="POST")


@dataclass(slots=True)
class Crm:
    """A CRM that answers with a word of its own, and with the CORS field that they are known for."""

    word: bytes
    asked: threading.Event = field(default_factory=threading.Event)
    _may_answer: threading.Event = field(default_factory=threading.Event)
    _server: ThreadingHTTPServer | None = None

    def hold(self) -> None:
        """Answer nothing until `let_go`; `asked` is set when somebody waits."""
        self.asked.clear()
        self._may_answer.clear()

    def let_go(self) -> None:
        """Answer those who wait."""
        self._may_answer.set()

    def listen(self, where: Namespaces, address: str, port: int) -> None:
        """Serve in a network until `close`."""
        crm = self
        may_answer = self._may_answer
        may_answer.set()

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                crm.asked.set()
                may_answer.wait(PATIENCE_SECONDS)
                self.send_response(200)
                self.send_header("Access-Control-Allow-Origin", "*")
                self.send_header("Content-Length", str(len(crm.word)))
                self.end_headers()
                self.wfile.write(crm.word)

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name that the base has
                """Say nothing."""

        self._server = ThreadingHTTPServer((address, port), Handler, bind_and_activate=False)
        self._server.socket.close()
        self._server.socket = where.new_socket()
        self._server.allow_reuse_address = True
        self._server.server_bind()
        self._server.server_activate()
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()

    def close(self) -> None:
        """Listen no more."""
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
