"""A folder for one run: the CRM's scripts, certificates, and what each server is told in files."""

import base64
import hashlib
import os
import shutil
import tempfile
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import trustme
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509 import load_pem_x509_certificate

from tests.real.names import CERTIFIED
from tests.real.processes import Ports

SCRIPTS: Final = Path(__file__).with_name("crm")

WORKERS: Final = "www-data"
"""Whose a server's workers are where root starts it; everyone else's are their own."""

IS_ROOT: Final = os.geteuid() == 0

PHP_INI: Final = """\
; What the CRM's installer asks for, and room for an upload that some test wants to pass.
display_errors = On
error_reporting = E_ALL
output_buffering = On
max_execution_time = 600
memory_limit = 256M
post_max_size = 64M
session.save_path = {folder}/sessions
"""


@dataclass(frozen=True, slots=True)
class Place:
    """The folder, and the ports that are this run's own."""

    folder: Path
    ports: Ports

    @property
    def crm(self) -> Path:
        """The CRM's scripts: what a web server's document root is."""
        return self.folder / "crm"

    @property
    def authority(self) -> Path:
        """The certificate of the authority that all here trust, in PEM."""
        return self.folder / "authority.pem"

    @property
    def chain(self) -> Path:
        """The certificate of all servers here."""
        return self.folder / "chain.pem"

    @property
    def key(self) -> Path:
        """The key of that certificate."""
        return self.folder / "key.pem"

    @property
    def key_pin(self) -> str:
        """What Chromium is told to know the certificate by: the base64 of the SHA-256 of its public key's DER."""
        public = load_pem_x509_certificate(self.chain.read_bytes()).public_key()
        octets = public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        return base64.b64encode(hashlib.sha256(octets).digest()).decode("ascii")

    @property
    def users(self) -> Path:
        """A file of passwords for Basic authentication."""
        return self.folder / "users"

    @property
    def fpm_socket(self) -> Path:
        """Where PHP-FPM listens."""
        return self.folder / "fpm.socket"

    def write(self, name: str, text: str) -> Path:
        """Write a file of this folder and return where it is."""
        file = self.folder / name
        file.write_text(text, "utf-8")
        return file


@contextmanager
def place() -> Generator[Place]:
    """Make the folder, and remove it at the end."""
    # Not the test's own folder: that is its owner's alone, and too deep for the path of a socket.
    with tempfile.TemporaryDirectory(prefix="gateway-") as name:
        made = Place(Path(name), Ports())
        try:
            made.folder.chmod(0o755)
            (made.folder / "sessions").mkdir()
            (made.folder / "sessions").chmod(0o1777)
            shutil.copytree(SCRIPTS, made.crm)
            _write_certificates(made)
            made.write("php.ini", PHP_INI.format(folder=made.folder))
            password = base64.b64encode(hashlib.sha1(b"secret", usedforsecurity=False).digest()).decode("ascii")
            made.write("users", f"staff:{{SHA}}{password}\n")
            yield made
        finally:
            made.ports.close()


def _write_certificates(made: Place) -> None:
    authority = trustme.CA()
    leaf = authority.issue_cert(*CERTIFIED)
    authority.cert_pem.write_to_path(made.authority)
    leaf.private_key_pem.write_to_path(made.key)
    leaf.cert_chain_pems[0].write_to_path(made.chain)
