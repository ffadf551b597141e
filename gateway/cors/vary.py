"""`Vary` (RFC 9110, 12.5.5; https://fetch.spec.whatwg.org/#cors-protocol-and-http-caches)."""

from collections.abc import Sequence


def merge_vary(values: Sequence[bytes], names: Sequence[bytes]) -> bytes:
    """Return one Vary value: the upstream's members in their order, then those of `names` that were missing, no repeats; `*` stays alone."""
    raise NotImplementedError
