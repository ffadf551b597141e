"""TLS towards clients: one context a certificate, chosen by the name the client asks for (RFC 6066, 3)."""

import ssl
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

from cryptography import x509

from gateway.config.stamps import Stamp, stamp_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gateway.config.model import CertificatePair


CIPHERS: Final = "ECDHE+AESGCM:ECDHE+CHACHA20"
"""For TLS 1.2: forward secrecy and no CBC, as all that Outlook runs on has them. TLS 1.3 has no others.

It is Mozilla's list "intermediate" without DHE (https://wiki.mozilla.org/Security/Server_Side_TLS)."""


@dataclass(frozen=True, slots=True)
class Certificate:
    """A chain and its key as they were read, ready to be shown."""

    pair: "CertificatePair"
    stamp: tuple[Stamp, Stamp]
    """Of the files before they were read."""
    context: ssl.SSLContext
    names: tuple[str, ...]
    """DNS names and addresses it is for, lower-case."""
    ends: datetime


@dataclass(frozen=True, slots=True)
class Identity:
    """What a listener shows to clients."""

    certificates: tuple[Certificate, ...]
    context: ssl.SSLContext
    """Shows the one that covers the name asked for, else the first."""


def certificate_of(pair: "CertificatePair") -> Certificate:
    """Return what two files hold now.

    Raises:
        OSError, ssl.SSLError, ValueError: a file cannot be read, or chain and key do not belong together.
        x509.DuplicateExtension, x509.UnsupportedGeneralNameType: the certificate cannot be understood.
    """
    stamp = stamp_of_pair(pair)
    context = _context()
    context.load_cert_chain(pair.chain, pair.key, _no_password)
    leaf = x509.load_pem_x509_certificates(Path(pair.chain).read_bytes())[0]
    return Certificate(pair, stamp, context, _names(leaf), leaf.not_valid_after_utc)


def _no_password() -> str:
    """Refuse to ask on the terminal, as OpenSSL does unless told otherwise.

    Raises:
        ValueError: always.
    """
    raise ValueError("the key is encrypted, and nobody is there to type the password")


def stamp_of_pair(pair: "CertificatePair") -> tuple[Stamp, Stamp]:
    """Return by what it is known whether the files have changed."""
    return stamp_of(Path(pair.chain)), stamp_of(Path(pair.key))


def identity_of(certificates: "Sequence[Certificate]") -> Identity:
    """Return what shows these certificates, of which there is at least one."""
    by_name: dict[str, ssl.SSLContext] = {}
    for certificate in certificates:
        for name in certificate.names:
            by_name.setdefault(name, certificate.context)
    first = certificates[0].context

    def choose(connection: ssl.SSLObject | ssl.SSLSocket, name: str | None, _context: ssl.SSLContext) -> None:
        wanted = (name or "").lower()
        connection.context = by_name.get(wanted) or by_name.get("*." + wanted.partition(".")[2]) or first

    # It holds no certificate: those that stay are not touched when another one of the same listener changes.
    context = _context()
    context.sni_callback = choose  # called, with None, for whoever asks for no name, too
    return Identity(tuple(certificates), context)


def _names(certificate: x509.Certificate) -> tuple[str, ...]:
    """Return the DNS names and addresses that a certificate is for, lower-case."""
    try:
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return ()
    dns = names.get_values_for_type(x509.DNSName)
    addresses = names.get_values_for_type(x509.IPAddress)
    return (*(name.lower() for name in dns), *map(str, addresses))


def _context() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_ciphers(CIPHERS)
    context.options |= ssl.OP_NO_RENEGOTIATION  # each costs us more than it costs who asks for it
    context.set_alpn_protocols(["http/1.1"])
    return context
