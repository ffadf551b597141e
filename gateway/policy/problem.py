"""The gateway's own answers as octets: application/problem+json (RFC 9457), or a short plain page for a navigation."""

import json
from http import HTTPStatus
from typing import Final

from gateway.policy.decide import Answer
from gateway.policy.reason import EXPLANATIONS, PUBLIC_REMEDIES

NO_CONTENT: Final = int(HTTPStatus.NO_CONTENT)
BAD_REQUEST: Final = int(HTTPStatus.BAD_REQUEST)
STATUS_LINES: Final = {int(each): b"HTTP/1.1 %d %b\r\n" % (each, each.phrase.encode()) for each in HTTPStatus}
"""Status → the first line of an answer with it."""

PAGE_POLICY: Final = (
    b"Content-Security-Policy: default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'\r\n"
)
"""The page shows text, and nothing ever has to be loaded for it."""


def answer_octets(  # noqa: PLR0913 - each says one thing that the answer does not know itself
    answer: Answer,
    *,
    request_id: str,
    date: bytes,
    close: bool,
    minor: int,
    head_only: bool,
    navigation: bool,
    retry_after: int | None = None,
) -> bytes:
    """Return the whole answer.

    Status line, `answer.block`, Date, X-Request-Id, Cache-Control: no-store, nosniff, framing, body. A 204 has no body
    and no Content-Type. `date` is an IMF-fixdate (RFC 9110, 5.6.7). `close` writes Connection: close; a kept HTTP/1.0
    connection gets keep-alive. `head_only` leaves the body out but not its length.

    The body of a refusal holds type, title, status, detail, reason, request_id, remedy if any: fixed texts. Nothing of
    the request is repeated, and no file is named: strangers read this too. What `answer.remedy` says more is in the
    log, under the same request_id.
    """
    lines = [
        STATUS_LINES[answer.status],
        b"Date: ",
        date,
        b"\r\n",
        answer.block,
        b"X-Request-Id: ",
        request_id.encode(),
        b"\r\nCache-Control: no-store\r\n",
    ]
    if retry_after is not None:
        lines.append(b"Retry-After: %d\r\n" % retry_after)
    if close:
        lines.append(b"Connection: close\r\n")
    elif minor == 0:
        lines.append(b"Connection: keep-alive\r\n")
    body = b""
    if answer.status != NO_CONTENT:
        write = _plain if answer.status < BAD_REQUEST else _page if navigation else _problem
        content_type, body = write(answer, request_id)
        lines.append(content_type)
        lines.append(b"X-Content-Type-Options: nosniff\r\nContent-Length: %d\r\n" % len(body))
    return b"".join((*lines, b"\r\n", b"" if head_only else body))


def no_content_octets(block: bytes, request_id: str, date: bytes) -> bytes:
    """Return what `answer_octets` does of a 204 with this block, in HTTP/1.1 on a connection that stays."""
    lines = (
        STATUS_LINES[NO_CONTENT],
        b"Date: ",
        date,
        b"\r\n",
        block,
        b"X-Request-Id: ",
        request_id.encode(),
        b"\r\nCache-Control: no-store\r\n\r\n",
    )
    return b"".join(lines)


def is_navigation(accept: bytes | None, fetch_mode: bytes | None) -> bool:
    """Tell whether a person looks at the answer.

    `Sec-Fetch-Mode: navigate`, or, where that is absent, an Accept that names text/html.
    """
    if fetch_mode is not None:
        return fetch_mode == b"navigate"
    return accept is not None and b"text/html" in accept.lower()


def _plain(answer: Answer, _request_id: str) -> tuple[bytes, bytes]:
    """Return Content-Type and body where there is no problem to tell of: of a health probe, and of the way to https."""
    return b"Content-Type: text/plain; charset=utf-8\r\n", EXPLANATIONS[answer.reason].sentence.encode() + b"\n"


def _problem(answer: Answer, request_id: str) -> tuple[bytes, bytes]:
    """Return Content-Type and body for a program."""
    problem: dict[str, str | int] = {
        "type": "about:blank",  # so that `title` is the status phrase (RFC 9457, 4.2.1); `reason` says which problem
        "title": HTTPStatus(answer.status).phrase,
        "status": answer.status,
        "detail": EXPLANATIONS[answer.reason].sentence,
        "reason": answer.reason,
        "request_id": request_id,
    }
    if PUBLIC_REMEDIES[answer.reason]:
        problem["remedy"] = PUBLIC_REMEDIES[answer.reason]
    return b"Content-Type: application/problem+json\r\n", json.dumps(problem).encode() + b"\n"


def _page(answer: Answer, request_id: str) -> tuple[bytes, bytes]:
    """Return Content-Type, with the page's policy, and body for a person."""
    from html import escape  # noqa: PLC0415 - with the names of all characters, and such a page is rare

    heading = f"{answer.status} {HTTPStatus(answer.status).phrase}"
    page = (
        "<!DOCTYPE html>\n"
        f'<html lang="en"><meta charset="utf-8"><title>{heading}</title>\n'
        f"<h1>{heading}</h1>\n"
        f"<p>{escape(EXPLANATIONS[answer.reason].sentence)}</p>\n"
        f"<p>What would change it: {escape(PUBLIC_REMEDIES[answer.reason])}.</p>\n"
        f"<p>Reason: <code>{answer.reason}</code>. Request: <code>{escape(request_id)}</code>.</p>\n"
        "</html>\n"
    )
    return b"Content-Type: text/html; charset=utf-8\r\n" + PAGE_POLICY, page.encode()
