"""CDN-Loop: each intermediary leaves its name, and one that finds its own has found a loop (RFC 8586)."""

from gateway.http1.fields import Fields


def has_passed(fields: Fields, name: bytes) -> bool:
    """Tell whether a request has come by the intermediary that calls itself `name`, a token."""
    if b"cdn-loop" not in fields:
        return False
    return any(item.partition(b";")[0].strip(b" \t") == name for item in fields.items(b"cdn-loop"))


def loop_line(fields: Fields, name: bytes) -> bytes:
    """Return the one CDN-Loop line to send on: what came, and `name` behind it, ended by CRLF."""
    return b"CDN-Loop: %b\r\n" % b", ".join((*fields.values(b"cdn-loop"), name))
