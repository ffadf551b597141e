"""`python -m tests.relay.fuzz --executions N --seed S`: run the fuzz and tell its figures.

A run is told by its seed; each case by its number, too. `--first N` goes on where another run was ended.
"""

import argparse
import secrets
import sys
import time
from collections.abc import Iterable
from multiprocessing import Pool

from tests.relay.fuzz.case import Case
from tests.relay.fuzz.run import ENOUGH_FAULTS, Figures, case_of, corpus, fuzz, keep, kind_of, smallest, wrong_with
from tests.relay.fuzz.world import small_world

BATCH = 2_000
"""Cases done before another process may take over."""
TELL_SECONDS = 30.0
"""How often it is told how far a run has come."""


def main() -> int:
    """Return 0 if nothing was wrong."""
    parser = argparse.ArgumentParser(prog="python -m tests.relay.fuzz", description=__doc__)
    parser.add_argument("--executions", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=secrets.randbits(32))
    parser.add_argument("--first", type=int, default=0, metavar="N", help="number of the first case, to go on from")
    parser.add_argument("--jobs", type=int, default=1, help="processes")
    parser.add_argument("--case", help="SEED:INDEX, or the name of one in the corpus: do that one, and make it smaller")
    parser.add_argument("--json", action="store_true", help="tell the case as the corpus has it")
    arguments = parser.parse_args()
    if arguments.case:
        return _one(arguments.case, as_json=arguments.json)
    seed, first, end = arguments.seed, arguments.first, arguments.first + arguments.executions
    _tell(f"seed {seed}, {arguments.executions:,} executions from {first:,} on")
    start = time.monotonic()
    batches = [(seed, range(at, min(at + BATCH, end))) for at in range(first, end, BATCH)]
    if arguments.jobs == 1:
        figures = _gather(map(_batch, batches), arguments.seed, first, end)
    else:
        with Pool(arguments.jobs) as pool:
            figures = _gather(pool.imap(_batch, batches), arguments.seed, first, end)
    _tell(f"{_speed(figures, start)}; {len(figures.failed)} failed")
    for index in _one_of_each_kind(figures):
        _tell(f"kept as {keep(seed, index)}")
    return 1 if figures.failed else 0


def _batch(batch: tuple[int, range]) -> Figures:
    return fuzz(*batch)


def _gather(results: Iterable[Figures], seed: int, first: int, end: int) -> Figures:
    """Add up the results, which come in order, until enough has failed; tell now and then how far it is."""
    figures = Figures()
    start = told = time.monotonic()
    for result in results:
        figures.executions += result.executions
        for index, found in result.failed.items():
            _tell(f"python -m tests.relay.fuzz --case {seed}:{index}  # {found[0][:300]}")
        figures.failed.update(result.failed)
        if len(figures.failed) >= ENOUGH_FAULTS:
            break
        if time.monotonic() - told > TELL_SECONDS:
            told = time.monotonic()
            at = first + figures.executions
            _tell(f"{_speed(figures, start)}; to go on from here: --seed {seed} --first {at} --executions {end - at}")
    return figures


def _speed(figures: Figures, start: float) -> str:
    seconds = time.monotonic() - start
    return f"{figures.executions:,} executions in {seconds:.1f} s, {figures.executions / seconds:.0f} a second"


def _one_of_each_kind(figures: Figures) -> list[int]:
    """Return the first case of each kind of fault."""
    firsts: dict[str, int] = {}
    for index, found in sorted(figures.failed.items()):
        firsts.setdefault(kind_of(found), index)
    return sorted(firsts.values())


def _one(name: str, *, as_json: bool) -> int:
    seed, _, index = name.partition(":")
    case = case_of(int(seed), int(index)) if index else corpus()[name]
    with small_world():
        found = wrong_with(case)
    if not found:
        _tell("nothing is wrong")
        return 0
    case = smallest(case)
    with small_world():
        found = wrong_with(case)
    _tell(case.as_json() if as_json else _shown(case))
    _tell("\n".join(found))
    return 1


def _shown(case: Case) -> str:
    lines = [f"client {number}: {pieces}" for number, pieces in enumerate(case.clients)]
    lines += [f"script: {script}" for script in case.scripts]
    sides = " and ".join(side.value for side in case.sides)
    return "\n".join((*lines, f"connects: {case.connects}", f"steps: {case.steps}", f"sides: {sides}"))


def _tell(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
