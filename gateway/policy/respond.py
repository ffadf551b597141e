"""The judgement of an upstream's response: which of its fields go, which are added, or that it is refused."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from http import HTTPStatus
from typing import Final

from gateway.cors.fields import CORS_PREFIX
from gateway.cors.vary import merge_vary
from gateway.http1.fields import Fields
from gateway.http1.head import RequestHead, ResponseHead
from gateway.http1.outgoing import Change
from gateway.http1.remembered import Remembered
from gateway.policy.challenges import CONNECTION_BOUND, OPENS_A_DIALOG, without
from gateway.policy.cookies import rewrite_cookie
from gateway.policy.decide import Answer, Relay, failure
from gateway.policy.location import Outside, looks_like_login, outside_of, refresh_outside, true_outside
from gateway.policy.model import Challenges, CookieHandling, LocationHandling, LoginRedirect
from gateway.policy.octets import VARY
from gateway.policy.reason import Reason, shown

SWITCHING_PROTOCOLS: Final = int(HTTPStatus.SWITCHING_PROTOCOLS)
MISDIRECTED_REQUEST: Final = int(HTTPStatus.MISDIRECTED_REQUEST)
"""As numbers, which are compared faster than the members of an enumeration are looked up."""

REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})
"""Statuses that a browser follows (https://fetch.spec.whatwg.org/#redirect-status)."""

LOGIN_CHALLENGE: Final = b'WWW-Authenticate: Login realm="application"\r\n'
"""Each 401 names a challenge (RFC 9110, 15.5.2). This scheme is nobody's, so that no browser asks its user."""

UNCHANGED: Final = Change()

_GONE: Final = frozenset({b"alt-svc", b"vary"})
"""Alt-Svc would lead clients past the gateway (RFC 7838, 3); Vary is written anew."""
_GONE_WITH_COOKIES: Final = _GONE | {b"set-cookie"}

_PREFIXES: Final = (CORS_PREFIX,)
_COOKIES_DROPPED: Final = CookieHandling.DROP


def request_change(relay: Relay, head: RequestHead) -> Change:  # noqa: ARG001 - as judge_response has it
    """Return what changes in the request on its way up by policy.

    On reason `allowed`, Cookie is dropped where the rule says so, and so is every field of `NEVER_BY_ANY` that the rule
    does not list: with x-http-method-override a page, or a program with the page's Origin, would get round `methods`.
    Nothing else changes, and on other reasons nothing at all: curl and the application's own pages use what they like.
    (Hop-by-hop, forwarding fields and framing are `http1.outgoing`'s.)
    """
    return relay.rule.compiled.request_change if relay.rule else UNCHANGED


def judge_response(relay: Relay, request: RequestHead, response: ResponseHead, *, scheme: str) -> Change | Answer:
    """Return what changes in the response on its way to the client, or the answer given instead of it.

    Always: every Access-Control-* goes, Alt-Svc goes, `Vary` is merged with `Origin`, `relay.block` is added (but not
    to a 101, which no page reads). Challenges of NTLM and Negotiate go; where the upstream offers nothing else, the
    answer says so (`authentication-connection-bound`). A 421 becomes a 502 that says why (`upstream-misdirected`).

    On reason `allowed`, as the rule and the site's `rewrite` say: Set-Cookie dropped or rewritten; Location and Refresh
    of the upstream's own origin (either scheme, with and without port, and the path prefix) made true outside with
    `scheme` and the request's Host; another origin's redirect, and one that leads in a circle, refused
    (`upstream-redirect`); a redirect to a login page, or to another origin, answered with 401 (`login-required`);
    challenges dropped that browsers ask the user for.
    """
    usual = usual_change(relay, response)
    return judge_with_care(relay, request, response, scheme=scheme) if usual is None else usual


def usual_change(relay: Relay, response: ResponseHead) -> Change | None:
    """Return what changes in a response whatever was asked for; None where that decides, or an answer is given instead.

    No more than `judge_response` says of it, and mostly all of it.
    """
    fields, rule = response.fields, relay.rule
    usual: frozenset[bytes] | None = _GONE
    if b"set-cookie" in fields and rule is not None:
        if rule.cookies is _COOKIES_DROPPED:
            usual = _GONE_WITH_COOKIES
        elif relay.site.rewrite.cookies is not None:
            usual = None
    if (
        usual is None
        or (rule is not None and (b"location" in fields or b"refresh" in fields))
        or b"www-authenticate" in fields
        or response.status == MISDIRECTED_REQUEST
    ):
        return None
    block = _block(relay, response)
    if fields.repeated:
        return Change(usual, _PREFIXES, _vary(fields) + block)
    vary = fields.value(b"vary")
    change = _USUAL_CHANGES.get((usual, vary, block))
    if change is None:
        change = Change(usual, _PREFIXES, _vary(fields) + block)
        _USUAL_CHANGES.keep((usual, vary, block), change, (vary, block))
    return change


_USUAL_CHANGES: Final[Remembered[tuple[frozenset[bytes], bytes | None, bytes], Change]] = Remembered()
"""By the fields that go, the value of `Vary`, and the CORS fields: of one rule they are mostly the same."""


def judge_with_care(relay: Relay, request: RequestHead, response: ResponseHead, *, scheme: str) -> Change | Answer:
    """Return what `judge_response` does of a response for which there is no `usual_change`.

    More of it than `Vary` may be written anew, or it may be refused: most are neither.
    """
    outside = outside_of(relay.site.upstream, request.host, scheme) if _leads_somewhere(relay, response) else None
    refused = _refused(relay, request, response, outside)
    if refused:
        return refused
    dropped = set(_GONE)
    added = [_vary(response.fields), _block(relay, response)]
    for name, values in _written_anew(relay, response, outside):
        dropped.add(name.lower())
        added.extend(b"%b: %b\r\n" % (name, value) for value in values)
    return Change(frozenset(dropped), _PREFIXES, b"".join(added))


def _block(relay: Relay, response: ResponseHead) -> bytes:
    """Return the CORS fields of a response: none of a 101, which no page reads."""
    return b"" if response.status == SWITCHING_PROTOCOLS else relay.block


def _vary(fields: Fields) -> bytes:
    """Return the one line of `Vary`."""
    if b"vary" not in fields:
        return VARY
    return b"Vary: %b\r\n" % merge_vary(fields.values(b"vary"), (b"Origin",))


def _leads_somewhere(relay: Relay, response: ResponseHead) -> bool:
    """Tell whether there is a redirect, or the like, to be judged."""
    return relay.rule is not None and (b"location" in response.fields or b"refresh" in response.fields)


def _refused(relay: Relay, request: RequestHead, response: ResponseHead, outside: Outside | None) -> Answer | None:
    """Return the answer given instead of a response, None where it is passed on."""
    if response.status == MISDIRECTED_REQUEST:
        # It is about our connection to the upstream: whoever is connected to us is not meant (RFC 9110, 15.5.20).
        return failure(Reason.UPSTREAM_MISDIRECTED, relay)
    challenges = response.fields.values(b"www-authenticate")
    if response.status == HTTPStatus.UNAUTHORIZED and challenges and not without(challenges, CONNECTION_BOUND):
        return failure(Reason.AUTHENTICATION_CONNECTION_BOUND, relay)
    if not outside or response.status not in REDIRECTS:
        return None
    rewrite = relay.site.rewrite
    for location in response.fields.values(b"location"):
        led = true_outside(location, outside)
        if rewrite.login_redirect is LoginRedirect.UNAUTHORIZED and (led is None or looks_like_login(location)):
            answer = failure(Reason.LOGIN_REQUIRED, relay, detail=_without_query(location))
            return replace(answer, block=answer.block + LOGIN_CHALLENGE)
        if rewrite.location is LocationHandling.KEEP:
            continue
        if led is None:
            return failure(Reason.UPSTREAM_REDIRECT, relay, detail=_without_query(location))
        if led in {request.target, outside.base + request.target} and _is_a_circle(relay, request, response):
            return failure(Reason.UPSTREAM_REDIRECT, relay, detail=CIRCLE)
    return None


CIRCLE: Final = (
    "to the very URL that was asked for: most likely the application wants https; write https:// in upstream"
)
"""Seen of virtual hosts that send all of http to https."""


def _is_a_circle(relay: Relay, request: RequestHead, response: ResponseHead) -> bool:
    """Tell whether a redirect to the URL that was asked for would be answered the same again.

    Not where the browser changes the method, nor where it comes back with a cookie it was given.
    """
    keeps_method = request.method in {b"GET", b"HEAD"} or response.status in {307, 308}
    brings_cookie = relay.rule is not None and relay.rule.cookies is CookieHandling.RELAY
    return keeps_method and not (brings_cookie and b"set-cookie" in response.fields)


def _without_query(location: bytes) -> str:
    """Return where a redirect leads, for the log."""
    return f"Location: {shown(location.partition(b'?')[0])}"


def _written_anew(
    relay: Relay, response: ResponseHead, outside: Outside | None
) -> Iterator[tuple[bytes, Iterable[bytes]]]:
    """Yield the fields whose lines are written anew, each with the values it then has, or none."""
    fields, rule, rewrite = response.fields, relay.rule, relay.site.rewrite
    if b"www-authenticate" in fields:
        schemes = OPENS_A_DIALOG if rule and rewrite.challenges is Challenges.DROP else CONNECTION_BOUND
        yield b"WWW-Authenticate", without(fields.values(b"www-authenticate"), schemes)
    if rule and b"set-cookie" in fields:
        if rule.cookies is CookieHandling.DROP:
            yield b"Set-Cookie", ()
        elif rewrite.cookies:
            prefixes = tuple(url.prefix for url in relay.site.upstream.urls)
            values = fields.values(b"set-cookie")
            yield b"Set-Cookie", [rewrite_cookie(value, rewrite.cookies, prefixes) for value in values]
    if outside and rewrite.location is LocationHandling.REWRITE:
        for name, mapped in ((b"Location", _location_outside), (b"Refresh", refresh_outside)):
            values = fields.values(name.lower())
            yield name, [mapped(value, outside) for value in values]


def _location_outside(location: bytes, outside: Outside) -> bytes:
    """Return a Location as it is outside; another origin's as it came: it is none that a browser follows."""
    led = true_outside(location, outside)
    return location if led is None else led
