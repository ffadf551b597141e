"""The decision for one request: the table of docs/design.md, one function a row, in its order."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final, NamedTuple

from gateway.cors.origin import Match, OriginTable
from gateway.http1.errors import (
    ExpectationError,
    HeadTooLargeError,
    Http1Error,
    MalformedError,
    MethodNotServedError,
    TargetTooLongError,
    VersionNotSupportedError,
)
from gateway.http1.head import RequestHead, Salvaged
from gateway.http1.target import is_ambiguous, path_of, split_host
from gateway.policy.challenges import is_connection_bound
from gateway.policy.compiled import VARY, VARY_PREFLIGHT
from gateway.policy.headers import judge_headers
from gateway.policy.model import NOTHING, Policy, Rule, Site, UnlistedOrigins, Upstream
from gateway.policy.reason import EXPLANATIONS, Reason, remedy_for


@dataclass(frozen=True, slots=True)
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


@dataclass(frozen=True, slots=True)
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


class Asked(NamedTuple):
    """What a preflight of an origin with a rule asks for, and what the rule says to that."""

    rule: Rule
    method: bytes
    refused: bytes | None
    """The first header that is not allowed, as the client wrote it; empty where the list could not be read."""
    block: bytes
    """The true fields of the rule, and `Vary`."""


class Question(NamedTuple):
    """A request, with what is looked up once to decide about it."""

    head: RequestHead
    site: Site
    """`NO_SITE` where `Host` names none."""
    path: bytes
    origin: bytes | None = None
    match: Match[Rule] | None = None
    """The rule of the origin."""
    preflight: bool = False
    """OPTIONS, Origin and Access-Control-Request-Method: any other OPTIONS is an actual request."""
    asked: Asked | None = None
    """None also for a preflight, where its origin has no rule."""


Row = Callable[[Question], Decision | None]
"""A row of the table: its decision where it applies, else None."""

NO_SITE: Final = Site((), Upstream(()), NOTHING, OriginTable(()))


def question(policy: Policy, head: RequestHead) -> Question:
    """Return what the rows of the table are asked."""
    site = policy.site_for(head.host) or NO_SITE
    origin = head.fields.value(b"origin")
    if origin is None:
        return Question(head, site, path_of(head.target))
    match = site.rules.match(origin)
    preflight = head.method == b"OPTIONS" and b"access-control-request-method" in head.fields
    asked = _asked(head, site, match) if preflight and match else None
    return Question(head, site, path_of(head.target), origin, match, preflight, asked)


def _asked(head: RequestHead, site: Site, match: Match[Rule]) -> Asked:
    """Return what a preflight asks for."""
    fields, compiled = head.fields, match.entry.compiled
    headers = judge_headers(
        _values(head, b"access-control-request-headers"),
        compiled.listed,
        any_header=match.entry.any_header,
        # In upper case it is classic Outlook's runtime, which asks for all that it sends (OfficeDev/office-js#3907).
        everything=fields.value(b"sec-fetch-mode") == b"CORS",
        max_octets=site.limits.access_control_request_headers,
    )
    return Asked(
        match.entry,
        b", ".join(_values(head, b"access-control-request-method")),
        headers.refused,
        compiled.answer_preflight(match.origin, headers.allowed),
    )


# ------------------------------------------------------------------------------------- the table, a function a row


def host_unknown(q: Question) -> Answer | None:
    """Refuse a request whose `Host` names no site: 421, no fields.

    A page that had its own name rebound to this address ends here as well.
    """
    if q.site is not NO_SITE:
        return None
    name = split_host(q.head.host)[0] if q.head.host else None  # `names` take no port
    return Answer(Reason.HOST_UNKNOWN, 421, b"", remedy=remedy_for(Reason.HOST_UNKNOWN, host=name))


def origin_repeated(q: Question) -> Answer | None:
    """Refuse more than one `Origin` line, or a comma in it: 400, no fields."""
    if q.origin is None or not (b"," in q.origin or b"origin" in q.head.fields.repeated):
        return None
    return Answer(Reason.ORIGIN_REPEATED, 400, VARY, q.site, remedy_for(Reason.ORIGIN_REPEATED))


def preflight_origin(q: Question) -> Answer | None:
    """Refuse a preflight of an origin without a rule: 403, no fields.

    The site's own has none as well: browsers never send that.
    """
    if not q.preflight or q.match:
        return None
    return Answer(Reason.ORIGIN_NOT_ALLOWED, 403, VARY_PREFLIGHT, q.site, _origin_remedy(q))


def preflight_method(q: Question) -> Answer | None:
    """Answer a preflight for a method that the rule does not allow: 204 and the rule's true fields.

    So the browser refuses, and its console names the method instead of blaming the origin. GET, HEAD and POST it does
    not refuse, listed or not: it sends the actual request, and that is refused where the page can read it.
    """
    if not q.asked or q.asked.method in q.asked.rule.methods:
        return None
    remedy = _method_remedy(q.asked.rule, q.asked.method)
    return Answer(Reason.METHOD_NOT_ALLOWED, 204, q.asked.block, q.site, remedy)


def preflight_header(q: Question) -> Answer | None:
    """Answer a preflight for a header that the rule does not allow: 204 and the rule's true fields, as for a method."""
    if not q.asked or q.asked.refused is None:
        return None
    known = remedy_for(Reason.HEADER_NOT_ALLOWED, place=q.asked.rule.place, header=q.asked.refused)
    remedy = known if q.asked.refused else UNREADABLE_HEADERS_REMEDY
    return Answer(Reason.HEADER_NOT_ALLOWED, 204, q.asked.block, q.site, remedy)


def preflight_allowed(q: Question) -> Answer | None:
    """Answer a preflight for what the rule allows: 204 and fields; never relayed."""
    if not q.asked:
        return None
    return Answer(Reason.PREFLIGHT_ALLOWED, 204, q.asked.block, q.site)


def path_ambiguous(q: Question) -> Answer | None:
    """Refuse a path of more than one reading, where something depends on paths: 400, fields if there is a rule."""
    if not (q.site.reads_paths or (q.match and not q.match.entry.paths.everything)) or not is_ambiguous(q.path):
        return None
    return Answer(Reason.PATH_AMBIGUOUS, 400, _fields(q), q.site, remedy_for(Reason.PATH_AMBIGUOUS))


def path_not_served(q: Question) -> Answer | None:
    """Refuse a path outside the site's `paths`: 404, fields if there is a rule.

    The `*` of an `OPTIONS *` is no path: it is in no list, and has no place behind an upstream's prefix.
    """
    if q.path in q.site.paths and not (q.path == b"*" and q.site.reads_paths):
        return None
    remedy = remedy_for(Reason.PATH_NOT_SERVED, place=q.site.place, path=q.path)
    return Answer(Reason.PATH_NOT_SERVED, 404, _fields(q), q.site, remedy)


def authentication_connection_bound(q: Question) -> Answer | None:
    """Refuse a login by NTLM or Negotiate: 403, fields if there is a rule.

    It would hold for whoever is next on that connection to the upstream. Clients send it unasked as well, so that it
    is not enough to take the challenge out of the upstream's answers.
    """
    if b"authorization" not in q.head.fields or not any(map(is_connection_bound, _values(q.head, b"authorization"))):
        return None
    reason = Reason.AUTHENTICATION_CONNECTION_BOUND
    return Answer(reason, 403, _fields(q), q.site, remedy_for(reason))


def not_cors(q: Question) -> Relay | None:
    """Relay a request without `Origin`, as of navigations, images, no-cors GET, curl: no fields."""
    return Relay(Reason.NOT_CORS, q.site) if q.origin is None else None


def same_origin(q: Question) -> Relay | None:
    """Relay a request of the site's own page: no fields."""
    return Relay(Reason.SAME_ORIGIN, q.site) if q.origin is not None and _is_own_page(q.head, q.origin) else None


def form_post(q: Question) -> Relay | None:
    """Relay a POST of an origin without a rule, `null` included, to a path in `form_posts`: no fields."""
    if q.match or q.head.method != b"POST" or q.path not in q.site.form_posts:
        return None
    return Relay(Reason.FORM_POST, q.site)


def origin_not_allowed(q: Question) -> Decision | None:
    """Refuse all else of an origin without a rule: 403 before the upstream is touched; or as `unlisted_origins` says.

    Forms and text/plain posts are never preflighted: this row protects the application from them.
    """
    if q.match:
        return None
    if q.site.unlisted is UnlistedOrigins.RELAY:
        return Relay(Reason.ORIGIN_UNLISTED, q.site)
    return Answer(Reason.ORIGIN_NOT_ALLOWED, 403, VARY, q.site, _origin_remedy(q))


def path_not_allowed(q: Question) -> Answer | None:
    """Refuse a path outside the rule: 403 and fields."""
    if not q.match or q.path in q.match.entry.paths:
        return None
    remedy = remedy_for(Reason.PATH_NOT_ALLOWED, place=q.match.entry.place, path=q.path)
    return Answer(Reason.PATH_NOT_ALLOWED, 403, _fields(q), q.site, remedy)


def method_not_allowed(q: Question) -> Answer | None:
    """Refuse a method outside the rule: 405 with `Allow`, and fields."""
    if not q.match or q.head.method in q.match.entry.methods:
        return None
    rule = q.match.entry
    block = _fields(q) + rule.compiled.allow
    return Answer(Reason.METHOD_NOT_ALLOWED, 405, block, q.site, _method_remedy(rule, q.head.method))


def allowed(q: Question) -> Relay | None:
    """Relay what is left, a WebSocket upgrade too, with fields, whatever status comes back."""
    return Relay(Reason.ALLOWED, q.site, q.match.entry, _share(q.match)) if q.match else None


ROWS: Final[tuple[Row, ...]] = (
    host_unknown,
    origin_repeated,
    preflight_origin,
    preflight_method,
    preflight_header,
    preflight_allowed,
    path_ambiguous,
    path_not_served,
    authentication_connection_bound,
    not_cors,
    same_origin,
    form_post,
    origin_not_allowed,
    path_not_allowed,
    method_not_allowed,
    allowed,
)
"""Asked in this order; the first that applies ends it. Some row always does.

What is not HTTP at all, or over a limit, has no row here: no head could be made of it (`refuse`, `fail`).
"""


def decide(policy: Policy, head: RequestHead) -> Decision:
    """Decide what becomes of a request whose head is whole and well-formed."""
    asked = question(policy, head)
    for row in ROWS:
        decision = row(asked)
        if decision is not None:
            return decision
    raise AssertionError("no row applies")  # and nothing is relayed: whoever called answers `internal`


# ------------------------------------------------------------------------------------------- what the rows ask for


def _values(head: RequestHead, name: bytes) -> Sequence[bytes]:
    """Return the value of each line with this name, without going through all lines for the one there mostly is."""
    if name in head.fields.repeated:
        return head.fields.values(name)
    value = head.fields.value(name)
    return () if value is None else (value,)


def _share(match: Match[Rule]) -> bytes:
    """Return the CORS fields that let a page of the matched origin read an answer."""
    return match.entry.compiled.share(match.origin)


def _fields(q: Question) -> bytes:
    """Return the field lines of a refusal: `Vary`, and the CORS fields if the origin has a rule."""
    return _share(q.match) + VARY if q.match else VARY


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


def _origin_remedy(q: Question) -> str:
    """Return what would let this origin in."""
    if q.origin == b"null":
        return OPAQUE_ORIGIN_REMEDY
    return remedy_for(Reason.ORIGIN_NOT_ALLOWED, place=q.site.place, origin=q.origin)


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
