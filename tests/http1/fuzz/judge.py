"""One case, read by all and written on: what they disagree in."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import combinations, zip_longest
from typing import Final

from tests.http1.fuzz import ours, twins
from tests.http1.fuzz.exceptions import EXCEPTIONS, Exceptional
from tests.http1.fuzz.message import Case, Message, Nothing, Reading
from tests.http1.fuzz.oracles import ORACLES
from tests.http1.scanners import COMPILED, PYTHON

REFUSED: Final = "refused"
REFUSED_ALONE: Final = "refused-by-us-alone"
UNFINISHED: Final = "unfinished"
TAKEN: Final = "taken"


@dataclass(frozen=True, slots=True)
class Difference:
    """An oracle reads what we take, or what we write, as something else; or our own twin does."""

    oracle: str
    what: str
    case: Case
    given: bytes
    """What the oracle was given."""
    expected: Reading | str | None
    got: Reading | str | None
    excepted: tuple[str, ...] = ()
    """Why this may be, if it may."""

    def __str__(self) -> str:
        """Return all that is needed to look into it."""
        return (
            f"{self.oracle}: {self.what} ({self.case.side}, {self.case.method.decode('latin-1')})\n"
            f"  case:     {self.case.octets!r}\n  given:    {self.given!r}\n"
            f"  expected: {self.expected}\n  got:      {self.got}"
        )


@dataclass(frozen=True, slots=True)
class Verdict:
    """What came of one case."""

    outcome: str
    differences: tuple[Difference, ...] = ()


def judge(case: Case) -> Verdict:
    """Read a case with all parsers, write it on, and have that read.

    A difference is excepted if it is gone once what `exceptions.py` names has been changed in the case. Between our own
    twins nothing is.
    """
    differences = list(_between_twins(case))
    taken = ours.read(case)
    if taken is Nothing.UNFINISHED:
        return Verdict(UNFINISHED, tuple(differences))
    if isinstance(taken, Nothing):
        alone = all(isinstance(read(case, case.octets), Message) for read in ORACLES.values())
        return Verdict(REFUSED_ALONE if alone else REFUSED, tuple(differences))
    for oracle in ORACLES:
        found = list(_differences(oracle, case, taken))
        excepted = _reasons(oracle, case, taken) if found else ()
        differences += [
            Difference(each.oracle, each.what, case, each.given, each.expected, each.got, excepted) for each in found
        ]
    return Verdict(TAKEN, tuple(differences))


def _between_twins(case: Case) -> Iterator[Difference]:
    """Yield in what the compiled scanners, where there are any, differ from those in Python."""
    if COMPILED is None:
        return
    expected, got = twins.made_of(case, PYTHON), twins.made_of(case, COMPILED)
    for python, c in zip_longest(expected, got):
        if python != c:
            yield Difference("compiled", "not what its twin makes of it", case, case.octets, python, c)


def _reasons(oracle: str, case: Case, taken: ours.Taken) -> tuple[str, ...]:
    """Return for what reasons an oracle may differ in a case, as few as there can be; none if it may not."""
    there = [each for each in EXCEPTIONS[oracle] if each.cure(case) != case.octets]
    for count in range(1, len(there) + 1):
        for exceptions in combinations(there, count):
            if _agree(oracle, case, exceptions, taken):
                return tuple(each.reason for each in exceptions)
    return ()


def _agree(oracle: str, case: Case, exceptions: Sequence[Exceptional], taken: ours.Taken) -> bool:
    """Tell whether we and the oracle agree in a case once these things have been changed in it."""
    for each in exceptions:
        case = replace(case, octets=each.cure(case))
    again = ours.read(case)
    if isinstance(again, Nothing) or again.message.whole is not taken.message.whole:
        return False
    return not any(_differences(oracle, case, again))


def _differences(oracle: str, case: Case, taken: ours.Taken) -> Iterator[Difference]:
    """Yield in what an oracle differs from us: in the message, where it ends, and in what we write."""
    read = ORACLES[oracle]
    message = taken.message
    given = case.octets[: taken.end]
    expected = Message(message.start, message.fields, message.body, message.whole, alone=True)
    got = read(case, given, eof=taken.until_close)
    if got != expected:
        yield Difference(oracle, "read as another message", case, given, expected, got)
    if not message.whole:
        return
    if not taken.until_close and _is_whole(shorter := read(case, given[:-1])):
        yield Difference(oracle, "read as a message that ends earlier", case, given[:-1], Nothing.UNFINISHED, shorter)
    written = ours.write(taken)
    if written is None:
        return
    got = read(case, written.octets)
    fields = got.fields if isinstance(got, Message) else ()
    expected = Message(written.start, fields, message.body, whole=True, alone=True)
    if got != expected:
        yield Difference(oracle, "written and read as another message", case, written.octets, expected, got)
    if _is_whole(shorter := read(case, written.octets[:-1])):
        what = "written and read as a message that ends earlier"
        yield Difference(oracle, what, case, written.octets[:-1], Nothing.UNFINISHED, shorter)


def _is_whole(reading: Reading) -> bool:
    return isinstance(reading, Message) and reading.whole
