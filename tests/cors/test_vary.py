import pytest

from gateway.cors.vary import merge_vary


@pytest.mark.parametrize(
    ("values", "names", "merged"),
    [
        pytest.param([], [b"Origin"], b"Origin", id="upstream-sent-none"),
        pytest.param([b"Accept-Encoding"], [b"Origin"], b"Accept-Encoding, Origin", id="appended-not-replaced"),
        pytest.param([b"Accept-Encoding", b"origin"], [b"Origin"], b"Accept-Encoding, origin", id="G43"),
        pytest.param([b"Origin,accept , ORIGIN"], [b"Origin"], b"Origin, accept", id="repeats-left-out"),
        pytest.param([b" ,, Cookie\t,"], [b"Origin"], b"Cookie, Origin", id="empty-members-left-out"),
        pytest.param([b"X-A,X"], [b"Origin"], b"X-A, X, Origin", id="only-white-space-is-cut-off"),
        pytest.param([b""], [b"Origin"], b"Origin", id="empty"),
        pytest.param([b"*"], [b"Origin"], b"*", id="star-stays-alone"),
        pytest.param([b"Cookie, *", b"Accept"], [b"Origin"], b"*", id="star-among-others"),
        pytest.param([b"Accept"], [b"Origin", b"B"], b"Accept, Origin, B", id="several-names-in-order"),
        pytest.param([b"\xe9"], [b"Origin"], b"\xe9, Origin", id="what-is-no-token-stays"),
        pytest.param([], [], b"", id="nothing"),
    ],
)
def test_merge_vary(values: list[bytes], names: list[bytes], merged: bytes) -> None:
    assert merge_vary(values, names) == merged
