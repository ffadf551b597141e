"""What no value shows by itself: one that contradicts another, sites that overlap, what is unwise.

Each check is a function of the settings it is about. Where it needs a value that could not be read it ends: that
mistake has been told.
"""

from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from ipaddress import ip_address
from typing import Final, TypeVar

from gateway.config.keys import AdminSettings, GatewaySettings, ListenerSettings, SiteSettings, UpstreamSettings
from gateway.config.model import Address
from gateway.config.node import Node, items_of
from gateway.config.notes import Notes, Unread
from gateway.config.rule_checks import RULE_CHECKS, is_this_machine
from gateway.config.site_checks import SITE_CHECKS
from gateway.config.unwise import Unwise
from gateway.config.windows import WINDOWS
from gateway.policy.model import UpstreamUrl

S = TypeVar("S")

WIDE_BITS: Final = {4: 24, 6: 64}
"""Prefix of a whole LAN, by IP version: whoever is in it may forge addresses."""


def check(settings: GatewaySettings, notes: Notes) -> None:
    """Note what is wrong or unwise in `settings`."""
    _run(GATEWAY_CHECKS, settings, notes)
    with suppress(Unread):
        for site in settings.sites:
            _run(SITE_CHECKS, site, notes)
            with suppress(Unread):
                for rule in site.origins:
                    _run(RULE_CHECKS, rule, notes)


def _run(checks: Iterable[Callable[[S, Notes], None]], settings: S, notes: Notes) -> None:
    for each in checks:
        with suppress(Unread):
            each(settings, notes)


# ---------------------------------------------------------------------------------------------------------- listeners


def listener_plain(settings: GatewaySettings, notes: Notes) -> None:
    """Warn of plain HTTP: whoever is on the network between reads each password."""
    for listener in settings.listeners:
        with suppress(Unread):
            address, node = listener.address, listener.node_of(ListenerSettings.address)
            if address.port == 0:
                notes.warn(node, Unwise.PORT_ANY, "port 0 is another one at each start")
            plain = listener.certificates is None and not listener.redirect_to_https
            if plain and not ip_address(address.host).is_loopback:
                says = "plain HTTP, that others can listen to"
                remedy = "write certificates beside it, or 127.0.0.1 if the proxy is on this machine"
                notes.warn(node, Unwise.LISTENER_PLAIN, f"{says}: {remedy}")


def redirect_needs_plain(settings: GatewaySettings, notes: Notes) -> None:
    """Refuse redirects to https from where they would lead to."""
    for listener in settings.listeners:
        with suppress(Unread):
            if listener.redirect_to_https and listener.certificates is not None:
                node = listener.node_of(ListenerSettings.redirect_to_https)
                notes.mistake(
                    node.place, node.path, "is for plain HTTP, and this listener has certificates: take one out"
                )


def proxy_protocol_needs_a_proxy(settings: GatewaySettings, notes: Notes) -> None:
    """Refuse PROXY headers from nobody: they are believed only from a proxy that is trusted."""
    for listener in settings.listeners:
        with suppress(Unread):
            if listener.proxy_protocol and not settings.trusted_proxies:
                node = listener.node_of(ListenerSettings.proxy_protocol)
                notes.mistake(node.place, node.path, "needs the proxy's address in trusted_proxies: write it there")


def addresses_differ(settings: GatewaySettings, notes: Notes) -> None:
    """Refuse two listeners on one address."""
    taken: list[tuple[Address, Node]] = []
    for address, node in _addresses(settings):
        met = [before for other, before in taken if clash(address, other)]
        if met:
            notes.wrong(node, f"is taken by {met[0].path} in {met[0].place}", "write another port")
        taken.append((address, node))


def clash(one: Address, other: Address) -> bool:
    """Tell whether two cannot be listened on; `0.0.0.0` is every address of its kind, `::` of both kinds."""
    if one.port != other.port or one.port == 0:
        return False
    hosts = ip_address(one.host), ip_address(other.host)
    alike = hosts[0].version == hosts[1].version
    return hosts[0] == hosts[1] or any(host.is_unspecified and (alike or host.version == _IPV6) for host in hosts)


_IPV6: Final = 6


def _addresses(settings: GatewaySettings) -> Iterator[tuple[Address, Node]]:
    """Yield every address the gateway accepts on."""
    for listener in settings.listeners:
        with suppress(Unread):
            yield listener.address, listener.node_of(ListenerSettings.address)
    with suppress(Unread):
        if settings.admin is not None:
            yield settings.admin.address, settings.admin.node_of(AdminSettings.address)


def admin_exposed(settings: GatewaySettings, notes: Notes) -> None:
    """Warn of an admin address that others reach: it asks nobody who they are."""
    admin = settings.admin
    if admin is not None and not ip_address(admin.address.host).is_loopback:
        node = admin.node_of(AdminSettings.address)
        notes.warn(node, Unwise.ADMIN_EXPOSED, "whoever reaches it reads names, origins and figures: write 127.0.0.1")


def trusted_proxies_wide(settings: GatewaySettings, notes: Notes) -> None:
    """Warn of trust in a whole network: who is trusted may forge the client's address and scheme."""
    node = settings.node_of(GatewaySettings.trusted_proxies)
    for network, item in zip(settings.trusted_proxies, items_of(node), strict=True):
        if network.prefixlen <= WIDE_BITS[network.version] and not network.is_loopback:
            says = f"{network.num_addresses} addresses may say they are any client: write the proxy's own"
            notes.warn(item, Unwise.TRUSTED_PROXIES_WIDE, says)


def workers_on_windows(settings: GatewaySettings, notes: Notes) -> None:
    """Warn of more than one process where there is no way to have them."""
    if WINDOWS and settings.workers is not None and settings.workers > 1:
        node = settings.node_of(GatewaySettings.workers)
        notes.warn(node, Unwise.WORKERS_WINDOWS, "one process serves on Windows: write 1, or leave it out")


# -------------------------------------------------------------------------------------------------------------- sites


def names_differ(settings: GatewaySettings, notes: Notes) -> None:
    """Refuse a name of two sites."""
    taken: dict[str, Node] = {}
    for name, node in _names(settings):
        before = taken.setdefault(name, node)
        if before is not node:
            notes.wrong(node, f"leads to another site already, {before.path} in {before.place}", "take one out")


def _names(settings: GatewaySettings) -> Iterator[tuple[str, Node]]:
    """Yield every name of every site."""
    for site in settings.sites:
        with suppress(Unread):
            node = site.node_of(SiteSettings.names)
            yield from zip(site.names, items_of(node), strict=True)


def upstream_is_the_gateway(settings: GatewaySettings, notes: Notes) -> None:
    """Refuse an upstream that is the gateway itself, and warn where it may be by its name."""
    own = list(_addresses(settings))
    names = {name for name, _ in _names(settings)}
    for site in settings.sites:
        with suppress(Unread):
            node = site.upstream.node_of(UpstreamSettings.urls)
            for url, item in zip(site.upstream.urls, items_of(node), strict=True):
                met = [node.path for address, node in own if _leads_to(url, address)]
                if met:
                    says = f"is the gateway itself, {met[0]}: requests would go round in circles"
                    notes.wrong(item, says, "write the CRM's own address")
                if url.host in names and not _is_address(url.host):
                    says = f"{url.host} is a name of a site too: if it leads here, requests go round in circles"
                    notes.warn(item, Unwise.UPSTREAM_IS_SITE, f"{says}: write the CRM's inner address")


def _leads_to(url: UpstreamUrl, listening: Address) -> bool:
    """Tell whether a connection to `url` reaches a listener, as far as is known without asking anybody."""
    if url.port != listening.port:
        return False
    address = ip_address(listening.host)
    if address.is_unspecified:
        return is_this_machine(url.host) or url.host in {"::1", "0.0.0.0", "::"}  # noqa: S104 - compared with
    return url.host == listening.host or (url.host == "localhost" and address.is_loopback)


def _is_address(host: str) -> bool:
    return is_this_machine(host) or ":" in host or host.replace(".", "").isdigit()


GATEWAY_CHECKS: Final[tuple[Callable[[GatewaySettings, Notes], None], ...]] = (
    listener_plain,
    redirect_needs_plain,
    proxy_protocol_needs_a_proxy,
    addresses_differ,
    admin_exposed,
    trusted_proxies_wide,
    workers_on_windows,
    names_differ,
    upstream_is_the_gateway,
)
