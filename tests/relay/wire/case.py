"""A case as a value: octets of both sides, and what must be seen of them."""

from dataclasses import dataclass
from enum import Enum, auto

from gateway.policy.model import Site
from gateway.policy.reason import Reason
from tests.relay.policies import ADDIN, SITE

HOST = b"Host: crm.customer.example\r\n"
ORIGIN = b"Origin: " + ADDIN + b"\r\n"
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
GET = b"GET /a HTTP/1.1\r\n" + HOST + b"\r\n"
CROSS_GET = b"GET /a HTTP/1.1\r\n" + HOST + ORIGIN + b"\r\n"

FIELDS = (
    b"Access-Control-Allow-Origin: " + ADDIN,
    b"Access-Control-Allow-Credentials: true",
    b"Access-Control-Expose-Headers: touch-session-id, retry-after, x-request-id",
)
"""The CORS fields of an answer to the one origin that has a rule."""
OURS = (b"X-Request-Id: *", b"Date: *")
"""What the gateway adds to an answer without a date. `*` stands for what differs from request to request."""
VARY = b"Vary: Origin"


class End(Enum):
    """What becomes of the client's connection."""

    KEPT = auto()
    """A further request on it is answered."""
    CLOSED = auto()
    """The last answer says so, and it ends in order."""
    CUT = auto()
    """It ends before the last answer is whole."""


class Then(Enum):
    """What the upstream does behind a reply."""

    STAY = auto()
    CLOSE = auto()
    RESET = auto()


class Leave(Enum):
    """How the client goes, once all that it sends has come; the log says `client-gone`."""

    STAY = auto()
    FIN = auto()
    RESET = auto()


@dataclass(frozen=True, slots=True)
class Reply:
    """What the upstream answers to one request."""

    octets: bytes | tuple[bytes, ...] = OK
    """In pieces: each is sent when the gateway has taken the one before."""
    then: Then = Then.STAY
    early: bool = False
    """Sent once the head has come; the body is not read."""


@dataclass(frozen=True, slots=True)
class Asked:
    """One whole request, as the upstream must see it, octet for octet."""

    line: bytes = b"GET /a HTTP/1.1"
    lines: tuple[bytes, ...] = ()
    """The client's lines that go up, in order."""
    framing: bytes | None = None
    body: bytes = b""
    host: bytes = b"crm.customer.example"
    client: bytes = b"127.0.0.1"
    scheme: bytes | None = None
    """None for the one of the client's connection."""
    loop: bytes = b""
    """What stood in CDN-Loop before."""

    def octets(self, scheme: bytes) -> bytes:
        """Return the whole request; `*` stands for what differs from request to request."""
        scheme = self.scheme or scheme
        node = b'"[%b]"' % self.client if b":" in self.client else self.client
        lines = (
            self.line,
            b"Host: " + self.host,
            *self.lines,
            b"X-Forwarded-For: " + self.client,
            b"X-Forwarded-Proto: " + scheme,
            b"X-Forwarded-Host: " + self.host,
            b'Forwarded: for=%b;host="%b";proto=%b' % (node, self.host, scheme),
            b"X-Request-Id: *",
            b"CDN-Loop: " + self.loop + b"*",
            *(() if self.framing is None else (self.framing,)),
        )
        return b"".join(line + b"\r\n" for line in lines) + b"\r\n" + self.body


@dataclass(frozen=True, slots=True)
class Got:
    """One answer, as the client must see it."""

    status: int = 200
    reason: Reason | None = Reason.NOT_CORS
    """What the log says, and the answer where it is the gateway's own; None of an interim one, which is not logged."""
    shared: bool = False
    """The CORS fields are there; otherwise no `Access-Control-*` is."""
    lines: tuple[bytes, ...] | None = None
    """All lines, in any order but of those with one name; None where they are not the point."""
    phrase: bytes | None = None
    body: bytes | None = None
    head_only: bool = False
    """To HEAD."""
    whole: bool = True
    """False: it is cut off, and looks so."""
    origin: bytes = ADDIN
    """Whose fields they are, where they are there."""
    vary: bool = True
    """`Vary: Origin`; not where no site was found."""


OK_GOT = Got(body=b"ok")
CROSS_OK = Got(200, Reason.ALLOWED, shared=True, body=b"ok")


@dataclass(frozen=True, slots=True)
class Case:
    """What is sent, and all that is seen of it."""

    id: str
    source: str
    """Clause or public report."""
    sent: bytes | tuple[bytes, ...]
    """The client's octets. In pieces: each is sent when the gateway has taken the one before."""
    got: tuple[Got, ...] = (OK_GOT,)
    end: End = End.KEPT
    asked: tuple[Asked, ...] | None = ()
    """What the upstream is asked, all of it; None where it is that many requests as `replies`, whatever they are."""
    replies: tuple[Reply, ...] = (Reply(),)
    site: Site = SITE
    trusted: bool = False
    """The client is one of `trusted_proxies`."""
    prefix: bytes = b""
    """Path of the upstream's URL."""
    warm: bool = False
    """The gateway holds an idle connection to the upstream, so that a head goes up with the first octets."""
    partial: bool = False
    """The upstream may see the beginning of a request, and never its end."""
    reused: bool | None = None
    """Whether the next request goes up on the same connection; None where it is not the point."""
    dripped: bool = True
    """The outcome is the same if the client's octets come one by one."""
    leave: Leave = Leave.STAY
    unasked: bytes = b""
    """What the upstream sends once the client has its answers, and nobody asks."""

    @property
    def pieces(self) -> tuple[bytes, ...]:
        """What the client sends, in pieces."""
        return (self.sent,) if isinstance(self.sent, bytes) else self.sent


def refused(
    id: str,  # noqa: A002 - as in Case
    source: str,
    sent: bytes | tuple[bytes, ...],
    *,
    status: int = 400,
    reason: Reason = Reason.REQUEST_MALFORMED,
    shared: bool = False,
    vary: bool = True,
    end: End = End.CLOSED,
    site: Site = SITE,
    warm: bool = False,
    partial: bool = False,
    dripped: bool = True,
) -> Case:
    """Return a case in which the gateway answers by itself, closes, and the upstream sees no whole request."""
    first = sent if isinstance(sent, bytes) else sent[0]
    got = Got(status, reason, shared=shared, vary=vary, head_only=first.startswith(b"HEAD "))
    return Case(
        id,
        source,
        sent,
        (got,),
        end,
        (),
        (),
        site=site,
        warm=warm,
        partial=partial,
        dripped=dripped,
    )


def bad_answer(
    id: str,  # noqa: A002 - as in Case
    source: str,
    octets: bytes,
    *,
    reason: Reason = Reason.UPSTREAM_MALFORMED,
    then: Then = Then.STAY,
    sent: bytes = CROSS_GET,
) -> Case:
    """Return a case in which the upstream's answer is a problem that the page can read, and its connection goes."""
    got = Got(502, reason, shared=True, head_only=sent.startswith(b"HEAD"))
    return Case(id, source, sent, (got,), asked=None, replies=(Reply(octets, then),), reused=False)


def relayed(
    id: str,  # noqa: A002 - as in Case
    source: str,
    octets: bytes | tuple[bytes, ...],
    *lines: bytes,
    body: bytes = b"",
    status: int = 200,
    phrase: bytes | None = None,
    then: Then = Then.STAY,
    reused: bool | None = None,
    sent: bytes = CROSS_GET,
    vary: bytes = VARY,
    dated: bool = False,
) -> Case:
    """Return a case in which an answer comes down: `lines` are those of the upstream that do, and its framing."""
    got = Got(
        status,
        Reason.ALLOWED,
        shared=True,
        lines=(*lines, vary, *FIELDS, *OURS[: 1 if dated else 2]),
        phrase=phrase,
        body=body,
        head_only=sent.startswith(b"HEAD"),
    )
    return Case(id, source, sent, (got,), asked=None, replies=(Reply(octets, then),), reused=reused)


def cut_off(
    id: str,  # noqa: A002 - as in Case
    source: str,
    octets: bytes | tuple[bytes, ...],
    *,
    body: bytes,
    reason: Reason = Reason.UPSTREAM_CUT_OFF,
    then: Then = Then.STAY,
    sent: bytes = CROSS_GET,
) -> Case:
    """Return a case in which an answer breaks off, and does so for the client; `body` is the most that it gets."""
    got = Got(200, reason, shared=True, body=body, whole=False)
    return Case(id, source, sent, (got,), End.CUT, None, (Reply(octets, then),), reused=False)
