"""Instructions of an exchange, counted by callgrind.  `python -m tests.cost.count` prints them."""

import json
import os
import platform
import re
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from tests.cost.exchanges import EXCHANGES, WORKLOADS
from tests.system import path_of

ROOT: Final = Path(__file__).parents[2]
COUNTS: Final = Path(__file__).with_name("counts.json")
"""Version of Python → scanners → kind of exchange → instructions."""
PYTHON: Final = platform.python_version()
"""The whole of it: between Debian 12's 3.11.2 and a 3.11.7 from source lies a tenth."""
SCANNERS: Final = ("compiled", "python")

_TOTAL: Final = re.compile(r"^(?:totals|summary): ([0-9]+)", re.MULTILINE)


def kept() -> dict[str, dict[str, dict[str, int]]]:
    """Return what the file has."""
    counts: dict[str, dict[str, dict[str, int]]] = json.loads(COUNTS.read_text("utf-8"))
    return counts


def count(*, scanners: str) -> dict[str, int]:
    """Return how many instructions an exchange of each kind takes, with the scanners compiled or in Python."""
    environment = os.environ | {
        "CORS_GATEWAY_NO_EXTENSIONS": "1" if scanners == "python" else "",
        "PYTHONHASHSEED": "0",
    }
    with TemporaryDirectory() as folder:
        command = (
            *(str(path_of("valgrind")), "--tool=callgrind", f"--callgrind-out-file={folder}/out"),
            *("--dump-before=getpgid", sys.executable, "-m", "tests.cost"),
        )
        done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        assert done.stdout == f"{scanners} allowed 200 preflight-allowed 204\n"
        # The first dump is what went before the first mark.
        dumps = [Path(f"{folder}/out.{number}") for number in range(2, len(WORKLOADS) + 2)]
        return {name: _total(dump) // EXCHANGES[name] for name, dump in zip(WORKLOADS, dumps, strict=True)}


def _total(dump: Path) -> int:
    found = _TOTAL.search(dump.read_text("utf-8"))
    assert found is not None
    return int(found[1])


def main() -> None:
    """Print both kinds."""
    for scanners in SCANNERS:
        sys.stdout.write(f"{scanners} {count(scanners=scanners)}\n")


if __name__ == "__main__":
    main()
