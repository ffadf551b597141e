"""What is told to a sysadmin besides requests: events, each with the way out."""

from typing import TYPE_CHECKING, Final

from gateway import __version__
from gateway.extensions import relay
from gateway.relay.scanners import SCANNERS
from gateway.service.loops import loop_name

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from gateway.config.model import Config
    from gateway.relay.gateway import Gateway
    from gateway.service.prepare import Prepared

HINTS: Final["Mapping[str, str]"] = {
    "listener.no_files": "raise the limit of open files: LimitNOFILE in the service unit, `ulimit -n` in a shell",
    "tls.failed": "HTTP_REQUEST: a client speaks plain http to this port; UNKNOWN_CA, CERTIFICATE_UNKNOWN: it does not"
    " trust the certificate, or the chain lacks an intermediate one",
    "listener.full": "no connection is idle: raise limits.connections of the listener, or, where many share an address,"
    " limits.connections_per_address, or look who holds them",
    "proxy.header": "have {peer} send a PROXY header (HAProxy: send-proxy-v2 and check-send-proxy; nginx:"
    " proxy_protocol on), or take proxy_protocol out of the listener",
    "upstream.down": "start {upstream}, or look at the way to it; its requests go to the others meanwhile",
    "proxy.untrusted": "its X-Forwarded-For is not believed: if it is your proxy, put {peer} into trusted_proxies",
}


GOOD_NEWS: Final = frozenset({"upstream.up"})
"""Events that ask nobody to do anything."""

LEVELS: Final = ("debug", "info", "warning", "error")
"""As the configuration names them: what is below the one it says is left out."""


class Events:
    """Tells of events, each at a level; of none until there is a log that takes them."""

    def __init__(self) -> None:
        """Tell of nothing yet."""
        self._levels: Sequence[str] = ()
        self._take: Callable[[str, Mapping[str, object]], None] = _dropped

    def go_to(self, take: "Callable[[str, Mapping[str, object]], None]", level: str) -> None:
        """Hand each event from `level` on to `take`: its name, and what there is to know."""
        self._take, self._levels = take, LEVELS[LEVELS.index(level) :]

    def info(self, event: str, **details: object) -> None:
        """Tell that something went as it should."""
        self.tell("info", event, details)

    def warning(self, event: str, **details: object) -> None:
        """Tell of what somebody should look at."""
        self.tell("warning", event, details)

    def error(self, event: str, **details: object) -> None:
        """Tell of what somebody has to mend."""
        self.tell("error", event, details)

    def tell(self, level: str, event: str, details: "Mapping[str, object]") -> None:
        """Tell of something."""
        if level in self._levels:
            self._take(event, {**details, "level": level})


def _dropped(_event: str, _details: "Mapping[str, object]") -> None:
    """Tell nobody."""


EVENTS: Final = Events()
"""Those of this process."""


def hinter() -> "Callable[[str, dict[str, str]], None]":
    """Return what tells the relay's events, each as urgently as it is."""

    def hint(event: str, details: dict[str, str]) -> None:
        text = HINTS.get(event)
        if event in GOOD_NEWS:
            EVENTS.info(event, **details)
        elif text is None:
            EVENTS.error(event, **details)
        else:
            EVENTS.warning(event, **details, remedy=text.format(**details))

    return hint


def unresolved(gateway: "Gateway") -> None:
    """Warn of names of upstreams that do not resolve."""
    for host in gateway.names.unresolved():
        EVENTS.warning(
            "upstream.name_unresolved",
            host=host,
            error=gateway.names.error(host),
            remedy="correct the name in upstream, or the DNS; its sites answer 502 until it resolves",
        )


UNUSED_SOCKET: Final = "have ListenStream of the socket unit and address of a listener be the same"
"""For a socket that systemd keeps, and nobody accepts on."""


def unused(prepared: "Prepared") -> None:
    """Warn of sockets that systemd keeps where no listener is: whoever connects there waits for nobody."""
    used = {(listener.host, listener.port) for listener in prepared.config.listeners}
    for sock in prepared.inherited:
        if sock.getsockname()[:2] not in used:
            EVENTS.warning("socket.unused", address=str(sock.getsockname()), remedy=UNUSED_SOCKET)


def ready(config: "Config") -> None:
    """Tell where clients are accepted, and who is trusted."""
    trusted = ", ".join(map(str, config.trusted_proxies)) or "nobody"
    for listener in config.listeners:
        EVENTS.info("listener.ready", address=listener.url, trusted_proxies=trusted)
    names = sorted({site.name for site in config.policy.sites.values()}) or ["*"]
    EVENTS.info(
        "gateway.ready",
        version=__version__,
        sites=", ".join(names),
        loop=loop_name(),
        scanners=SCANNERS,
        relay=relay()[0],
    )
