"""What is remembered of decisions: never anything else than the table says, and never without bound."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.cors.origin import OriginTable
from gateway.http1.head import RequestHead
from gateway.http1.remembered import REMEMBERED, REMEMBERED_OCTETS
from gateway.policy.decide import Decision, decide
from gateway.policy.model import EVERYTHING, Policy
from gateway.policy.often import Often, holds_for_any_target
from tests.policy.examples import ADDIN, HOST, OPEN, POLICY, SITE, preflight, request


def head_of(method: str, target: str, lines: list[str], host: str, origin: str | None) -> RequestHead:
    return request(method, target, *lines, host=host, origin=origin)


HEADS = st.builds(
    head_of,
    st.sampled_from(["GET", "POST", "PUT", "DELETE", "OPTIONS"]),
    st.sampled_from(["/restapi/v1/x", "/index.php", "/restapi//x"]),
    st.lists(
        st.sampled_from(
            [
                *("Sec-Fetch-Site: cross-site", "Sec-Fetch-Site: same-site", "Sec-Fetch-Site: same-origin"),
                *("Sec-Fetch-Mode: cors", "Sec-Fetch-Mode: CORS", "Authorization: Basic x", "Authorization: NTLM x"),
                *("Access-Control-Request-Method: GET", "Access-Control-Request-Method: PUT", "X_Y: z"),
                *("Access-Control-Request-Headers: authorization", "Access-Control-Request-Headers: x-otp"),
            ]
        ),
        max_size=4,
    ),
    st.sampled_from([HOST, f"{HOST}:443", "open.example", "other.example"]),
    st.sampled_from([ADDIN, f"{ADDIN}/", "https://a.apps.example", "https://evil.example", f"https://{HOST}", None]),
)
OPEN_SITE = replace(
    OPEN,
    names=("open.example",),
    form_posts=EVERYTHING,
    rules=OriginTable([(origin, replace(rule, paths=EVERYTHING)) for origin, rule in SITE.rules.entries]),
)
PARTED_SITE = replace(OPEN_SITE, names=("parted.example",), rules=SITE.rules)
"""Its rules depend on paths, and it does not."""
BOTH = Policy({**POLICY.sites, b"open.example": OPEN_SITE, b"parted.example": PARTED_SITE})
APP = "https://a.apps.example"


@pytest.mark.fuzz
@given(st.lists(HEADS, max_size=12))
def test_it_says_what_the_table_says_whatever_was_asked_before(heads: list[RequestHead]) -> None:
    remembers = Often(BOTH)
    for head in [*heads, *heads]:
        assert remembers.decide(head) == decide(BOTH, head)


@pytest.mark.fuzz
@given(HEADS, st.sampled_from(["/restapi/v1/y", "/index.php?a=/restapi/v1/x", "/restapi//y", "/modules/z"]))
def test_what_holds_for_any_target_is_what_the_table_says_of_another(head: RequestHead, target: str) -> None:
    decision = decide(BOTH, head)
    if holds_for_any_target(decision):
        assert decide(BOTH, replace(head, target=target.encode())) == decision


class Asked(list[Decision]):
    """The decisions that the table was asked for."""

    def table(self, policy: Policy, head: RequestHead) -> Decision:
        self.append(decide(policy, head))
        return self[-1]


def test_what_is_allowed_is_asked_for_once() -> None:
    asked = Asked()
    remembers = Often(BOTH, asked.table)
    actual = request("POST", "/a", "Sec-Fetch-Site: cross-site", host="open.example", origin=ADDIN)
    for _ in range(3):
        assert remembers.decide(actual) is asked[0]
        assert remembers.decide(preflight("POST", "authorization")) is asked[1]
    assert len(asked) == 2


@pytest.mark.parametrize(
    "head",
    [
        pytest.param(request("DELETE", "/a", "Sec-Fetch-Site: cross-site", host="open.example", origin=ADDIN), id="no"),
        pytest.param(request("GET", "/restapi/x", "Sec-Fetch-Site: cross-site", origin=APP), id="path-of-the-site"),
        pytest.param(
            request("GET", "/restapi/x", "Sec-Fetch-Site: cross-site", host="parted.example", origin=ADDIN),
            id="path-of-the-rule",
        ),
        pytest.param(request("GET", "/a", host="open.example", origin=ADDIN), id="may-be-the-sites-own-page"),
        pytest.param(request("GET", "/a", "X_Y: z", host="open.example", origin=ADDIN), id="not-plain"),
        pytest.param(request("OPTIONS", "/a", host="open.example", origin=ADDIN), id="no-preflight"),
        pytest.param(preflight("DELETE"), id="a-preflight-that-is-refused"),
        pytest.param(request("GET", "/a", host="open.example"), id="no-origin"),
    ],
)
def test_everything_else_each_time(head: RequestHead) -> None:
    asked = Asked()
    remembers = Often(BOTH, asked.table)
    for _ in range(3):
        remembers.decide(head)
    assert len(asked) == 3


def actual(method: str = "POST", site: str = "cross-site", *lines: str, host: str, origin: str = ADDIN) -> RequestHead:
    return request(method, "/a", f"Sec-Fetch-Site: {site}", *lines, host=host, origin=origin)


def asking(*lines: str, method: str = "POST", host: str = "open.example", origin: str = ADDIN) -> RequestHead:
    return request("OPTIONS", "/a", f"Access-Control-Request-Method: {method}", *lines, host=host, origin=origin)


EVIL = "https://evil.example"
ALLOWED = actual(host="open.example")
ASKED = "Access-Control-Request-Headers: accept"


@pytest.mark.parametrize(
    ("first", "then"),
    [
        pytest.param(ALLOWED, actual(host="open.example", origin=EVIL), id="another-origin"),
        pytest.param(ALLOWED, actual(host=HOST), id="another-host"),
        pytest.param(ALLOWED, actual("DELETE", host="open.example"), id="another-method"),
        pytest.param(ALLOWED, actual(site="same-origin", host="open.example"), id="the-sites-own-page"),
        pytest.param(ALLOWED, actual("POST", "cross-site", "Authorization: NTLM x", host="open.example"), id="login"),
        pytest.param(asking(), asking(origin=EVIL), id="a-preflight-of-another-origin"),
        pytest.param(asking(), asking(host="other.example"), id="a-preflight-of-another-host"),
        pytest.param(asking(), asking(method="DELETE"), id="a-preflight-for-another-method"),
        pytest.param(asking(), asking(ASKED), id="a-preflight-for-another-field"),
        pytest.param(
            asking(ASKED, "Sec-Fetch-Mode: CORS"), asking(ASKED, "Sec-Fetch-Mode: cors"), id="a-preflight-of-a-browser"
        ),
    ],
)
def test_what_is_allowed_to_one_says_nothing_of_another(first: RequestHead, then: RequestHead) -> None:
    remembers = Often(BOTH)
    for head in (first, then, first):
        assert remembers.decide(head) == decide(BOTH, head)
    assert decide(BOTH, first) != decide(BOTH, then)


def test_no_more_is_kept_than_it_says() -> None:
    asked = Asked()
    remembers = Often(Policy({}, any_host=replace(OPEN_SITE, names=())), asked.table)

    def ask(host: str) -> None:
        remembers.decide(request("POST", "/a", "Sec-Fetch-Site: cross-site", host=host, origin=ADDIN))

    ask("first")
    for number in range(REMEMBERED - 1):
        ask(f"host{number}")
    asked.clear()
    ask("first")
    assert not asked
    ask("one-too-many")
    ask("first")
    assert len(asked) == 2
    for _ in range(2):
        ask("a" * REMEMBERED_OCTETS)
    assert len(asked) == 4
