"""The CORS response fields of one answer, as octets (https://fetch.spec.whatwg.org/#http-responses).

Each field is written once, on one line, and never as `*`: browsers refuse a second Allow-Origin line even where it says
the same, and with credentials `*` is a name like any other (https://fetch.spec.whatwg.org/#cors-protocol-and-credentials).
"""

from collections.abc import Iterable
from typing import Final

CORS_PREFIX: Final = b"access-control-"
"""Every response field with this beginning is the gateway's to write: an upstream's are removed, whatever they say."""

ALWAYS_EXPOSED: Final = (b"retry-after", b"x-request-id")
"""So that a page can show what the gateway tells it."""


def actual_block(origin: bytes, *, credentials: bool, expose: Iterable[bytes]) -> bytes:
    """Return the field lines, each ended by CRLF, that share a response with `origin`: one of each, never `*`.

    Allow-Origin, Allow-Credentials: true (if so), Expose-Headers: `expose` and ALWAYS_EXPOSED, lower case, no repeats.
    """
    exposed = dict.fromkeys((*(name.lower() for name in expose), *ALWAYS_EXPOSED))
    return _share(origin, credentials=credentials) + list_line(b"Access-Control-Expose-Headers", exposed)


def preflight_block(
    origin: bytes, *, credentials: bool, methods: Iterable[bytes], headers: Iterable[bytes], max_age_seconds: int
) -> bytes:
    """Return the field lines of a preflight's answer. Allow-Headers is left out when `headers` is empty."""
    return b"".join(
        (
            _share(origin, credentials=credentials),
            list_line(b"Access-Control-Allow-Methods", methods),
            list_line(b"Access-Control-Allow-Headers", headers),
            b"Access-Control-Max-Age: %d\r\n" % max_age_seconds,
        )
    )


def list_line(name: bytes, members: Iterable[bytes]) -> bytes:
    """Return the line of a list field, ended by CRLF; nothing when the list is empty."""
    value = b", ".join(members)
    return b"%b: %b\r\n" % (name, value) if value else b""


def _share(origin: bytes, *, credentials: bool) -> bytes:
    """Return the lines that pass the CORS check (https://fetch.spec.whatwg.org/#concept-cors-check)."""
    line = b"Access-Control-Allow-Origin: %b\r\n" % origin
    return line + b"Access-Control-Allow-Credentials: true\r\n" if credentials else line
