"""TLS towards upstreams: contexts, pins, and what a failed handshake means."""

import hashlib
import ssl
from base64 import b64encode
from typing import TYPE_CHECKING, TypeAlias

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

if TYPE_CHECKING:
    from collections.abc import Iterable

    from gateway.policy.model import Site, UpstreamTls

UpstreamContexts: TypeAlias = "dict[UpstreamTls, ssl.SSLContext]"
"""What certificates of upstreams are verified with, by what is said of it."""


def upstream_contexts(sites: "Iterable[Site]") -> UpstreamContexts:
    """Return the contexts for the https upstreams of these sites.

    Raises:
        OSError, ValueError: a certificate file of an upstream cannot be read or used.
    """
    contexts: UpstreamContexts = {}  # each reads the authorities: 30 ms of the system's
    for site in sites:
        tls = site.upstream.tls
        if tls not in contexts and any(url.scheme == "https" for url in site.upstream.urls):
            contexts[tls] = upstream_context(tls)
    return contexts


def upstream_context(tls: "UpstreamTls") -> ssl.SSLContext:
    """Return the context for an upstream: system's or private CA, client certificate; ALPN http/1.1.

    Raises:
        OSError, ssl.SSLError: a file cannot be read or used; `check` says so before.
    """
    context = ssl.create_default_context(cafile=tls.ca)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_alpn_protocols(["http/1.1"])
    if tls.client_chain is not None:
        context.load_cert_chain(tls.client_chain, tls.client_key)
    if not tls.verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


def public_key_pin(certificate: bytes) -> str:
    """Return `sha256/BASE64` of the public key of a DER certificate (RFC 7469, 2.4)."""
    key = x509.load_der_x509_certificate(certificate).public_key()
    digest = hashlib.sha256(key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).digest()
    return "sha256/" + b64encode(digest).decode()


def ended_by_close_notify(ssl_object: ssl.SSLObject) -> bool:
    """Tell whether a TLS peer ended its side with close_notify; a bare FIN is a cut-off (RFC 8446, 6.1; RFC 9112, 9.8).

    Event loops report both as EOF. With all octets read, one more read gives nothing after close_notify, and asks for
    more after a FIN.
    """
    try:
        return ssl_object.read(1) == b""
    except ssl.SSLError:
        return False
