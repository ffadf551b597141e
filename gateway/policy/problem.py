"""The gateway's own answers as octets: application/problem+json (RFC 9457), or a short plain page for a navigation."""

from gateway.policy.decide import Answer


def answer_octets(
    answer: Answer, *, request_id: str, date: bytes, close: bool, minor: int, head_only: bool, navigation: bool, retry_after: int | None = None
) -> bytes:
    """Return the whole answer: status line, `answer.block`, Date, X-Request-Id, Cache-Control: no-store, nosniff, framing, body.

    A 204 has no body and no Content-Type. `date` is an IMF-fixdate (RFC 9110, 5.6.7). `close` writes Connection: close; a kept HTTP/1.0
    connection gets keep-alive. `head_only` leaves the body out but not its length. The body holds type, title, status, detail, reason,
    request_id, remedy if any: fixed texts, nothing of the request repeated.
    """
    raise NotImplementedError


def is_navigation(accept: bytes | None, fetch_mode: bytes | None) -> bool:
    """Tell whether a person is looking: `Sec-Fetch-Mode: navigate`, or, where absent, an Accept that names text/html."""
    raise NotImplementedError
