"""Reasons: one word for each outcome, the same in response, log, metric and status."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class Reason(StrEnum):
    """Why a request ended as it did. A closed list, subject first."""

    __hash__ = str.__hash__  # an enumeration's own is a function in Python, and each request is counted by its reason

    # Relayed, or answered as asked.
    ALLOWED = "allowed"
    NOT_CORS = "not-cors"
    SAME_ORIGIN = "same-origin"
    FORM_POST = "form-post"
    ORIGIN_UNLISTED = "origin-unlisted"
    PREFLIGHT_ALLOWED = "preflight-allowed"
    HEALTH = "health"
    # Refused by a rule.
    HOST_UNKNOWN = "host-unknown"
    ORIGIN_REPEATED = "origin-repeated"
    ORIGIN_NOT_ALLOWED = "origin-not-allowed"
    METHOD_NOT_ALLOWED = "method-not-allowed"
    HEADER_NOT_ALLOWED = "header-not-allowed"
    PATH_AMBIGUOUS = "path-ambiguous"
    PATH_NOT_SERVED = "path-not-served"
    PATH_NOT_ALLOWED = "path-not-allowed"
    # Not HTTP, or over a limit.
    REQUEST_MALFORMED = "request-malformed"
    METHOD_NOT_SERVED = "method-not-served"
    VERSION_NOT_SUPPORTED = "version-not-supported"
    EXPECTATION_FAILED = "expectation-failed"
    TARGET_TOO_LONG = "target-too-long"
    HEAD_TOO_LARGE = "head-too-large"
    HEAD_TIMEOUT = "head-timeout"
    BODY_TOO_LARGE = "body-too-large"
    BODY_TIMEOUT = "body-timeout"
    BODY_MALFORMED = "body-malformed"
    SITE_BUSY = "site-busy"
    GATEWAY_BUSY = "gateway-busy"
    HANDSHAKE_FAILED = "handshake-failed"
    HANDSHAKE_TIMEOUT = "handshake-timeout"
    PROXY_HEADER_MALFORMED = "proxy-header-malformed"
    LOOP_DETECTED = "loop-detected"
    PLAIN_HTTP = "plain-http"
    # The upstream failed.
    UPSTREAM_NAME_UNRESOLVED = "upstream-name-unresolved"
    UPSTREAM_REFUSED = "upstream-refused"
    UPSTREAM_UNREACHABLE = "upstream-unreachable"
    UPSTREAM_CONNECT_TIMEOUT = "upstream-connect-timeout"
    UPSTREAM_CERTIFICATE = "upstream-certificate"
    UPSTREAM_TLS = "upstream-tls"
    UPSTREAM_CLOSED = "upstream-closed"
    UPSTREAM_MALFORMED = "upstream-malformed"
    UPSTREAM_TIMEOUT = "upstream-timeout"
    UPSTREAM_CUT_OFF = "upstream-cut-off"
    UPSTREAM_REDIRECT = "upstream-redirect"
    UPSTREAM_MISDIRECTED = "upstream-misdirected"
    UPSTREAM_UNHEALTHY = "upstream-unhealthy"
    LOGIN_REQUIRED = "login-required"
    AUTHENTICATION_CONNECTION_BOUND = "authentication-connection-bound"
    # The client left, or the gateway is at fault.
    CLIENT_GONE = "client-gone"
    CLIENT_STALLED = "client-stalled"
    SHUTDOWN = "shutdown"
    INTERNAL = "internal"


@dataclass(frozen=True, slots=True)
class Explanation:
    """What a reason means."""

    status: int | None
    """Status of the gateway's own answer; None where it relays, or where no answer can be given any more."""
    sentence: str
    """For the `detail` of the problem and for docs/reasons.md."""
    remedy: str
    """What would change it, with `{place}` and the other keys of `UNSAID` to be filled in; empty for good ends."""


EXPLANATIONS: Final[Mapping[Reason, Explanation]] = {
    Reason.ALLOWED: Explanation(
        None,
        "The rule of the page's origin allows the request.",
        "",
    ),
    Reason.NOT_CORS: Explanation(
        None,
        "The request has no Origin: it is a navigation, an image, or no browser's.",
        "",
    ),
    Reason.SAME_ORIGIN: Explanation(
        None,
        "The request comes from one of the site's own pages.",
        "",
    ),
    Reason.FORM_POST: Explanation(
        None,
        "The request is a form, sent to a path that takes forms from anywhere.",
        "",
    ),
    Reason.ORIGIN_UNLISTED: Explanation(
        None,
        "The page's origin has no rule, and the site relays such requests; the page cannot read the answer.",
        "add {origin} to origins of {place}, or refuse such requests there: unlisted_origins: refuse",
    ),
    Reason.PREFLIGHT_ALLOWED: Explanation(
        204,
        "The rule of the page's origin allows the request that the browser asks about.",
        "",
    ),
    Reason.HEALTH: Explanation(
        200,
        "The gateway is up.",
        "",
    ),
    Reason.HOST_UNKNOWN: Explanation(
        421,
        "No site has the host name that the request was sent to.",
        "add {host} to names of a site, or have the proxy in front pass Host on unchanged"
        " (nginx: proxy_set_header Host $host; Apache: ProxyPreserveHost On)",
    ),
    Reason.ORIGIN_REPEATED: Explanation(
        400,
        "The request names more than one origin.",
        "have the proxy in front pass Origin on unchanged, and once",
    ),
    Reason.ORIGIN_NOT_ALLOWED: Explanation(
        403,
        "The page's origin has no rule on this site.",
        "add {origin} to origins of {place}",
    ),
    Reason.METHOD_NOT_ALLOWED: Explanation(
        405,
        "The rule of the page's origin does not allow the method.",
        "add {method} to methods of {place}",
    ),
    Reason.HEADER_NOT_ALLOWED: Explanation(
        204,
        "The rule of the page's origin does not allow a header field that the page wants to send.",
        "add {header} to headers of {place}",
    ),
    Reason.PATH_AMBIGUOUS: Explanation(
        400,
        "Servers could read the path in more than one way, and a rule about paths be got around.",
        "write the path without //, /../, backslashes and needless percent-encoding",
    ),
    Reason.PATH_NOT_SERVED: Explanation(
        404,
        "The site does not serve this path.",
        "add {path} to paths of {place}",
    ),
    Reason.PATH_NOT_ALLOWED: Explanation(
        403,
        "The rule of the page's origin does not allow this path.",
        "add {path} to paths of {place}",
    ),
    Reason.REQUEST_MALFORMED: Explanation(
        400,
        "The request is not HTTP as RFC 9110 and RFC 9112 have it.",
        "find what sent it, or changed it on its way: no browser writes this",
    ),
    Reason.METHOD_NOT_SERVED: Explanation(
        405,
        "CONNECT and TRACE are not served.",
        "use another method",
    ),
    Reason.VERSION_NOT_SUPPORTED: Explanation(
        505,
        "HTTP/1.1 and HTTP/1.0 are spoken here, and no other version.",
        "have the proxy in front speak HTTP/1.1 to the gateway",
    ),
    Reason.EXPECTATION_FAILED: Explanation(
        417,
        "The request expects something other than 100-continue.",
        "send the request without Expect",
    ),
    Reason.TARGET_TOO_LONG: Explanation(
        414,
        "The request target is longer than the limit.",
        "send long parameters in the body of a POST",
    ),
    Reason.HEAD_TOO_LARGE: Explanation(
        431,
        "The head of the request is larger than the limit.",
        "delete the client's cookies for this host name: they are what mostly fills a head",
    ),
    Reason.HEAD_TIMEOUT: Explanation(
        408,
        "The head of the request did not arrive in time.",
        "look at the network between the client and the gateway",
    ),
    Reason.BODY_TOO_LARGE: Explanation(
        413,
        "The body of the request is larger than the site takes.",
        "raise limits.request_body of {place}, and what the application itself takes",
    ),
    Reason.BODY_TIMEOUT: Explanation(
        408,
        "The body of the request stopped arriving, or came too slowly.",
        "look at the network between the client and the gateway",
    ),
    Reason.BODY_MALFORMED: Explanation(
        400,
        "The body of the request is not chunked as RFC 9112 has it.",
        "find what sent it, or changed it on its way: no browser writes this",
    ),
    Reason.SITE_BUSY: Explanation(
        503,
        "The site has as many requests under way as it takes.",
        "raise limits.in_flight of {place}, if the application can bear it",
    ),
    Reason.GATEWAY_BUSY: Explanation(
        503,
        "The gateway has as many connections as it takes.",
        "raise limits.connections of the listener, or limits.connections_per_address where many share an address",
    ),
    Reason.HANDSHAKE_FAILED: Explanation(
        None,
        "No TLS connection with the client came about.",
        "see the event tls.failed in the log: mostly the client does not trust the certificate",
    ),
    Reason.HANDSHAKE_TIMEOUT: Explanation(
        None,
        "The client connected, and did not begin with TLS, or a proxy with its PROXY header, in time.",
        "look at what opens connections and says nothing: a port scan, or a load balancer's probe",
    ),
    Reason.PROXY_HEADER_MALFORMED: Explanation(
        None,
        "A trusted proxy connected without a PROXY header, and the listener expects one.",
        "have the proxy send it (HAProxy: send-proxy-v2 and check-send-proxy; nginx: proxy_protocol on), or take"
        " proxy_protocol out of the listener",
    ),
    Reason.LOOP_DETECTED: Explanation(
        508,
        "The request has been through this gateway before.",
        "have upstream of {place} lead to the application, past the gateway and what stands in front of it",
    ),
    Reason.PLAIN_HTTP: Explanation(
        308,
        "This address only leads to https.",
        "write https:// in the page's calls: a browser follows no redirect of a preflight",
    ),
    Reason.UPSTREAM_NAME_UNRESOLVED: Explanation(
        502,
        "The name of the upstream does not resolve.",
        "correct the host in upstream of {place}, or the name service of the gateway's machine",
    ),
    Reason.UPSTREAM_REFUSED: Explanation(
        502,
        "The upstream refused the connection: nothing listens there.",
        "start the application, or correct the port in upstream of {place}",
    ),
    Reason.UPSTREAM_UNREACHABLE: Explanation(
        502,
        "There is no way to the upstream's address.",
        "look at routes, firewalls and VPN between the gateway and upstream of {place}",
    ),
    Reason.UPSTREAM_CONNECT_TIMEOUT: Explanation(
        504,
        "The upstream did not take the connection in time.",
        "look for a firewall that drops packets on the way to upstream of {place}, or correct its address",
    ),
    Reason.UPSTREAM_CERTIFICATE: Explanation(
        502,
        "The upstream's certificate is not trusted, or is for another name.",
        "set upstream.tls.ca of {place} to the authority that signed it, or upstream.tls.name to the name in it",
    ),
    Reason.UPSTREAM_TLS: Explanation(
        502,
        "No TLS connection to the upstream came about.",
        "see whether upstream of {place} speaks TLS on that port; where it does not, write http://",
    ),
    Reason.UPSTREAM_CLOSED: Explanation(
        502,
        "The upstream closed the connection before it answered.",
        "look in the application's log for this time",
    ),
    Reason.UPSTREAM_MALFORMED: Explanation(
        502,
        "What the upstream answered is not HTTP as RFC 9110 and RFC 9112 have it.",
        "look in the application's log for this time, and see whether upstream of {place} should be https://",
    ),
    Reason.UPSTREAM_TIMEOUT: Explanation(
        504,
        "The upstream did not answer in time.",
        "raise upstream.timeouts.response_head of {place}, or find what the application waits for",
    ),
    Reason.UPSTREAM_CUT_OFF: Explanation(
        502,
        "The upstream's answer ended before it was whole.",
        "look in the application's log for this time",
    ),
    Reason.UPSTREAM_REDIRECT: Explanation(
        502,
        "The upstream redirects a page's call to where the browser would not let it follow.",
        "have the application answer such calls itself, or set rewrite.location: keep in {place}",
    ),
    Reason.UPSTREAM_MISDIRECTED: Explanation(
        502,
        "The upstream says that it does not serve the host name it was asked for.",
        "set upstream.host of {place} to the name that the application goes by",
    ),
    Reason.UPSTREAM_UNHEALTHY: Explanation(
        None,
        "The upstream failed its health checks: requests go to the others, as long as one of these is up.",
        "look in the application's log for this time, or correct upstream.health",
    ),
    Reason.LOGIN_REQUIRED: Explanation(
        401,
        "The application redirects to a login page: the call is not logged in, or no longer.",
        "log in again",
    ),
    Reason.AUTHENTICATION_CONNECTION_BOUND: Explanation(
        502,
        "NTLM and Negotiate log in a connection, not a request; connections to the upstream are shared by all clients.",
        "switch the application's API to another authentication, such as Basic or Bearer",
    ),
    Reason.CLIENT_GONE: Explanation(
        None,
        "The client closed the connection before the answer was whole.",
        "look for a timeout in the page or in the proxy in front that is shorter than the application takes",
    ),
    Reason.CLIENT_STALLED: Explanation(
        None,
        "The client stopped reading the answer.",
        "look at the network between the client and the gateway",
    ),
    Reason.SHUTDOWN: Explanation(
        503,
        "The gateway is stopping.",
        "try again",
    ),
    Reason.INTERNAL: Explanation(
        500,
        "The gateway made a mistake.",
        "report it, with the lines of its log that have this request_id",
    ),
}
"""Each reason's sentence and remedy; a test holds that none is missing, and that docs/reasons.md says the same."""

UNSAID: Final[Mapping[str, str]] = {
    "place": "the site in the configuration",
    "origin": "the page's origin",
    "method": "the method",
    "header": "the header field",
    "path": "the path",
    "host": "the host name",
}
"""What a remedy says where a value is not known, or not for everyone: the words that take its place."""

PUBLIC_REMEDIES: Final[Mapping[Reason, str]] = {
    reason: explanation.remedy.format_map(UNSAID) for reason, explanation in EXPLANATIONS.items()
}
"""The remedies as anyone may read them: names of files and what stands in them are for the sysadmin only."""

_SHOWN_OCTETS: Final = 200
"""Longest part of a client's value in a remedy: the log is no place to fill."""


def remedy_for(reason: Reason, *, place: str = "", **known: bytes | None) -> str:
    """Return a reason's remedy for the log, with what is known of the request: keys are those of `UNSAID`."""
    said = {key: shown(octets) for key, octets in known.items() if octets}
    if place:
        said["place"] = place
    return EXPLANATIONS[reason].remedy.format_map({**UNSAID, **said})


def shown(octets: bytes) -> str:
    """Return a client's octets for the log: printable ASCII, cut where they get long."""
    text = octets[:_SHOWN_OCTETS].decode("ascii", "backslashreplace")
    return text if text.isprintable() else text.encode("unicode_escape").decode("ascii")
