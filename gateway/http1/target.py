"""Request targets and authorities (RFC 3986, 3; RFC 9110, 7.2)."""


def path_of(target: bytes) -> bytes:
    """Return the target's path, as sent, without the query."""
    raise NotImplementedError


def is_ambiguous(path: bytes) -> bool:
    r"""Tell whether servers could read `path` in more than one way.

    Dot-segments, empty segments (`//`), a backslash, and percent-encoded NUL, `/`, `\`, `%` or unreserved octets (RFC 3986, 6.2.2):
    with any of these a path rule could be got around by a spelling.
    """
    raise NotImplementedError


def split_host(authority: bytes) -> tuple[bytes, int | None]:
    """Return (host, lower-case, an IPv6 literal in its brackets; port or None) of a valid `uri-host [":" port]`.

    Raises:
        MalformedError: it is not one.
    """
    raise NotImplementedError
