"""Reasons: one word for each outcome, the same in response, log, metric and status."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class Reason(StrEnum):
    """Why a request ended as it did. A closed list, subject first."""

    # Relayed, or answered as asked.
    ALLOWED = "allowed"
    NOT_CORS = "not-cors"
    SAME_ORIGIN = "same-origin"
    FORM_POST = "form-post"
    ORIGIN_UNLISTED = "origin-unlisted"
    PREFLIGHT_ALLOWED = "preflight-allowed"
    HEALTH = "health"
    # Refused by a rule.
    HOST_UNKNOWN = "host-unknown"
    ORIGIN_REPEATED = "origin-repeated"
    ORIGIN_NOT_ALLOWED = "origin-not-allowed"
    METHOD_NOT_ALLOWED = "method-not-allowed"
    HEADER_NOT_ALLOWED = "header-not-allowed"
    PATH_AMBIGUOUS = "path-ambiguous"
    PATH_NOT_SERVED = "path-not-served"
    PATH_NOT_ALLOWED = "path-not-allowed"
    # Not HTTP, or over a limit.
    REQUEST_MALFORMED = "request-malformed"
    METHOD_NOT_SERVED = "method-not-served"
    VERSION_NOT_SUPPORTED = "version-not-supported"
    EXPECTATION_FAILED = "expectation-failed"
    TARGET_TOO_LONG = "target-too-long"
    HEAD_TOO_LARGE = "head-too-large"
    HEAD_TIMEOUT = "head-timeout"
    BODY_TOO_LARGE = "body-too-large"
    BODY_TIMEOUT = "body-timeout"
    BODY_MALFORMED = "body-malformed"
    SITE_BUSY = "site-busy"
    GATEWAY_BUSY = "gateway-busy"
    LOOP_DETECTED = "loop-detected"
    PLAIN_HTTP = "plain-http"
    # The upstream failed.
    UPSTREAM_NAME_UNRESOLVED = "upstream-name-unresolved"
    UPSTREAM_REFUSED = "upstream-refused"
    UPSTREAM_UNREACHABLE = "upstream-unreachable"
    UPSTREAM_CONNECT_TIMEOUT = "upstream-connect-timeout"
    UPSTREAM_CERTIFICATE = "upstream-certificate"
    UPSTREAM_TLS = "upstream-tls"
    UPSTREAM_CLOSED = "upstream-closed"
    UPSTREAM_MALFORMED = "upstream-malformed"
    UPSTREAM_TIMEOUT = "upstream-timeout"
    UPSTREAM_CUT_OFF = "upstream-cut-off"
    UPSTREAM_REDIRECT = "upstream-redirect"
    UPSTREAM_MISDIRECTED = "upstream-misdirected"
    LOGIN_REQUIRED = "login-required"
    AUTHENTICATION_CONNECTION_BOUND = "authentication-connection-bound"
    # The client left, or the gateway is at fault.
    CLIENT_GONE = "client-gone"
    CLIENT_STALLED = "client-stalled"
    SHUTDOWN = "shutdown"
    INTERNAL = "internal"


@dataclass(frozen=True, slots=True)
class Explanation:
    """What a reason means."""

    status: int | None
    """Status of the gateway's own answer; None where it relays, or where no answer can be given any more."""
    sentence: str
    """For the `detail` of the problem and for docs/reasons.md."""
    remedy: str
    """What would change it, `{place}`, `{origin}`, `{method}`, `{header}`, `{path}`, `{host}` filled in where known; empty for good ends."""


EXPLANATIONS: Mapping[Reason, Explanation] = {}
"""Each reason's sentence and remedy; a test holds that none is missing, and that docs/reasons.md says the same."""
