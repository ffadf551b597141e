"""How the gateway is: what its workers tell, and what those that have ended had counted."""

import time
from itertools import count
from typing import TYPE_CHECKING, Final

from gateway.service.link import Word
from gateway.service.snapshot import Snapshot, encode, merged, past

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from gateway.service.crew import Child
    from gateway.service.status import Status

ANSWER_SECONDS: Final = 1.0
"""How long workers may take to tell how they are, before what they told last has to do."""


class Question:
    """The admin process has asked how the gateway is; workers are asked first."""

    def __init__(self, number: bytes, asker: "Child", workers: "Iterable[Child]") -> None:
        """Wait for these workers."""
        self.number = number
        """Goes with it to the workers and comes back: a heartbeat that was on its way by then is no answer."""
        self.asker = asker
        self.open = {worker.pid for worker in workers}
        self.due = time.monotonic() + ANSWER_SECONDS


class Census:
    """Asks them, and puts together what they tell."""

    def __init__(self) -> None:
        """Know of nobody yet."""
        self._past: Snapshot | None = None
        """What workers that have ended had counted, of the sites there are."""
        self._sites: tuple[str, ...] = ()
        self._questions: list[Question] = []
        self._numbers = count(1)

    def adopt(self, sites: "Iterable[str]") -> None:
        """Go by the sites of another configuration: of others nothing is kept, or it would grow with each new name."""
        self._sites = tuple(sites)
        if self._past is not None:
            self._past = past([self._past], self._sites)

    def ask(self, asker: "Child", workers: "Iterable[Child]") -> None:
        """Ask workers how they are, for somebody who is told once all have answered."""
        asked, number = tuple(workers), b"%d" % next(self._numbers)
        self._questions.append(Question(number, asker, asked))
        for worker in asked:
            worker.link.say(Word.ASK, number)

    def answered(self, worker: "Child", number: bytes) -> None:
        """Note that a worker has told how it is since it heard the question of this number."""
        for question in self._questions:
            if question.number == number:
                question.open.discard(worker.pid)

    def has_ended(self, child: "Child") -> None:
        """Keep what a child had counted; nobody waits for it any more."""
        snapshot = child.snapshot
        if snapshot is not None:
            self._past = past([snapshot] if self._past is None else [self._past, snapshot], self._sites)
        self._questions = [each for each in self._questions if each.asker is not child]
        for question in self._questions:
            question.open.discard(child.pid)

    def answer(self, now: float, whole: "Callable[[], Snapshot]") -> None:
        """Tell who has asked how the `whole` is, where all have answered, or have had their time."""
        for question in [each for each in self._questions if not each.open or each.due <= now]:
            self._questions.remove(question)
            question.asker.link.say(Word.TOLD, encode(whole()))

    def whole(self, frame: "Status", workers: "Iterable[Child]") -> Snapshot:
        """Return how all of them are, as far as is known, with what only the supervisor knows from `frame`."""
        parts = (*(worker.snapshot for worker in workers), self._past)
        return merged(frame, [each for each in parts if each is not None])
