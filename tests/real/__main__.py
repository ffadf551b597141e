"""`python -m tests.real [--write]`: print the table, and write the page of the documentation that has it."""

import sys

from tests.real.everything import everything
from tests.real.report import FILE, markdown, table
from tests.real.table import observe


def main(arguments: list[str]) -> int:
    """Make all calls, and return an exit status."""
    with everything() as running:
        observed = observe(running.chromium, running.servers, running.gateway.plain)
    sys.stdout.write(table(observed))
    if arguments == ["--write"]:
        FILE.write_text(markdown(observed), "utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
