"""`python -m tests.relay.fuzz --executions N --seed S`: run the fuzz and tell its figures."""

import argparse
import secrets
import sys
import time
from collections.abc import Iterable
from multiprocessing import Pool

from tests.relay.fuzz.case import Case
from tests.relay.fuzz.run import Figures, case_of, corpus, fuzz, smallest, wrong_with
from tests.relay.fuzz.world import small_world

BATCH = 2_000
"""Cases done before another process may take over."""


def main() -> int:
    """Return 0 if nothing was wrong."""
    parser = argparse.ArgumentParser(prog="python -m tests.relay.fuzz", description=__doc__)
    parser.add_argument("--executions", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=secrets.randbits(32))
    parser.add_argument("--jobs", type=int, default=1, help="processes")
    parser.add_argument("--case", help="SEED:INDEX, or the name of one in the corpus: do that one, and make it smaller")
    parser.add_argument("--json", action="store_true", help="tell the case as the corpus has it")
    arguments = parser.parse_args()
    if arguments.case:
        return _one(arguments.case, as_json=arguments.json)
    _tell(f"seed {arguments.seed}")
    start = time.monotonic()
    batches = [
        (arguments.seed, range(at, min(at + BATCH, arguments.executions)))
        for at in range(0, arguments.executions, BATCH)
    ]
    figures = Figures()
    if arguments.jobs == 1:
        results = (fuzz(*batch) for batch in batches)
        _gather(figures, results, arguments.seed)
    else:
        with Pool(arguments.jobs) as pool:
            _gather(figures, pool.imap_unordered(_batch, batches), arguments.seed)
    seconds = time.monotonic() - start
    each = figures.executions / seconds
    _tell(f"{figures.executions:,} executions in {seconds:.1f} s, {each:.0f} a second; {len(figures.failed)} failed")
    return 1 if figures.failed else 0


def _batch(batch: tuple[int, range]) -> Figures:
    return fuzz(*batch)


def _gather(figures: Figures, results: Iterable[Figures], seed: int) -> None:
    for result in results:
        figures.executions += result.executions
        for index, found in result.failed.items():
            _tell(f"python -m tests.relay.fuzz --case {seed}:{index}  # {found[0][:300]}")
        figures.failed.update(result.failed)


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
    return "\n".join((*lines, f"connects: {case.connects}", f"steps: {case.steps}"))


def _tell(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
