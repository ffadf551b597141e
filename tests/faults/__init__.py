"""Faults that a good engineer might make, one line each, and the test that sees each of them: `make faults`.

A file `*.patch` holds those of one subject, parted by empty lines. Each says what of the data path contract and of the
requirements (docs/design.md) it shows, what would happen in the field, the test that has to fail, and the change: which
file, then the lines as they stand (` `), that go (`-`) and that come (`+`). Without line numbers: what stands and goes
has to be found in the file once.

    # octets-over: contract 8, R6
    # What stands behind one user's answer is taken for the next user's.
    # tests/relay/test_relaying.py::test_a_bodyless_answer_with_octets_behind_it_ends_that_upstream_connection
    --- gateway/relay/exchange.py
    -        if self.request_done and not over:
    +        if self.request_done:

A test may be named with its parameters, `…::test_x[sized]`; the event loop is left out of them: it is run on all.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import CodeType
from typing import Final

from tests.changed import ROOT

FOLDER: Final = Path(__file__).parent

ITEMS: Final = (*(f"contract {number}" for number in range(1, 23)), *(f"R{number}" for number in range(1, 21)))
"""All that faults have to show."""

NOT_SHOWN: Final[Mapping[str, str]] = {}
"""What no fault can show, and why."""

_HEAD: Final = re.compile(r"# ([a-z0-9-]+): (.+)")


class PatchError(Exception):
    """A patch cannot be read or does not apply; the message says which and why."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One change to one module, and the test that sees it."""

    name: str
    subject: str
    """Of the file it stands in."""
    shows: tuple[str, ...]
    consequence: str
    test: str
    file: str
    stands: str
    """The lines that have to be found once."""
    comes: str
    """What stands there instead."""

    def source(self) -> str:
        """Return the changed module.

        Raises:
            PatchError: what it changes is not there, or there twice.
        """
        text = "\n" + (ROOT / self.file).read_text("utf-8")
        found = text.count(self.stands)
        if found != 1:
            raise PatchError(f"{self.name} ({self.subject}.patch) applies to {found} places of {self.file}, not one")
        return text.replace(self.stands, self.comes)[1:]

    def code(self) -> CodeType:
        """Return the changed module, compiled."""
        return compile(self.source(), str(ROOT / self.file), "exec", dont_inherit=True)


def read_faults(folder: Path = FOLDER) -> list[Fault]:
    """Return all faults, by subject.

    Raises:
        PatchError: a patch cannot be read.
    """
    return [fault for file in sorted(folder.glob("*.patch")) for fault in _of_file(file)]


def _of_file(file: Path) -> Iterator[Fault]:
    for block in file.read_text("utf-8").split("\n\n"):
        lines = block.strip("\n").split("\n")
        if not all(line.startswith("#") for line in lines):
            yield _fault(file.stem, lines)


def _fault(subject: str, lines: Sequence[str]) -> Fault:
    at = next((index for index, line in enumerate(lines) if line.startswith("--- ")), len(lines))
    match = _HEAD.fullmatch(lines[0])
    comments = [line.removeprefix("# ") for line in lines[1:at]]
    diff = lines[at + 1 :]
    if match is None or len(comments) < 2 or not diff or any(line[:1] not in {" ", "-", "+"} for line in diff):
        raise PatchError(f"{subject}.patch: not a fault: {lines[0]}")
    return Fault(
        name=match[1],
        subject=subject,
        shows=tuple(match[2].split(", ")),
        consequence=" ".join(comments[:-1]),
        test=comments[-1],
        file=lines[at].removeprefix("--- "),
        stands=_text(diff, " -"),
        comes=_text(diff, " +"),
    )


def _text(diff: Sequence[str], marks: str) -> str:
    """Return the lines with one of `marks`, as whole lines: from the end of the line before to their own end."""
    return "\n" + "".join(line[1:] + "\n" for line in diff if line[0] in marks)


def not_shown(faults: Sequence[Fault]) -> list[str]:
    """Return what no fault shows, though it should."""
    shown = {item for fault in faults for item in fault.shows}
    return [item for item in ITEMS if item not in shown and item not in NOT_SHOWN]
