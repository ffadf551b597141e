"""Why octets were not taken as a message."""

from typing import ClassVar


class Http1Error(Exception):
    """Octets that are not a message as RFC 9110 and 9112 have it, or that go over a limit."""

    status: ClassVar[int] = 400
    """Status code of the answer when a client sent them; an upstream's become 502."""


class MalformedError(Http1Error):
    """The octets do not match the grammar, or contradict themselves (RFC 9112, 2.2, 3.2, 5.1, 6.3, 7.1)."""


class MethodNotServedError(Http1Error):
    """CONNECT or TRACE: a gateway offers neither (RFC 9110, 9.3.6 and 9.3.8)."""

    status = 405


class TargetTooLongError(Http1Error):
    """The request target is longer than the limit (RFC 9110, 15.5.15)."""

    status = 414


class ExpectationError(Http1Error):
    """An expectation other than `100-continue` (RFC 9110, 10.1.1)."""

    status = 417


class HeadTooLargeError(Http1Error):
    """The head, one of its lines, or their number is over the limit (RFC 6585, 5)."""

    status = 431


class VersionNotSupportedError(Http1Error):
    """A version other than HTTP/1.0 and HTTP/1.1 (RFC 9110, 15.6.6)."""

    status = 505
