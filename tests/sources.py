"""The gateway's sources in a folder of their own, to build from: a build writes into the folder that it is run in."""

import shutil
from pathlib import Path

from tests.docs.markdown import ROOT


def copy_sources(target: Path) -> None:
    """Put there what a build reads, and nothing that an earlier build left."""
    for name in ("gateway", "requirements", "config", "deploy"):
        shutil.copytree(ROOT / name, target / name, ignore=shutil.ignore_patterns("__pycache__", "*.so"))
    for name in ("pyproject.toml", "setup.py", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, target / name)
