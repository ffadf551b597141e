"""`python -m tests.http1.fuzz --executions N --seed S`: run the fuzz and tell its figures."""

import argparse
import secrets
import sys
import time

from tests.http1.fuzz.run import fuzz


def _tell(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def main() -> int:
    """Return 0 if everyone read everything alike, but for the exceptions."""
    parser = argparse.ArgumentParser(prog="python -m tests.http1.fuzz", description=__doc__)
    parser.add_argument("--executions", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=secrets.randbits(32))
    arguments = parser.parse_args()
    _tell(f"seed {arguments.seed}")
    start = time.monotonic()
    figures = fuzz(arguments.executions, arguments.seed)
    seconds = time.monotonic() - start
    _tell(f"{arguments.executions:,} executions in {seconds:.0f} s, {figures.ordinary:,} of them ordinary messages")
    for outcome, count in figures.outcomes.most_common():
        _tell(f"{count:>12,}  {count / arguments.executions:7.2%}  {outcome}")
    _tell("excepted differences:")
    for what, count in figures.excepted.most_common():
        _tell(f"{count:>12,}  {what}")
    _tell(f"differences that no exception covers: {len(figures.faults)}")
    for fault in figures.faults[:20]:
        _tell(fault)
    return 1 if figures.faults else 0


if __name__ == "__main__":
    sys.exit(main())
