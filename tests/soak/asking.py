"""What the load asks, and what makes an answer right."""

import hashlib
import json
from dataclasses import dataclass
from functools import cache
from typing import Final

from tests.load.clients import ADDIN

KINDS: Final = (*("get",) * 50, *("preflight",) * 18, *("post",) * 20, "upload", "upload", *("pipelined",) * 10)
"""Of a hundred turns: what is asked. A pipelined turn is three requests in one write."""
REQUESTS_A_TURN: Final = 1 + 2 * KINDS.count("pipelined") / len(KINDS)
SIZES: Final = (0, 300, 300, 300, 4000, 4000, 4000, 70_000)
"""Of answers, in octets: one is longer than a transport's write buffer."""
POST_OCTETS: Final = 1000
UPLOAD_OCTETS: Final = 1 << 20
BODIES: Final = 16
"""Different upload bodies: one that is taken for another's has another digest."""

ALLOW_ORIGIN: Final = b"access-control-allow-origin: " + ADDIN
FIELDS: Final = tuple(
    sorted((ALLOW_ORIGIN, b"access-control-expose-headers: retry-after, x-request-id", b"vary: Origin"))
)
"""What is right on a relayed answer and on a problem, as raw lines with their names in lower case."""
PREFLIGHT_FIELDS: Final = tuple(
    sorted(
        (
            ALLOW_ORIGIN,
            b"access-control-allow-methods: GET, HEAD, POST",
            b"access-control-allow-headers: authorization, content-type",
            b"access-control-max-age: 600",
            b"vary: Origin, Access-Control-Request-Method, Access-Control-Request-Headers",
        )
    )
)


@dataclass(frozen=True, slots=True)
class Asked:
    """One request, and its right answer."""

    number: int
    kind: str
    octets: bytes
    status: int
    fields: tuple[bytes, ...]
    body: bytes


@dataclass(frozen=True, slots=True)
class Answer:
    """One response, its field lines as they came."""

    status: int
    lines: tuple[bytes, ...]
    body: bytes

    def values(self, name: bytes) -> list[bytes]:
        """Return the value of each line with this name, which is in lower case."""
        pairs = (line.partition(b":") for line in self.lines)
        return [value.strip(b" \t") for found, _, value in pairs if found.lower() == name]

    def fields(self) -> tuple[bytes, ...]:
        """Return the CORS lines and `Vary`, each whole, in order, with its name in lower case."""
        pairs = (line.partition(b":") for line in self.lines)
        return tuple(
            sorted(
                name.lower() + b":" + value
                for name, _, value in pairs
                if name.lower() == b"vary" or name.lower().startswith(b"access-control-")
            )
        )


def turn(number: int, host: bytes) -> tuple[Asked, ...]:
    """Return what is asked at once in a turn; its requests have this number and those behind it."""
    kind = KINDS[number * 37 % len(KINDS)]  # all of them in a hundred turns, well mixed
    if kind == "pipelined":
        return get(number, host), preflight(number + 1, host), get(number + 2, host)
    make = {"get": get, "preflight": preflight, "post": post, "upload": upload}[kind]
    return (make(number, host),)


def get(number: int, host: bytes) -> Asked:
    """Return a GET; the answer repeats its number over and over."""
    size = SIZES[number * 5 % len(SIZES)]
    framing = b"chunked" if number % 3 == 0 else b"sized"
    target = b"/echo/%d/%d/%b" % (number, size, framing)
    return Asked(number, "get", _head(b"GET", target, host) + b"\r\n", 200, FIELDS, pattern(number, size))


def slow(number: int, host: bytes, seconds: float) -> Asked:
    """Return a GET that the CRM takes so long to answer."""
    target = b"/slow/%d/%d" % (number, seconds * 1000)
    return Asked(number, "slow", _head(b"GET", target, host) + b"\r\n", 200, FIELDS, pattern(number, 4000))


def preflight(number: int, host: bytes) -> Asked:
    """Return what a browser asks before a POST with JSON."""
    asks = b"Access-Control-Request-Method: POST\r\nAccess-Control-Request-Headers: authorization,content-type\r\n\r\n"
    return Asked(number, "preflight", _head(b"OPTIONS", b"/digest", host) + asks, 204, PREFLIGHT_FIELDS, b"")


def post(number: int, host: bytes) -> Asked:
    """Return a small POST; the answer has the digest of what came."""
    return _digested(number, host, "post", pattern(number, POST_OCTETS))


def upload(number: int, host: bytes) -> Asked:
    """Return a POST of a mebibyte; the answer has the digest of what came."""
    return _digested(number, host, "upload", _upload_body(number % BODIES))


def pattern(number: int, size: int) -> bytes:
    """Return octets that belong to a number, each sixteen of them."""
    return (b"%015x " % number * (size // 16 + 1))[:size]


@cache
def _upload_body(nth: int) -> bytes:
    return pattern(nth, UPLOAD_OCTETS)


@cache
def _upload_digest(nth: int) -> bytes:
    return digest(_upload_body(nth))


def digest(body: bytes) -> bytes:
    """Return what the CRM says of a body."""
    return hashlib.sha256(body).hexdigest().encode()


def _digested(number: int, host: bytes, kind: str, body: bytes) -> Asked:
    said = _upload_digest(number % BODIES) if kind == "upload" else digest(body)
    length = b"Content-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(body)
    octets = _head(b"POST", b"/digest/%d" % number, host) + length + body
    return Asked(number, kind, octets, 200, FIELDS, b"%d %b" % (number, said))


def _head(method: bytes, target: bytes, host: bytes) -> bytes:
    return b"%b %b HTTP/1.1\r\nHost: %b\r\nOrigin: %b\r\n" % (method, target, host, ADDIN)


def take(buffer: bytearray) -> Answer | None:
    """Take one whole response off the front of `buffer`; None where it is not all there.

    Raises:
        ValueError: this is no response.
    """
    end = buffer.find(b"\r\n\r\n")
    if end < 0:
        return None
    first, *lines = bytes(buffer[:end]).split(b"\r\n")
    answer = Answer(int(first.split(b" ")[1]), tuple(lines), b"")
    at, body = end + 4, bytearray()
    if answer.status == 204:
        pass
    elif answer.values(b"transfer-encoding") == [b"chunked"]:
        while True:
            line = buffer.find(b"\r\n", at)
            size = int(buffer[at:line], 16) if line >= 0 else 0
            if line < 0 or len(buffer) < line + 2 + size + 2:
                return None
            body += buffer[line + 2 : line + 2 + size]
            at = line + 2 + size + 2
            if not size:
                break
    else:
        (length,) = answer.values(b"content-length")
        body += buffer[at : at + int(length)]
        if len(body) < int(length):
            return None
        at += len(body)
    del buffer[:at]
    return Answer(answer.status, answer.lines, bytes(body))


def wrong(asked: Asked, answer: Answer) -> str:
    """Return what is wrong with an answer; nothing where it is the right one."""
    if answer.status != asked.status:
        return f"status {answer.status} and not {asked.status}: {answer.body[:200]!r}"
    if answer.fields() != asked.fields:
        return f"fields {answer.fields()!r}"
    if answer.body != asked.body:
        return f"a body of {len(answer.body)} octets, {answer.body[:40]!r}, and not {asked.body[:40]!r}"
    return ""


def trouble(answer: Answer) -> str:
    """Return the reason of a 502 that says that the CRM is away, and that the page can read; else nothing."""
    if answer.status != 502 or answer.values(b"content-type") != [b"application/problem+json"]:
        return ""
    reason = str(json.loads(answer.body).get("reason"))
    return reason if reason.startswith("upstream-") and answer.fields() == FIELDS else ""
