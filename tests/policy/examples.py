"""A policy, and heads to ask it about, for the tests of this package."""

from collections.abc import Iterable
from dataclasses import replace

from gateway.cors.origin import OriginTable, parse_origin
from gateway.http1.head import RequestHead, ResponseHead, parse_request_head, parse_response_head
from gateway.policy.model import EVERYTHING, CookieHandling, Paths, Policy, Rule, Site, Upstream, UpstreamUrl

ADDIN = "https://addin.example"
HOST = "crm.customer.example"

RULE = Rule(
    origin=parse_origin(ADDIN),
    methods=frozenset({b"GET", b"HEAD", b"POST"}),
    headers=frozenset({b"authorization", b"content-type"}),
    expose=(b"etag",),
    credentials=True,
    paths=Paths(frozenset({b"/webservice.php"}), (b"/restapi/", b"/push/")),
    place="sites[0].origins[0], customer.yaml:6",
)
"""The one in most tests."""

APPS = Rule(
    origin=parse_origin("https://*.apps.example"),
    methods=frozenset({b"GET", b"HEAD", b"PUT"}),
    headers=frozenset({b"x-http-method-override"}),
    any_header=True,
    cookies=CookieHandling.RELAY,
    max_age_seconds=5,
    place="sites[0].origins[1], customer.yaml:9",
)

UPSTREAM = Upstream((UpstreamUrl("https", "10.0.0.5", 8443, b"/vtenext"),), host=b"crm.lan")

SITE = Site(
    names=(HOST, "[2001:db8::1]"),
    upstream=UPSTREAM,
    paths=Paths(frozenset({b"/webservice.php"}), (b"/restapi/", b"/modules/", b"/push/")),
    rules=OriginTable([(RULE.origin, RULE), (APPS.origin, APPS)]),
    form_posts=Paths(frozenset({b"/modules/Webforms/capture.php"})),
    websocket=Paths(subtrees=(b"/push/",)),
    place="sites[0], customer.yaml:2",
)

OPEN = Site(
    names=("open.customer.example",),
    upstream=Upstream((UpstreamUrl("http", "127.0.0.1", 8080),)),
    paths=EVERYTHING,
    rules=OriginTable([(APPS.origin, replace(APPS, paths=EVERYTHING))]),
)
"""A site that does not care about paths."""

POLICY = Policy({HOST.encode(): SITE, b"[2001:db8::1]": SITE, b"open.customer.example": OPEN})

SHARED = (
    b"Access-Control-Allow-Origin: https://addin.example\r\n"
    b"Access-Control-Allow-Credentials: true\r\n"
    b"Access-Control-Expose-Headers: etag, retry-after, x-request-id\r\n"
)
"""What an answer to RULE's origin has."""

VARY = b"Vary: Origin\r\n"
VARY_PREFLIGHT = b"Vary: Origin, Access-Control-Request-Method, Access-Control-Request-Headers\r\n"


def request(
    method: str = "GET",
    target: str = "/restapi/v1/x",
    *lines: str,
    host: str | None = HOST,
    origin: str | None = None,
    minor: int = 1,
) -> RequestHead:
    """Return a request's head."""
    first = [f"{method} {target} HTTP/1.{minor}"]
    if host is not None:
        first.append(f"Host: {host}")
    if origin is not None:
        first.append(f"Origin: {origin}")
    return parse_request_head(octets([*first, *lines]))


def preflight(method: str = "POST", *headers: str, origin: str = ADDIN, target: str = "/restapi/v1/x") -> RequestHead:
    """Return a preflight's head; `headers` are lines of Access-Control-Request-Headers."""
    asked = [f"Access-Control-Request-Headers: {value}" for value in headers]
    return request("OPTIONS", target, f"Access-Control-Request-Method: {method}", *asked, origin=origin)


def response(status: int, *lines: str, method: str = "GET") -> ResponseHead:
    """Return a response's head."""
    return parse_response_head(octets([f"HTTP/1.1 {status} Some Phrase", *lines]), method.encode())


def octets(lines: Iterable[str]) -> bytes:
    """Return these lines as a whole head."""
    return b"".join(line.encode("latin-1") + b"\r\n" for line in (*lines, ""))
