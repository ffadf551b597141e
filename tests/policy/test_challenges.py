import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.policy.challenges import CONNECTION_BOUND, OPENS_A_DIALOG, challenges, is_connection_bound, without


@pytest.mark.parametrize(
    ("value", "found"),
    [
        pytest.param(b"", [], id="empty"),
        pytest.param(b" , ", [], id="empty-elements"),
        pytest.param(b"Negotiate", [(b"negotiate", b"Negotiate")], id="scheme-alone"),
        pytest.param(b'Basic realm="crm"', [(b"basic", b'Basic realm="crm"')], id="a-parameter"),
        pytest.param(
            b'Basic realm="crm", charset="UTF-8"', [(b"basic", b'Basic realm="crm", charset="UTF-8"')], id="parameters"
        ),
        pytest.param(
            b'Newauth realm="apps", type=1, title="Login to \\"apps\\"", Basic realm="simple"',
            [
                (b"newauth", b'Newauth realm="apps", type=1, title="Login to \\"apps\\""'),
                (b"basic", b'Basic realm="simple"'),
            ],
            id="the-example-of-rfc-9110-11.6.1",
        ),
        pytest.param(b"Negotiate dG9r==,NTLM", [(b"negotiate", b"Negotiate dG9r=="), (b"ntlm", b"NTLM")], id="token68"),
        pytest.param(b'Basic realm="a, Bearer b"', [(b"basic", b'Basic realm="a, Bearer b"')], id="comma-in-quotes"),
        pytest.param(b'Basic realm = "a", x\t=y', [(b"basic", b'Basic realm = "a", x\t=y')], id="white-space-round-it"),
        pytest.param(b"X Xa=X,Xb=X", [(b"x", b"X Xa=X, Xb=X")], id="only-white-space-is-cut-off"),
        pytest.param(b"Basic\trealm=a", [(b"basic", b"Basic\trealm=a")], id="tab"),
        pytest.param(b'realm="a", Basic', [(b"", b'realm="a"'), (b"basic", b"Basic")], id="parameter-of-nothing"),
        pytest.param(b'Basic realm="a, NTLM', [(b"basic", b'Basic realm="a, NTLM')], id="quotes-not-closed"),
        pytest.param(b'Basic realm="a\\', [(b"basic", b'Basic realm="a\\')], id="backslash-at-the-end"),
        pytest.param(b'Basic realm="\n\\\n"', [(b"basic", b'Basic realm="\n\\\n"')], id="line-feed"),
        pytest.param(b"!#$%&'*+-.^_`|~1aZ", [(b"!#$%&'*+-.^_`|~1az", b"!#$%&'*+-.^_`|~1aZ")], id="token"),
        pytest.param(b"B\xe9 x", [(b"", b"B\xe9 x")], id="not-a-token"),
    ],
)
def test_challenges(value: bytes, found: list[tuple[bytes, bytes]]) -> None:
    assert list(challenges(value)) == found


@pytest.mark.parametrize(
    ("values", "kept"),
    [
        pytest.param([], (), id="none"),
        pytest.param([b""], (b"",), id="an-empty-line-stays"),
        pytest.param([b"Bearer , x=y"], (b"Bearer , x=y",), id="what-stays-stays-as-it-came"),
        pytest.param([b"Basic realm=a", b"NTLM"], (), id="all-go"),
        pytest.param([b"Basic realm=a, Bearer  b ,NTLM"], (b"Bearer  b",), id="one-of-three"),
        pytest.param([b"Bearer a,Digest b, Hoba c"], (b"Bearer a", b"Hoba c"), id="two-of-three"),
        pytest.param([b"negotiate", b"BEARER"], (b"BEARER",), id="case"),
    ],
)
def test_without(values: list[bytes], kept: tuple[bytes, ...]) -> None:
    assert without(values, OPENS_A_DIALOG) == kept


def test_schemes() -> None:
    assert {b"ntlm", b"negotiate"} == CONNECTION_BOUND
    assert {b"ntlm", b"negotiate", b"basic", b"digest"} == OPENS_A_DIALOG


@pytest.mark.parametrize(
    ("credentials", "bound"),
    [
        *((b"NTLM", True), (b"NTLM x", True), (b"negotiate x", True), (b"NEGOTIATE", True), (b"NegotiateX", True)),
        *((b"Basic NTLM", False), (b"", False), (b"Negotiat", False), (b"NTL", False), (b" NTLM", False)),
    ],
)
def test_is_connection_bound(credentials: bytes, bound: bool) -> None:
    assert is_connection_bound(credentials) == bound


@given(st.lists(st.sampled_from([b"Basic", b"NTLM", b" ", b",", b'"', b"\\", b"=", b"a", b"\t", b"x=y"])).map(b"".join))
def test_nothing_is_lost_and_nothing_made_up(value: bytes) -> None:
    found = b"".join(challenge for _, challenge in challenges(value))
    assert sorted(found.replace(b" ", b"").replace(b"\t", b"").replace(b",", b"")) == sorted(
        value.replace(b" ", b"").replace(b"\t", b"").replace(b",", b"")
    )


@given(st.lists(st.sampled_from([b"Basic a=b", b"NTLM", b"Negotiate x==", b"Bearer", b'Digest q="a, NTLM"', b"z=1"])))
def test_no_challenge_that_binds_a_connection_is_left(parts: list[bytes]) -> None:
    for separator in (b",", b", ", b" ,,\t"):
        for value in without([separator.join(parts)], CONNECTION_BOUND):
            assert not {scheme for scheme, _ in challenges(value)} & CONNECTION_BOUND
