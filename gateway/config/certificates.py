"""Certificates and keys that a configuration names: found, read, held against each other and against the sites.

Nobody is asked: a certificate that was revoked looks good from here.
"""

import os
import ssl
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key

from gateway.config.chain import called, holder_of, missing_in, names_of
from gateway.config.files import is_everyones, unreadable, warn_if_closed
from gateway.config.keys import (
    CertificateSettings,
    ClientCertificateSettings,
    GatewaySettings,
    ListenerSettings,
    SiteSettings,
    UpstreamTlsSettings,
)
from gateway.config.model import CertificatePair
from gateway.config.node import Node
from gateway.config.notes import Notes, Unread
from gateway.config.unwise import Unwise

SOON: Final = timedelta(days=14)
"""Before its end a certificate is warned of. Let's Encrypt's are renewed 30 days before: by then renewal has failed."""

CHAIN: Final = "fullchain.pem"
KEY: Final = "privkey.pem"
"""As certbot names them (https://eff-certbot.readthedocs.io/en/stable/using.html#where-are-my-certificates)."""

MAX_OCTETS: Final = 1024 * 1024
"""Of a PEM file: a bundle of all public authorities has a quarter of that."""


@dataclass(frozen=True, slots=True)
class _Pair:
    """A chain and its key, each with the node that names it."""

    chain: Path
    key: Path
    chain_node: Node
    key_node: Node


def find_certificates(
    settings: GatewaySettings, notes: Notes, now: datetime | None
) -> Mapping[int, tuple[CertificatePair, ...]]:
    """Return the certificates of each listener, by its number, having checked them and those of upstreams.

    None for `now`: the files are on another machine; they are named, and not looked at.
    """
    found: dict[int, tuple[CertificatePair, ...]] = {}
    for index, listener in _listeners(settings):
        with suppress(Unread):
            pairs = tuple(_pairs(listener, notes, look=now is not None))
            if pairs and now is not None:
                node = listener.node_of(ListenerSettings.certificates)
                examined = _examine_all(pairs, notes, now, folder=listener.certificates)
                _check_names(list(examined.values()), settings, node, notes)
                pairs = tuple(pair for pair, certificate in examined.items() if certificate)
            found[index] = tuple(CertificatePair(str(pair.chain), str(pair.key)) for pair in pairs)
    if now is not None:
        for tls in _upstreams(settings):
            _check_upstream(tls, notes, now)
    return found


def _listeners(settings: GatewaySettings) -> Iterator[tuple[int, ListenerSettings]]:
    with suppress(Unread):
        yield from enumerate(settings.listeners)


def _upstreams(settings: GatewaySettings) -> Iterator[UpstreamTlsSettings]:
    with suppress(Unread):
        for site in settings.sites:
            with suppress(Unread):
                yield site.upstream.tls


def _pairs(listener: ListenerSettings, notes: Notes, *, look: bool) -> Iterator[_Pair]:
    """Yield the certificates that a listener names, or that are in the folder it names."""
    named = listener.certificates or ()
    if isinstance(named, str):
        node = listener.node_of(ListenerSettings.certificates)
        pairs = _found(Path(named), node, notes) if look else (_pair(Path(named, "*")),)
        yield from (_Pair(Path(pair.chain), Path(pair.key), node, node) for pair in pairs)
        return
    for pair in named:
        with suppress(Unread):
            nodes = pair.node_of(CertificateSettings.chain), pair.node_of(CertificateSettings.key)
            yield _Pair(Path(pair.chain), Path(pair.key), *nodes)


def pairs_in(parent: Path) -> tuple[CertificatePair, ...]:
    """Return what is in the sub-folders that hold a certificate or a key, by their names.

    Raises:
        OSError: the folder cannot be read.
    """
    return tuple(
        _pair(folder)
        for folder in sorted(parent.iterdir())
        if not folder.name.startswith(".") and ((folder / CHAIN).exists() or (folder / KEY).exists())
    )


def none_in(parent: Path) -> str:
    """Return what is to be said of a folder without a certificate."""
    return f"{parent} holds no sub-folder with {CHAIN} and {KEY}: put one there"


def _pair(folder: Path) -> CertificatePair:
    return CertificatePair(str(folder / CHAIN), str(folder / KEY))


def _found(parent: Path, node: Node, notes: Notes) -> tuple[CertificatePair, ...]:
    try:
        pairs = pairs_in(parent)
    except OSError as error:
        raise notes.mistake(node.place, node.path, f"{parent} {unreadable(parent, error)}") from None
    if not pairs:
        raise notes.mistake(node.place, node.path, none_in(parent))
    return pairs


def _examine_all(
    pairs: Sequence[_Pair], notes: Notes, now: datetime, *, folder: object
) -> Mapping[_Pair, x509.Certificate | None]:
    """Return the certificate of each pair; in a folder, one that cannot be used is left out, and none of the others.

    A copy that went wrong for one customer must not keep the gateway from starting for thirty.
    """
    examined: dict[_Pair, tuple[x509.Certificate | None, Notes]] = {}
    for pair in pairs:
        own = Notes()
        examined[pair] = _examine(pair, own, now), own
    are_parted = isinstance(folder, str) and any(certificate for certificate, _ in examined.values())
    for pair, (certificate, own) in examined.items():
        if certificate or not are_parted:
            notes.take(own)
        for mistake in own.mistakes if are_parted else ():
            says = f"{mistake.text}. Until then it is left out, and the others in {folder} are shown"
            notes.warn(pair.chain_node, Unwise.CERTIFICATE_BROKEN, says)
    return {pair: certificate for pair, (certificate, _) in examined.items()}


def _examine(pair: _Pair, notes: Notes, now: datetime) -> x509.Certificate | None:
    """Return the certificate of a pair, having noted what is wrong or unwise with it; None if it cannot be used."""
    chain: Sequence[x509.Certificate] = ()
    with suppress(Unread):
        chain = _certificates(pair.chain, pair.chain_node, notes)
    public: bytes | None = None
    with suppress(Unread):
        public = _public_key(pair, notes)
    if not chain or public is None:
        return None
    if public != _public_octets(chain[0]):
        later = any(public == _public_octets(each) for each in chain[1:])
        says = "the key of a later certificate" if later else "not the key of the certificate"
        remedy = "put that one first" if later else "the two were not made for each other"
        text = f"{pair.key} is {says} in {pair.chain}: {remedy}"
        notes.mistake(pair.chain_node.place, pair.chain_node.path, text)
        return None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    try:
        context.load_cert_chain(pair.chain, pair.key)
    except OSError as error:
        says = f"{pair.chain} is refused by TLS, {getattr(error, 'reason', error)}: get a new one"
        notes.mistake(pair.chain_node.place, pair.chain_node.path, says)
        return None
    _check_times(chain[0], pair, notes, now)
    _check_chain(chain, pair, notes)
    return chain[0]


def _read(path: Path, node: Node, notes: Notes) -> tuple[bytes, os.stat_result]:
    """Return what a file holds, and what is known of it."""
    try:
        with path.open("rb") as file:
            octets, status = file.read(MAX_OCTETS), os.fstat(file.fileno())
    except OSError as error:
        raise notes.mistake(node.place, node.path, f"{path} {unreadable(path, error)}") from None
    warn_if_closed(path, node.place, node.path, notes)
    return octets, status


def _certificates(path: Path, node: Node, notes: Notes) -> Sequence[x509.Certificate]:
    """Return the certificates in a file, each of which can be read to its end."""
    octets, _ = _read(path, node, notes)
    try:
        chain = x509.load_pem_x509_certificates(octets)
        for each in chain:
            _ = each.issuer, each.subject, each.not_valid_before_utc, each.not_valid_after_utc
    except ValueError:
        says = f"{path} holds no certificate in PEM that can be read: is it the right one?"
        raise notes.mistake(node.place, node.path, says) from None
    return chain


def _public_key(pair: _Pair, notes: Notes) -> bytes:
    """Return the public half of the key."""
    node = pair.key_node
    octets, status = _read(pair.key, node, notes)
    try:
        key = load_pem_private_key(octets, None)
    except TypeError:
        says = f"{pair.key} is encrypted, and nobody is there to type the password"
        remedy = f"openssl pkey -in {pair.key} -out {pair.key}.new; mv {pair.key}.new {pair.key}"
        raise notes.mistake(node.place, node.path, f"{says}: {remedy}") from None
    except (ValueError, UnsupportedAlgorithm):
        says = f"{pair.key} holds no private key in PEM: is it the right one?"
        raise notes.mistake(node.place, node.path, says) from None
    if is_everyones(status):
        says = f"everyone on this machine can read {pair.key}: chmod 0640 {pair.key}"
        notes.warn(node, Unwise.KEY_EXPOSED, says)
    return key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def _public_octets(certificate: x509.Certificate) -> bytes:
    """Return a certificate's public key; nothing for a kind that nobody here knows."""
    try:
        return certificate.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    except (ValueError, UnsupportedAlgorithm):
        return b""


def _check_times(certificate: x509.Certificate, pair: _Pair, notes: Notes, now: datetime) -> None:
    first, last = certificate.not_valid_before_utc, certificate.not_valid_after_utc
    if last <= now:
        notes.warn(pair.chain_node, Unwise.CERTIFICATE_EXPIRED, f"{pair.chain} ended on {last:%Y-%m-%d}: renew it")
    elif last <= now + SOON:
        says = f"{pair.chain} ends on {last:%Y-%m-%d}: is it being renewed?"
        notes.warn(pair.chain_node, Unwise.CERTIFICATE_EXPIRES_SOON, says)
    elif first > now:
        says = f"{pair.chain} begins on {first:%Y-%m-%d}: is this machine's clock right?"
        notes.warn(pair.chain_node, Unwise.CERTIFICATE_EXPIRED, says)


def _check_chain(chain: Sequence[x509.Certificate], pair: _Pair, notes: Notes) -> None:
    """Warn where what is between the certificate and its root is not sent."""
    if (lonely := missing_in(chain)) is not None:
        issuer, subject = called(lonely.issuer), holder_of(lonely)
        says = f"{pair.chain} lacks the certificate of {issuer}, by whom that of {subject} was made, right behind it"
        remedy = "desktop browsers may fetch what is missing, phones and web views do not"
        notes.warn(pair.chain_node, Unwise.CERTIFICATE_CHAIN_SHORT, f"{says}: {remedy}")


def _check_names(
    certificates: Sequence[x509.Certificate | None], settings: GatewaySettings, node: Node, notes: Notes
) -> None:
    """Warn of names of sites that no certificate of a listener is for."""
    if None in certificates:
        return
    covered = {name for certificate in certificates if certificate for name in names_of(certificate)}
    for site in settings.sites:
        with suppress(Unread):
            for name in site.names:
                if name not in covered and f"*.{name.partition('.')[2]}" not in covered:
                    says = f"none is for {name}, a name in {site.node_of(SiteSettings.names).path}: clients refuse it"
                    notes.warn(node, Unwise.CERTIFICATE_NAME, says)


def _check_upstream(tls: UpstreamTlsSettings, notes: Notes, now: datetime) -> None:
    """Note what is wrong with the files that the connection to an upstream needs."""
    with suppress(Unread):
        if tls.ca is not None:
            _certificates(Path(tls.ca), tls.node_of(UpstreamTlsSettings.ca), notes)
    with suppress(Unread):
        if (client := tls.client) is not None:
            chain, key = client.node_of(ClientCertificateSettings.chain), client.node_of(ClientCertificateSettings.key)
            _examine(_Pair(Path(client.chain), Path(client.key), chain, key), notes, now)
