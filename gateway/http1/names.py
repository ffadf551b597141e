"""Field names as they are spelt on the wire, and their lower-case forms (names are case-insensitive: RFC 9110, 5.1)."""

from collections.abc import Iterable, Iterator
from typing import Final

_USUAL: Final = (
    b"Accept",
    b"Accept-CH",
    b"Accept-Charset",
    b"Accept-Encoding",
    b"Accept-Language",
    b"Accept-Patch",
    b"Accept-Ranges",
    b"Access-Control-Allow-Credentials",
    b"Access-Control-Allow-Headers",
    b"Access-Control-Allow-Methods",
    b"Access-Control-Allow-Origin",
    b"Access-Control-Allow-Private-Network",
    b"Access-Control-Expose-Headers",
    b"Access-Control-Max-Age",
    b"Access-Control-Request-Headers",
    b"Access-Control-Request-Method",
    b"Access-Control-Request-Private-Network",
    b"Age",
    b"Allow",
    b"Alt-Svc",
    b"Authorization",
    b"CDN-Loop",
    b"CF-Connecting-IP",
    b"CF-IPCountry",
    b"CF-RAY",
    b"CF-Visitor",
    b"Cache-Control",
    b"Client-IP",
    b"Connection",
    b"Content-Disposition",
    b"Content-Encoding",
    b"Content-Language",
    b"Content-Length",
    b"Content-Location",
    b"Content-MD5",
    b"Content-Range",
    b"Content-Security-Policy",
    b"Content-Security-Policy-Report-Only",
    b"Content-Type",
    b"Cookie",
    b"Cross-Origin-Embedder-Policy",
    b"Cross-Origin-Opener-Policy",
    b"Cross-Origin-Resource-Policy",
    b"DNT",
    b"Date",
    b"ETag",
    b"Expect",
    b"Expires",
    b"Forwarded",
    b"From",
    b"Host",
    b"If-Match",
    b"If-Modified-Since",
    b"If-None-Match",
    b"If-Range",
    b"If-Unmodified-Since",
    b"Keep-Alive",
    b"Last-Modified",
    b"Link",
    b"Location",
    b"Max-Forwards",
    b"NEL",
    b"Origin",
    b"Origin-Agent-Cluster",
    b"P3P",
    b"Permissions-Policy",
    b"Pragma",
    b"Priority",
    b"Proxy-Authenticate",
    b"Proxy-Authorization",
    b"Proxy-Connection",
    b"Public-Key-Pins",
    b"Purpose",
    b"Range",
    b"Referer",
    b"Referrer-Policy",
    b"Refresh",
    b"Report-To",
    b"Reporting-Endpoints",
    b"Retry-After",
    b"Save-Data",
    b"Sec-CH-UA",
    b"Sec-CH-UA-Arch",
    b"Sec-CH-UA-Full-Version-List",
    b"Sec-CH-UA-Mobile",
    b"Sec-CH-UA-Model",
    b"Sec-CH-UA-Platform",
    b"Sec-CH-UA-Platform-Version",
    b"Sec-Fetch-Dest",
    b"Sec-Fetch-Mode",
    b"Sec-Fetch-Site",
    b"Sec-Fetch-Storage-Access",
    b"Sec-Fetch-User",
    b"Sec-GPC",
    b"Sec-Purpose",
    b"Sec-WebSocket-Accept",
    b"Sec-WebSocket-Extensions",
    b"Sec-WebSocket-Key",
    b"Sec-WebSocket-Protocol",
    b"Sec-WebSocket-Version",
    b"Server",
    b"Server-Timing",
    b"Set-Cookie",
    b"Status",
    b"Strict-Transport-Security",
    b"TE",
    b"Timing-Allow-Origin",
    b"Touch-Session-Id",
    b"Traceparent",
    b"Tracestate",
    b"Trailer",
    b"Transfer-Encoding",
    b"Upgrade",
    b"Upgrade-Insecure-Requests",
    b"User-Agent",
    b"Vary",
    b"Via",
    b"WWW-Authenticate",
    b"Warning",
    b"X-Accel-Buffering",
    b"X-Accel-Expires",
    b"X-Cache",
    b"X-Client-IP",
    b"X-Content-Type-Options",
    b"X-Correlation-Id",
    b"X-DNS-Prefetch-Control",
    b"X-Debug-Token",
    b"X-Download-Options",
    b"X-Forwarded-For",
    b"X-Forwarded-Host",
    b"X-Forwarded-Port",
    b"X-Forwarded-Proto",
    b"X-Forwarded-Server",
    b"X-Frame-Options",
    b"X-HTTP-Method-Override",
    b"X-Permitted-Cross-Domain-Policies",
    b"X-Pingback",
    b"X-Powered-By",
    b"X-RateLimit-Limit",
    b"X-RateLimit-Remaining",
    b"X-RateLimit-Reset",
    b"X-Real-IP",
    b"X-Request-ID",
    b"X-Requested-With",
    b"X-Robots-Tag",
    b"X-UA-Compatible",
    b"X-XSS-Protection",
)
"""Fields that Chrome, Outlook's web views, Apache, nginx and PHP send, as they or their specifications spell them."""


def _spellings() -> Iterator[tuple[bytes, bytes]]:
    """Yield (spelling, lower-case name).

    As specified, in lower case (HTTP/2 front ends, Node), and in title case (many libraries).
    """
    for name in _USUAL:
        lower = name.lower()
        for spelling in (name, name.title(), lower):
            yield spelling, lower


class _LowerCase(dict[bytes, bytes]):
    """Known spellings → lower-case names.

    An unknown one is lowered and not kept: clients choose names, and memory is bounded.
    """

    def __missing__(self, name: bytes) -> bytes:
        """Return `name` in lower case."""
        return name.lower()


LOWER_CASE: Final = _LowerCase(_spellings())
"""Lower-case form of a field name: one look-up for a usual one, `.lower()` for the rest."""


def lower_case_names(lines: Iterable[bytes]) -> tuple[bytes, ...]:
    """Return the lower-case field name of each of `lines`, all of which hold a colon."""
    lower_case = LOWER_CASE
    return tuple([lower_case[line.partition(b":")[0]] for line in lines])
