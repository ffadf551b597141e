import pytest

from gateway.http1.names import LOWER_CASE


@pytest.mark.parametrize(
    ("spelling", "name"),
    [
        pytest.param(b"sec-ch-ua-mobile", b"sec-ch-ua-mobile", id="chrome"),
        pytest.param(b"Sec-Ch-Ua-Mobile", b"sec-ch-ua-mobile", id="title-case"),
        pytest.param(b"Sec-CH-UA-Mobile", b"sec-ch-ua-mobile", id="as-specified"),
        pytest.param(b"Accept", b"accept", id="first"),
        pytest.param(b"X-XSS-Protection", b"x-xss-protection", id="last"),
        pytest.param(b"ETag", b"etag", id="apache"),
        pytest.param(b"X-Powered-By", b"x-powered-by", id="php"),
        pytest.param(b"Access-Control-Allow-Origin", b"access-control-allow-origin", id="cors"),
    ],
)
def test_usual_spellings_are_known(spelling: bytes, name: bytes) -> None:
    assert dict(LOWER_CASE)[spelling] == name
    assert dict(LOWER_CASE)[name] == name


def test_every_known_spelling_is_told_as_lower_would() -> None:
    assert {spelling: spelling.lower() for spelling in LOWER_CASE} == LOWER_CASE


def test_an_unknown_name_is_lowered_and_not_kept() -> None:
    known = len(LOWER_CASE)
    assert LOWER_CASE[b"X-Unknown-To-All"] == b"x-unknown-to-all"
    assert len(LOWER_CASE) == known
