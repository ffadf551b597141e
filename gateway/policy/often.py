"""Decisions for what is asked again and again, remembered: the table decides once, and about everything else."""

from collections.abc import Callable
from typing import Final

from gateway.http1.head import RequestHead
from gateway.http1.remembered import Remembered
from gateway.policy.decide import Answer, Decision, Relay, decide
from gateway.policy.model import Policy
from gateway.policy.reason import Reason

_CROSS: Final = frozenset({b"cross-site", b"same-site"})
"""What a browser says of a call to another origin than the page's (https://www.w3.org/TR/fetch-metadata/)."""

_Asked = tuple[bytes | None, ...]


class Often:
    """What `decide` says by one policy. Only what it allows is kept, and nothing that depends on a path."""

    __slots__ = ("_policy", "_preflights", "_relays", "_table")

    def __init__(self, policy: Policy, table: Callable[[Policy, RequestHead], Decision] = decide) -> None:
        """Remember nothing yet; `table` says what has to be remembered."""
        self._policy = policy
        self._table = table
        self._relays: Remembered[_Asked, Relay] = Remembered()
        """By Host and Origin."""
        self._preflights: Remembered[_Asked, Answer] = Remembered()
        """By Host, Origin, method and headers asked for, and Sec-Fetch-Mode."""

    def decide(self, head: RequestHead) -> Decision:
        """Return what the table says of a request (`decide`)."""
        origin = head.origin
        if origin is None or not head.plain:
            return self._table(self._policy, head)
        if head.method == b"OPTIONS":
            return self._preflight(head)
        relay = self._relays.get((head.host, origin))
        if (
            relay is not None
            and relay.rule is not None
            and head.method in relay.rule.methods
            and head.fields.value(b"sec-fetch-site") in _CROSS
        ):
            return relay
        decision = self._table(self._policy, head)
        if isinstance(decision, Relay) and holds_for_any_target(decision):
            self._relays.keep((head.host, origin), decision, (head.host, origin))
        return decision

    def _preflight(self, head: RequestHead) -> Decision:
        """Return what the table says of a request with OPTIONS: a preflight does not depend on a path."""
        value = head.fields.value
        asked = (
            head.host,
            head.origin,
            value(b"access-control-request-method"),
            value(b"access-control-request-headers"),
            value(b"sec-fetch-mode"),
        )
        answer = self._preflights.get(asked)
        if answer is not None:
            return answer
        decision = self._table(self._policy, head)
        if isinstance(decision, Answer) and holds_for_any_target(decision):
            self._preflights.keep(asked, decision, asked)
        return decision


def holds_for_any_target(decision: Decision) -> bool:
    """Tell whether a request is allowed whatever its target is: the same of another one is decided the same."""
    if isinstance(decision, Answer):
        return decision.reason is Reason.PREFLIGHT_ALLOWED
    rule = decision.rule
    return rule is not None and not decision.site.reads_paths and rule.paths.everything
