import pytest
from hypothesis import given

from gateway.http1.errors import HeadTooLargeError, Http1Error, MalformedError
from gateway.http1.fields import Fields, index_fields, parse_fields
from tests.http1.build import OCTETS, fields, outcome

SOME = fields(b"Host: a", b"Vary: \t Origin, ,Accept\t ", b"vary:", b"X: \x0bX", b"VARY:Cookie , ")


def parse(octets: bytes) -> Fields:
    return parse_fields(octets, max_lines=4, max_line_octets=20)


@pytest.mark.parametrize(
    ("octets", "expected"),
    [
        pytest.param(b"", Fields((), (), {}, frozenset()), id="none"),
        pytest.param(
            b"Host: a\r\nX-Mine:\xff\xfe\r\n",
            Fields((b"host", b"x-mine"), (b"Host: a", b"X-Mine:\xff\xfe"), {b"host": 0, b"x-mine": 1}, frozenset()),
            id="lines-as-they-came",
        ),
        pytest.param(
            b"a: 1\r\nB: 2\r\nA: 3\r\nc: 4\r\n",
            Fields(
                (b"a", b"b", b"a", b"c"),
                (b"a: 1", b"B: 2", b"A: 3", b"c: 4"),
                {b"a": 0, b"b": 1, b"c": 3},
                frozenset({b"a"}),
            ),
            id="repeated-in-another-case",
        ),
        pytest.param(b"a:" + b"b" * 18 + b"\r\n", fields(b"a:" + b"b" * 18), id="as-long-as-a-line-may-be"),
        pytest.param(b"a:1\r\n" * 4, fields(*[b"a:1"] * 4), id="as-many-as-there-may-be"),
    ],
)
def test_parse_fields(octets: bytes, expected: Fields) -> None:
    assert parse(octets) == expected


@pytest.mark.parametrize(
    ("octets", "error"),
    [
        pytest.param(b"a : b\r\n", MalformedError, id="space-before-the-colon-rfc-9112-5.1"),
        pytest.param(b"a: b\r\n c\r\n", MalformedError, id="obs-fold-rfc-9112-5.2"),
        pytest.param(b" a: b\r\n", MalformedError, id="space-before-the-first-rfc-9112-2.2"),
        pytest.param(b"a: b\nc: d\r\n", MalformedError, id="bare-lf-rfc-9112-2.2"),
        pytest.param(b"a: b\rc: d\r\n", MalformedError, id="bare-cr-rfc-9112-2.2"),
        pytest.param(b"a: \0\r\n", MalformedError, id="nul-rfc-9110-5.5"),
        pytest.param(b"a: \x7f\r\n", MalformedError, id="del-rfc-9110-5.5"),
        pytest.param(b": b\r\n", MalformedError, id="empty-name-rfc-9110-5.1"),
        pytest.param(b"a\r\n", MalformedError, id="no-colon-rfc-9112-5"),
        pytest.param(b"a: b", MalformedError, id="no-crlf"),
        pytest.param(b"\r\n", MalformedError, id="an-empty-line"),
        pytest.param(b"a:" + b"b" * 19 + b"\r\n", HeadTooLargeError, id="a-line-too-long-rfc-6585-5"),
        pytest.param(b"a:1\r\nb:" + b"b" * 19 + b"\r\n", HeadTooLargeError, id="the-second-line-too-long"),
        pytest.param(b"a:1\r\n" * 5, HeadTooLargeError, id="too-many-lines-rfc-6585-5"),
    ],
)
def test_parse_fields_refuses(octets: bytes, error: type[Http1Error]) -> None:
    with pytest.raises(error):
        parse(octets)


@pytest.mark.fuzz
@given(OCTETS)
def test_parse_fields_raises_nothing_but_its_errors_and_loses_no_octet(octets: bytes) -> None:
    parsed = outcome(parse_fields, octets, max_lines=9, max_line_octets=99)
    if isinstance(parsed, Fields):
        assert b"".join(line + b"\r\n" for line in parsed.lines) == octets
        assert parsed == fields(*parsed.lines)


@pytest.mark.parametrize(("name", "there"), [(b"host", True), (b"vary", True), (b"Host", False), (b"", False)])
def test_contains(name: bytes, *, there: bool) -> None:
    assert (name in SOME) is there


@pytest.mark.parametrize(
    ("name", "value", "values", "items"),
    [
        pytest.param(b"host", b"a", (b"a",), (b"a",), id="one"),
        pytest.param(
            b"vary",
            b"Origin, ,Accept",
            (b"Origin, ,Accept", b"", b"Cookie ,"),
            (b"Origin", b"Accept", b"Cookie"),
            id="several-with-empty-members",
        ),
        pytest.param(b"x", b"\x0bX", (b"\x0bX",), (b"\x0bX",), id="vertical-tab-is-no-white-space-rfc-9110-5.6.3"),
        pytest.param(b"y", None, (), (), id="none"),
    ],
)
def test_value_values_items(
    name: bytes, value: bytes | None, values: tuple[bytes, ...], items: tuple[bytes, ...]
) -> None:
    assert (SOME.value(name), SOME.values(name), SOME.items(name)) == (value, values, items)


def test_index_fields_takes_lines_that_are_known_to_be_good() -> None:
    assert index_fields([b"A: b", b"a: c", b"B:"], [b"A", b"a", b"B"]) == fields(b"A: b", b"a: c", b"B:")


@pytest.mark.parametrize("spelt", [(b"Host", b"Accept"), (b"HOST", b"X-Y"), (b"a", b"A", b"b"), ()])
def test_the_same_names_with_other_values_are_the_same_but_for_these(spelt: tuple[bytes, ...]) -> None:
    for value in (b"1", b"2"):
        lines = [name + b":" + value for name in spelt]
        assert index_fields(lines, spelt) == fields(*lines)


@pytest.mark.parametrize(
    ("names", "usual"),
    [
        ((b"Host", b"Origin"), True),
        ((), True),
        ((b"Host", b"host"), False),
        ((b"Host", b"X_Y"), False),
        ((b"Host", b"Expect"), False),
        ((b"X-Forwarded-For",), False),
    ],
)
def test_what_names_say_by_themselves(names: tuple[bytes, ...], *, usual: bool) -> None:
    assert index_fields([name + b":" for name in names], names).usual is usual
