"""Certificates and keys that a configuration names: found, read, held against each other. Nobody is asked."""

from contextlib import suppress
from datetime import datetime
from pathlib import Path

from gateway.config.files import unreadable
from gateway.config.keys import CertificateSettings, GatewaySettings, ListenerSettings
from gateway.config.model import CertificatePair
from gateway.config.notes import Notes, Unread


def find_certificates(settings: GatewaySettings, notes: Notes, now: datetime) -> dict[int, tuple[CertificatePair, ...]]:
    """Return the certificates of each listener, by its number."""
    found: dict[int, tuple[CertificatePair, ...]] = {}
    with suppress(Unread):
        for index, listener in enumerate(settings.listeners):
            with suppress(Unread):
                found[index] = _pairs(listener, notes)
    return found


def _pairs(listener: ListenerSettings, notes: Notes) -> tuple[CertificatePair, ...]:
    match listener.certificates:
        case None:
            return ()
        case str() as folder:
            try:
                folders = sorted(path for path in Path(folder).iterdir() if path.is_dir() and path.name[0] != ".")
            except OSError as error:
                node = listener.node_of(ListenerSettings.certificates)
                raise notes.wrong(node, "cannot be used", unreadable(error)) from None
            return tuple(CertificatePair(f"{path}/fullchain.pem", f"{path}/privkey.pem") for path in folders)
        case tuple() as pairs:
            return tuple(CertificatePair(pair.chain, pair.key) for pair in pairs)
