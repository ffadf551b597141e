"""Words between the supervisor and its children, and turns at the log."""

import asyncio
import fcntl
import io
import os
import select
import selectors
import signal
import socket
import sys
from collections.abc import Callable
from typing import IO

import pytest

from gateway.service.link import Link, Word, heard, say
from gateway.service.output import LogWriter
from gateway.service.turns import DirectWriter, Turns


class Ear:
    """The supervisor's side."""

    def __init__(self) -> None:
        self.selector = selectors.DefaultSelector()
        self.words: list[tuple[Word, bytes]] = []
        ours, self.other = socket.socketpair()
        self.link = Link(self.selector, ours, lambda word, octets: self.words.append((word, octets)))

    def turn(self) -> None:
        for key, events in self.selector.select(0):
            key.data(events)

    def close(self) -> None:
        self.link.close()
        self.other.close()
        self.selector.close()


async def test_words_come_as_they_were_said_both_ways() -> None:
    ear = Ear()
    reader, writer = await asyncio.open_connection(sock=ear.other)
    long = os.urandom(1 << 20)  # more than a socket takes at once
    say(writer, Word.READY)
    say(writer, Word.TOLD, long)
    ear.link.say(Word.ASK)
    ear.link.say(Word.TOLD, long)
    hearing = asyncio.create_task(_two(reader))
    while len(ear.words) < 2 or not hearing.done():
        ear.turn()
        await asyncio.sleep(0)
    assert ear.words == [(Word.READY, b""), (Word.TOLD, long)]
    assert await hearing == [(Word.ASK, b""), (Word.TOLD, long)]
    writer.close()
    await writer.wait_closed()
    ear.turn()
    ear.link.say(Word.DRAIN)  # nobody hears it, and nothing fails
    ear.close()


async def _two(reader: asyncio.StreamReader) -> list[tuple[Word, bytes]]:
    found: list[tuple[Word, bytes]] = []
    async for each in heard(reader):
        found.append(each)
        if len(found) == 2:
            break
    return found


def test_what_was_said_last_is_heard_after_the_end() -> None:
    ear = Ear()
    with ear.other:
        ear.other.sendall(b"\x01\x00\x00\x00\x00\x63\x00\x00\x00\x01?\x02\x00\x00\x00\x03why")
    ear.turn()
    assert ear.words == [(Word.READY, b""), (Word.UNKNOWN, b"?"), (Word.FAILED, b"why")]
    assert not ear.link.read()
    ear.close()


def test_a_direct_line_is_written_in_its_turn_or_not_at_all(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gateway.service.turns.DIRECT_SECONDS", 0.05)
    turns = Turns()
    ours, its = os.pipe()
    with io.FileIO(its, "wb") as stream:
        DirectWriter(stream, turns).write("line")
        assert os.read(ours, 100) == b"line\n"
        ready, go = os.pipe()
        pid = os.fork()
        if not pid:  # another process that has its turn, and does not end it
            with turns.turn():
                os.write(go, b".")
                os.read(ours, 1)
            os._exit(0)
        os.read(ready, 1)
        DirectWriter(stream, turns).write("dropped")
        os.write(its, b".")
        os.waitpid(pid, 0)
        DirectWriter(stream, turns).write("again")
        assert os.read(ours, 100) == b"again\n"
    os.close(ours)
    DirectWriter(stream, turns).write("to nobody")
    for each in (ready, go):
        os.close(each)


def filled(descriptor: int) -> int:
    """Fill a pipe but for one page; return how many octets are in it."""
    size = fcntl.fcntl(descriptor, fcntl.F_GETPIPE_SZ)
    return os.write(descriptor, b"\n" * (size - select.PIPE_BUF))


@pytest.mark.skipif(sys.platform != "linux", reason="what a pipe takes is asked of Linux")
def test_a_line_that_is_cut_is_ended_before_the_next_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gateway.service.turns.DIRECT_SECONDS", 0.0)
    turns = Turns()
    ours, its = os.pipe()
    with io.FileIO(ours, "rb") as reader, io.FileIO(its, "wb") as stream:
        for write in (DirectWriter(stream, turns).write, log_writer(stream, turns)):
            full = filled(its)
            DirectWriter(stream, turns).write("x" * 2 * select.PIPE_BUF)
            DirectWriter(stream, turns).write("dropped")
            assert len(reader.read(full)) == full
            write("next")
            assert reader.read(select.PIPE_BUF) + reader.read(100) == b"x" * select.PIPE_BUF + b"\nnext\n"
            write("after")
            assert reader.read(100) == b"after\n"


def log_writer(stream: IO[bytes], turns: Turns) -> Callable[[str], None]:
    """Return what has a writer with a thread of its own write a line."""

    def write(line: str) -> None:
        writer = LogWriter(stream, lambda event, _: event, turns.turn)
        writer.write(line)
        writer.close()

    return write


def test_a_line_of_a_process_that_was_killed_is_ended_by_the_next_one() -> None:
    turns = Turns()
    ours, its = os.pipe()
    with io.FileIO(ours, "rb") as reader, io.FileIO(its, "wb") as stream:
        pid = os.fork()
        if not pid:
            with turns.turn():
                stream.write(b"half a li")
                os.kill(os.getpid(), signal.SIGKILL)
        os.waitpid(pid, 0)
        DirectWriter(stream, turns).write("next")
        assert reader.read(100) == b"half a li\nnext\n"
