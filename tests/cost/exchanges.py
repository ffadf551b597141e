"""Exchanges through the relay's protocols: requests as Chrome sends them, an answer as Apache and PHP give it."""

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from gateway.config.model import Config, Listener
from gateway.policy.model import Policy
from gateway.relay.admission import Admission
from gateway.relay.client import ClientConnection
from gateway.relay.gateway import Gateway
from gateway.relay.upstream import UpstreamConnection
from gateway.service.lines import RequestLog, json_line
from tests.relay.policies import HOST, SITE

if TYPE_CHECKING:
    from gateway.relay.record import Record

_BROWSER: Final = (
    b'sec-ch-ua: "Chromium";v="130", "Google Chrome";v="130", "Not?A_Brand";v="99"\r\n'
    b"sec-ch-ua-mobile: ?0\r\n"
    b'sec-ch-ua-platform: "Windows"\r\n'
    b"User-Agent: Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) "
    b"Chrome/130.0.0.0 Safari/537.36\r\n"
)

GET: Final = (
    b"GET /restapi/v1/vtews/query?module=Contacts&limit=20 HTTP/1.1\r\n"
    b"Host: crm.customer.example\r\n"
    b"Connection: keep-alive\r\n"
    b"Authorization: Basic YWRkaW46MDEyMzQ1Njc4OWFiY2RlZg==\r\n" + _BROWSER + b"Accept: application/json\r\n"
    b"Origin: https://addin.vendor.example\r\n"
    b"Sec-Fetch-Site: cross-site\r\n"
    b"Sec-Fetch-Mode: cors\r\n"
    b"Sec-Fetch-Dest: empty\r\n"
    b"Referer: https://addin.vendor.example/\r\n"
    b"Accept-Encoding: gzip, deflate, br, zstd\r\n"
    b"Accept-Language: en-GB,en;q=0.9\r\n\r\n"
)

OTHER: Final = GET.replace(b"Accept: application/json", b"Accept: application/*   ")
"""One that differs from it in a line, so that the one who sends both in turn never repeats the lines of the last."""

UNUSUAL: Final = (
    b"GET / HTTP/1.1\r\nHost: crm.customer.example\r\nOrigin: https://addin.vendor.example\r\n"
    + b"".join(b"%b%03d:\r\n" % (b"a" * 123, number) for number in range(100))
    + b"\r\n"
)
"""A request with names that nobody has heard of, as alike as can be: to compare each with each must not cost more."""

PREFLIGHT: Final = (
    b"OPTIONS /restapi/v1/vtews/query?module=Contacts&limit=20 HTTP/1.1\r\n"
    b"Host: crm.customer.example\r\n"
    b"Connection: keep-alive\r\n"
    b"Accept: */*\r\n"
    b"Access-Control-Request-Method: GET\r\n"
    b"Access-Control-Request-Headers: authorization\r\n"
    b"Origin: https://addin.vendor.example\r\n" + _BROWSER.splitlines(keepends=True)[3] + b"Sec-Fetch-Mode: cors\r\n"
    b"Sec-Fetch-Site: cross-site\r\n"
    b"Sec-Fetch-Dest: empty\r\n"
    b"Referer: https://addin.vendor.example/\r\n"
    b"Accept-Encoding: gzip, deflate, br, zstd\r\n"
    b"Accept-Language: en-GB,en;q=0.9\r\n\r\n"
)

_ANSWER: Final = (
    b"HTTP/1.1 200 OK\r\n"
    b"Date: Tue, 24 Nov 2026 10:00:00 GMT\r\n"
    b"Server: Apache/2.4.62 (Debian)\r\n"
    b"Expires: Thu, 19 Nov 1981 08:52:00 GMT\r\n"
    b"Cache-Control: no-store, no-cache, must-revalidate\r\n"
    b"Pragma: no-cache\r\n"
    b"Access-Control-Allow-Origin: *\r\n"
    b"Set-Cookie: PHPSESSID=0123456789abcdefghijklmnop; path=/\r\n"
    b"Vary: Accept-Encoding\r\n"
    b"Content-Type: application/json\r\n"
)
_BODY: Final = b"a" * 1024
SIZED: Final = _ANSWER + b"Content-Length: 1024\r\n\r\n" + _BODY
OTHER_SIZED: Final = SIZED.replace(b"PHPSESSID=0", b"PHPSESSID=1")
"""Its answer, to somebody else."""
CHUNKED: Final = _ANSWER + b"Transfer-Encoding: chunked\r\n\r\n" + 32 * (b"400\r\n" + _BODY + b"\r\n") + b"0\r\n\r\n"


def differing(number: int) -> tuple[bytes, bytes]:
    """Return a request for a path of its own, with other lines than the one before, and such an answer."""
    request, answer = (OTHER, OTHER_SIZED) if number % 2 else (GET, SIZED)
    return request.replace(b"query?", b"%06d?" % number), answer


class MemoryTransport(asyncio.Transport):
    """A transport whose peer takes all at once."""

    def __init__(self) -> None:
        """Hold nothing."""
        super().__init__({"peername": ("192.0.2.7", 4711)})
        self.written = b""
        """The last write."""

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        """Need none."""

    def get_write_buffer_size(self) -> int:
        """Return nothing: all is sent."""
        return 0

    def is_closing(self) -> bool:
        """Stay open."""
        return False

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Take it."""
        self.written = bytes(data)


class Bench:
    """A gateway with its log, one client and one upstream, both connected."""

    def __init__(self) -> None:
        """Connect them."""
        config = Config(policy=Policy({HOST: SITE}, None), listeners=(Listener("127.0.0.1", 0),))
        self.gateway = Gateway(config, done=self._done, hint=self._hinted)
        self.gateway.start()
        self._log = RequestLog(self, json_line, "info")
        self.outcomes: set[str] = set()
        self._differing = iter([differing(number) for number in range(WARM_UP + EXCHANGES["varied"])])
        self.down = MemoryTransport()
        self.client = ClientConnection(self.gateway, Admission(config.listeners[0]))
        self.client.connection_made(self.down)
        pool = self.gateway.pool(SITE.upstream)
        self.up = MemoryTransport()
        self.upstream = UpstreamConnection(pool, pool.routes(HOST)[0])
        self.upstream.connection_made(self.up)
        pool.park(self.upstream)

    def write(self, line: str) -> None:
        """Take a line of the log, and keep it not: what writes it does so for many at once, in a thread."""

    def _done(self, record: "Record") -> None:
        self._log(record)
        self.outcomes.add(f"{record.reason} {record.status}")

    def _hinted(self, event: str, details: dict[str, str]) -> None:
        self.outcomes.add(f"{event} {details}")

    def preflight(self) -> None:
        """Answer a preflight."""
        self.client.data_received(PREFLIGHT)

    def get(self) -> None:
        """Relay a GET, answered with 1 KB."""
        self.client.data_received(GET)
        self.upstream.data_received(SIZED)

    def chunked(self) -> None:
        """Relay a GET, answered with 32 chunks of 1 KB."""
        self.client.data_received(GET)
        self.upstream.data_received(CHUNKED)

    def varied(self) -> None:
        """Relay a GET whose path is new, and whose lines are not those of the one before, nor those of its answer."""
        request, answer = next(self._differing)
        self.client.data_received(request)
        self.upstream.data_received(answer)

    def unusual(self) -> None:
        """Relay a GET whose field names are unusual."""
        self.client.data_received(UNUSUAL)
        self.upstream.data_received(SIZED)


WORKLOADS: Final[dict[str, Callable[[Bench], None]]] = {
    "preflight": Bench.preflight,
    "get": Bench.get,
    "chunked": Bench.chunked,
    "varied": Bench.varied,
    "unusual": Bench.unusual,
}
EXCHANGES: Final = {"preflight": 700, "get": 1000, "chunked": 300, "varied": 300, "unusual": 50}
"""How many of each are counted: 2,000 of every day, and some that are not."""
WARM_UP: Final = 50
"""How many of each go before: Python rewrites its own bytecode for what it meets (PEP 659)."""
