import io
import json
import logging
import os
import threading
from collections.abc import Mapping
from typing import IO, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.config.model import Log
from gateway.policy.reason import Reason
from gateway.relay.record import Record
from gateway.service import lines, output
from gateway.service import log as module
from gateway.service.events import Events
from gateway.service.lines import RequestLog, json_line, keys_of, request_as_json, text_line
from gateway.service.log import configure_events, renderer
from gateway.service.output import LogWriter

PARTS: dict[str, Any] = {
    "client": "192.0.2.7",
    "site": "crm.customer.example",
    "method": b"POST",
    "path": b"/api/mail",
    "status": 403,
    "origin": b"https://other.example.com",
    "reason": Reason.ORIGIN_NOT_ALLOWED,
    "remedy": "add the origin to sites[0].origins, customer.yaml:6",
    "detail": "",
    "request_id": "6f1c",
    "duration_ms": 1.04,
}


def refused(**other: object) -> Record:
    """Return the record of a refused request, of which some parts are others."""
    parts: dict[str, Any] = {**PARTS, **other}
    return Record(**parts)


REFUSED = refused()


def lines_of(record: Record, render: output.Render, level: str = "info") -> str:
    stream = io.BytesIO()
    writer = LogWriter(stream, render)
    RequestLog(writer, render, level)(record)
    writer.close()
    return stream.getvalue().decode()


@pytest.fixture(autouse=True)
def at_noon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gateway.service.lines.time.time", lambda: 43_200.0)


def test_a_refusal_in_text_says_why_and_what_would_change_it() -> None:
    assert lines_of(REFUSED, text_line) == (
        "1970-01-01T12:00:00Z request.done client=192.0.2.7 site=crm.customer.example method=POST path=/api/mail "
        "status=403 origin=https://other.example.com reason=origin-not-allowed "
        'remedy="add the origin to sites[0].origins, customer.yaml:6" request_id=6f1c duration_ms=1.0\n'
    )


def test_the_same_in_json_has_the_same_keys() -> None:
    assert json.loads(lines_of(REFUSED, json_line)) == {
        "time": "1970-01-01T12:00:00Z",
        "event": "request.done",
        "client": "192.0.2.7",
        "site": "crm.customer.example",
        "method": "POST",
        "path": "/api/mail",
        "status": 403,
        "origin": "https://other.example.com",
        "reason": "origin-not-allowed",
        "remedy": "add the origin to sites[0].origins, customer.yaml:6",
        "request_id": "6f1c",
        "duration_ms": 1.0,
    }


TEXTS = st.text(max_size=40)
OCTETS = st.binary(max_size=40) | st.just(b"x" * 5000)


@given(
    st.builds(
        Record,
        client=TEXTS,
        site=TEXTS | st.none(),
        method=OCTETS,
        path=OCTETS,
        status=st.sampled_from([200, 403, None]),
        origin=OCTETS | st.none(),
        reason=st.sampled_from(Reason),
        remedy=TEXTS,
        detail=TEXTS,
        request_id=st.from_regex(r"[0-9a-f]{20}", fullmatch=True),
        duration_ms=st.floats(0, 1e9),
    )
)
def test_the_quick_way_to_a_line_leads_to_the_same(record: Record) -> None:
    assert request_as_json(record) == json_line("request.done", keys_of(record))


def test_a_line_is_made_of_what_no_encoding_has() -> None:
    record = refused(detail="no such file: \udcff")
    assert "no such file: \\udcff" in lines_of(record, json_line)


def test_each_line_has_its_own_second(monkeypatch: pytest.MonkeyPatch) -> None:
    for second, time in ((43_200.0, "12:00:00"), (43_201.9, "12:00:01"), (43_200.1, "12:00:00")):
        monkeypatch.setattr("gateway.service.lines.time.time", lambda now=second: now)
        assert f"1970-01-01T{time}Z" in request_as_json(REFUSED)


def test_one_line_has_nothing_of_another() -> None:
    others = [
        *(refused(client="::1"), refused(site=None), refused(method=b"PUT")),
        *(refused(path=b"/"), refused(status=None), refused(origin=None)),
        *(refused(reason=Reason.ALLOWED), refused(remedy=""), refused(detail="x")),
        *(refused(request_id="7"), refused(duration_ms=2.0)),
    ]
    for record in (REFUSED, *others, REFUSED):
        assert request_as_json(record) == json_line("request.done", keys_of(record))


@pytest.mark.parametrize("render", [json_line, text_line])
def test_nothing_in_a_value_ends_the_line_or_forges_a_key(render: output.Render) -> None:
    evil = Record(
        client="192.0.2.7",
        site=None,
        method=b"",
        path=b'/\r\n" status=200 \x1b[2J\xff',
        status=None,
        origin=b"https://x\ny" + b"a" * 400,
        reason=Reason.REQUEST_MALFORMED,
        remedy="",
        detail='it said "no"',
        request_id="1",
        duration_ms=0,
    )
    line = lines_of(evil, render)
    assert line.count("\n") == 1
    assert line.isascii()
    assert "\x1b" not in line
    assert "a" * 321 not in line
    if render is text_line:
        assert ' path="/' in line


def test_level_warning_leaves_out_what_went_well() -> None:
    good = Record("::1", "s", b"GET", b"/", 200, None, Reason.NOT_CORS, "", "", "1", 0.1)
    assert lines_of(good, text_line, "warning") == ""
    assert "reason=not-cors" in lines_of(good, text_line, "info")
    assert "reason=origin-not-allowed" in lines_of(REFUSED, text_line, "warning")


def test_a_blocked_stream_blocks_nobody_and_what_was_dropped_is_counted() -> None:
    released = threading.Event()

    class Blocked(io.BytesIO):
        def flush(self) -> None:
            released.wait(10)

    stream = Blocked()
    writer = LogWriter(stream, text_line, max_waiting_octets=40)
    for number in range(1000):
        writer.write(str(number))  # returns at once, though nothing is written
    released.set()
    writer.close()
    written = stream.getvalue().decode().splitlines()
    dropped = [int(line.split("lines=")[1].split()[0]) for line in written if "log.dropped" in line]
    assert len(written) - len(dropped) + sum(dropped) == 1000
    assert sum(dropped) > 900


def test_a_stream_whose_reader_is_gone_ends_the_log_and_nothing_else() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    stream = os.fdopen(writing, "wb", buffering=0)
    writer = LogWriter(stream, text_line)
    writer.write("to nobody")
    writer.close()
    writer.write("still no error")
    stream.close()


def test_what_was_written_makes_room() -> None:
    written = threading.Semaphore(0)

    class Stream(io.BytesIO):
        def flush(self) -> None:
            written.release()

    stream = Stream()
    writer = LogWriter(stream, text_line, max_waiting_octets=40)
    lines = [f"a line of some length, {number}" for number in range(10)]
    for line in lines:
        writer.write(line)
        assert written.acquire(timeout=10)
    writer.close()
    assert stream.getvalue().decode().splitlines() == lines


def test_what_comes_while_lines_are_written_is_written_next() -> None:
    written = threading.Semaphore(0)

    class Stream(io.BytesIO):
        def flush(self) -> None:
            for line in meanwhile:
                writer.write(line)
            meanwhile.clear()
            written.release()

    meanwhile = ["2", "3"]
    stream = Stream()
    writer = LogWriter(stream, text_line)
    writer.write("1")
    for _ in range(2):
        assert written.acquire(timeout=10)
    assert stream.getvalue() == b"1\n2\n3\n"  # and nobody wrote or closed to have it so
    writer.close()


def test_whoever_writes_while_the_thread_falls_asleep_or_sleeps_wakes_it(monkeypatch: pytest.MonkeyPatch) -> None:
    written, asleep = threading.Semaphore(0), threading.Semaphore(0)

    class Watched(threading.Event):
        def clear(self) -> None:
            super().clear()
            while as_it_falls_asleep:
                writer.write(as_it_falls_asleep.pop())

        def wait(self, timeout: float | None = None) -> bool:
            if timeout is None and threading.current_thread().name == "log":  # others wait for the thread to start
                asleep.release()
            return super().wait(timeout)

    class Stream(io.BytesIO):
        def flush(self) -> None:
            written.release()

    as_it_falls_asleep: list[str] = []
    monkeypatch.setattr(threading, "Event", Watched)
    stream = Stream()
    writer = LogWriter(stream, text_line)
    assert asleep.acquire(timeout=10)
    as_it_falls_asleep.append("2")
    writer.write("1")
    assert written.acquire(timeout=10)
    assert written.acquire(timeout=10)
    assert asleep.acquire(timeout=10)
    writer.write("3")
    assert written.acquire(timeout=10)
    assert stream.getvalue() == b"1\n2\n3\n"
    writer.close()


def test_many_lines_are_written_in_batches() -> None:
    stream = io.BytesIO()
    writer = LogWriter(stream, text_line, batch_lines=3)
    lines = [str(number) for number in range(10)]
    for line in lines:
        writer.write(line)
    writer.close()
    assert stream.getvalue().decode().splitlines() == lines


class Terminal(io.BytesIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("log", "stream", "expected"),
    [
        pytest.param(Log(), io.BytesIO(), json_line, id="json-by-default"),
        pytest.param(Log(), Terminal(), text_line, id="text-on-a-terminal"),
        pytest.param(Log(format="json"), Terminal(), json_line, id="as-configured"),
        pytest.param(Log(format="text"), io.BytesIO(), text_line, id="text-as-configured"),
    ],
)
def test_renderer(log: Log, stream: IO[bytes], expected: output.Render) -> None:
    assert renderer(log, stream) is expected


def test_events_of_ours_and_of_libraries_go_to_the_same_log(monkeypatch: pytest.MonkeyPatch) -> None:
    stream, events = io.BytesIO(), Events()
    events.error("too.early")
    monkeypatch.setattr(module, "EVENTS", events)

    def render(event: str, keys: Mapping[str, object]) -> str:
        return f"{event} {dict(keys)}"

    writer = LogWriter(stream, render)
    before = logging.getLogger().handlers[:]
    try:
        configure_events(writer, render, "info")
        events.info("gateway.ready", sites="crm")
        events.tell("debug", "not.told", {})
        logging.getLogger("asyncio").warning("slow %s", "thing")
        logging.getLogger("asyncio").info("not told")
        writer.close()
    finally:
        logging.getLogger().handlers[:] = before
    assert stream.getvalue().decode().splitlines() == [
        "gateway.ready {'sites': 'crm', 'level': 'info'}",
        "library.message {'level': 'warning', 'logger': 'asyncio', 'message': 'slow thing', 'error': ''}",
    ]


def test_libraries_get_some_lines_a_second_and_the_rest_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = io.BytesIO()
    writer = LogWriter(stream, json_line)
    before = logging.getLogger().handlers[:]
    at = 1000.5
    monkeypatch.setattr(module, "EVENTS", Events())
    monkeypatch.setattr("logging.time.time", lambda: at)
    try:
        configure_events(writer, json_line, "info")
        for _ in range(1000):
            logging.getLogger("asyncio").error("socket.accept() out of system resource")
        at = 1001.5
        logging.getLogger("asyncio").error("again")
        writer.close()
    finally:
        logging.getLogger().handlers[:] = before
    lines = [json.loads(line) for line in stream.getvalue().splitlines()]
    assert len(lines) == module.LIBRARY_LINES_A_SECOND + 1
    assert (lines[-1]["message"], lines[-1]["dropped_before"]) == ("again", 990)


def test_long_paths_and_methods_are_cut() -> None:
    long = refused(path=b"/" + b"a" * 16_000, method=b"M" * 16_000)
    line = json.loads(lines_of(long, json_line))
    assert (len(line["path"]), len(line["method"])) == (lines.MAX_LOGGED_PATH, lines.MAX_LOGGED_METHOD)
