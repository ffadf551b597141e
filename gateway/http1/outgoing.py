"""Heads as we write them: end-to-end lines as they came, our own framing and fields around them (RFC 9110, 7.6)."""

from dataclasses import dataclass
from itertools import compress
from typing import Final

from gateway.http1.fields import Fields
from gateway.http1.framing import IN_CHUNKS, NONE, SIZED, UNTIL_CLOSED, Framing
from gateway.http1.head import RequestHead, ResponseHead
from gateway.http1.remembered import Remembered


@dataclass(slots=True, unsafe_hash=True)
class Change:
    """What the gateway changes in a head besides hop-by-hop fields and framing."""

    dropped: frozenset[bytes] = frozenset()
    """Lower-case names whose lines do not go on."""
    dropped_prefixes: tuple[bytes, ...] = ()
    """As `dropped`, for every name with one of these beginnings."""
    added: bytes = b""
    """Whole field lines, each ended by CRLF, written behind the others."""


HOP_BY_HOP: Final = frozenset(
    {
        b"connection",
        b"http2-settings",
        b"keep-alive",
        b"proxy-authenticate",
        b"proxy-authentication-info",
        b"proxy-authorization",
        b"proxy-connection",
        b"te",
        b"trailer",
        b"transfer-encoding",
        b"upgrade",
    }
)
"""Fields for the next hop only, named in Connection or not (RFC 9110, 7.6.1, 11.7; RFC 2616, 13.5.1)."""

FORWARDING: Final = frozenset(
    {
        b"cf-connecting-ip",
        b"cf-connecting-ipv6",
        b"cf-pseudo-ipv4",
        b"client-ip",
        b"cluster-client-ip",
        b"fastly-client-ip",
        b"fly-client-ip",
        b"forwarded",
        b"forwarded-for",
        b"forwarded-for-ip",
        b"front-end-https",
        b"proxy-client-ip",
        b"remote-addr",
        b"true-client-ip",
        b"wl-proxy-client-ip",
        b"x-appengine-user-ip",
        b"x-arr-ssl",
        b"x-azure-clientip",
        b"x-azure-socketip",
        b"x-client-ip",
        b"x-cluster-client-ip",
        b"x-envoy-external-address",
        b"x-forwarded",
        b"x-forwarded-by",
        b"x-forwarded-for",
        b"x-forwarded-host",
        b"x-forwarded-port",
        b"x-forwarded-prefix",
        b"x-forwarded-proto",
        b"x-forwarded-protocol",
        b"x-forwarded-scheme",
        b"x-forwarded-server",
        b"x-forwarded-ssl",
        b"x-host",
        b"x-original-forwarded-for",
        b"x-original-host",
        b"x-original-url",
        b"x-originating-ip",
        b"x-proxyuser-ip",
        b"x-real-ip",
        b"x-real-port",
        b"x-remote-addr",
        b"x-remote-ip",
        b"x-rewrite-url",
        b"x-scheme",
        b"x-url-scheme",
    }
)
"""Fields that tell a server who the client was, or what it asked a proxy for; from clients they are never believed.

Every other x-forwarded-* is one too: ask `is_forwarding` (R10 in docs/design.md).

X-Original-URL and X-Rewrite-URL take the target's place in Symfony and IIS (CVE-2018-14773): no path rule would hold.
"""

_FORWARDING_PREFIX: Final = b"x-forwarded-"

NOT_IN_REQUESTS: Final = HOP_BY_HOP | FORWARDING | {b"cdn-loop", b"content-length", b"expect", b"host", b"x-request-id"}
"""Fields of the client's that do not go on as they came; CDN-Loop is written anew with our name in it (RFC 8586, 2)."""
NOT_IN_RESPONSES: Final = HOP_BY_HOP | {b"content-length", b"x-request-id"}
"""Fields of the upstream's that do not go on. X-Request-Id is ours both ways: so its log and ours can be laid side by
side."""

_NEVER_NOMINATED: Final = frozenset({b"authorization", b"content-type", b"cookie", b"origin"})
"""Connection cannot take these away; Host and framing neither, since they are written afresh whatever it says."""
_NEVER_NOMINATED_PREFIX: Final = b"access-control-"

_NOMINATES_NOTHING: Final = frozenset({b"close", b"keep-alive"})
"""The usual values of Connection: they name no field but what is hop-by-hop anyway."""


def is_forwarding(name: bytes) -> bool:
    """Tell whether the lower-case `name` is one of `FORWARDING` or any x-forwarded-*."""
    return name in FORWARDING or name.startswith(_FORWARDING_PREFIX)


def request_octets(head: RequestHead, *, target: bytes, host: bytes, change: Change, own: bytes) -> bytes:
    """Return `head` as it goes to the upstream.

    HTTP/1.1, `host` first, then the client's end-to-end lines, `change.added`, `own`, and framing.

    Left out: hop-by-hop fields and what Connection names, but Connection cannot take away Host, Content-Length,
    Authorization, Cookie, Origin, Access-Control-*, Content-Type or forwarding fields (RFC 9110, 7.6.1); Expect; every
    name with `_` in it (CGI would read it as the name with `-`); forwarding fields (`is_forwarding`), CDN-Loop and
    X-Request-Id, which the relay writes afresh in `own`. Framing is `Content-Length` or `Transfer-Encoding: chunked` as
    `head.body` says.
    """
    lines = _kept_lines(head.fields, NOT_IN_REQUESTS, change, of_a_client=True)
    return b"%b %b HTTP/1.1\r\nHost: %b\r\n%b%b%b%b\r\n" % (
        head.method,
        target,
        host,
        lines,
        change.added,
        own,
        _framing_line(head.body),
    )


def response_octets(  # noqa: PLR0913 - each says one thing that the head does not know itself
    head: ResponseHead, *, body: Framing, close: bool, minor: int, change: Change, own: bytes
) -> bytes:
    """Return `head` as it goes to the client.

    HTTP/1.1, its status and phrase, end-to-end lines, `change.added`, `own`, framing, Connection.

    `body` is the framing towards the client, `minor` the client's version: UNTIL_CLOSE writes neither length nor
    coding. A bodyless answer (HEAD, 304) keeps the upstream's single Content-Length, which tells what a GET would have
    had; 1xx and 204 get none. `close` writes `Connection: close`, and so does UNTIL_CLOSE; a kept HTTP/1.0 connection
    gets `Connection: keep-alive`.

    Raises:
        ValueError: a chunked body for HTTP/1.0, which has none (RFC 9112, 6.1).
    """
    if body.kind is IN_CHUNKS and minor == 0:
        raise ValueError("a chunked body for HTTP/1.0")
    if close or body.kind is UNTIL_CLOSED:
        connection = b"Connection: close\r\n"
    else:
        connection = b"" if minor else b"Connection: keep-alive\r\n"
    framing = _length_of_what_is_not_sent(head) if body.kind is NONE else _framing_line(body)
    lines = _kept_lines(head.fields, NOT_IN_RESPONSES, change, of_a_client=False)
    return b"HTTP/1.1 %d %b\r\n%b%b%b%b%b\r\n" % (
        head.status,
        head.phrase,
        lines,
        change.added,
        own,
        framing,
        connection,
    )


def _framing_line(body: Framing) -> bytes:
    if body.kind is SIZED:
        return b"Content-Length: %d\r\n" % body.length
    return b"Transfer-Encoding: chunked\r\n" if body.kind is IN_CHUNKS else b""


def _length_of_what_is_not_sent(head: ResponseHead) -> bytes:
    """Return the Content-Length line of an answer to HEAD or a 304; nothing for 1xx and 204 (RFC 9110, 8.6)."""
    length = head.fields.value(b"content-length")
    if length is None or head.status < 200 or head.status == 204:  # noqa: PLR2004 - status codes
        return b""
    return b"Content-Length: %d\r\n" % int(length)


_GOING_ON: Final[Remembered[tuple[object, ...], tuple[bool, ...]]] = Remembered()
"""By names, what a change drops, and whose they are: which lines go on, as long as Connection names none."""


def _kept_lines(fields: Fields, left_out: frozenset[bytes], change: Change, *, of_a_client: bool) -> bytes:
    """Return the lines that go on, each with its CRLF.

    That is whose names are neither in `left_out` nor dropped by `change`, nor named in Connection; `of_a_client`: nor
    hold `_`, nor begin as forwarding fields do.
    """
    for changed, whose, octets in fields.kept:
        if changed is change and whose is of_a_client:
            return octets
    if b"connection" in fields.first and (fields.repeated or fields.value(b"connection") not in _NOMINATES_NOTHING):
        going_on = _which_go_on(fields.names, left_out | _nominated(fields), change, of_a_client=of_a_client)
    else:
        asked = (fields.names, change.dropped, change.dropped_prefixes, of_a_client)
        remembered = _GOING_ON.get(asked)
        going_on = remembered or _which_go_on(fields.names, left_out, change, of_a_client=of_a_client)
        if remembered is None:
            _GOING_ON.keep(asked, going_on, fields.names)
    octets = b"\r\n".join([*compress(fields.lines, going_on), b""])
    fields.kept.clear()
    fields.kept.append((change, of_a_client, octets))
    return octets


def _which_go_on(
    names: tuple[bytes, ...], left_out: frozenset[bytes], change: Change, *, of_a_client: bool
) -> tuple[bool, ...]:
    """Tell of each line whether it goes on."""
    gone = left_out | change.dropped
    prefixes = change.dropped_prefixes
    if not of_a_client:
        return tuple([name not in gone and not name.startswith(prefixes) for name in names])
    prefixes = (*prefixes, _FORWARDING_PREFIX)
    return tuple([name not in gone and b"_" not in name and not name.startswith(prefixes) for name in names])


def _nominated(fields: Fields) -> frozenset[bytes]:
    """Return the lower-case names that Connection makes hop-by-hop, but for those it cannot take away."""
    options = {option.lower() for option in fields.items(b"connection")} - _NEVER_NOMINATED
    return frozenset(option for option in options if not option.startswith(_NEVER_NOMINATED_PREFIX))
