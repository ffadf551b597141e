"""TLS towards clients: one context a certificate, chosen by the name the client asks for (RFC 6066, 3)."""

import ssl
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

from cryptography import x509

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gateway.config.model import CertificatePair


CIPHERS: Final = "ECDHE+AESGCM:ECDHE+CHACHA20"
"""For TLS 1.2: forward secrecy and no CBC, as all that Outlook runs on has them. TLS 1.3 has no others.

It is Mozilla's list "intermediate" without DHE (https://wiki.mozilla.org/Security/Server_Side_TLS)."""


Stamp = tuple[tuple[int, ...], ...]
"""Of each file what changes when it is written, replaced, or another one is led to by a link."""


@dataclass(frozen=True, slots=True)
class Identity:
    """What a listener shows to clients, and the files it was made of."""

    context: ssl.SSLContext
    stamp: Stamp
    """Of the files before they were read."""
    ends: tuple[datetime, ...]
    """When each certificate ends, in the order of the pairs."""


def identity_of(pairs: "Sequence[CertificatePair]") -> Identity:
    """Return what the files of these certificates hold now.

    Raises:
        OSError, ssl.SSLError, ValueError: a file cannot be read, or chain and key do not belong together.
    """
    stamp = stamp_of(pairs)
    return Identity(server_context(pairs), stamp, tuple(_end(Path(pair.chain)) for pair in pairs))


def _end(chain: Path) -> datetime:
    return x509.load_pem_x509_certificates(chain.read_bytes())[0].not_valid_after_utc


def stamp_of(pairs: "Sequence[CertificatePair]") -> Stamp:
    """Return by what it is known whether the files have changed."""
    return tuple(_stamp(Path(name)) for pair in pairs for name in (pair.chain, pair.key))


def _stamp(path: Path) -> tuple[int, ...]:
    try:
        found = path.stat()
    except OSError:  # between two names, perhaps: it may be back at the next look
        return ()
    # The last is what a change of permissions changes alone.
    return (found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns)


def server_context(pairs: "Sequence[CertificatePair]") -> ssl.SSLContext:
    """Return a context that answers with the pair whose certificate covers the name asked for, else with the first.

    Raises:
        OSError, ssl.SSLError, ValueError: a file cannot be read, or chain and key do not belong together.
    """
    contexts = [_context(pair) for pair in pairs]
    by_name: dict[str, ssl.SSLContext] = {}
    for pair, context in zip(pairs, contexts, strict=True):
        for name in certificate_names(Path(pair.chain).read_bytes()):
            by_name.setdefault(name, context)

    def choose(connection: ssl.SSLObject | ssl.SSLSocket, name: str | None, _context: ssl.SSLContext) -> None:
        wanted = (name or "").lower()
        chosen = by_name.get(wanted) or by_name.get("*." + wanted.partition(".")[2])
        if chosen is not None:
            connection.context = chosen

    contexts[0].sni_callback = choose
    return contexts[0]


def certificate_names(chain: bytes) -> tuple[str, ...]:
    """Return the DNS names and addresses of the first certificate of a PEM chain, lower-case."""
    certificate = x509.load_pem_x509_certificates(chain)[0]
    try:
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return ()
    dns = names.get_values_for_type(x509.DNSName)
    addresses = names.get_values_for_type(x509.IPAddress)
    return (*(name.lower() for name in dns), *map(str, addresses))


def _context(pair: "CertificatePair") -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_ciphers(CIPHERS)
    context.options |= ssl.OP_NO_RENEGOTIATION  # each costs us more than it costs who asks for it
    context.set_alpn_protocols(["http/1.1"])
    context.load_cert_chain(pair.chain, pair.key)
    return context
