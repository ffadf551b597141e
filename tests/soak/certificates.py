"""Certificates that are renewed in their files, under load on TLS."""

import ssl
import time
from typing import Final

import trustme

from tests.load.clients import connect
from tests.real.processes import until
from tests.soak.place import Place, listener, place, site
from tests.soak.told import Told

HANDSHAKES: Final = 8
"""All of which have to show the new certificate: any worker may answer one."""
SHOWN_SECONDS: Final = 2.0


def certificates(*, changes: int, wrong: int, workers: int, rate: float, pause: int) -> Told:
    """Renew certificates so many times, `wrong` of them with a key that does not match."""
    told = Told(f"{changes} certificate changes, {wrong} with a key that does not match, {workers} workers")
    with place() as made:
        port = made.ports.take()
        shown = made.put_certificate()
        text = made.text(
            [listener(port, certificates=str(made.certificates))], [site(made.crm().port)], workers=workers
        )
        gateway = made.gateway(text)
        seconds: list[float] = []
        with made.load(port, rate, tls=True) as load:
            for number in range(changes):
                began, since = time.monotonic(), len(gateway.events)
                if (number + 1) * wrong // changes > number * wrong // changes:
                    made.put_certificate(key_of=shown)
                    gateway.until(lambda event: event["event"] == "certificate.broken", "the warning", since=since)
                    assert is_shown(made, port, shown)
                else:
                    shown = made.put_certificate()
                    until(lambda: is_shown(made, port, shown), "the new certificate")  # noqa: B023 - asked at once
                    seconds.append(time.monotonic() - began)
                load.more(pause)
        told.load(load)
        told.seconds("until a new certificate is shown", seconds, SHOWN_SECONDS)
    return told


def is_shown(made: Place, port: int, issued: trustme.LeafCert) -> bool:
    """Return whether clients are shown this certificate, again and again."""
    expected = ssl.PEM_cert_to_DER_cert(issued.cert_chain_pems[0].bytes().decode())
    return all(certificate(made, port) == expected for _ in range(HANDSHAKES))


def certificate(made: Place, port: int) -> bytes:
    """Return the certificate that a client is shown."""
    with connect(port, made.trusting) as client:
        assert isinstance(client.sock, ssl.SSLSocket)
        octets = client.sock.getpeercert(binary_form=True)
        assert octets is not None
        return octets
