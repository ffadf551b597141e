"""The judgement of an upstream's response: which of its fields go, which are added, or that it is refused."""

from gateway.http1.head import RequestHead, ResponseHead
from gateway.http1.outgoing import Change
from gateway.policy.decide import Answer, Relay


def request_change(relay: Relay, head: RequestHead) -> Change:
    """Return what changes in the request on its way up by policy: Cookie dropped where the rule says so; nothing else.

    (Hop-by-hop, forwarding fields and framing are `http1.outgoing`'s.)
    """
    raise NotImplementedError


def judge_response(relay: Relay, request: RequestHead, response: ResponseHead, *, scheme: str) -> Change | Answer:
    """Return what changes in the response on its way to the client, or the answer given instead of it.

    Always: every Access-Control-* goes, Alt-Svc goes, `Vary` is merged with `Origin`, `relay.block` is added. On reason `allowed`:
    Set-Cookie dropped or rewritten, Location and Refresh of the upstream's own origin (either scheme, with and without port, and the
    path prefix) made true outside with `scheme` and the request's Host, another origin's redirect refused (`upstream-redirect`),
    login redirects, challenges dropped, as `site.rewrite` says.
    """
    raise NotImplementedError
