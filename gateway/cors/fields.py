"""The CORS response fields of one answer, as octets (https://fetch.spec.whatwg.org/#http-responses)."""

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
    raise NotImplementedError


def preflight_block(
    origin: bytes, *, credentials: bool, methods: Iterable[bytes], headers: Iterable[bytes], max_age_seconds: int
) -> bytes:
    """Return the field lines of a preflight's answer. Allow-Headers is left out when `headers` is empty."""
    raise NotImplementedError
