"""The decision for one request: the table of docs/design.md, row by row, in its order."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final

from gateway.cors.origin import Match
from gateway.http1.errors import (
    ExpectationError,
    HeadTooLargeError,
    Http1Error,
    MalformedError,
    MethodNotServedError,
    TargetTooLongError,
    VersionNotSupportedError,
)
from gateway.http1.fields import Fields
from gateway.http1.head import RequestHead, Salvaged
from gateway.http1.target import is_ambiguous, path_of, split_host
from gateway.policy.challenges import is_connection_bound
from gateway.policy.headers import judge_headers, judge_listed
from gateway.policy.model import Policy, Rule, Site, UnlistedOrigins
from gateway.policy.octets import VARY, VARY_PREFLIGHT
from gateway.policy.reason import EXPLANATIONS, Reason, remedy_for


@dataclass(slots=True, unsafe_hash=True)
class Answer:
    """The gateway answers by itself."""

    reason: Reason
    status: int
    block: bytes
    """Whole field lines, each ended by CRLF: the CORS fields if any, `Vary`, `Allow` where 405 needs it."""
    site: Site | None = None
    remedy: str = ""
    """What would change a refusal: the line of YAML, or of the proxy in front.

    For the log and for status: it names places in files, and what the client sent. The body of the answer has the
    remedy of the reason alone (`reason.PUBLIC_REMEDIES`).
    """


@dataclass(slots=True, unsafe_hash=True)
class Relay:
    """The request goes to the upstream, and its response comes back changed as this says."""

    reason: Reason
    site: Site
    rule: Rule | None = None
    """The rule of the request's origin, for reason `allowed`."""
    block: bytes = b""
    """The CORS fields of the answer, each line ended by CRLF; empty for every reason but `allowed`.

    `Vary` is merged in `respond`.
    """


Decision = Answer | Relay

_ALLOWED: Final = Reason.ALLOWED
_PREFLIGHT_ALLOWED: Final = Reason.PREFLIGHT_ALLOWED
"""What most requests end in, by names of the module's own: a member of an enumeration takes long to look up."""


# -------------------------------------------------------------------------------------------------------- the table


def decide(policy: Policy, head: RequestHead) -> Decision:  # noqa: C901, PLR0912 - it is a table
    """Decide what becomes of a request whose head is whole and well-formed.

    The table of docs/design.md: a row is an `if`, in its order; the first that applies ends it. What is not HTTP at
    all, or over a limit, has no row here: no head could be made of it (`refuse`, `fail`).
    """
    fields, method = head.fields, head.method
    site = policy.site_for(head.host)
    if site is None:
        return host_unknown(head)
    origin = head.origin
    match: Match[Rule] | None = None
    if origin is not None:
        if origin.find(b",") >= 0 or (fields.repeated and b"origin" in fields.repeated):
            return origin_repeated(site)
        match = site.rules.match(origin)
        if method == b"OPTIONS" and b"access-control-request-method" in fields:
            return preflight_origin(site, origin) if match is None else preflight(head, site, match)
    path, rule = path_of(head.target), match.entry if match is not None else None
    if (site.reads_paths or (rule is not None and not rule.paths.everything)) and is_ambiguous(path):
        return path_ambiguous(site, match)
    if site.reads_paths and (path == b"*" or path not in site.paths):
        return path_not_served(site, match, path)
    if not head.plain and b"authorization" in fields and _logs_in_a_connection(fields):
        return authentication_connection_bound(site, match)
    if origin is None:
        return not_cors(site)
    if _is_own_page(head, origin):
        return same_origin(site)
    if match is None or rule is None:
        if method == b"POST" and path in site.form_posts:
            return form_post(site)
        return origin_not_allowed(site, origin)
    if not (rule.paths.everything or path in rule.paths):
        return path_not_allowed(site, match, path)
    if method not in rule.methods:
        return method_not_allowed(site, match, method)
    return allowed(site, match)


def preflight(head: RequestHead, site: Site, match: Match[Rule]) -> Answer:
    """Decide about a preflight of an origin with a rule: the next three rows.

    It is answered here, never relayed, and always with the rule's true fields.
    """
    rule, compiled, max_octets = match.entry, match.entry.compiled, site.limits.access_control_request_headers
    names = _values(head, b"access-control-request-headers")
    headers = judge_listed(names, compiled.names, max_octets)
    if headers is None:
        headers = judge_headers(
            names,
            compiled.listed,
            any_header=rule.any_header,
            # In upper case it is classic Outlook's runtime, which asks for all it sends (OfficeDev/office-js#3907).
            everything=head.fields.value(b"sec-fetch-mode") == b"CORS",
            max_octets=max_octets,
        )
    block = compiled.answer_preflight(match.origin, headers.allowed)
    asked = b", ".join(_values(head, b"access-control-request-method"))
    if asked not in rule.methods:
        return preflight_method(site, rule, asked, block)
    if headers.refused is not None:
        return preflight_header(site, rule, headers.refused, block)
    return preflight_allowed(site, block)


# ---------------------------------------------------------------------------------------- what is decided, by its row


def host_unknown(head: RequestHead) -> Answer:
    """Refuse a request whose `Host` names no site: 421, no fields.

    A page that had its own name rebound to this address ends here as well.
    """
    name = split_host(head.host)[0] if head.host else None  # `names` take no port
    return Answer(Reason.HOST_UNKNOWN, 421, b"", remedy=remedy_for(Reason.HOST_UNKNOWN, host=name))


def origin_repeated(site: Site) -> Answer:
    """Refuse more than one `Origin` line, or a comma in it: 400, no fields."""
    return Answer(Reason.ORIGIN_REPEATED, 400, VARY, site, remedy_for(Reason.ORIGIN_REPEATED))


def preflight_origin(site: Site, origin: bytes) -> Answer:
    """Refuse a preflight of an origin without a rule: 403, no fields.

    The site's own has none as well: browsers never send that.
    """
    return Answer(Reason.ORIGIN_NOT_ALLOWED, 403, VARY_PREFLIGHT, site, _origin_remedy(site, origin))


def preflight_method(site: Site, rule: Rule, method: bytes, block: bytes) -> Answer:
    """Answer a preflight for a method that the rule does not allow: 204 and the rule's true fields.

    So the browser refuses, and its console names the method instead of blaming the origin. GET, HEAD and POST it does
    not refuse, listed or not: it sends the actual request, and that is refused where the page can read it.
    """
    return Answer(Reason.METHOD_NOT_ALLOWED, 204, block, site, _method_remedy(rule, method))


def preflight_header(site: Site, rule: Rule, header: bytes, block: bytes) -> Answer:
    """Answer a preflight for a header that the rule does not allow: 204 and the rule's true fields, as for a method."""
    known = remedy_for(Reason.HEADER_NOT_ALLOWED, place=rule.place, header=header)
    return Answer(Reason.HEADER_NOT_ALLOWED, 204, block, site, known if header else UNREADABLE_HEADERS_REMEDY)


def preflight_allowed(site: Site, block: bytes) -> Answer:
    """Answer a preflight for what the rule allows: 204 and fields; never relayed."""
    return Answer(_PREFLIGHT_ALLOWED, 204, block, site)


def path_ambiguous(site: Site, match: Match[Rule] | None) -> Answer:
    """Refuse a path of more than one reading, where something depends on paths: 400, fields if there is a rule."""
    return Answer(Reason.PATH_AMBIGUOUS, 400, _fields(match), site, remedy_for(Reason.PATH_AMBIGUOUS))


def path_not_served(site: Site, match: Match[Rule] | None, path: bytes) -> Answer:
    """Refuse a path outside the site's `paths`: 404, fields if there is a rule.

    The `*` of an `OPTIONS *` is no path: it is in no list, and has no place behind an upstream's prefix.
    """
    remedy = remedy_for(Reason.PATH_NOT_SERVED, place=site.place, path=path)
    return Answer(Reason.PATH_NOT_SERVED, 404, _fields(match), site, remedy)


def authentication_connection_bound(site: Site, match: Match[Rule] | None) -> Answer:
    """Refuse a login by NTLM or Negotiate: 403, fields if there is a rule.

    It would hold for whoever is next on that connection to the upstream. Clients send it unasked as well, so that it
    is not enough to take the challenge out of the upstream's answers.
    """
    reason = Reason.AUTHENTICATION_CONNECTION_BOUND
    return Answer(reason, 403, _fields(match), site, remedy_for(reason))


def not_cors(site: Site) -> Relay:
    """Relay a request without `Origin`, as of navigations, images, no-cors GET, curl: no fields."""
    return Relay(Reason.NOT_CORS, site)


def same_origin(site: Site) -> Relay:
    """Relay a request of the site's own page: no fields."""
    return Relay(Reason.SAME_ORIGIN, site)


def form_post(site: Site) -> Relay:
    """Relay a POST of an origin without a rule, `null` included, to a path in `form_posts`: no fields."""
    return Relay(Reason.FORM_POST, site)


def origin_not_allowed(site: Site, origin: bytes) -> Decision:
    """Refuse all else of an origin without a rule: 403 before the upstream is touched; or as `unlisted_origins` says.

    Forms and text/plain posts are never preflighted: this row protects the application from them.
    """
    if site.unlisted is UnlistedOrigins.RELAY:
        return Relay(Reason.ORIGIN_UNLISTED, site)
    return Answer(Reason.ORIGIN_NOT_ALLOWED, 403, VARY, site, _origin_remedy(site, origin))


def path_not_allowed(site: Site, match: Match[Rule], path: bytes) -> Answer:
    """Refuse a path outside the rule: 403 and fields."""
    remedy = remedy_for(Reason.PATH_NOT_ALLOWED, place=match.entry.place, path=path)
    return Answer(Reason.PATH_NOT_ALLOWED, 403, _fields(match), site, remedy)


def method_not_allowed(site: Site, match: Match[Rule], method: bytes) -> Answer:
    """Refuse a method outside the rule: 405 with `Allow`, and fields."""
    rule = match.entry
    return Answer(
        Reason.METHOD_NOT_ALLOWED, 405, _fields(match) + rule.compiled.allow, site, _method_remedy(rule, method)
    )


def allowed(site: Site, match: Match[Rule]) -> Relay:
    """Relay what is left, a WebSocket upgrade too, with fields, whatever status comes back."""
    rule = match.entry
    return Relay(_ALLOWED, site, rule, rule.compiled.share(match.origin))


# ------------------------------------------------------------------------------------------- what the rows look at


def _logs_in_a_connection(fields: Fields) -> bool:
    """Tell whether a value of `Authorization` does so, which binds whoever is next on it."""
    if fields.repeated:
        return any(map(is_connection_bound, fields.values(b"authorization")))
    return is_connection_bound(fields.value(b"authorization") or b"")


def _values(head: RequestHead, name: bytes) -> Sequence[bytes]:
    """Return the value of each line with this name, without going through all lines for the one there mostly is."""
    if name in head.fields.repeated:
        return head.fields.values(name)
    value = head.fields.value(name)
    return () if value is None else (value,)


def _share(match: Match[Rule]) -> bytes:
    """Return the CORS fields that let a page of the matched origin read an answer."""
    return match.entry.compiled.share(match.origin)


def _fields(match: Match[Rule] | None) -> bytes:
    """Return the field lines of a refusal: `Vary`, and the CORS fields if the origin has a rule."""
    return _share(match) + VARY if match else VARY


def _is_own_page(head: RequestHead, origin: bytes) -> bool:
    """Tell whether a request comes from a page of the site it is sent to.

    Browsers say so themselves to https and loopback (https://www.w3.org/TR/fetch-metadata/#sec-fetch-site-header).
    Where they do not, host and port are compared, default ports dropped. The scheme is not: behind a TLS terminator
    the page's is https where the gateway's is http.
    """
    site = head.fields.value(b"sec-fetch-site")
    if site is not None:
        return site in {b"same-origin", b"none"}
    scheme, _, authority = origin.partition(b"://")
    default = DEFAULT_PORTS.get(scheme)
    return (
        default is not None
        and head.host is not None
        and authority.removesuffix(default) == head.host.removesuffix(b":443").removesuffix(b":80")
    )


DEFAULT_PORTS: Final[Mapping[bytes, bytes]] = {b"https": b":443", b"http": b":80"}
"""Scheme → what an authority may end in without meaning anything else."""


def _origin_remedy(site: Site, origin: bytes) -> str:
    """Return what would let this origin in."""
    if origin == b"null":
        return OPAQUE_ORIGIN_REMEDY
    return remedy_for(Reason.ORIGIN_NOT_ALLOWED, place=site.place, origin=origin)


OPAQUE_ORIGIN_REMEDY: Final = "serve the page from an origin of its own: a sandboxed frame and a file have none"


UNREADABLE_HEADERS_REMEDY: Final = "set fewer header fields in the page's call, by names of letters, digits and hyphens"


def _method_remedy(rule: Rule, method: bytes) -> str:
    """Return what would let this method through."""
    upper = method.upper()
    if method != upper and upper in rule.methods:
        return (
            f"write the method as {upper.decode()} in the page's call: upper and lower case are not the same in methods"
        )
    return remedy_for(Reason.METHOD_NOT_ALLOWED, place=rule.place, method=method)


# ----------------------------------------------------------------------------------- answers to what no row decides

REASONS: Final[Mapping[type[Http1Error], Reason]] = {
    ExpectationError: Reason.EXPECTATION_FAILED,
    HeadTooLargeError: Reason.HEAD_TOO_LARGE,
    MalformedError: Reason.REQUEST_MALFORMED,
    MethodNotServedError: Reason.METHOD_NOT_SERVED,
    TargetTooLongError: Reason.TARGET_TOO_LONG,
    VersionNotSupportedError: Reason.VERSION_NOT_SUPPORTED,
}
"""Why a head was not taken → the reason."""

ALLOW_ANY: Final = b"Allow: DELETE, GET, HEAD, OPTIONS, PATCH, POST, PUT\r\n"
"""Goes with a 405 where no rule says which methods there are: any but CONNECT and TRACE, these among them."""


def refuse(policy: Policy, error: Http1Error, salvaged: Salvaged) -> Answer:
    """Return the answer to a request whose head was refused; fields only if Host and a single Origin could be read."""
    return _without_head(REASONS[type(error)], policy, salvaged, detail=str(error))


def fail(reason: Reason, policy: Policy, salvaged: Salvaged) -> Answer:
    """Return the answer to a request that ended for `reason` before its head was whole (408, 431), as `refuse` does."""
    return _without_head(reason, policy, salvaged, detail="")


def _without_head(reason: Reason, policy: Policy, salvaged: Salvaged, *, detail: str) -> Answer:
    """Return the answer to a request of which only Host and Origin are known, or not even these."""
    site = policy.site_for(salvaged.host) if salvaged.host else None
    match = site.rules.match(salvaged.origin) if site and salvaged.origin else None
    block = (_share(match) if match else b"") + (VARY if site else b"")
    if EXPLANATIONS[reason].status == HTTPStatus.METHOD_NOT_ALLOWED:
        block += match.entry.compiled.allow if match else ALLOW_ANY
    return _refusal(reason, block, site, detail)


def failure(reason: Reason, relay: Relay, *, detail: str = "") -> Answer:
    """Return the answer to a request that `decide` let through and that failed later, with the relay's fields.

    413, 502, 503, 504. `detail` says more, for the log only: addresses and the library's words are not for the page.
    """
    return _refusal(reason, relay.block + VARY, relay.site, detail)


def _refusal(reason: Reason, block: bytes, site: Site | None, detail: str) -> Answer:
    """Return an answer with the status that belongs to its reason."""
    remedy = remedy_for(reason, place=site.place if site else "")
    status = EXPLANATIONS[reason].status or HTTPStatus.INTERNAL_SERVER_ERROR
    return Answer(reason, int(status), block, site, f"{remedy} ({detail})" if detail else remedy)
