"""Many cases, and the smallest of those that fail."""

import gc
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from tests.relay.fuzz.case import Case, Dice, from_json, next_case, shorter
from tests.relay.fuzz.judge import faults
from tests.relay.fuzz.world import small_world

CORPUS: Final = Path(__file__).parent / "corpus"
ENOUGH_FAULTS: Final = 10


@dataclass(slots=True)
class Figures:
    """What came of a run."""

    executions: int = 0
    failed: dict[int, list[str]] = field(default_factory=dict[int, list[str]])
    """Number of a case that failed → what is wrong."""


def case_of(seed: int, index: int) -> Case:
    """Return one case of a run."""
    return next_case(Dice(seed << 40 | index))  # a case has to come out the same again


def fuzz(seed: int, indexes: range, go_on: Callable[[], bool] = lambda: True) -> Figures:
    """Do these cases of a run, until it fails often or `go_on` says no."""
    figures = Figures()
    with small_world(), rare_collection():
        for index in indexes:
            if not go_on() or len(figures.failed) >= ENOUGH_FAULTS:
                break
            figures.executions += 1
            found = wrong_with(case_of(seed, index))
            if found:
                figures.failed[index] = found
    return figures


@contextmanager
def rare_collection() -> Generator[None]:
    """Have garbage looked for seldom: worlds are taken to pieces when done, and looking takes a tenth of a run."""
    before = gc.get_threshold()
    gc.set_threshold(200_000, 2, 2)
    try:
        yield
    finally:
        gc.set_threshold(*before)


def wrong_with(case: Case) -> list[str]:
    """Return what is wrong with a case, in a `small_world`; an exception is, too."""
    try:
        return faults(case)
    except Exception as error:  # noqa: BLE001 - told with the case that raised it
        return [f"{type(error).__name__}: {error}"]


def smallest(case: Case, limit: int = 3000) -> Case:
    """Return the case with as much left out as it can do without and still fail alike."""
    with small_world():
        kind = kind_of(wrong_with(case))
        shrunk = True
        while shrunk and limit > 0:
            shrunk = False
            for candidate in shorter(case):
                limit -= 1
                if kind_of(wrong_with(candidate)) == kind:
                    case, shrunk = candidate, True
                    break
    return case


def kind_of(found: list[str]) -> str:
    """Return what stays of a fault when octets and numbers in it change."""
    if not found:
        return ""
    words = found[0].replace("{", "'").replace('"', "'").split("'")[0].split()
    return "failed: " + " ".join(word for word in words if not any(map(str.isdigit, word)))[:40]


def keep(seed: int, index: int) -> Path:
    """Put a case that failed, made as small as it gets, into the corpus."""
    path = CORPUS / f"found-{seed}-{index}.json"
    path.write_text(smallest(case_of(seed, index)).as_json() + "\n", "utf-8")
    return path


def corpus() -> dict[str, Case]:
    """Return the cases that are kept, by name."""
    return {path.stem: from_json(path.read_text("utf-8")) for path in sorted(CORPUS.glob("*.json"))}
