"""Who asks how the gateway is hears how it was once it had asked."""

import selectors
import socket
import time
from collections.abc import Generator

import pytest

from gateway.service.census import ANSWER_SECONDS, Census
from gateway.service.crew import Child
from gateway.service.link import HEADER, Link, Word
from gateway.service.snapshot import Snapshot, decode, encode, merged
from tests.service.test_snapshot import FRAME, snapshot

Said = list[tuple[Word, bytes]]


class Pair:
    """An admin process and a worker, as the supervisor has them."""

    def __init__(self) -> None:
        self.selector = selectors.DefaultSelector()
        self.census = Census()
        self.census.adopt(["crm.example"])
        self.admin, self.worker = self.child("admin", 1), self.child("worker", 2)

    def child(self, name: str, pid: int) -> "Other":
        ours, its = socket.socketpair()
        its.settimeout(0)
        child = Child(name, 0)
        child.pid = pid
        child.link = Link(self.selector, ours, child.hear)
        return Other(child, its)

    def whole(self) -> Snapshot:
        return self.census.whole(FRAME, [self.worker.child])

    def close(self) -> None:
        for each in (self.admin, self.worker):
            each.child.link.close()
            each.sock.close()
        self.selector.close()


class Other:
    """A child, and its end of the link."""

    def __init__(self, child: Child, sock: socket.socket) -> None:
        self.child = child
        self.sock = sock

    def heard(self) -> Said:
        """Return what was said to it since it was asked last."""
        try:
            octets = self.sock.recv(1 << 20)
        except BlockingIOError:
            return []
        found: Said = []
        while octets:
            word, length = HEADER.unpack_from(octets)
            end = HEADER.size + length
            found.append((Word(word), octets[HEADER.size : end]))
            octets = octets[end:]
        return found


@pytest.fixture
def pair() -> Generator[Pair]:
    made = Pair()
    yield made
    made.close()


def test_a_heartbeat_that_was_on_its_way_answers_no_question(pair: Pair) -> None:
    census, worker = pair.census, pair.worker.child
    for _ in range(2):
        census.ask(pair.admin.child, [worker])
    (first, second) = [number for word, number in pair.worker.heard() if word is Word.ASK]
    now = time.monotonic()
    worker.hear(Word.TOLD, encode(snapshot(2, count=1)))
    census.answer(now, pair.whole)
    assert pair.admin.heard() == []
    for number, count in ((first, 5), (second, 7)):
        worker.hear(Word.TOLD, encode(snapshot(2, count=count)))
        census.answered(worker, number)
        census.answer(now, pair.whole)
        ((word, octets),) = pair.admin.heard()
        assert (word, decode(octets)) == (Word.TOLD, merged(FRAME, [snapshot(2, count=count)]))


def test_who_has_ended_or_does_not_answer_is_waited_for_no_longer(pair: Pair) -> None:
    census, now = pair.census, time.monotonic()
    pair.worker.child.hear(Word.TOLD, encode(snapshot(2, count=3)))
    census.ask(pair.admin.child, [pair.worker.child])
    census.answer(now, pair.whole)
    assert pair.admin.heard() == []
    census.answer(now + 2 * ANSWER_SECONDS, pair.whole)
    assert len(pair.admin.heard()) == 1
    census.ask(pair.admin.child, [pair.worker.child])
    census.has_ended(pair.worker.child)
    census.answer(now, lambda: census.whole(FRAME, []))
    ((_, octets),) = pair.admin.heard()
    assert decode(octets).status.sites[0].outcomes == {"allowed": 3}
    census.ask(pair.admin.child, [])
    census.has_ended(pair.admin.child)  # nobody is left who asked
    census.answer(now, pair.whole)
    assert pair.admin.heard() == []
