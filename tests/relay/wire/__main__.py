"""`python -m tests.relay.wire`: tell how many cases each class has."""

import sys

from tests.relay.wire.table import CLASSES


def main() -> None:
    """Print one line a class, and the sum."""
    for name, cases in CLASSES.items():
        sys.stdout.write(f"{len(cases):>5}  {name}\n")
    sys.stdout.write(f"{sum(map(len, CLASSES.values())):>5}  in all\n")


if __name__ == "__main__":
    main()
