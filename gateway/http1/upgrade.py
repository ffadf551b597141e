"""The WebSocket handshake, as far as a relay must understand it (RFC 6455, 4)."""

from base64 import b64decode, b64encode
from binascii import Error
from hashlib import sha1
from typing import Final

from gateway.http1.framing import Kind
from gateway.http1.head import RequestHead, ResponseHead

GUID: Final = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
"""Joined to the client's key and hashed, it shows that the upstream speaks the protocol (RFC 6455, 1.3)."""

KEY_OCTETS: Final = 16
"""A Sec-WebSocket-Key is the base64 of as many (RFC 6455, 4.1)."""

UPGRADE_LINES: Final = b"Connection: Upgrade\r\nUpgrade: websocket\r\n"
"""Written both ways, since the hop-by-hop lines of the other side are not relayed."""


def websocket_key(head: RequestHead) -> bytes | None:
    """Return the key of a request that opens a WebSocket; None for every other, an Upgrade to something else included.

    GET, HTTP/1.1, no body, Upgrade: websocket named in Connection, version 13, one key of 16 octets (RFC 6455, 4.2.1).
    """
    fields = head.fields
    if b"upgrade" not in fields or head.method != b"GET" or not head.minor or head.body.kind is not Kind.NONE:
        return None
    if not _names(fields.items(b"upgrade"), b"websocket") or not _names(fields.items(b"connection"), b"upgrade"):
        return None
    keys = fields.values(b"sec-websocket-key")
    if fields.values(b"sec-websocket-version") != (b"13",) or len(keys) != 1:
        return None
    try:
        whole = len(b64decode(keys[0], validate=True)) == KEY_OCTETS
    except Error:
        return None
    return keys[0] if whole else None


def accepts_websocket(head: ResponseHead, key: bytes) -> bool:
    """Tell whether a 101 is the answer to the request with `key` (RFC 6455, 4.1): nothing else may become a tunnel."""
    fields = head.fields
    accept = b64encode(sha1(key + GUID, usedforsecurity=False).digest())
    return (
        head.minor == 1
        and _names(fields.items(b"upgrade"), b"websocket")
        and _names(fields.items(b"connection"), b"upgrade")
        and fields.values(b"sec-websocket-accept") == (accept,)
    )


def _names(items: tuple[bytes, ...], wanted: bytes) -> bool:
    return any(item.lower() == wanted for item in items)
