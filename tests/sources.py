"""The gateway's sources in a folder of their own, to build from: a build writes into the folder that it is run in."""

import shutil
from pathlib import Path
from typing import Final

from tests.docs.markdown import ROOT

BUILDS_QUICKLY: Final = {"MYPYC_OPT_LEVEL": "0"}
"""An environment for builds that are not measured: what comes of them does the same, and is made in half the time."""


def copy_sources(target: Path) -> None:
    """Put there what a build reads, and nothing that an earlier build left."""
    for name in ("gateway", "requirements", "config", "deploy"):
        shutil.copytree(ROOT / name, target / name, ignore=shutil.ignore_patterns("__pycache__", "*.so"))
    for name in ("pyproject.toml", "setup.py", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, target / name)
