import pytest

from gateway.http1.cdn_loop import has_passed, loop_line
from gateway.http1.fields import Fields
from gateway.http1.head import parse_request_head


def fields(*lines: bytes) -> Fields:
    return parse_request_head(b"\r\n".join((b"GET / HTTP/1.1", b"Host: a", *lines, b"", b""))).fields


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        pytest.param((), False, id="none"),
        pytest.param((b"CDN-Loop: other",), False, id="another"),
        pytest.param((b"CDN-Loop: ours-2, x",), False, id="longer"),
        pytest.param((b"CDN-Loop: oursX",), False, id="one-letter-more"),
        pytest.param((b"CDN-Loop: ours",), True, id="ours"),
        pytest.param((b"cdn-loop: a, ours ; v=1, b",), True, id="with-parameters"),
        pytest.param((b"CDN-Loop: a", b"CDN-Loop: ours"), True, id="second-line"),
    ],
)
def test_has_passed(lines: tuple[bytes, ...], expected: bool) -> None:
    assert has_passed(fields(*lines), b"ours") is expected


def test_loop_line() -> None:
    assert loop_line(fields(), b"ours") == b"CDN-Loop: ours\r\n"
    assert loop_line(fields(b"CDN-Loop: a; b=c", b"CDN-Loop: d"), b"ours") == b"CDN-Loop: a; b=c, d, ours\r\n"
