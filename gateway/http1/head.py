"""Request and response heads: octets in, values out (RFC 9112, 2 to 6)."""

from dataclasses import dataclass

from gateway.http1.fields import Fields
from gateway.http1.framing import Framing


@dataclass(frozen=True, slots=True)
class HeadLimits:
    """Bounds on one head, counted in octets and lines before anything is parsed."""

    octets: int = 32_768
    line: int = 16_384
    target: int = 16_384
    lines: int = 128


DEFAULT_HEAD_LIMITS = HeadLimits()


class HeadBuffer:
    """Collects octets until a whole head is there. Linear: a scan goes on where the last one stopped."""

    def __init__(self, limits: HeadLimits = DEFAULT_HEAD_LIMITS) -> None:
        """Start with nothing."""
        raise NotImplementedError

    def __len__(self) -> int:
        """Return how many octets are held of a head that is not whole yet."""
        raise NotImplementedError

    @property
    def octets(self) -> bytes:
        """The octets of a head that is not whole (to `salvage` from, when it is refused)."""
        raise NotImplementedError

    def feed(self, data: bytes) -> tuple[bytes, bytes] | None:
        """Return (head with its empty line, octets behind it) once the head is whole, and forget it; None before.

        The common case, a whole head in one read, is one search and no copy but the two slices. One empty line before a request
        line is skipped (RFC 9112, 2.2).

        Raises:
            HeadTooLargeError, TargetTooLongError: the head goes over a limit, told as soon as that is certain.
            MalformedError: a bare LF or CR, or a first octet that begins no head: told at once, not at the deadline.
        """
        raise NotImplementedError


@dataclass(frozen=True, slots=True)
class RequestHead:
    """A request head that obeys the grammar and does not contradict itself."""

    method: bytes
    target: bytes
    """Origin-form as it was sent, octet for octet, or `*`. An absolute-form target (RFC 9112, 3.2.2) whose authority equals Host is
    reduced to its origin-form; another authority is malformed."""
    minor: int
    """0 for HTTP/1.0, 1 for HTTP/1.1."""
    fields: Fields
    host: bytes | None
    """The Host value, lower-case, as `uri-host [":" port]`; None only in HTTP/1.0 without the field."""
    body: Framing
    """NONE, SIZED or CHUNKED."""
    persistent: bool
    """The client lets the connection be kept (RFC 9112, 9.3)."""
    expects_continue: bool
    """HTTP/1.1 with `Expect: 100-continue` and a body."""


@dataclass(frozen=True, slots=True)
class ResponseHead:
    """A response head that obeys the grammar and does not contradict itself."""

    minor: int
    status: int
    phrase: bytes
    """Reason phrase as it came."""
    fields: Fields
    body: Framing
    """Given the request's method: NONE for HEAD, 1xx, 204, 304 (RFC 9112, 6.3)."""
    persistent: bool
    """The upstream lets the connection be used again."""


def parse_request_head(octets: bytes, limits: HeadLimits = DEFAULT_HEAD_LIMITS) -> RequestHead:
    """Parse one whole request head, its empty line included.

    Refused besides what the grammar does not allow: Content-Length with Transfer-Encoding, any coding but exactly one `chunked`,
    any Transfer-Encoding in HTTP/1.0, Content-Length that is not digits, or repeated (even equal), or a list; no Host in 1.1, more
    than one, or a value that is not `uri-host [":" port]`; `*` for a method other than OPTIONS; fragments and octets outside
    0x21–0x7E in the target; more than one Content-Type line.

    Raises:
        MalformedError, MethodNotServedError, TargetTooLongError, HeadTooLargeError, VersionNotSupportedError, ExpectationError
    """
    raise NotImplementedError


def parse_response_head(octets: bytes, method: bytes, limits: HeadLimits = DEFAULT_HEAD_LIMITS) -> ResponseHead:
    """Parse one whole response head, its empty line included, to a request with `method`.

    As strict as requests. Status 100–599. Several equal Content-Length values are refused too. Content-Length with
    Transfer-Encoding, a coding but `chunked`, Transfer-Encoding in HTTP/1.0: malformed.

    Raises:
        MalformedError, HeadTooLargeError, VersionNotSupportedError
    """
    raise NotImplementedError


@dataclass(frozen=True, slots=True)
class Salvaged:
    """What can still be read of a request head that was refused."""

    method: bytes | None
    host: bytes | None
    origin: bytes | None
    """The Origin value when exactly one whole line has it."""


def salvage(octets: bytes) -> Salvaged:
    """Read Host and a single Origin from a refused or unfinished head, only from whole, well-formed lines.

    Never raises. So that a page of an allowed origin can read even a 431 or a 408.
    """
    raise NotImplementedError
