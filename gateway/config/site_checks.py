"""What is wrong or unwise about one site."""

from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Final

from gateway.config.compile import path_set
from gateway.config.keys import (
    CookieSettings,
    RuleSettings,
    SiteSettings,
    TimeoutSettings,
    UpstreamSettings,
    UpstreamTlsSettings,
)
from gateway.config.node import Node, items_of
from gateway.config.notes import Notes, Unread
from gateway.config.unwise import Unwise
from gateway.policy.model import Paths, UnlistedOrigins

if TYPE_CHECKING:
    from gateway.config.settings import Key
    from gateway.cors.origin import Origin

APACHE_KEEP_ALIVE_SECONDS: Final = 5
"""For how long Apache keeps an unused connection by default (https://httpd.apache.org/docs/2.4/mod/core.html)."""


def paths_need_a_preset(site: SiteSettings, notes: Notes) -> None:
    """Refuse `paths: preset` without a preset."""
    if site.paths is None:
        notes.wrong(
            site.node_of(SiteSettings.paths), "needs a preset", "write preset: vtenext beside it, or a list of paths"
        )


def paths_can_be_reached(site: SiteSettings, notes: Notes) -> None:
    """Refuse paths outside the site's: they are answered 404 before anything else is asked."""
    if site.paths is None:
        return
    served = site.paths if isinstance(site.paths, Paths) else path_set(site.paths)
    listed: list[tuple[tuple[bytes, ...], Node]] = []
    for key in (SiteSettings.websocket, SiteSettings.form_posts):
        with suppress(Unread):
            listed.append((site.value(key), site.node_of(key)))
    for rule in site.origins:
        with suppress(Unread):
            listed.append((rule.paths or (), rule.node_of(RuleSettings.paths)))
    for paths, node in listed:
        for path, item in zip(paths, items_of(node), strict=True):
            if not _meet(path, served):
                notes.wrong(item, "is outside the site's paths, so it is never reached", "add it there, or take it out")


def _meet(path: bytes, served: Paths) -> bool:
    """Tell whether any request can be both for `path` and within `served`."""
    if path in served:
        return True
    return path.endswith(b"/") and any(each.startswith(path) for each in (*served.exact, *served.subtrees))


def one_rule_an_origin(site: SiteSettings, notes: Notes) -> None:
    """Refuse a second rule for an origin: it would never be looked at."""
    first: dict[Origin, Node] = {}
    for rule in site.origins:
        with suppress(Unread):
            node = rule.node_of(RuleSettings.origin)
            before = first.setdefault(rule.origin, node)
            if before is not node:
                notes.wrong(node, f"has a rule already, {before.path} in {before.place}", "make them one")


def origin_own_site(site: SiteSettings, notes: Notes) -> None:
    """Warn of a rule for the site itself: its own pages are let through before any rule is looked at."""
    for rule in site.origins:
        with suppress(Unread):
            if rule.origin.host in site.names and not rule.origin.wildcard and rule.origin.port is None:
                node = rule.node_of(RuleSettings.origin)
                says = f"{rule.origin.text} is the site itself, whose own pages need no rule: take it out"
                notes.warn(node, Unwise.ORIGIN_OWN_SITE, says)


def origins_none(site: SiteSettings, notes: Notes) -> None:
    """Warn of a site without a rule: no add-in can use it."""
    if not site.origins:
        notes.warn(site.node_of(SiteSettings.origins), Unwise.ORIGINS_NONE, "no add-in can use this site")


def unlisted_relayed(site: SiteSettings, notes: Notes) -> None:
    """Warn of relaying other origins' requests: any page may post forms and text/plain, without a preflight."""
    if site.unlisted_origins is UnlistedOrigins.RELAY:
        node = site.node_of(SiteSettings.unlisted_origins)
        notes.warn(node, Unwise.UNLISTED_RELAYED, "posts from any page on the web reach the CRM: for finding out only")


def tls_needs_https(site: SiteSettings, notes: Notes) -> None:
    """Refuse `tls` for an http upstream, to which it means nothing."""
    upstream = site.upstream
    tls, node = upstream.tls, upstream.node_of(UpstreamSettings.tls)
    said = any((tls.ca, tls.name, tls.client, tls.pin, tls.dangerously_skip_verification))
    if said and all(url.scheme == "http" for url in upstream.urls):
        notes.mistake(
            node.place, node.path, "is for https, and the upstream is http: write https:// there, or take it out"
        )


def upstream_unverified(site: SiteSettings, notes: Notes) -> None:
    """Warn of a certificate that is not looked at: whoever is between can show one."""
    tls = site.upstream.tls
    if tls.dangerously_skip_verification:
        node = tls.node_of(UpstreamTlsSettings.dangerously_skip_verification)
        says = "whoever is on the network between can be the CRM and read every password: write tls: {ca: FILE}"
        notes.warn(node, Unwise.UPSTREAM_UNVERIFIED, says)


def keep_alive_long(site: SiteSettings, notes: Notes) -> None:
    """Warn of connections kept for longer than the upstream keeps them: it closes them just when they are used."""
    timeouts = site.upstream.timeouts
    if timeouts.keep_alive >= APACHE_KEEP_ALIVE_SECONDS:
        node = timeouts.node_of(TimeoutSettings.keep_alive)
        says = "Apache closes after 5s by default, and a POST then sent on that connection is lost: write 4s"
        notes.warn(node, Unwise.KEEP_ALIVE_LONG, says)


def cookies_need_secure(site: SiteSettings, notes: Notes) -> None:
    """Refuse attributes that make browsers drop a cookie which is not Secure."""
    cookies = site.rewrite.cookies
    if cookies is None or cookies.secure:
        return
    needy: tuple[tuple[Key[str | None] | Key[bool | None], bool], ...] = (
        (CookieSettings.same_site, cookies.same_site == "None"),
        (CookieSettings.partitioned, bool(cookies.partitioned)),
    )
    for key, needs in needy:
        if needs:
            node = cookies.node_of(key)
            notes.wrong(node, "needs secure: true, or browsers drop the cookie", "write secure: true beside it")


SITE_CHECKS: Final[tuple[Callable[[SiteSettings, Notes], None], ...]] = (
    paths_need_a_preset,
    paths_can_be_reached,
    one_rule_an_origin,
    origin_own_site,
    origins_none,
    unlisted_relayed,
    tls_needs_https,
    upstream_unverified,
    keep_alive_long,
    cookies_need_secure,
)
