"""What is answered before any site is asked: health probes, loops, and the way from http to https."""

from typing import Final, NamedTuple

from gateway.cors.origin import Match
from gateway.http1.cdn_loop import has_passed
from gateway.http1.head import RequestHead
from gateway.http1.target import path_of, split_host
from gateway.policy.decide import Answer, host_unknown
from gateway.policy.model import Policy, Rule, Site
from gateway.policy.octets import VARY
from gateway.policy.reason import Reason, remedy_for

SAFE_TO_REDIRECT: Final = frozenset({b"GET", b"HEAD"})


class Asker(NamedTuple):
    """Who asks, of which site."""

    site: Site | None
    """None where `Host` names none."""
    origin: bytes | None = None
    match: Match[Rule] | None = None
    """The rule of the origin."""


def asker(policy: Policy, head: RequestHead) -> Asker:
    """Return who asks."""
    site = policy.site_for(head.host)
    match = None if site is None or head.origin is None else site.rules.match(head.origin)
    return Asker(site, head.origin, match)


def health(head: RequestHead, path: bytes, *, draining: bool) -> Answer | None:
    """Answer a load balancer's probe: 200, or 503 once it is to turn away; needs no Host. None for other requests."""
    if head.method not in SAFE_TO_REDIRECT or path_of(head.target) != path:
        return None
    return Answer(Reason.SHUTDOWN, 503, b"") if draining else Answer(Reason.HEALTH, 200, b"")


def loop_detected(policy: Policy, head: RequestHead, name: bytes) -> Answer | None:
    """Refuse a request that has come by here before (RFC 8586, 2): 508, fields if the origin has a rule.

    `name` is what this gateway writes into CDN-Loop. None for a request that does not hold it.
    """
    if not has_passed(head.fields, name):
        return None
    who = asker(policy, head)
    vary = VARY if who.site else b""
    return Answer(Reason.LOOP_DETECTED, 508, _shared(who) + vary, who.site, remedy_for(Reason.LOOP_DETECTED))


def _shared(who: Asker) -> bytes:
    """Return the CORS fields of an answer, if the origin has a rule."""
    return who.match.entry.compiled.share(who.match.origin) if who.match else b""


def to_https(policy: Policy, head: RequestHead) -> Answer:
    """Lead a person to https with 308; answer everything else 403 `plain-http`.

    An add-in's call is never redirected: a browser follows no redirect of a preflight, and what a page sends by plain
    http has been read on the way already. The public port of https is the default one.
    """
    who = asker(policy, head)
    if who.site is None:
        return host_unknown(head)
    if who.origin is None and head.method in SAFE_TO_REDIRECT and head.host:
        location = b"Location: https://%b%b\r\n" % (split_host(head.host)[0], head.target)
        return Answer(Reason.PLAIN_HTTP, 308, VARY + location, who.site)
    return Answer(Reason.PLAIN_HTTP, 403, _shared(who) + VARY, who.site, remedy_for(Reason.PLAIN_HTTP))
