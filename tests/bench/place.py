"""Where a comparison runs: a folder, certificates, ports, two cores, and the programs that are compiled for it."""

import os
import shutil
import subprocess
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import trustme

from tests.real.processes import Ports

HERE: Final = Path(__file__).parent
CONFIGURATIONS: Final = HERE / "configurations"

NAME: Final = "crm.customer.example"
ADDIN: Final = "https://addin.vendor.example"

C_FLAGS: Final = ("-O2", "-Wall", "-Wextra", "-Werror")


@dataclass(frozen=True, slots=True)
class Place:
    """Where one system runs, and what it shares with all others of a run."""

    shared: Path
    """A folder with the certificates, and the programs that are compiled."""
    folder: Path
    """For the system's configuration, its log and what it prints."""
    programs: Path
    """The virtual environment of requirements/bench.txt."""
    plain: int
    tls: int
    admin: int
    upstream: int
    proxy_core: int
    load_core: int

    @property
    def chain(self) -> Path:
        """The certificate and its issuer, PEM."""
        return self.shared / "chain.pem"

    @property
    def key(self) -> Path:
        """The certificate's private key, PEM."""
        return self.shared / "key.pem"

    @property
    def pem(self) -> Path:
        """Both in one file, as HAProxy wants them."""
        return self.shared / "both.pem"

    @property
    def access_log(self) -> Path:
        """What a system writes a line a request to."""
        return self.folder / "access.log"

    def beside(self, name: str, ports: Ports) -> "Place":
        """Return a place for another system, that can run at the same time."""
        folder = self.shared / f"of-{name}"
        folder.mkdir()
        return replace(self, folder=folder, plain=ports.take(), tls=ports.take(), admin=ports.take())


def make_place(folder: Path, programs: Path, ports: Ports) -> Place:
    """Write the certificates, compile the programs, take the ports and choose the cores."""
    cores = sorted(os.sched_getaffinity(0))
    place = Place(
        shared=folder,
        folder=folder,
        programs=programs,
        plain=ports.take(),
        tls=ports.take(),
        admin=ports.take(),
        upstream=ports.take(),
        proxy_core=cores[0],
        load_core=cores[1 % len(cores)],
    )
    issued = trustme.CA().issue_cert(NAME)  # ECDSA on P-256, as authorities issue by default now
    chain, key = b"".join(blob.bytes() for blob in issued.cert_chain_pems), issued.private_key_pem.bytes()
    place.chain.write_bytes(chain)
    place.key.write_bytes(key)
    place.pem.write_bytes(chain + key)
    for name in ("upstream", "floor"):
        compile_c(HERE / f"{name}.c", folder / name)
    return place


def compile_c(source: Path, program: Path) -> None:
    """Compile one file of C; a warning is an error."""
    compiler = shutil.which("gcc")
    if compiler is None:
        raise FileNotFoundError("gcc is not installed: sudo apt install gcc libc6-dev")
    subprocess.run((compiler, *C_FLAGS, "-o", program, source), check=True)
