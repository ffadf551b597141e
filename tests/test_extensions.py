"""What is compiled: that it is used, that it can be switched off, and that a build that fails leaves what works."""

import os
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

from gateway import extensions
from tests.http1.scanners import BUILD
from tests.sources import copy_sources
from tests.system import needs

SHOWN = """
from gateway import extensions
import gateway.relay.exchange, gateway.relay.scanners
print(gateway.relay.scanners.SCANNERS, *extensions.relay(), gateway.relay.exchange.__file__.endswith(".py"))
"""
SUFFIX = sysconfig.get_config_var("EXT_SUFFIX")


def shown(setting: str = "", *, before: str = "", folder: Path | None = None) -> str:
    """Return which parts a new process takes with a setting of the environment, after what is done in it `before`."""
    environment = os.environ | {"CORS_GATEWAY_NO_EXTENSIONS": setting}
    command = (sys.executable, "-c", before + SHOWN)
    return subprocess.run(command, env=environment, cwd=folder, capture_output=True, text=True, check=True).stdout


@needs(*BUILD)
@pytest.mark.parametrize("setting", ["", "0", "true"])
def test_what_is_compiled_is_used(setting: str) -> None:
    assert shown(setting) == "compiled compiled  False\n"


def test_it_can_be_switched_off() -> None:
    assert shown("1") == "python python CORS_GATEWAY_NO_EXTENSIONS=1 True\n"


def test_where_the_library_does_not_load_the_sources_are_taken() -> None:
    told = shown(before=f"import sys; sys.modules[{extensions.NATIVE!r}] = None")
    assert told.endswith(f" python {extensions.NOT_BUILT} True\n")


@pytest.mark.parametrize("missing", ["a compiler", "mypy"])
def test_a_build_that_fails_leaves_nothing_of_the_one_before(tmp_path: Path, missing: str) -> None:
    copy_sources(tmp_path)
    for name in ("native__mypyc", "exchange"):
        (tmp_path / "gateway" / "relay" / f"{name}{SUFFIX}").write_bytes(b"of another version")
    environment = os.environ | {"CC": "false"}
    if missing == "mypy":
        (tmp_path / "mypyc.py").write_text("raise ImportError", "utf-8")
    command = (sys.executable, "setup.py", "build_ext", "--inplace")
    done = subprocess.run(command, env=environment, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert list((tmp_path / "gateway").rglob(f"*{SUFFIX}")) == []
    assert shown(folder=tmp_path) == f"python python {extensions.NOT_BUILT} True\n"
