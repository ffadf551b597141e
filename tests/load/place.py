"""A gateway and an upstream, each a process of its own, and the way to them."""

import json
import socket
import ssl
import sys
from collections.abc import Generator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import trustme

from tests.load.clients import ADDIN, NAME, PREFLIGHT, Client, connect
from tests.load.memory import Growth
from tests.real.processes import Ports, accepts, running

HUNG: Final = b"hung.customer.example"
"""A site whose upstream's machine neither takes nor refuses a connection."""

CONNECTIONS: Final = 4096
IN_FLIGHT: Final = 1000
"""More than the default: what is measured is what many connections hold, and the default refuses most of them."""
FENCES: Final = 50
"""Requests that are answered before all earlier octets are taken as read: each is a pass of the gateway's loop more."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where the processes are."""

    port: int
    pid: int
    upstream_port: int
    folder: Path
    tls: ssl.SSLContext | None
    """Of clients, where the listener has TLS."""

    def client(self, *, receive_octets: int = 0) -> Client:
        """Connect."""
        return connect(self.port, self.tls, receive_octets=receive_octets)

    def growth(self) -> Growth:
        """Begin to watch the gateway's memory."""
        return Growth(self.pid)

    def fence(self, times: int = FENCES) -> None:
        """Return once the gateway's loop has been round so many times, and so has read what others had sent."""
        with self.client() as client:
            for _ in range(times):
                assert client.ask(PREFLIGHT).status == 204

    @property
    def log(self) -> Path:
        """What the gateway said."""
        return self.folder / "gateway.log"


@contextmanager
def place(folder: Path, *, tls: bool) -> Generator[Place]:
    """Run both until the block ends."""
    with ExitStack() as stack:
        ports = Ports()
        stack.callback(ports.close)
        port, upstream_port = ports.take(), ports.take()
        context = _certificates(folder) if tls else None
        file = folder / "gateway.yaml"
        file.write_text(json.dumps(_configuration(folder, port, upstream_port, stack.enter_context(_hung()), tls=tls)))
        upstream = [sys.executable, "-m", "tests.load.upstream", str(upstream_port)]
        stack.enter_context(running(upstream, folder / "upstream.log", lambda: accepts(upstream_port)))
        gateway = [sys.executable, "-m", "gateway", "serve", "-c", str(file)]
        process = stack.enter_context(running(gateway, folder / "gateway.log", lambda: accepts(port)))
        yield Place(port, process.pid, upstream_port, folder, context)


def _configuration(folder: Path, port: int, upstream_port: int, hung_port: int, *, tls: bool) -> Mapping[str, object]:
    listener: dict[str, object] = {"address": f"127.0.0.1:{port}", "limits": {"connections": CONNECTIONS}}
    if tls:
        listener["certificates"] = [{"chain": str(folder / "chain.pem"), "key": str(folder / "key.pem")}]
    site: dict[str, object] = {
        "paths": "everything",
        "limits": {"in_flight": IN_FLIGHT, "request_body": "1GiB"},
        "origins": [
            {"origin": ADDIN.decode(), "headers": "any", "methods": ["GET", "POST", "PUT"]},
            "https://*.addins.vendor.example",
        ],
    }
    hung = {"urls": [f"http://127.0.0.1:{hung_port}"], "timeouts": {"connect": "60s"}}
    return {
        "listeners": [listener],
        "trusted_proxies": ["127.0.0.1"],
        "workers": 1,  # whose memory is watched is the process that was started
        "sites": [
            {"names": [NAME], "upstream": f"http://127.0.0.1:{upstream_port}", **site},
            {"names": [HUNG.decode()], "upstream": hung, **site},
        ],
    }


def _certificates(folder: Path) -> ssl.SSLContext:
    """Write a chain and a key for the gateway; return the context of clients that trust them."""
    authority = trustme.CA()
    issued = authority.issue_cert(NAME)
    (folder / "chain.pem").write_bytes(b"".join(blob.bytes() for blob in issued.cert_chain_pems))
    (folder / "key.pem").write_bytes(issued.private_key_pem.bytes())
    authority.cert_pem.write_to_path(str(folder / "authority.pem"))
    return trusting(folder)


def trusting(folder: Path) -> ssl.SSLContext:
    """Return the context of clients that trust the authority in `folder`."""
    return ssl.create_default_context(cafile=str(folder / "authority.pem"))


@contextmanager
def _hung() -> Generator[int]:
    """Give a port that connections are made to and that nobody answers on: its queue is full, as Linux has it."""
    with ExitStack() as stack:
        listener = stack.enter_context(socket.socket())
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        for _ in range(3):
            waiting = stack.enter_context(socket.socket())
            waiting.setblocking(False)  # noqa: FBT003 - the standard library's signature
            waiting.connect_ex(listener.getsockname())
        yield listener.getsockname()[1]
