"""`Vary` (RFC 9110, 12.5.5; https://fetch.spec.whatwg.org/#cors-protocol-and-http-caches)."""

from collections.abc import Sequence


def merge_vary(values: Sequence[bytes], names: Sequence[bytes]) -> bytes:
    """Return one Vary value: the upstream's members in their order, then those of `names` that were missing.

    None is repeated. `*` stays alone: it already says that the response varies on everything.
    """
    members: dict[bytes, bytes] = {}
    for value in (*values, *names):
        for part in value.split(b","):
            member = part.strip(b" \t")
            if member == b"*":
                return b"*"
            if member:
                members.setdefault(member.lower(), member)
    return b", ".join(members.values())
