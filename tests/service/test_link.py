"""Words between the supervisor and its children, and turns at the log."""

import asyncio
import io
import os
import selectors
import socket

import pytest

from gateway.service.link import Link, Word, heard, say
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
        ear.other.sendall(b"\x01\x00\x00\x00\x00\x02\x00\x00\x00\x03why")
    ear.turn()
    assert ear.words == [(Word.READY, b""), (Word.FAILED, b"why")]
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
