"""What a scenario happens in: a folder, ports of its own, CRMs, gateways and load, all ended with it."""

import json
import socket
import ssl
import sys
import tempfile
from collections.abc import Generator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from functools import cached_property
from pathlib import Path
from typing import Any, Final

import trustme

from tests.load.clients import ADDIN, NAME, Client, connect
from tests.real.processes import LOOPBACK, Ports, accepts, running
from tests.soak.driver import Settings
from tests.soak.gateway import Gateway
from tests.soak.load import Load, loaded
from tests.soak.names import Names

OTHER: Final = "other.customer.example"
"""The host of a site whose CRM comes and goes."""
CRM_NAME: Final = "crm.soak.example"
"""The name of that CRM, which does not always resolve."""

Section = Mapping[str, Any]


class Crm:
    """A CRM that can be stopped and started again."""

    def __init__(self, port: int, log: Path) -> None:
        self.port = port
        self._log = log
        self._stack = ExitStack()

    def start(self) -> None:
        """Return once it accepts connections."""
        command = (sys.executable, "-m", "tests.soak.upstream", str(self.port))
        self._stack.enter_context(running(command, self._log, lambda: accepts(self.port)))

    def stop(self) -> None:
        """End it; its port refuses connections from now on."""
        self._stack.close()


class Place:
    """The whole of it."""

    def __init__(self, folder: Path, stack: ExitStack) -> None:
        self.folder = folder
        self.ports = Ports()
        self.certificates = folder / "tls"
        self.names = Names(folder)
        self.authority = trustme.CA()
        self.authority_file = folder / "authority.pem"
        self.authority.cert_pem.write_to_path(str(self.authority_file))
        self._stack = stack
        self._admin_port = self.ports.take()
        stack.callback(self.ports.close)

    def crm(self, *, runs: bool = True) -> Crm:
        """Return a CRM, which runs or does not yet."""
        crm = Crm(self.ports.take(), self.folder / "crm.log")
        self._stack.callback(crm.stop)
        if runs:
            crm.start()
        return crm

    def text(self, listeners: Sequence[Section], sites: Sequence[Section], **more: object) -> str:
        """Return a configuration, with an admin address, as YAML that is JSON too."""
        admin = {"address": f"{LOOPBACK}:{self._admin_port}"}
        return json.dumps({"listeners": listeners, "sites": sites, "admin": admin, **more}, indent=1)

    def gateway(
        self, text: str, name: str = "gateway", *, sockets: Sequence[socket.socket] = (), names: Names | None = None
    ) -> Gateway:
        """Return a gateway that serves by this configuration."""
        file = self.folder / f"{name}.yaml"
        file.write_text(text)
        said = json.loads(text)
        ports = [int(each["address"].rpartition(":")[2]) for each in (said["listeners"][0], said["admin"])]
        gateway = Gateway(file, *ports, sockets=sockets, within=names.within if names else ())
        self._stack.callback(gateway.close)
        gateway.ready()
        return gateway

    def load(
        self, port: int, rate: float, *, host: str = NAME, tls: bool = False, trouble: bool = False
    ) -> AbstractContextManager[Load]:
        """Return a load on a port; with `trouble`, problems that say that the CRM is away are right at first."""
        authority = str(self.authority_file) if tls else ""
        return loaded(self.folder, Settings(port, host, rate, authority=authority, trouble_is_right=trouble))

    def client(self, port: int, *, tls: bool = False) -> Client:
        """Connect."""
        return connect(port, self.trusting if tls else None)

    @cached_property
    def trusting(self) -> ssl.SSLContext:
        """The context of a client that trusts the authority."""
        return ssl.create_default_context(cafile=str(self.authority_file))

    def put_certificate(self, *, key_of: trustme.LeafCert | None = None) -> trustme.LeafCert:
        """Put a new certificate where `certificates` leads to, each file replaced whole; perhaps with another's key."""
        issued = self.authority.issue_cert(NAME)
        folder = self.certificates / NAME
        folder.mkdir(parents=True, exist_ok=True)
        chain = b"".join(blob.bytes() for blob in issued.cert_chain_pems)
        key = (key_of or issued).private_key_pem.bytes()
        for name, octets in (("fullchain.pem", chain), ("privkey.pem", key)):
            new = folder / f".{name}"
            new.write_bytes(octets)
            new.rename(folder / name)
        return issued


def listener(port: int, **more: object) -> Section:
    """Return a listener on loopback."""
    return {"address": f"{LOOPBACK}:{port}", **more}


def site(port: int, *, name: str = NAME, upstream: str = LOOPBACK, **more: object) -> Section:
    """Return a site with an upstream on this port."""
    return {
        "names": [name],
        "upstream": f"http://{upstream}:{port}",
        "paths": "everything",
        "origins": [ADDIN.decode()],
        **more,
    }


@contextmanager
def place() -> Generator[Place]:
    """Make one, and end all that was started in it."""
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        yield Place(Path(folder), stack)
