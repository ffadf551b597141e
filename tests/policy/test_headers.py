import pytest

from gateway.http1.outgoing import FORWARDING
from gateway.policy.headers import (
    NEVER_BY_ANY,
    OVERRIDES,
    RULES_OWN,
    UNREADABLE,
    AskedHeaders,
    is_never_by_any,
    judge_headers,
    judge_listed,
)

LISTED = dict.fromkeys([b"authorization", b"x-otp"])


@pytest.mark.parametrize(
    "name",
    [
        *(b"x-http-method-override", b"x-http-method", b"x-method-override", b"x-original-url", b"x-rewrite-url"),
        *(b"forwarded", b"x-forwarded-for", b"x-forwarded-anything", b"x-real-ip", b"client-ip", b"true-client-ip"),
    ],
)
def test_is_never_by_any(name: bytes) -> None:
    assert is_never_by_any(name)


@pytest.mark.parametrize("name", [b"authorization", b"x-forwarded", b"x-otp", b"touch-session-id", b"x-http-method-2"])
def test_is_by_any(name: bytes) -> None:
    assert is_never_by_any(name) == (name in FORWARDING)


def test_never_by_any() -> None:
    assert NEVER_BY_ANY == OVERRIDES | FORWARDING
    assert {name for name in NEVER_BY_ANY if name != name.lower()} == set()


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        pytest.param([], AskedHeaders((b"authorization", b"x-otp")), id="nothing"),
        pytest.param([b""], AskedHeaders((b"authorization", b"x-otp")), id="an-empty-line"),
        pytest.param([b"authorization,x-otp"], RULES_OWN, id="as-browsers-ask"),
        pytest.param([b"x-otp"], RULES_OWN, id="part-of-it"),
        pytest.param([b"authorization", b"x-otp"], AskedHeaders((b"authorization", b"x-otp")), id="two-lines"),
        pytest.param([b"X-OTP, authorization"], AskedHeaders((b"X-OTP", b"authorization")), id="spelling"),
        pytest.param([b"X-Otp"], AskedHeaders((b"X-Otp", b"authorization")), id="the-rest-behind-it"),
        pytest.param([b"x-a,x-otp,x-b"], AskedHeaders((b"x-otp", b"authorization"), b"x-a"), id="the-first-is-named"),
        pytest.param([b"X-A"], AskedHeaders((b"authorization", b"x-otp"), b"X-A"), id="as-it-was-written"),
        pytest.param([b"content-type"], AskedHeaders((b"authorization", b"x-otp"), b"content-type"), id="safelisted"),
        pytest.param([b"accept"], AskedHeaders((b"authorization", b"x-otp"), b"accept"), id="safelisted-accept"),
        pytest.param(
            [b"Content-Length"], AskedHeaders((b"Content-Length", b"authorization", b"x-otp")), id="forbidden"
        ),
        pytest.param([b"Sec-X"], AskedHeaders((b"Sec-X", b"authorization", b"x-otp")), id="forbidden-by-its-beginning"),
        pytest.param(
            [b"authorization, Content-Length, Content-Type, Accept"],
            AskedHeaders((b"authorization", b"Content-Length", b"Content-Type", b"Accept", b"x-otp")),
            id="who-asks-for-what-is-forbidden-asks-for-everything",
        ),
        pytest.param(
            [b"X-A, Content-Length"], AskedHeaders((b"Content-Length", b"authorization", b"x-otp"), b"X-A"), id="but"
        ),
        pytest.param([b"x-otp," * 682 + b"x-otp"], UNREADABLE, id="G23-too-long"),
        pytest.param([b"x-otp,a b"], UNREADABLE, id="not-a-name"),
    ],
)
def test_judge_headers(asked: list[bytes], expected: AskedHeaders) -> None:
    assert judge_headers(asked, LISTED, any_header=False, everything=False) == expected


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        pytest.param([b"authorization,x-otp"], RULES_OWN, id="listed"),
        pytest.param([b"x-a,X-B"], AskedHeaders((b"x-a", b"X-B", b"authorization", b"x-otp")), id="any"),
        pytest.param([b"*"], AskedHeaders((b"*", b"authorization", b"x-otp")), id="a-star-is-a-name"),
        pytest.param(
            [b"x-a,X-HTTP-Method-Override,x-forwarded-for"],
            AskedHeaders((b"x-a", b"authorization", b"x-otp"), b"X-HTTP-Method-Override"),
            id="never",
        ),
    ],
)
def test_judge_headers_where_any_is_allowed(asked: list[bytes], expected: AskedHeaders) -> None:
    assert judge_headers(asked, LISTED, any_header=True, everything=False) == expected


def test_never_by_any_but_where_it_is_listed() -> None:
    listed = dict.fromkeys([b"x-http-method-override"])
    judged = judge_headers([b"X-HTTP-Method-Override"], listed, any_header=True, everything=False)
    assert judged == AskedHeaders((b"X-HTTP-Method-Override",))


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        pytest.param([b"Accept, X-Otp"], AskedHeaders((b"Accept", b"X-Otp", b"authorization")), id="safelisted"),
        pytest.param([b"Range, Accept"], AskedHeaders((b"Accept", b"authorization", b"x-otp"), b"Range"), id="range"),
    ],
)
def test_judge_headers_of_a_client_that_asks_for_everything(asked: list[bytes], expected: AskedHeaders) -> None:
    assert judge_headers(asked, LISTED, any_header=False, everything=True) == expected


def test_a_list_may_be_as_long_as_the_bound() -> None:
    asked = b"abc," * 1023 + b"abcd"
    listed = dict.fromkeys([b"abc", b"abcd"])
    assert len(asked) == 4096
    assert judge_headers([asked], listed, any_header=False, everything=False) == RULES_OWN
    assert judge_headers([b"," + asked], listed, any_header=False, everything=False) == UNREADABLE


def test_a_site_may_have_another_bound() -> None:
    listed = dict.fromkeys([b"abc", b"abcd"])
    for octets, expected in ((8, RULES_OWN), (7, UNREADABLE)):
        judged = judge_headers([b"abc,abcd"], listed, any_header=False, everything=False, max_octets=octets)
        assert judged == expected
    for octets, expected in ((128, AskedHeaders((b"ABC", b"ABCD"))), (127, UNREADABLE)):
        judged = judge_headers([b"ABC,ABCD"], listed, any_header=False, everything=False, max_octets=octets)
        assert judged == expected


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        pytest.param([b"authorization,x-otp"], RULES_OWN, id="as-browsers-ask"),
        pytest.param([], None, id="nothing"),
        pytest.param([b""], None, id="an-empty-line"),
        pytest.param([b"authorization", b"x-otp"], None, id="two-lines"),
        pytest.param([b"X-Otp"], None, id="spelling"),
        pytest.param([b"x-otp, authorization"], None, id="spaces"),
        pytest.param([b"x-otp,x-a"], None, id="one-that-is-not-listed"),
        pytest.param([b"x-otp," * 682 + b"x-otp"], None, id="too-long"),
    ],
)
def test_judge_listed(asked: list[bytes], expected: AskedHeaders | None) -> None:
    assert judge_listed(asked, LISTED.keys()) == expected


def test_a_rule_that_lists_nothing() -> None:
    assert judge_headers([b"x-a"], {}, any_header=False, everything=False) == AskedHeaders(None, b"x-a")
    assert judge_headers([], {}, any_header=False, everything=False) == RULES_OWN
    assert AskedHeaders(None, None) == RULES_OWN
    assert AskedHeaders(None, b"") == UNREADABLE
