"""A call made once more by the demonstration itself, line by line as a browser makes it, to show what was sent."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Final

from yarl import URL

from gateway.demo import browser, wire

if TYPE_CHECKING:
    from gateway.demo.browser import Refusal
    from gateway.demo.calls import Call
    from gateway.demo.wire import Message

REDIRECT_LIMIT: Final = 5
"""Redirects followed; browsers follow 20 (https://fetch.spec.whatwg.org/#http-redirect-fetch)."""

REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})
SHOWN_BODY_OCTETS: Final = 4096


@dataclass(frozen=True, slots=True)
class Exchange:
    """One request, and the answer or why there is none."""

    request: Message
    response: Message | None
    failure: str | None = None

    def as_json(self) -> dict[str, object]:
        """Return the exchange as the page's script reads it."""
        response = self.response
        return {
            "request": self.request.as_lines(),
            "response": None if response is None else response.as_lines(),
            "body": "" if response is None else response.body[:SHOWN_BODY_OCTETS].decode("utf-8", "replace"),
            "failure": self.failure,
        }


@dataclass(frozen=True, slots=True)
class Replay:
    """What a call came to: its exchanges, and why the page may not read the last one."""

    exchanges: tuple[Exchange, ...]
    refusal: Refusal | None

    @property
    def request_ids(self) -> list[str]:
        """Return the names the gateway gave these requests, which its log has too, in the order they were made."""
        responses = [exchange.response for exchange in self.exchanges if exchange.response is not None]
        return [value for response in responses for value in response.values("X-Request-Id")]

    def as_json(self) -> dict[str, object]:
        """Return what happened as the page's script reads it."""
        refusal = self.refusal
        return {
            "exchanges": [exchange.as_json() for exchange in self.exchanges],
            "refusal": None if refusal is None else asdict(refusal),
        }


class _Attempt:
    """A call under way."""

    def __init__(self, call: Call, origin: str) -> None:
        self._call = call
        self._page = origin
        self._origin = origin
        self._method = call.method
        self.exchanges: list[Exchange] = []

    async def run(self, url: URL) -> Refusal | None:
        """Make the call and follow it, and return why it cannot be read, or nothing."""
        first = url
        for _ in range(REDIRECT_LIMIT):
            try:
                refusal = await self._ask(url) if self._call.preflight else None
                response = await self._exchange(url, self._actual(url)) if refusal is None else None
            except wire.WireError as error:
                return browser.no_answer(self._method, str(url), error.console)
            if response is not None:
                refusal = browser.check(response, self._origin, credentials=self._call.credentials)
            if refusal is not None:
                redirected = "" if url is first else f" (redirected from '{first}')"
                return refusal.of(f"'{url}'{redirected}", self._origin)
            if response is None or response.status not in REDIRECTS or not response.values("Location"):
                return None
            url = self._follow(url, url.join(URL(response.values("Location")[0], encoded=True)), response.status)
        return browser.no_answer(self._method, str(first), "net::ERR_TOO_MANY_REDIRECTS")

    async def _ask(self, url: URL) -> Refusal | None:
        lines = [("Access-Control-Request-Method", self._method)]
        if self._call.asked_for:
            lines.append(("Access-Control-Request-Headers", ",".join(self._call.asked_for)))
        question = wire.request("OPTIONS", url, [*lines, *self._fetch_metadata(url)], None)
        return browser.check_preflight(await self._exchange(url, question), self._origin, self._call, self._method)

    def _actual(self, url: URL) -> Message:
        body = None if self._method != self._call.method or self._call.body is None else self._call.body.encode()
        return wire.request(self._method, url, [*self._call.headers, *self._fetch_metadata(url)], body)

    def _fetch_metadata(self, url: URL) -> list[tuple[str, str]]:
        site = "same-site" if URL(self._page).host == url.host else "cross-site"
        return [
            ("Origin", self._origin),
            ("Accept", "*/*"),
            ("Sec-Fetch-Site", site),
            ("Sec-Fetch-Mode", "cors"),
            ("Sec-Fetch-Dest", "empty"),
        ]

    def _follow(self, url: URL, following: URL, status: int) -> URL:
        if following.origin() != url.origin():
            self._origin = "null"  # what led here was nobody's page any more (#concept-request-tainted-origin)
        if status not in {307, 308} and self._method == "POST":
            self._method = "GET"
        return following

    async def _exchange(self, url: URL, request: Message) -> Message:
        try:
            response = await wire.send(url, request)
        except wire.WireError as error:
            self.exchanges.append(Exchange(request, None, str(error)))
            raise
        self.exchanges.append(Exchange(request, response))
        return response


async def replay(call: Call, base: str, origin: str) -> Replay:
    """Return what happens when a page on `origin` makes the call to the server at `base`."""
    attempt = _Attempt(call, origin)
    refusal = await attempt.run(URL(base + call.path, encoded=True))
    return Replay(tuple(attempt.exchanges), refusal)
