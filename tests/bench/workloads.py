"""What is asked of each system: requests octet for octet, how many connections, and what is counted."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from tests.bench.place import ADDIN, NAME


class Kind(StrEnum):
    """How a workload is run."""

    LOAD = "load"
    """wrk asks on so many connections at once, each again as soon as it has its answer."""
    DOWN = "down"
    """The same; CPU time is per GB of what came."""
    UP = "up"
    """The same; CPU time is per GB of what the upstream received."""
    IDLE = "idle"
    """Connections are opened, each asks once, and they are kept: their memory is counted."""
    START = "start"
    """The system is only started."""


@dataclass(frozen=True, slots=True)
class Workload:
    """One thing that is measured."""

    name: str
    title: str
    request: bytes = b""
    tls: bool = False
    connections: int = 64
    kind: Kind = Kind.LOAD
    modes: tuple[bool, ...] = (True,)
    """With the access log (True), and without."""
    http_only: bool = True
    """Not for a system that speaks no HTTP."""
    only: frozenset[str] | None = None
    """The systems that take part; None for all."""


CHROME: Final = (
    ("Connection", "keep-alive"),
    ("sec-ch-ua-platform", '"Windows"'),
    ("Authorization", "Basic YWRtaW46azVqMmgzZzRmNWQ2czdhOA=="),
    ("User-Agent", "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/142.0.0.0 Safari/537.36"),
    ("sec-ch-ua", '"Chromium";v="142", "Microsoft Edge";v="142", "Not_A Brand";v="99"'),
    ("sec-ch-ua-mobile", "?0"),
    ("Accept", "application/json, text/plain, */*"),
    ("Origin", ADDIN),
    ("Sec-Fetch-Site", "cross-site"),
    ("Sec-Fetch-Mode", "cors"),
    ("Sec-Fetch-Dest", "empty"),
    ("Referer", f"{ADDIN}/"),
    ("Accept-Encoding", "gzip, deflate, br, zstd"),
)
"""The lines that Chrome sends from an add-in's page; `Host` is the fourteenth."""

KIB: Final = 1024
MIB: Final = 1024 * 1024
GB: Final = 1_000_000_000
BODY_OCTETS: Final = 10 * MIB


def request(method: str, target: str, *more: tuple[str, str], body: bytes = b"") -> bytes:
    """Return a request of the add-in's page, as octets."""
    lines = [f"{method} {target} HTTP/1.1", *(f"{name}: {value}" for name, value in (("Host", NAME), *CHROME, *more))]
    if body:
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + body


ASKS_FOR_POST: Final = (
    ("Access-Control-Request-Method", "POST"),
    ("Access-Control-Request-Headers", "authorization,content-type"),
)

_JSON: Final = ("Content-Type", "application/json")
_GET: Final = request("GET", "/restapi/v1/contacts?limit=20")
_CLOSING: Final = request("POST", "/closing", _JSON, body=b"x" * KIB)
_BOTH: Final = (True, False)

WORKLOADS: Final = (
    Workload("start", "start", kind=Kind.START, http_only=False),
    Workload("preflight", "preflight", request("OPTIONS", "/restapi/v1/contacts", *ASKS_FOR_POST), modes=_BOTH),
    Workload("get", "1 KB GET", _GET, modes=_BOTH, http_only=False),
    Workload("get-tls", "1 KB GET, TLS", _GET, tls=True, modes=_BOTH),
    Workload("closing", "1 KB POST, upstream closes", _CLOSING, modes=_BOTH),
    Workload("closing-tls", "the same, TLS", _CLOSING, tls=True),
    Workload("100k", "100 KB", request("GET", "/100k"), http_only=False),
    Workload("chunked", "32 KB in chunks", request("GET", "/chunked"), modes=_BOTH, http_only=False),
    Workload("one", "one connection", _GET, connections=1, modes=_BOTH, http_only=False),
    Workload("down", "10 MB down", request("GET", "/10m"), connections=32, kind=Kind.DOWN, http_only=False),
    Workload(
        "up",
        "10 MB up",
        request("POST", "/upload", _JSON, body=b"x" * BODY_OCTETS),
        connections=32,
        kind=Kind.UP,
        http_only=False,
    ),
    Workload("two", "1 KB GET, two workers", _GET, only=frozenset({"cors-gateway-1-worker", "cors-gateway-2-workers"})),
    Workload("idle", "2,000 idle connections", _GET, connections=2000, kind=Kind.IDLE),
    Workload("idle-tls", "2,000 idle connections, TLS", _GET, tls=True, connections=2000, kind=Kind.IDLE),
)
