"""`check --online`: whether each upstream can be reached from here, and shows the certificate it should."""

import asyncio
import socket
import ssl
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from gateway.config.model import Config
from gateway.policy.model import Site, UpstreamUrl
from gateway.policy.reason import Reason
from gateway.relay.attempt import why_not_connected
from gateway.relay.tls import public_key_pin, upstream_context

SECONDS: Final = 5.0
"""For a name, a connection and a TLS handshake together: someone is waiting at a terminal."""


@dataclass(frozen=True, slots=True)
class Reached:
    """What came of one address of one upstream."""

    site: str
    url: str
    good: bool
    detail: str
    """The reason that requests would end with, and what the system said; how long it took, if good."""

    def __str__(self) -> str:
        """Return a line for a person."""
        return f"{self.url} of {self.site} {'answers' if self.good else 'cannot be reached'}: {self.detail}"


async def reach_upstreams(config: Config) -> list[Reached]:
    """Connect to every address of every upstream, all at once, and send nothing."""
    return await asyncio.gather(*(_reach(site, url) for site, url in _addresses(config)))


def _addresses(config: Config) -> Iterator[tuple[Site, UpstreamUrl]]:
    for site in config.sites:
        for url in site.upstream.urls:
            yield site, url


async def _reach(site: Site, url: UpstreamUrl) -> Reached:
    host = f"[{url.host}]" if ":" in url.host else url.host
    place = f"{url.scheme}://{host}:{url.port}"
    began = time.monotonic()
    try:
        async with asyncio.timeout(SECONDS):
            await _connect(site, url)
    except OSError as error:
        return Reached(site.name, place, good=False, detail=_why(error))
    return Reached(site.name, place, good=True, detail=f"{(time.monotonic() - began) * 1000:.0f} ms")


async def _connect(site: Site, url: UpstreamUrl) -> None:
    """Connect, and end the connection.

    Raises:
        OSError: it could not be done; TimeoutError, socket.gaierror and ssl.SSLError are among them.
    """
    if url.scheme == "http":
        _, writer = await asyncio.open_connection(url.host, url.port)
    else:
        tls = site.upstream.tls
        sent = (site.upstream.host or site.names[0].encode()).decode()
        name = tls.name or sent.partition(":")[0]
        context = upstream_context(tls)
        _, writer = await asyncio.open_connection(url.host, url.port, ssl=context, server_hostname=name)
    try:
        _check_pin(writer, site.upstream.tls.pin)
    finally:
        writer.transport.abort()


def _check_pin(writer: asyncio.StreamWriter, pin: str | None) -> None:
    """Raise `ssl.SSLCertVerificationError` when the certificate's key is not the one that is pinned."""
    tls: ssl.SSLObject | None = writer.get_extra_info("ssl_object")
    if tls is not None and pin is not None:
        certificate = tls.getpeercert(binary_form=True)
        found = public_key_pin(certificate) if certificate else "not there"
        if found != pin:
            raise ssl.SSLCertVerificationError(1, f"the public key is {found}, not the one that is pinned")


def _why(error: OSError) -> str:
    """Return the reason that requests would end with, and what the system says."""
    if isinstance(error, socket.gaierror):
        reason, detail = Reason.UPSTREAM_NAME_UNRESOLVED, error.strerror
    elif isinstance(error, TimeoutError):
        reason, detail = Reason.UPSTREAM_CONNECT_TIMEOUT, f"no answer within {SECONDS:g} s"
    elif isinstance(error, ssl.SSLCertVerificationError):
        reason, detail = Reason.UPSTREAM_CERTIFICATE, getattr(error, "verify_message", error.strerror)
    else:
        reason, detail = why_not_connected(error), error.strerror
    return f"{reason}, {detail or error}"
