"""Heads as we write them: end-to-end lines as they came, our own framing and fields around them (RFC 9110, 7.6)."""

from dataclasses import dataclass

from gateway.http1.framing import Framing
from gateway.http1.head import RequestHead, ResponseHead


@dataclass(frozen=True, slots=True)
class Change:
    """What the gateway changes in a head besides hop-by-hop fields and framing."""

    dropped: frozenset[bytes] = frozenset()
    """Lower-case names whose lines do not go on."""
    dropped_prefixes: tuple[bytes, ...] = ()
    """As `dropped`, for every name with one of these beginnings."""
    added: bytes = b""
    """Whole field lines, each ended by CRLF, written behind the others."""


def request_octets(head: RequestHead, *, target: bytes, host: bytes, change: Change) -> bytes:
    """Return `head` as it goes to the upstream: HTTP/1.1, `host` first, then the client's end-to-end lines, `change.added`, and framing.

    Left out: hop-by-hop fields and what Connection names, but Connection cannot take away Host, Content-Length, Authorization,
    Cookie, Origin, Access-Control-*, Content-Type or forwarding fields (RFC 9110, 7.6.1); Expect; every name with `_` in it (CGI
    would read it as the name with `-`); forwarding fields (`FORWARDING`), which the relay writes afresh in `change.added`. Framing is
    `Content-Length` or `Transfer-Encoding: chunked` as `head.body` says.
    """
    raise NotImplementedError


def response_octets(head: ResponseHead, *, body: Framing, close: bool, minor: int, change: Change) -> bytes:
    """Return `head` as it goes to the client: `HTTP/1.1`, its status and phrase, end-to-end lines, `change.added`, framing, Connection.

    `body` is the framing towards the client, `minor` the client's version: UNTIL_CLOSE writes neither length nor coding. A bodyless
    answer (HEAD, 304) keeps the upstream's single Content-Length, which tells what a GET would have had; 1xx and 204 get none.
    `close` writes `Connection: close`; a kept HTTP/1.0 connection gets `Connection: keep-alive`.
    """
    raise NotImplementedError


FORWARDING: frozenset[bytes] = frozenset()
"""Fields that tell a server who the client was; from clients they are never believed (R10 in docs/design.md): forwarded, every
x-forwarded-*, x-real-ip, client-ip, true-client-ip, x-client-ip, x-cluster-client-ip, cf-connecting-ip, x-original-host and their like."""
