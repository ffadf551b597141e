"""Builds `gateway.http1.compiled`, or what else is in C, with flags of its own, and loads it from elsewhere.

`python -m tests.http1.extension FILE --executions N --seed S` runs the fuzz on a build.
"""

import importlib
import shlex
import subprocess
import sys
import sysconfig
from importlib.machinery import ExtensionFileLoader
from importlib.util import module_from_spec, spec_from_loader
from pathlib import Path
from types import ModuleType
from typing import Final

import gateway.http1
from tests.system import path_of

NAME: Final = "gateway.http1.compiled"
SOURCE: Final = Path(__file__).parents[2] / "gateway" / "http1" / "compiled.c"

WARNINGS: Final = (
    *("-std=c11", "-Wall", "-Wextra", "-Werror", "-Wconversion", "-Wno-sign-conversion", "-Wshadow", "-Wvla"),
    *("-Wstrict-prototypes", "-Wimplicit-fallthrough", "-Wcast-qual", "-Wwrite-strings", "-Wundef"),
)
"""More than a build for use has: there a newer compiler with a new warning must not get in the way."""


def build(folder: Path, *flags: str, source: Path = SOURCE) -> Path:
    """Return the shared object that gcc makes of a source, with warnings as errors."""
    built = folder / f"{source.stem}.abi3.so"
    include = sysconfig.get_path("include")
    options = (*WARNINGS, *flags, "-fPIC", "-shared", f"-isystem{include}")
    command = [str(path_of("gcc")), *options, str(source), "-o", str(built)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{shlex.join(command)}\n{done.stderr}"
    return built


def load(built: Path) -> ModuleType:
    """Return a new module of a shared object, which takes what it needs of Python's modules as they are now."""
    spec = spec_from_loader(NAME, ExtensionFileLoader(NAME, str(built)))
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def main() -> int:
    """Run the fuzz on the build that the first argument names."""
    module = load(Path(sys.argv.pop(1)))
    sys.modules[NAME] = module
    setattr(gateway.http1, NAME.rpartition(".")[2], module)
    fuzz = importlib.import_module("tests.http1.fuzz.__main__")
    scanners = importlib.import_module("gateway.relay.scanners")
    assert scanners.parse_request_head is vars(module)["parse_request_head"]
    return int(fuzz.main())


if __name__ == "__main__":
    sys.exit(main())
