"""What a listener answers by itself, before any site is asked: health probes, and the way from http to https."""

from typing import Final

from gateway.http1.head import RequestHead
from gateway.http1.target import path_of, split_host
from gateway.policy.compiled import VARY
from gateway.policy.decide import Answer, host_unknown, question
from gateway.policy.model import Policy
from gateway.policy.reason import Reason, remedy_for

SAFE_TO_REDIRECT: Final = frozenset({b"GET", b"HEAD"})


def health(head: RequestHead, path: bytes, *, draining: bool) -> Answer | None:
    """Answer a load balancer's probe: 200, or 503 while draining; needs no Host, and None for any other request."""
    if head.method not in SAFE_TO_REDIRECT or path_of(head.target) != path:
        return None
    return Answer(Reason.SHUTDOWN, 503, b"") if draining else Answer(Reason.HEALTH, 200, b"")


def to_https(policy: Policy, head: RequestHead) -> Answer:
    """Lead a person to https with 308; answer everything else 403 `plain-http`.

    An add-in's call is never redirected: a browser follows no redirect of a preflight, and what a page sends by plain
    http has been read on the way already. The public port of https is the default one.
    """
    q = question(policy, head)
    unknown = host_unknown(q)
    if unknown is not None:
        return unknown
    if q.origin is None and head.method in SAFE_TO_REDIRECT and head.host:
        location = b"Location: https://%b%b\r\n" % (split_host(head.host)[0], head.target)
        return Answer(Reason.PLAIN_HTTP, 308, VARY + location, q.site)
    fields = q.match.entry.compiled.share(q.match.origin) if q.match else b""
    return Answer(Reason.PLAIN_HTTP, 403, fields + VARY, q.site, remedy_for(Reason.PLAIN_HTTP))
