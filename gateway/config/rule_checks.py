"""What is wrong or unwise about one rule.

What jub0bs/cors refuses is refused or warned of here, where our rules have the same (its config.go at v1.0.2).
"""

import re
from collections.abc import Callable
from functools import cache
from typing import Final

from publicsuffixlist import PublicSuffixList

from gateway.config.compile import ALWAYS_READABLE
from gateway.config.keys import RuleSettings
from gateway.config.node import items_of
from gateway.config.notes import Notes
from gateway.config.unwise import Unwise
from gateway.cors.origin import NULL, Origin
from gateway.policy.model import CookieHandling

CHROMIUM_MAX_AGE_SECONDS: Final = 7200
"""Longest preflight cache time that Chromium keeps (services/network/public/cpp/cors/preflight_result.cc)."""


def is_this_machine(host: str) -> bool:
    """Tell whether a page of `host` is served by the client's own machine."""
    return host == "localhost" or host.endswith(".localhost") or _LOOPBACK.fullmatch(host) is not None


_LOOPBACK: Final = re.compile(r"127(?:\.[0-9]+){3}|\[::1\]")


def origin_http(rule: RuleSettings, notes: Notes) -> None:
    """Refuse, or warn of, an http origin: it is whoever is on the network between."""
    origin, node = rule.origin, rule.node_of(RuleSettings.origin)
    if is_this_machine(origin.host):
        notes.warn(node, Unwise.ORIGIN_LOCALHOST, f"{origin.text} is any program on the user's machine")
    elif origin.scheme == "http" and rule.dangerously_allow_http_origins:
        notes.warn(node, Unwise.ORIGIN_HTTP, f"{origin.text} is whoever is on the network between")
    elif origin.scheme == "http":
        remedy = f"write https://{origin.text.partition('://')[2]}, or dangerously_allow_http_origins: true beside it"
        notes.wrong(node, "is an http origin, which is whoever is on the network between", remedy)


def origin_null(rule: RuleSettings, notes: Notes) -> None:
    """Refuse, or warn of, `null`: any page can be it, in a sandboxed frame."""
    if rule.origin == NULL:
        node = rule.node_of(RuleSettings.origin)
        if rule.dangerously_allow_null_origin:
            notes.warn(node, Unwise.ORIGIN_NULL, "null is any page that wants to be it")
        else:
            remedy = "write the add-in's own, or dangerously_allow_null_origin: true beside it"
            notes.wrong(node, "is the origin of any page that wants it", remedy)


def origin_public_suffix(rule: RuleSettings, notes: Notes) -> None:
    """Refuse, or warn of, a wildcard where anyone can have a name; add-ins are often hosted in such places."""
    origin = rule.origin
    if origin.wildcard and public_suffixes().is_public(origin.host):
        node = rule.node_of(RuleSettings.origin)
        says = f"anyone can get a name below {origin.host}"
        if rule.dangerously_allow_public_suffix:
            notes.warn(node, Unwise.ORIGIN_PUBLIC_SUFFIX, says)
        else:
            remedy = "write out each origin, or dangerously_allow_public_suffix: true beside it"
            notes.wrong(node, f"is too wide, for {says}", remedy)


@cache
def public_suffixes() -> PublicSuffixList:
    """Return the list of public suffixes (https://publicsuffix.org), read when a wildcard first asks for it: 0.1 s."""
    return PublicSuffixList()


def wildcard_credentials(rule: RuleSettings, notes: Notes) -> None:
    """Warn of credentials under a wildcard: one host there that is taken over can do what the add-in can."""
    if rule.origin.wildcard and rule.credentials:
        node = rule.node_of(RuleSettings.origin)
        says = f"every host below {rule.origin.host} may send requests with credentials: write out those that need to"
        notes.warn(node, Unwise.WILDCARD_CREDENTIALS, says)


def headers_any(rule: RuleSettings, notes: Notes) -> None:
    """Refuse `headers: any` for more than one page, or for one that anybody can be."""
    origin = rule.origin
    if rule.headers is None and not (_is_exact_https(origin) or is_this_machine(origin.host)):
        node = rule.node_of(RuleSettings.headers)
        source = f", which {node.place.source} brings," if node.place.source else ""
        says = f"headers: any{source} is for exact https origins only, and {origin.text} is none"
        notes.mistake(node.place, node.path, f"{says}: write headers: [authorization, content-type]")


def _is_exact_https(origin: Origin) -> bool:
    return origin.scheme == "https" and not origin.wildcard


def authorization_not_listed(rule: RuleSettings, notes: Notes) -> None:
    """Warn of an add-in that cannot log in: without cookies, `authorization` is how it does."""
    headers = rule.headers
    if headers is not None and b"authorization" not in headers and rule.cookies is CookieHandling.DROP:
        node = rule.node_of(RuleSettings.headers)
        notes.warn(node, Unwise.AUTHORIZATION_NOT_LISTED, "authorization is not in it: a page cannot log in")


def expose_needless(rule: RuleSettings, notes: Notes) -> None:
    """Warn of what a page may read without being told."""
    node = rule.node_of(RuleSettings.expose)
    for name, item in zip(rule.expose, items_of(node), strict=True):
        if name in ALWAYS_READABLE:
            notes.warn(item, Unwise.EXPOSE_NEEDLESS, f"a page may always read {name.decode()}: take it out")


def cookies_need_credentials(rule: RuleSettings, notes: Notes) -> None:
    """Refuse to relay cookies without credentials: no browser sends them then."""
    if rule.cookies is CookieHandling.RELAY and not rule.credentials:
        node = rule.node_of(RuleSettings.cookies)
        notes.mistake(node.place, node.path, "relay needs credentials: true, or no browser sends and keeps cookies")


def max_age_long(rule: RuleSettings, notes: Notes) -> None:
    """Warn of a preflight cache time that browsers cut."""
    if rule.max_age > CHROMIUM_MAX_AGE_SECONDS:
        node = rule.node_of(RuleSettings.max_age)
        says = "Chromium keeps no preflight for longer than 2h, and a change of this rule is seen as late by others"
        notes.warn(node, Unwise.MAX_AGE_LONG, says)


RULE_CHECKS: Final[tuple[Callable[[RuleSettings, Notes], None], ...]] = (
    origin_http,
    origin_null,
    origin_public_suffix,
    wildcard_credentials,
    headers_any,
    authorization_not_listed,
    expose_needless,
    cookies_need_credentials,
    max_age_long,
)
