"""Whether what a page read is what the CRM said, and whether what it was refused stayed unread."""

import json
from collections.abc import Iterable
from typing import Final

from tests.real.chromium import Outcome, Readable, Unreadable
from tests.real.raw import RawAnswer
from tests.real.table import Refusal

SAFELISTED: Final = frozenset(
    {"cache-control", "content-language", "content-length", "content-type", "expires", "last-modified", "pragma"}
)
"""What a page reads of any answer shared with it: https://fetch.spec.whatwg.org/#cors-safelisted-response-header-name."""

EXPOSED: Final = frozenset({"content-disposition", "content-range", "etag", "retry-after", "touch-session-id"})
"""What the vtenext preset exposes besides, but for the gateway's own `x-request-id`."""

PROBLEM: Final = "application/problem+json"

OWN: Final = "x-request-id"
"""What the gateway adds to an answer and exposes."""


def as_a_page_reads(answer: RawAnswer) -> Readable:
    """Return what a page may read of an answer: fields in the order and the spelling that `Headers` gives them."""
    names = sorted({name.lower() for name, _ in answer.lines} & (SAFELISTED | EXPOSED))
    return Readable(answer.status, tuple((name, ", ".join(answer.values(name))) for name in names), answer.body)


def of_the_crm(outcome: Outcome) -> Outcome:
    """Return an outcome without what the gateway adds to it."""
    if isinstance(outcome, Unreadable):
        return outcome
    fields = tuple((name, value) for name, value in outcome.fields if name != OWN)
    return Readable(outcome.status, fields, outcome.body)


def fields_of(answer: RawAnswer) -> list[tuple[str, str]]:
    """Return the lines of an answer that say who may read it, in the order of their names, as many as there are."""
    return sorted((name.lower(), value) for name, value in answer.lines if name.lower().startswith("access-control-"))


def is_a_problem(outcome: Outcome) -> bool:
    """Tell whether the page read an answer of the gateway's own."""
    return isinstance(outcome, Readable) and dict(outcome.fields).get("content-type") == PROBLEM


def problem(outcome: Outcome) -> tuple[int, str]:
    """Return status and reason of the gateway's own answer, read by a page.

    Raises:
        AssertionError: it is none, or the page could not read it, or it does not say which request it was.
    """
    assert isinstance(outcome, Readable), outcome
    assert is_a_problem(outcome), outcome
    told = json.loads(outcome.body)
    assert told["request_id"], told
    assert told["status"] == outcome.status, told
    return outcome.status, str(told["reason"])


def stayed_unread(refusal: Refusal, outcomes: Iterable[Outcome]) -> list[bool]:
    """Return for each of the calls that the policy refuses whether the page read nothing of the CRM.

    Of a path that is not served it reads the gateway's 404, which says so: it is the page of an origin that has a rule.
    """
    return [
        is_a_problem(outcome) and problem(outcome) == (404, "path-not-served")
        if refusal is Refusal.PATH
        else isinstance(outcome, Unreadable)
        for outcome in outcomes
    ]
