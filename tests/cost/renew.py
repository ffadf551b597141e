"""`python -m tests.cost.renew`: count anew, and write `counts.json` for the Python that runs this."""

import json

from tests.cost.count import COUNTS, PYTHON, SCANNERS, count, kept


def main() -> None:
    """Keep what other versions of Python have."""
    counts = kept() | {PYTHON: {scanners: count(scanners=scanners) for scanners in SCANNERS}}
    COUNTS.write_text(json.dumps(counts, indent=2, sort_keys=True) + "\n", "utf-8")


if __name__ == "__main__":
    main()
