"""What each system has to get right before its speed counts for anything, asked octet for octet."""

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

from tests.bench.place import ADDIN, NAME
from tests.real.raw import RawAnswer, fetch

OTHER_ADDIN: Final = "https://addin2.vendor.example"
STRANGER: Final = "https://stranger.example"

ALLOW_ORIGIN: Final = "access-control-allow-origin"

Fields = Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Point:
    """One thing that has to be so."""

    says: str
    """What is wrong where it is not."""
    method: str
    target: str
    fields: Fields
    holds: Callable[[RawAnswer], bool]
    body: bytes = b""


def listed(answer: RawAnswer, name: str) -> set[str]:
    """Return the members of a field that is a list, from all its lines, in small letters."""
    return {part.strip().lower() for value in answer.values(name) for part in value.split(",")}


def shared_with(origin: str) -> Callable[[RawAnswer], bool]:
    """Return what tells whether a page of this origin, and no other, may read an answer with credentials."""

    def holds(answer: RawAnswer) -> bool:
        return answer.values(ALLOW_ORIGIN) == [origin] and answer.values("access-control-allow-credentials") == ["true"]

    return holds


def is_shared_with_nobody(answer: RawAnswer) -> bool:
    """Tell whether no page may read an answer."""
    return not answer.values(ALLOW_ORIGIN)


def varies_by_origin(answer: RawAnswer) -> bool:
    """Tell whether a cache keeps the answers to several origins apart."""
    return "origin" in listed(answer, "vary")


def _answers_preflight(answer: RawAnswer) -> bool:
    return (
        200 <= answer.status < 300
        and shared_with(ADDIN)(answer)
        and "post" in listed(answer, "access-control-allow-methods")
        and {"authorization", "content-type"} <= listed(answer, "access-control-allow-headers")
    )


def _forwards(answer: RawAnswer) -> bool:
    sent = [line.lower() for line in answer.body.decode("latin-1").split("\r\n")]
    forwarded_for = [line.partition(":")[2].strip() for line in sent if line.startswith("x-forwarded-for:")]
    return forwarded_for == ["127.0.0.1"] and "x-forwarded-proto: http" in sent and f"host: {NAME}" in sent


PREFLIGHT: Final = (
    ("Access-Control-Request-Method", "POST"),
    ("Access-Control-Request-Headers", "authorization,content-type"),
)
ODD_TARGET: Final = "/echo/a%2Fb/%7Ec?x=%20y&z=a+b"


def origin(value: str) -> tuple[tuple[str, str]]:
    """Return the field of a page's call."""
    return (("Origin", value),)


POINTS: Final = (
    Point("does not answer a preflight", "OPTIONS", "/", (*origin(ADDIN), *PREFLIGHT), _answers_preflight),
    Point(
        "passes a preflight on to the upstream",
        "OPTIONS",
        "/",
        (*origin(ADDIN), *PREFLIGHT),
        lambda answer: not answer.values("set-cookie"),
    ),
    Point("no Vary: Origin on a preflight's answer", "OPTIONS", "/", (*origin(ADDIN), *PREFLIGHT), varies_by_origin),
    Point("allows a stranger's preflight", "OPTIONS", "/", (*origin(STRANGER), *PREFLIGHT), is_shared_with_nobody),
    Point(
        "passes a stranger's preflight on to the upstream",
        "OPTIONS",
        "/",
        (*origin(STRANGER), *PREFLIGHT),
        lambda answer: not answer.values("set-cookie"),
    ),
    Point("does not share with an allowed origin", "GET", "/", origin(ADDIN), shared_with(ADDIN)),
    Point("does not share with the second origin", "GET", "/", origin(OTHER_ADDIN), shared_with(OTHER_ADDIN)),
    Point(
        "does not expose Content-Disposition",
        "GET",
        "/",
        origin(ADDIN),
        lambda answer: "content-disposition" in listed(answer, "access-control-expose-headers"),
    ),
    Point("lets the upstream's * through to a stranger", "GET", "/", origin(STRANGER), is_shared_with_nobody),
    Point("lets the upstream's * through without an origin", "GET", "/", (), is_shared_with_nobody),
    Point("no Vary: Origin for an allowed origin", "GET", "/", origin(ADDIN), varies_by_origin),
    Point("no Vary: Origin for a stranger", "GET", "/", origin(STRANGER), varies_by_origin),
    Point("no Vary: Origin without an origin", "GET", "/", (), varies_by_origin),
    Point(
        "loses the upstream's Vary",
        "GET",
        "/",
        origin(ADDIN),
        lambda answer: "accept-encoding" in listed(answer, "vary"),
    ),
    Point(
        "loses the upstream's cookie",
        "GET",
        "/",
        origin(ADDIN),
        lambda answer: len(answer.values("set-cookie")) == 1,
    ),
    Point(
        "an error of the upstream cannot be read",
        "GET",
        "/failure",
        origin(ADDIN),
        lambda answer: answer.status == 500 and shared_with(ADDIN)(answer),
    ),
    Point("changes a body", "GET", "/100k", origin(ADDIN), lambda answer: answer.body == b"x" * 102_400),
    Point("changes a body in chunks", "GET", "/chunked", origin(ADDIN), lambda answer: answer.body == b"x" * 32_768),
    Point(
        "fails at an upstream of HTTP/1.0 that closes",
        "POST",
        "/closing",
        origin(ADDIN),
        lambda answer: answer.status == 200 and answer.body == b"x" * 1024,
        body=b"x",
    ),
    Point(
        "changes the target",
        "GET",
        ODD_TARGET,
        origin(ADDIN),
        lambda answer: answer.body.startswith(f"GET {ODD_TARGET} HTTP/1.1\r\n".encode()),
    ),
    Point(
        "does not tell the upstream who asks, or believes the client about it",
        "GET",
        "/echo",
        (*origin(ADDIN), ("X-Forwarded-For", "192.0.2.1"), ("X-Forwarded-Proto", "gopher")),
        _forwards,
    ),
    Point(
        "does not pass an OPTIONS that is no preflight",
        "OPTIONS",
        "/",
        (),
        lambda answer: len(answer.values("set-cookie")) == 1,
    ),
)

UPSTREAM_GONE: Final = Point(
    "its own error, with the upstream down, cannot be read",
    "GET",
    "/",
    origin(ADDIN),
    lambda answer: answer.status >= 500 and shared_with(ADDIN)(answer),
)


def wrong(port: int, points: Sequence[Point] = POINTS) -> list[str]:
    """Return what a system gets wrong."""
    return [point.says for point in points if not _is_right(port, point)]


def _is_right(port: int, point: Point) -> bool:
    fields = (("Host", NAME), ("Connection", "close"), *point.fields)
    with suppress(OSError, ValueError):  # no answer, or none of HTTP
        return point.holds(fetch(port, point.method, point.target, fields, point.body))
    return False
