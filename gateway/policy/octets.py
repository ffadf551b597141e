"""What a rule comes to in octets, worked out once when the configuration is read."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from types import MappingProxyType
from typing import Final

from gateway.cors.fields import actual_block, preflight_block
from gateway.http1.outgoing import Change
from gateway.policy.headers import NEVER_BY_ANY

VARY: Final = b"Vary: Origin\r\n"
"""Stands on every answer of a site, whoever asked: what is stored for one client may be given to another
(https://fetch.spec.whatwg.org/#cors-protocol-and-http-caches)."""

VARY_PREFLIGHT: Final = b"Vary: Origin, Access-Control-Request-Method, Access-Control-Request-Headers\r\n"
"""What the answer to a preflight was made from."""

ALWAYS_LISTED_BY_ANY: Final = (b"authorization", b"content-type")
"""Names that `headers: any` lists also where they are not asked for.

Some builds of classic Outlook's runtime join two names without a comma, `authorizationContent-Length, Content-Type`,
and then look for `Authorization` in the answer (SendPreflightAsync in microsoft/react-native-windows at 00ba98e).
"""

COOKIE: Final = frozenset({b"cookie", b"cookie2"})

_MARK: Final = b"\0"
"""Stands for what is filled in; no field value holds it."""


@dataclass(frozen=True, slots=True)
class CompiledRule:
    """The octets of a rule's answers: what is filled in is the origin, and the headers that a preflight asked for."""

    actual: tuple[bytes, bytes]
    """The fields of an actual request's answer, before and behind the origin."""
    preflight: tuple[bytes, bytes]
    """The fields of a preflight's answer with the rule's own list of headers, before and behind the origin."""
    preflight_asked: tuple[bytes, bytes, bytes]
    """The same before and behind the origin, and behind a list of headers."""
    listed: Mapping[bytes, None]
    """The rule's own list of headers, in order, lower case."""
    names: frozenset[bytes]
    """The same, to look them up all at once."""
    allow: bytes
    """The `Allow` line of a 405 (RFC 9110, 15.5.6)."""
    request_change: Change
    """What a request loses on its way up."""

    def share(self, origin: bytes) -> bytes:
        """Return the fields that let a page of `origin` read an answer."""
        before, behind = self.actual
        return before + origin + behind

    def answer_preflight(self, origin: bytes, headers: Iterable[bytes] | None) -> bytes:
        """Return the fields that answer a preflight, `Vary` included; for None, `headers` is the rule's own list."""
        if headers is None:
            before, behind = self.preflight
            return before + origin + behind
        before, between, behind = self.preflight_asked
        return before + origin + between + b", ".join(headers) + behind


def compile_rule(  # noqa: PLR0913 - each is a key of a rule
    *,
    methods: Iterable[bytes],
    headers: frozenset[bytes],
    any_header: bool,
    expose: Iterable[bytes],
    credentials: bool,
    cookies: bool,
    max_age_seconds: int,
) -> CompiledRule:
    """Return what follows from a rule; `cookies`: they are relayed."""
    names = sorted(methods)
    listed = sorted(headers.union(ALWAYS_LISTED_BY_ANY) if any_header else headers)
    answer = partial(preflight_block, _MARK, credentials=credentials, methods=names, max_age_seconds=max_age_seconds)
    before, behind = actual_block(_MARK, credentials=credentials, expose=expose).split(_MARK)
    before_own, behind_own = (answer(headers=listed) + VARY_PREFLIGHT).split(_MARK)
    before_asked, between, behind_asked = (answer(headers=(_MARK,)) + VARY_PREFLIGHT).split(_MARK)
    return CompiledRule(
        actual=(before, behind),
        preflight=(before_own, behind_own),
        preflight_asked=(before_asked, between, behind_asked),
        listed=MappingProxyType(dict.fromkeys(listed)),
        names=frozenset(listed),
        allow=b"Allow: %b\r\n" % b", ".join(names),
        request_change=Change(dropped=NEVER_BY_ANY - headers if cookies else NEVER_BY_ANY - headers | COOKIE),
    )
