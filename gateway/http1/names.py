"""Field names as they are spelt on the wire, and their lower-case forms (names are case-insensitive: RFC 9110, 5.1)."""

from collections.abc import Iterator
from typing import Final

_USUAL: Final = b"""
    Accept Accept-CH Accept-Charset Accept-Encoding Accept-Language Accept-Patch Accept-Ranges
    Access-Control-Allow-Credentials Access-Control-Allow-Headers Access-Control-Allow-Methods
    Access-Control-Allow-Origin Access-Control-Allow-Private-Network Access-Control-Expose-Headers
    Access-Control-Max-Age Access-Control-Request-Headers Access-Control-Request-Method
    Access-Control-Request-Private-Network Age Allow Alt-Svc Authorization CDN-Loop CF-Connecting-IP
    CF-IPCountry CF-RAY CF-Visitor Cache-Control Client-IP Connection Content-Disposition Content-Encoding
    Content-Language Content-Length Content-Location Content-MD5 Content-Range Content-Security-Policy
    Content-Security-Policy-Report-Only Content-Type Cookie Cross-Origin-Embedder-Policy
    Cross-Origin-Opener-Policy Cross-Origin-Resource-Policy DNT Date ETag Expect Expires Forwarded From Host
    If-Match If-Modified-Since If-None-Match If-Range If-Unmodified-Since Keep-Alive Last-Modified Link Location
    Max-Forwards NEL Origin Origin-Agent-Cluster P3P Permissions-Policy Pragma Priority Proxy-Authenticate
    Proxy-Authorization Proxy-Connection Public-Key-Pins Purpose Range Referer Referrer-Policy Refresh Report-To
    Reporting-Endpoints Retry-After Save-Data Sec-CH-UA Sec-CH-UA-Arch Sec-CH-UA-Full-Version-List
    Sec-CH-UA-Mobile Sec-CH-UA-Model Sec-CH-UA-Platform Sec-CH-UA-Platform-Version Sec-Fetch-Dest Sec-Fetch-Mode
    Sec-Fetch-Site Sec-Fetch-Storage-Access Sec-Fetch-User Sec-GPC Sec-Purpose Sec-WebSocket-Accept
    Sec-WebSocket-Extensions Sec-WebSocket-Key Sec-WebSocket-Protocol Sec-WebSocket-Version Server Server-Timing
    Set-Cookie Status Strict-Transport-Security TE Timing-Allow-Origin Touch-Session-Id Traceparent Tracestate
    Trailer Transfer-Encoding Upgrade Upgrade-Insecure-Requests User-Agent Vary Via WWW-Authenticate Warning
    X-Accel-Buffering X-Accel-Expires X-Cache X-Client-IP X-Content-Type-Options X-Correlation-Id
    X-DNS-Prefetch-Control X-Debug-Token X-Download-Options X-Forwarded-For X-Forwarded-Host X-Forwarded-Port
    X-Forwarded-Proto X-Forwarded-Server X-Frame-Options X-HTTP-Method-Override
    X-Permitted-Cross-Domain-Policies X-Pingback X-Powered-By X-RateLimit-Limit X-RateLimit-Remaining
    X-RateLimit-Reset X-Real-IP X-Request-ID X-Requested-With X-Robots-Tag X-UA-Compatible X-XSS-Protection""".split()
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

RARE: Final = frozenset({b"cdn-loop", b"expect", b"upgrade", b"x-forwarded-for"})
"""Fields of requests that are dealt with, and that few requests have."""
