"""What a browser makes of an answer, told in its own words: a page's script only ever hears "Failed to fetch".

The rules are Fetch's. The sentences are those of Chromium's console, and so of Edge and of Outlook's web view.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from http import HTTPStatus
from typing import TYPE_CHECKING, Final

from gateway.demo.calls import SAFELISTED_METHODS

if TYPE_CHECKING:
    from gateway.demo.calls import Call
    from gateway.demo.wire import Message


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a page may not read an answer."""

    rule: str
    """What stopped the browser, in a few words."""

    console: str
    """What the browser's console says."""

    why: str
    """The same for a reader who knows nothing of CORS."""

    def of(self, url: str, origin: str) -> Refusal:
        """Return the refusal with the whole sentence of the console, which names the call and the page."""
        console = f"Access to fetch at {url} from origin '{origin}' has been blocked by CORS policy: {self.console}"
        return replace(self, console=console)


def no_answer(method: str, url: str, error: str) -> Refusal:
    """Return what a browser says where there is nothing to read."""
    return Refusal(
        "no answer",
        f"{method} {url} {error}",
        "There was no answer at all. To the page's script that looks exactly like an answer it may not read.",
    )


_WILDCARD_WITH_CREDENTIALS: Final = Refusal(
    "* on a call with cookies",
    "The value of the 'Access-Control-Allow-Origin' header in the response must not be the wildcard '*' "
    "when the request's credentials mode is 'include'.",
    "A call with cookies may only be answered to one page, named in full. * means everybody, and is refused.",
)


def check(response: Message, origin: str, *, credentials: bool) -> Refusal | None:
    """Return why an answer is kept from its page, or nothing (https://fetch.spec.whatwg.org/#cors-check)."""
    allowed = response.values("Access-Control-Allow-Origin")
    if not allowed:
        return Refusal(
            "no page is named in the answer",
            "No 'Access-Control-Allow-Origin' header is present on the requested resource.",
            "The answer does not name a page that may read it, so no page may.",
        )
    value = ", ".join(allowed)
    if "," in value:
        return Refusal(
            "two answers to one question",
            f"The 'Access-Control-Allow-Origin' header contains multiple values '{value}', but only one is allowed. "
            "Have the server send the header with a valid value.",
            "Two answers to the question who may read this: the CRM's and the web server's. "
            "Browsers then refuse, even where one of them, or both, would do.",
        )
    if value == "*":
        return _WILDCARD_WITH_CREDENTIALS if credentials else None
    if value != origin:
        return Refusal(
            "another page is named in the answer",
            f"The 'Access-Control-Allow-Origin' header has a value '{value}' that is not equal to the supplied origin.",
            "The answer may be read by another page, not by this one.",
        )
    given = ", ".join(response.values("Access-Control-Allow-Credentials"))
    if credentials and given != "true":
        return Refusal(
            "cookies are not allowed for in the answer",
            "The value of the 'Access-Control-Allow-Credentials' header in the response is "
            f"'{given}' which must be 'true' when the request's credentials mode is 'include'.",
            "A call with cookies needs an answer that says true, once and in lower case.",
        )
    return None


def check_preflight(response: Message, origin: str, call: Call, method: str) -> Refusal | None:
    """Return why the call is not made, or nothing (https://fetch.spec.whatwg.org/#cors-preflight-fetch)."""
    if 300 <= response.status < 400:  # noqa: PLR2004 (redirects, RFC 9110, 15.4)
        return Refusal(
            "the preflight was redirected",
            "Response to preflight request doesn't pass access control check: "
            "Redirect is not allowed for a preflight request.",
            "The question whether the call may be made was sent elsewhere, which browsers do not follow.",
        )
    if (refusal := check(response, origin, credentials=call.credentials)) is not None:
        console = f"Response to preflight request doesn't pass access control check: {refusal.console}"
        why = f"Already the question whether the call may be made fails. {refusal.why}"
        return Refusal(f"preflight: {refusal.rule}", console, why)
    if not HTTPStatus.OK <= response.status < 300:  # noqa: PLR2004 (success, RFC 9110, 15.3)
        return Refusal(
            "the preflight met an error",
            "Response to preflight request doesn't pass access control check: It does not have HTTP ok status.",
            "The question whether the call may be made was answered with an error, so it is not made.",
        )
    methods = _listed(response, "Access-Control-Allow-Methods")
    wild = set[str]() if call.credentials else {"*"}
    if method not in SAFELISTED_METHODS and not methods & {method, *wild}:
        return Refusal(
            f"{method} is not listed in the answer to the preflight",
            f"Method {method} is not allowed by Access-Control-Allow-Methods in preflight response.",
            f"The answer to the browser's question does not list {method}, so the call is not made.",
        )
    names = {name.lower() for name in _listed(response, "Access-Control-Allow-Headers")}
    for name in call.asked_for:
        if not names & {name, *wild}:
            return Refusal(
                f"{name} is not listed in the answer to the preflight",
                f"Request header field {name} is not allowed by Access-Control-Allow-Headers in preflight response.",
                f"The answer to the browser's question does not list {name}, so the call is not made.",
            )
    return None


def _listed(response: Message, name: str) -> set[str]:
    return {item.strip() for value in response.values(name) for item in value.split(",")}
