"""Programs that wheels of the tests' lock bring, for Linux: nothing of theirs is in Debian as new as it is needed."""

import sys
from pathlib import Path

import pytest


def program(name: str) -> Path:
    """Return where it is, beside the Python that runs; elsewhere than on Linux the running test is skipped."""
    if sys.platform != "linux":
        pytest.skip(f"requirements/test.txt has no {name} for this system")
    return Path(sys.executable).with_name(name)
