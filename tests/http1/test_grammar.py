import re
import string
from pathlib import Path

import pytest

import gateway.http1
from gateway.http1.grammar import FIELD_LINES, TOKEN_OCTETS, is_field_line, is_token

EVERY_OCTET = [bytes([octet]) for octet in range(256)]


def test_token_is_made_of_the_tchar_of_rfc_9110() -> None:
    tchar = "!#$%&'*+-.^_`|~" + string.digits + string.ascii_letters  # RFC 9110, 5.6.2, in its order
    assert bytes(sorted(TOKEN_OCTETS)) == bytes(sorted(tchar.encode()))
    assert [octet for octet in EVERY_OCTET if is_token(octet)] == [bytes([octet]) for octet in sorted(TOKEN_OCTETS)]
    assert is_token(tchar.encode()) is not None
    assert is_token(b"") is None


def test_a_value_has_every_octet_but_controls() -> None:
    # RFC 9110, 5.5: VCHAR, SP, HTAB, obs-text. NUL, CR and LF are dangerous; other controls are malformed too.
    controls = [bytes([octet]) for octet in [*range(9), *range(10, 32), 127]]
    assert [octet for octet in EVERY_OCTET if not is_field_line(b"a:" + octet)] == controls


@pytest.mark.parametrize(
    ("line", "well_formed"),
    [
        pytest.param(b"a:", True, id="empty-value"),
        pytest.param(b"a:b:c", True, id="colon-in-the-value"),
        pytest.param(b"a: \tb\t ", True, id="ows"),
        pytest.param(b"a : b", False, id="space-before-the-colon-rfc-9112-5.1"),
        pytest.param(b"a\t: b", False, id="tab-before-the-colon-rfc-9112-5.1"),
        pytest.param(b" a: b", False, id="obs-fold-rfc-9112-5.2"),
        pytest.param(b"\ta: b", False, id="obs-fold-with-tab-rfc-9112-5.2"),
        pytest.param(b": b", False, id="empty-name-rfc-9110-5.1"),
        pytest.param(b"a", False, id="no-colon-rfc-9112-5"),
        pytest.param(b"", False, id="nothing"),
        pytest.param(b"a(b): c", False, id="delimiter-in-the-name-rfc-9110-5.6.2"),
        pytest.param(b"\xe9: c", False, id="name-beyond-ascii-rfc-9110-5.1"),
        pytest.param(b"a: b\r\n", False, id="with-its-crlf"),
    ],
)
def test_field_line(line: bytes, *, well_formed: bool) -> None:
    assert (is_field_line(line) is not None) is well_formed


@pytest.mark.parametrize(
    ("octets", "whole"),
    [
        pytest.param(b"", True, id="none"),
        pytest.param(b"a: b\r\nc: d\r\n", True, id="two"),
        pytest.param(b"a: b\r\nc: d", False, id="the-last-without-crlf"),
        # What a possessive group would have taken before Python 3.11.5 (github.com/python/cpython/issues/106052):
        pytest.param(b"a: b\r\nc", False, id="the-last-a-token-only"),
    ],
)
def test_field_lines(octets: bytes, *, whole: bool) -> None:
    assert (re.fullmatch(FIELD_LINES, octets) is not None) is whole


def test_no_repeated_group_is_possessive() -> None:
    # Before Python 3.11.5 it goes on behind the part of it that matched (github.com/python/cpython/issues/106052).
    sources = {file.name: file.read_text() for file in Path(str(gateway.http1.__file__)).parent.glob("*.py")}
    assert "grammar.py" in sources
    assert [name for name, text in sources.items() if re.search(r"\)(?:[*+?]|\{[0-9,]+\})\+\"?", text)] == []
