"""The compiled scanners beside their twins: equal on every input, whoever asks, and safe on hostile octets."""

import gc
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from gateway.extensions import NATIVE
from gateway.http1 import framing, head, outgoing
from gateway.http1.buffer import DEFAULT_HEAD_LIMITS, HeadLimits
from gateway.http1.errors import Http1Error
from gateway.http1.fields import Fields
from gateway.http1.framing import CHUNKED, NO_BODY, UNTIL_CLOSE, Framing, Kind
from gateway.http1.head import RequestHead, ResponseHead
from gateway.http1.names import LOWER_CASE
from gateway.http1.outgoing import Change
from tests.cost import exchanges
from tests.http1 import build, extension
from tests.http1.extension import SOURCE, load
from tests.http1.extension import build as build_extension
from tests.http1.scanners import BUILD
from tests.system import needs, path_of

pytestmark = [
    needs(*BUILD),
    pytest.mark.skipif(os.environ.get("CORS_GATEWAY_NO_EXTENSIONS") == "1", reason="what is compiled is not wanted"),
]

ANSWER = exchanges.SIZED.partition(b"\r\n\r\n")[0] + b"\r\n\r\n"
CHUNKS = exchanges.CHUNKED.partition(b"\r\n\r\n")[2]
OWN = b"X-Own: 1\r\n"
ADDED = Change(frozenset({b"cookie"}), (b"access-control-",), b"Vary: Origin\r\n")

TWINS: dict[str, Callable[..., object]] = {
    "parse_request_head": head.parse_request_head,
    "parse_response_head": head.parse_response_head,
    "begin_request": head.begin_request,
    "begin_response": head.begin_response,
    "request_octets": outgoing.request_octets,
    "response_octets": outgoing.response_octets,
    "scan_chunks": framing.scan_chunks,
}


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the extension, built with every warning an error."""
    return build_extension(tmp_path_factory.mktemp("compiled"), "-O2")


@pytest.fixture(scope="module")
def compiled(built: Path) -> ModuleType:
    return load(built)


@pytest.fixture(scope="module")
def alone(built: Path) -> ModuleType:
    """Return the extension with twins that do nothing but fail."""

    def asked(*_: object, **__: object) -> object:
        raise AssertionError("left to the twin")

    with pytest.MonkeyPatch.context() as patched:
        for name, twin in TWINS.items():
            patched.setattr(sys.modules[twin.__module__], name, asked)
        return load(built)


def told(function: Callable[..., object], *args: object, **kwargs: object) -> object:
    """Return what a function returns, with its type, since 1 equals True; or what it raises, and the words."""
    try:
        result = function(*args, **kwargs)
    except Exception as error:  # noqa: BLE001 - whatever it is, the twin has to raise the same
        return type(error), str(error)
    return result, type(result)


# Everyday messages are not left to the twin.


def test_a_request_of_a_browser_is_read_and_written(alone: ModuleType) -> None:
    for octets in (exchanges.GET, exchanges.PREFLIGHT):
        expected = head.parse_request_head(octets)
        read = alone.parse_request_head(octets)
        assert read == expected
        assert alone.begin_request(octets + b"a", HeadLimits()) == (expected, b"a")
        assert alone.parse_request_head(octets, HeadLimits(lines=len(expected.fields.lines))) == expected
        written = outgoing.request_octets(expected, target=b"/a", host=b"b:80", change=ADDED, own=OWN)
        assert alone.request_octets(read, target=b"/a", host=b"b:80", change=ADDED, own=OWN) == written


@pytest.mark.parametrize(
    "line",
    [
        *(b"Content-Length: 0", b"Content-Length: 999999999999999999", b"Transfer-Encoding: Chunked"),
        *(b"Connection: Keep-Alive", b"Connection: close", b"X-Unheard-Of: \x80", b"Cookie: a\r\nCookie: b", b"a:"),
    ],
)
def test_so_is_one_with(alone: ModuleType, line: bytes) -> None:
    octets = build.head(b"POST /a?b HTTP/1.1", b"Host: Crm.Example:8443", line)
    expected, read = head.parse_request_head(octets), alone.parse_request_head(octets)
    assert read == expected
    written = outgoing.request_octets(expected, target=b"/a", host=b"b", change=ADDED, own=OWN)
    assert alone.request_octets(read, target=b"/a", host=b"b", change=ADDED, own=OWN) == written


@pytest.mark.parametrize("line", [b"Content-Length: 5", b"Transfer-Encoding: chunked", b"Connection: close", b"A: b"])
@pytest.mark.parametrize("method", [b"GET", b"HEAD"])
def test_so_is_an_answer(alone: ModuleType, line: bytes, method: bytes) -> None:
    octets = ANSWER.partition(b"Content-Length")[0] + line + b"\r\nSet-Cookie: a=b\r\n\r\n"
    expected, read = head.parse_response_head(octets, method), alone.parse_response_head(octets, method)
    assert read == expected
    assert alone.begin_response(octets + b"a", method, HeadLimits()) == (expected, b"a")
    body = Framing(Kind.SIZED, 7) if expected.body == NO_BODY else expected.body
    written = outgoing.response_octets(expected, body=body, close=False, minor=1, change=ADDED, own=OWN)
    assert alone.response_octets(read, body=body, close=False, minor=1, change=ADDED, own=OWN) == written


def test_so_are_chunks(alone: ModuleType) -> None:
    assert alone.scan_chunks(CHUNKS, 0, 0) == framing.scan_chunks(CHUNKS, 0, 0) == (b"a" * 32768, len(CHUNKS) - 5, 0)


def test_data_that_is_all_of_one_chunk_is_not_copied(alone: ModuleType) -> None:
    assert alone.scan_chunks(CHUNKS, 0, len(CHUNKS) + 3)[0] is CHUNKS


@pytest.mark.parametrize("spelt", [bytes, bytes.upper, bytes.title])
def test_usual_names_are_the_same_objects_in_every_spelling(alone: ModuleType, spelt: Callable[[bytes], bytes]) -> None:
    usual = sorted(set(LOWER_CASE.values()) - {b"host", b"expect", b"connection", b"transfer-encoding", b"close"})
    for name in usual:
        octets = build.head(b"GET / HTTP/1.1", b"Host: a", spelt(name) + b": 1", b"X-" + spelt(name) + b": 1")
        names = alone.parse_request_head(octets).fields.names
        assert names[1:] == (name, b"x-" + name)
        assert names[1] is alone.parse_request_head(octets).fields.names[1]


# Equal on every input.

HEADS = st.one_of(
    build.OCTETS,
    st.lists(build.FRAGMENTS, max_size=12).map(lambda parts: b"GET /a HTTP/1.1\r\n" + b"".join(parts) + b"\r\n"),
    st.lists(build.FRAGMENTS, max_size=12).map(lambda parts: b"HTTP/1.1 200 OK\r\n" + b"".join(parts) + b"\r\n"),
)
LIMITS = st.builds(
    HeadLimits,
    octets=st.integers(0, 200),
    line=st.integers(0, 100),
    target=st.integers(0, 60),
    lines=st.integers(0, 6),
)
NAMES = st.sampled_from([b"connection", b"close", b"content-length", b"te", b"x-forwarded-y", b"cookie", b"a_b", b"x"])
VALUES = st.sampled_from([b"", b"close", b"Close", b" keep-alive ", b"Keep-Alive", b"x, close", b"cookie", b"5", b"+7"])
LINES = st.lists(st.tuples(NAMES, VALUES).map(b":".join), max_size=6)
CHANGES = st.builds(
    Change,
    dropped=st.frozensets(NAMES, max_size=2),
    dropped_prefixes=st.sampled_from([(), (b"x",), (b"c", b""), (b"a_", b"connectionx")]),
    added=st.sampled_from([b"", b"A: b\r\n"]),
)
FRAMINGS = st.sampled_from(
    [
        *(NO_BODY, CHUNKED, UNTIL_CLOSE, Framing(Kind.CHUNKED, 7), Framing(Kind.SIZED), Framing(Kind.SIZED, 2**63)),
        *(Framing(Kind.SIZED, 2**64), Framing(Kind.SIZED, -1)),
    ]
)


@pytest.mark.fuzz
@given(HEADS, LIMITS | st.just(DEFAULT_HEAD_LIMITS))
@example(b"", DEFAULT_HEAD_LIMITS)
def test_requests(compiled: ModuleType, octets: bytes, limits: HeadLimits) -> None:
    assert told(compiled.parse_request_head, octets, limits) == told(head.parse_request_head, octets, limits)


@pytest.mark.fuzz
@given(HEADS, st.sampled_from([b"GET", b"HEAD", b"HEAT", b""]), LIMITS | st.just(DEFAULT_HEAD_LIMITS))
def test_responses(compiled: ModuleType, octets: bytes, method: bytes, limits: HeadLimits) -> None:
    expected = told(head.parse_response_head, octets, method, limits)
    assert told(compiled.parse_response_head, octets, method, limits) == expected


@pytest.mark.fuzz
@given(HEADS, st.binary(max_size=3), LIMITS | st.just(DEFAULT_HEAD_LIMITS))
def test_the_short_way(compiled: ModuleType, octets: bytes, behind: bytes, limits: HeadLimits) -> None:
    assert compiled.begin_request(octets + behind, limits) in (None, head.begin_request(octets + behind, limits))
    for method in (b"GET", b"HEAD"):
        expected = head.begin_response(octets + behind, method, limits)
        assert compiled.begin_response(octets + behind, method, limits) in (None, expected)


@pytest.mark.fuzz
@given(LINES, FRAMINGS, CHANGES)
def test_requests_written(compiled: ModuleType, lines: list[bytes], body: Framing, change: Change) -> None:
    octets = build.head(b"PUT / HTTP/1.1", b"Host: a", *lines)
    try:
        request, same = head.parse_request_head(octets), compiled.parse_request_head(octets)
    except Http1Error:
        return
    expected = told(
        outgoing.request_octets, replace(request, body=body), target=b"/x", host=b"", change=change, own=OWN
    )
    for _ in range(3):  # a change that comes again is known already
        same = replace(same, body=body)
        assert told(compiled.request_octets, same, target=b"/x", host=b"", change=change, own=OWN) == expected


@pytest.mark.fuzz
@given(
    lines=LINES,
    body=FRAMINGS,
    change=CHANGES,
    status=st.sampled_from([100, 101, 200, 204, 304]),
    close=st.booleans(),
    minor=st.integers(0, 1),
)
def test_responses_written(
    compiled: ModuleType, lines: list[bytes], body: Framing, change: Change, status: int, *, close: bool, minor: int
) -> None:
    octets = build.head(b"HTTP/1.1 %d \xff" % status, *lines)
    try:
        answer, same = head.parse_response_head(octets, b"GET"), compiled.parse_response_head(octets, b"GET")
    except Http1Error:
        return
    expected = told(outgoing.response_octets, answer, body=body, close=close, minor=minor, change=change, own=OWN)
    for _ in range(3):  # a change that comes again is known already
        assert (
            told(compiled.response_octets, same, body=body, close=close, minor=minor, change=change, own=OWN)
            == expected
        )


@pytest.mark.fuzz
@given(LINES | st.lists(st.tuples(NAMES.map(bytes.title), VALUES).map(b":".join), max_size=6))
def test_fields(compiled: ModuleType, lines: list[bytes]) -> None:
    octets = build.head(b"GET / HTTP/1.1", b"Host: a", *lines)
    try:
        expected, fields = head.parse_request_head(octets).fields, compiled.parse_request_head(octets).fields
    except Http1Error:
        return
    assert (fields == expected, fields != expected, expected == fields) == (True, False, True)
    assert (fields.names, fields.lines, dict(fields.first), fields.repeated) == (
        expected.names,
        expected.lines,
        expected.first,
        expected.repeated,
    )
    for name in (*expected.names, b"host", b"absent", b"", b"HOST"):
        assert (name in fields, fields.value(name), fields.values(name), fields.items(name)) == (
            name in expected,
            expected.value(name),
            expected.values(name),
            expected.items(name),
        )


def test_fields_are_like_nothing_else(alone: ModuleType) -> None:
    fields = alone.parse_request_head(exchanges.GET).fields
    assert fields != alone.parse_request_head(exchanges.PREFLIGHT).fields
    assert (fields == 1, fields == fields.names, "host" in fields, fields.value("host")) == (False, False, False, None)
    assert eval(repr(fields), {"Fields": Fields}) == fields  # noqa: S307 - our own words
    with pytest.raises(TypeError):
        _ = fields < 1
    with pytest.raises(TypeError):
        hash(fields)
    with pytest.raises(TypeError):
        type(fields)()


@pytest.mark.fuzz
@given(st.lists(build.FRAGMENTS, max_size=12).map(b"".join), st.integers(0, 30), st.integers(0, 40))
@example(b"fffffffffffffff\r\na", 0, 0)
@example(b"0000000000000001\r\na", 0, 0)
@example(b"ab", 0, 2**70)
@example(b"1\r\na\r", 0, 0)
def test_chunks(compiled: ModuleType, data: bytes, at: int, left: int) -> None:
    assert told(compiled.scan_chunks, data, at, left) == told(framing.scan_chunks, data, at, left)


# What nobody should ask for.


def head_of(count: int) -> bytes:
    return build.head(b"GET / HTTP/1.1", b"Host: a", *(b"A: b" for _ in range(count - 1)))


@pytest.mark.parametrize("count", [128, 129, 1000])
def test_many_lines(compiled: ModuleType, count: int) -> None:
    limits = HeadLimits(lines=1000)
    expected = head.parse_request_head(head_of(count), limits)
    assert compiled.parse_request_head(head_of(count), limits) == expected
    written = outgoing.request_octets(expected, target=b"/", host=b"a", change=ADDED, own=OWN)
    read = compiled.parse_request_head(head_of(count), limits)
    assert compiled.request_octets(read, target=b"/", host=b"a", change=ADDED, own=OWN) == written


@pytest.mark.parametrize("more", [[], [b"x:", b"x:"]], ids=["each-once", "one-twice"])
def test_unusual_names_of_one_length(compiled: ModuleType, more: list[bytes]) -> None:
    lines = (line for line in exchanges.UNUSUAL.split(b"\r\n")[3:-2])
    octets = build.head(b"GET / HTTP/1.1", b"Host: a", *lines, *more)
    assert compiled.parse_request_head(octets) == head.parse_request_head(octets)


def test_limits_are_those_of_each_call(compiled: ModuleType) -> None:
    for lines in (15, 2, 15, 1):
        limits = HeadLimits(lines=lines)
        expected = told(head.parse_request_head, exchanges.GET, limits)
        assert told(compiled.parse_request_head, exchanges.GET, limits) == expected


class Octets(bytes):
    """Not quite bytes."""


def with_compiled_fields(compiled: ModuleType, value: object) -> object:
    """Return a head that differs from `GOOD` or `GOOD_ANSWER` with the fields that C made, all else as it is."""
    if isinstance(value, RequestHead) and value.fields == GOOD.fields:
        return replace(value, fields=compiled.parse_request_head(exchanges.GET).fields)
    if isinstance(value, ResponseHead):
        return replace(value, fields=compiled.parse_response_head(ANSWER, b"GET").fields)
    return value


def changed(value: Any, **changes: Any) -> Any:  # noqa: ANN401 - what no type checker lets pass
    """Return a value with changes; where its class is compiled, and so looks at types by itself, None."""
    try:
        return replace(value, **changes)
    except TypeError:
        if not hasattr(value, "__mypyc_attrs__"):
            raise
        return None


GOOD = head.parse_request_head(exchanges.GET)
GOOD_ANSWER = head.parse_response_head(ANSWER, b"GET")
UNALIKE = replace(GOOD.fields, names=(b"connection",), lines=(b"close",), first={b"connection": 0})
UP: dict[str, object] = {"target": b"/", "host": b"a", "change": ADDED}
DOWN: dict[str, object] = {"body": CHUNKED, "close": True, "minor": 1, "change": ADDED}


@pytest.mark.parametrize(
    ("name", "args", "kwargs"),
    [
        *(("parse_request_head", args, {}) for args in ((), (None,), ("",), (bytearray(ANSWER),))),
        ("parse_request_head", (Octets(exchanges.GET),), {}),
        ("parse_request_head", (exchanges.GET, None), {}),
        ("parse_request_head", (exchanges.GET, SimpleNamespace(octets=1, line="", target=1, lines=1)), {}),
        ("parse_request_head", (exchanges.GET, changed(DEFAULT_HEAD_LIMITS, line="")), {}),
        *(("parse_response_head", args, {}) for args in ((), (ANSWER,), (ANSWER, "GET"), (b"", b"", None))),
        ("parse_response_head", (ANSWER, b"GET", object()), {}),
        *(("begin_request", args, {}) for args in ((), (None, None), (exchanges.GET, None), (b"", HeadLimits(), 1))),
        *(("begin_response", args, {}) for args in ((), (ANSWER, b"GET", None), (ANSWER, "GET", HeadLimits()))),
        *(("request_octets", args, {}) for args in ((), (GOOD,), (GOOD, b"/", b"a", ADDED))),
        ("request_octets", (None,), UP),
        ("request_octets", (GOOD,), dict(reversed(UP.items()))),
        ("request_octets", (GOOD,), UP | {"changes": ADDED}),
        ("request_octets", (GOOD,), UP | {"host": "a"}),
        ("request_octets", (GOOD,), UP | {"change": None}),
        ("request_octets", (GOOD,), UP | {"change": changed(ADDED, dropped_prefixes=("a",))}),
        ("request_octets", (GOOD,), UP | {"change": changed(ADDED, dropped=frozenset({"a"}))}),
        ("request_octets", (changed(GOOD, body=Framing(Kind.SIZED, length=True)),), UP),
        ("request_octets", (changed(GOOD, fields=None),), UP),
        ("request_octets", (changed(GOOD, fields=UNALIKE),), UP),
        ("request_octets", (changed(GOOD, fields=changed(UNALIKE, names=("connection",))),), UP),
        ("response_octets", (GOOD,), DOWN),
        ("response_octets", (GOOD_ANSWER,), DOWN | {"body": None}),
        ("response_octets", (GOOD_ANSWER,), DOWN | {"close": 0, "minor": True}),
        ("response_octets", (GOOD_ANSWER,), DOWN | {"close": False, "minor": 2**70}),
        ("response_octets", (changed(GOOD_ANSWER, status=True),), DOWN),
        ("response_octets", (changed(GOOD_ANSWER, status=2**70),), DOWN),
        *(("scan_chunks", args, {}) for args in ((), (b"",), (None, 0, 0), (b"1", "0", 0), (b"1", 0, 0.0))),
    ],
)
def test_a_call_that_is_wrong_ends_as_the_twin_has_it(
    compiled: ModuleType, name: str, args: tuple[object, ...], kwargs: dict[str, object]
) -> None:
    given_to_c = [with_compiled_fields(compiled, arg) for arg in args]
    assert told(getattr(compiled, name), *given_to_c, **kwargs) == told(TWINS[name], *args, **kwargs)


@pytest.mark.parametrize("at", [-1, 2, 2**70, -(2**70)])
@pytest.mark.parametrize("left", [0, 3, -1, 2**70])
def test_a_place_outside_the_data_does_no_harm(compiled: ModuleType, at: int, left: int) -> None:
    assert told(compiled.scan_chunks, b"1", at, left) == told(framing.scan_chunks, b"1", at, left)


# Nothing is lost, and nothing is read or written outside of what there is.


def shown(fields: Fields) -> tuple[object, ...]:
    return repr(fields), fields == GOOD.fields, fields.items(b"vary"), fields.values(b"a"), b"a" in fields


def everything(compiled: ModuleType) -> None:
    for octets in (exchanges.GET, head_of(20), exchanges.GET[:-2], b"\xff", head_of(129)):
        told(compiled.parse_request_head, octets)
    for octets in (ANSWER, ANSWER[:-1], b"", ANSWER + b"a"):
        told(compiled.parse_response_head, octets, b"GET")
        told(compiled.begin_response, octets, b"GET", DEFAULT_HEAD_LIMITS)
        told(compiled.begin_request, exchanges.GET + octets, DEFAULT_HEAD_LIMITS)
    request, answer = compiled.parse_request_head(exchanges.GET), compiled.parse_response_head(ANSWER, b"GET")
    for fields in (request.fields, answer.fields, compiled.parse_request_head(head_of(20)).fields):
        for _ in range(2):
            told(shown, fields)
    for change in (ADDED, replace(ADDED, dropped=frozenset({b"x"})), None):
        told(compiled.request_octets, request, target=b"/", host=b"a", change=change, own=OWN)
        told(compiled.response_octets, answer, body=CHUNKED, close=False, minor=1, change=change, own=OWN)
        told(compiled.response_octets, answer, body=CHUNKED, close=False, minor=0, change=change, own=OWN)
    for at in (0, 1, 9_999_999):
        told(compiled.scan_chunks, CHUNKS, at, 0)


def test_no_object_is_left_behind(compiled: ModuleType) -> None:
    everything(compiled)
    gc.collect()
    before = sys.getallocatedblocks()
    for _ in range(500):
        everything(compiled)
    gc.collect()
    assert sys.getallocatedblocks() - before < 100


def test_a_module_that_is_let_go_of_takes_its_objects_along(built: Path) -> None:
    everything(load(built))
    gc.collect()
    before = sys.getallocatedblocks()
    for _ in range(50):
        everything(load(built))
    gc.collect()
    assert sys.getallocatedblocks() - before < 300, "some a module are Python's own: it is so with those of its library"


@pytest.mark.fuzz
def test_it_does_the_same_where_the_values_are_not_compiled(built: Path) -> None:
    """So it is where gcc was there and mypy was not."""
    run = f"runpy.run_module({extension.__name__!r}, run_name='__main__')"
    script = f"import runpy, sys; sys.modules[{NATIVE!r}] = None; {run}"
    command = (sys.executable, "-c", script, built, "--executions", "20000", "--seed", "1")
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_call_that_is_wrong_is_so_where_the_values_are_not_compiled() -> None:
    """Only there can all of its rows be made: a compiled value takes no part of a wrong type."""
    rows = f"{__file__}::{test_a_call_that_is_wrong_ends_as_the_twin_has_it.__name__}"
    script = f"import pytest, sys; sys.modules[{NATIVE!r}] = None; sys.exit(pytest.main(sys.argv[1:]))"
    command = (sys.executable, "-c", script, "-q", "-p", "no:cacheprovider", rows)
    done = subprocess.run(command, cwd=SOURCE.parents[2], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "skipped" not in done.stdout


@pytest.mark.fuzz
def test_the_sanitizers_have_nothing_to_say(tmp_path: Path) -> None:
    flags = ("-O1", "-g", "-fno-omit-frame-pointer", "-fsanitize=address,undefined", "-fno-sanitize-recover=all")
    built = build_extension(tmp_path, *flags)
    libraries = [
        subprocess.run((path_of("gcc"), f"-print-file-name={name}"), capture_output=True, text=True, check=True).stdout
        for name in ("libasan.so", "libubsan.so")
    ]
    environment = os.environ | {
        "LD_PRELOAD": ":".join(map(str.strip, libraries)),
        "ASAN_OPTIONS": "detect_leaks=0",  # Python leaves much behind at its end
        "PYTHONMALLOC": "malloc",  # so that the end of each bytes object is the end of its memory
    }
    environment.pop("CORS_GATEWAY_NO_EXTENSIONS", None)
    command = (sys.executable, "-m", extension.__name__, built, "--executions", "1500")
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    assert done.returncode == 0, done.stdout + done.stderr
