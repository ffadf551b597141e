"""All that a configuration needs of this machine, had before anything changes: certificates, addresses, open files."""

import errno
import socket
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from cryptography import x509

from gateway.config.checks import clash
from gateway.config.model import Address
from gateway.config.windows import MAX_SOCKETS, WINDOWS
from gateway.relay.admission import TOLD_CONNECTIONS
from gateway.relay.tls import UpstreamContexts, upstream_contexts
from gateway.service.acceptor import listening_socket
from gateway.service.library import LibraryError, load_aiohttp
from gateway.service.listening import Place, places
from gateway.service.share import share_of
from gateway.service.tls import Identity, certificate_of, identity_of

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

    from gateway.config.model import Config, Listener

FILES_BESIDES: Final = 64
"""Open files besides connections: libraries, the log, listeners, look-ups of names."""

RESTART: Final = "restart it: `systemctl restart cors-gateway`"
"""For what a reload cannot do: it has the new addresses before it lets go of the former, so that it can stay."""

BAD_CERTIFICATE: Final = (OSError, ValueError, x509.DuplicateExtension, x509.UnsupportedGeneralNameType)
"""What reading a certificate and its key raises where they cannot be used."""


class StartError(Exception):
    """The gateway cannot start, or go by another configuration; the message says why, and what to do."""


class MachineError(StartError):
    """The machine has no room, or not that address, at this moment: a later start may do."""


class RestartError(StartError):
    """The gateway cannot go by another configuration while it serves by the present one; after a restart it does."""


class NobodyServesError(Exception):
    """No worker is left, and none can be started."""


@dataclass(frozen=True, slots=True)
class Prepared:
    """A configuration, and what was had for it. Whoever does not use it closes it."""

    config: "Config"
    contexts: UpstreamContexts
    listeners: "dict[Place, Listener]"
    identities: dict[Place, Identity | None]
    sockets: dict[Place, socket.socket]
    """Bound, for the addresses that were not listened on."""
    admin: socket.socket | None = None
    """Bound, for the admin address, if that was not listened on."""
    inherited: "Sequence[socket.socket]" = ()
    """What systemd keeps, as long as this process serves: in `sockets` are others that lead to the same."""

    @property
    def every_socket(self) -> "list[socket.socket]":
        """Return all there are."""
        return [*self.sockets.values(), *self.inherited, *([] if self.admin is None else [self.admin])]

    def close(self) -> None:
        """Let go of the addresses."""
        for sock in self.sockets.values():
            sock.close()
        if self.admin is not None:
            self.admin.close()


def prepare(
    config: "Config",
    present: "Collection[Place]" = (),
    admin: "Address | None" = None,
    inherited: "Sequence[socket.socket]" = (),
    workers: int = 1,
) -> Prepared:
    """Have all that a configuration needs; at the addresses in `present`, and at `admin`, the gateway listens already.

    `inherited` are bound sockets that are used where they fit. Each of the `workers` has its share of the limits.

    Raises:
        StartError: something of it cannot be had. Nothing has changed then.
    """
    taken = [Address(host, port) for host, port, _ in present] + ([] if admin is None else [admin])
    check_files(share_of(config, 0, workers))
    if any(site.upstream.health is not None for site in config.sites):
        # Before anybody forks, so that workers have it together.
        try:
            load_aiohttp()
        except LibraryError as error:
            raise StartError(f"the health of servers cannot be asked for: {error}") from error
    listeners = places(config.listeners)
    identities = {place: identity_for(listener) for place, listener in listeners.items()}
    try:
        contexts = upstream_contexts(config.sites)
    except (OSError, ValueError) as error:
        raise StartError(f"the certificate files of an upstream cannot be used: {error}") from error
    prepared = Prepared(config, contexts, listeners, identities, {}, inherited=inherited)
    try:
        for place, listener in listeners.items():
            if place not in present:
                prepared.sockets[place] = _inherited(listener, inherited) or _bound(
                    Address(listener.host, listener.port), taken
                )
        if config.admin is not None and config.admin != admin:
            return replace(prepared, admin=_bound(config.admin, taken, " for admin"))
    except StartError:
        prepared.close()
        raise
    return prepared


def identity_for(listener: "Listener") -> Identity | None:
    """Return what a listener shows to clients; None for plain HTTP.

    Raises:
        StartError: a certificate or key cannot be used.
    """
    if not listener.certificates:
        return None
    try:
        return identity_of([certificate_of(pair) for pair in listener.certificates])
    except BAD_CERTIFICATE as error:
        files = ", ".join(f"{pair.chain} and {pair.key}" for pair in listener.certificates)
        raise StartError(f"the certificates of {listener.authority} cannot be used ({files}): {error}") from error


def _inherited(listener: "Listener", sockets: "Sequence[socket.socket]") -> socket.socket | None:
    """Return a socket that leads to the one among `sockets` that is bound to a listener's address, if there is one."""
    wanted = (listener.host, listener.port)
    return next((sock.dup() for sock in sockets if sock.getsockname()[:2] == wanted), None)


def _bound(address: "Address", taken: "Iterable[Address]", what: str = "") -> socket.socket:
    """Return a socket at an address; the gateway has those in `taken` until it goes by what this is had for."""
    try:
        return listening_socket(address.host, address.port)
    except OSError as error:
        failed = f"cannot listen on {_written(address)}{what}"
        met = [_written(each) for each in taken if clash(each, address)]
        if error.errno == errno.EADDRINUSE and met:
            raise RestartError(f"{failed}: the gateway itself listens on {met[0]}; {RESTART}") from error
        raise MachineError(f"{failed}: {why_not_bound(error, address.port)}") from error


def _written(address: "Address") -> str:
    return f"[{address.host}]:{address.port}" if ":" in address.host else f"{address.host}:{address.port}"


def why_not_bound(error: OSError, port: int) -> str:
    """Return what an error of `bind` means, and what to do."""
    match error.errno:
        case errno.EADDRINUSE if WINDOWS:
            return (
                f"the port is in use: `netstat -ano | findstr :{port}` names its owner; or choose another in listeners"
            )
        case errno.EACCES if WINDOWS:
            kept = "`netsh interface ipv4 show excludedportrange tcp`"
            return f"another program has the port for itself, or Windows keeps it ({kept}): choose another in listeners"
        case errno.EADDRNOTAVAIL if WINDOWS:
            return "this machine does not have that address: see `ipconfig`"
        case errno.EADDRINUSE:
            return f"the port is in use: `ss -ltnp 'sport = :{port}'` names its owner; or choose another in listeners"
        case errno.EACCES:
            return "a port below 1024 needs AmbientCapabilities=CAP_NET_BIND_SERVICE in the service unit"
        case errno.EADDRNOTAVAIL:
            return "this machine does not have that address: see `ip address`"
        case _:
            return error.strerror or str(error)


def raise_file_limit() -> int | None:
    """Raise the limit of open files as far as one may without being root; return what it is then, None for none."""
    if WINDOWS:
        return MAX_SOCKETS
    import resource  # noqa: PLC0415 - there is none on Windows

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != hard:
        try:
            resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
        except (OSError, ValueError):  # macOS: more than the kernel's own limit
            return soft
    return None if hard == resource.RLIM_INFINITY else hard


def files_needed(config: "Config") -> int:
    """Return how many files may be open at a time: connections of clients, those to upstreams, and what is besides.

    A connection to an upstream is for a request in flight or a stream, whose number each site bounds; one that is
    parked was for such a one, and is the next's to the same server. A health check is one besides. A listener has two:
    its own, and that of whoever accepts.
    """
    clients = sum(listener.limits.connections + TOLD_CONNECTIONS for listener in config.listeners)
    upstreams = sum(
        site.limits.in_flight * len(site.upstream.urls) + site.limits.streams + len(site.upstream.urls)
        for site in config.sites
    )
    return clients + min(clients, upstreams) + 2 * len(config.listeners) + FILES_BESIDES


def check_files(config: "Config") -> None:
    """Raise the limit of open files, and refuse what needs more: they would be missing on a busy morning.

    Raises:
        StartError
    """
    files, needed = raise_file_limit(), files_needed(config)
    if files is not None and files < needed:
        if WINDOWS:
            raise StartError(
                f"{needed} connections may be open at a time, and Windows lets one process wait for {files}: lower"
                " limits.connections of the listeners"
            )
        raise StartError(
            f"{needed} files may be open at a time, and {files} are allowed: set LimitNOFILE={needed} in the service"
            f" unit (`ulimit -Hn {needed}` in root's shell), or lower limits.connections of the listeners"
        )
