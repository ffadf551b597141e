"""What of the gateway is compiled, and whether that is wanted: `CORS_GATEWAY_NO_EXTENSIONS=1` keeps to Python.

`gateway.http1.compiled` has twins in Python (`gateway.relay.scanners` chooses), and what `gateway.system` does Python's
own modules do as well. What `setup.py` has mypyc compile lies beside the very module that it was compiled from, and is
what Python takes. Where it is not wanted, or does not load, Python is told to take the sources: that is done before any
of them is imported, or not at all.
"""

import os
import sys
from collections.abc import Sequence
from importlib import import_module
from importlib.machinery import SOURCE_SUFFIXES, FileFinder, ModuleSpec, PathFinder, SourceFileLoader
from types import ModuleType
from typing import Final

WANTED: Final = os.environ.get("CORS_GATEWAY_NO_EXTENSIONS") != "1"

SWITCHED_OFF: Final = "CORS_GATEWAY_NO_EXTENSIONS=1"
NOT_BUILT: Final = "not compiled: that takes a C compiler and Python's header files, when the gateway is installed"
"""Why something is in Python."""

NATIVE: Final = "gateway.native__mypyc"
"""The library that all is in which mypyc has compiled; `setup.py` names it."""


class _Sources:
    """Finds the gateway's modules in Python, whatever lies beside them."""

    @staticmethod
    def find_spec(name: str, path: Sequence[str] | None = None, _target: object = None) -> ModuleSpec | None:
        """Return how to load a module of the gateway from its source, None for any other."""
        if name.startswith("gateway."):
            for folder in path or ():
                spec = FileFinder(folder, (SourceFileLoader, SOURCE_SUFFIXES)).find_spec(name)
                if spec is not None and spec.loader is not None:
                    return spec
        return None


def system() -> ModuleType | None:
    """Return `gateway.system`, without the functions that this system lacks; None where not built, or not wanted."""
    try:
        return import_module("gateway.system") if WANTED else None
    except ImportError:
        return None


def choose() -> None:
    """Have what was compiled loaded so, where it is wanted and all there, or else all of it from its sources."""
    if WANTED:
        try:
            import_module(NATIVE)
        except ImportError:
            pass
        else:
            return
    sys.meta_path.insert(sys.meta_path.index(PathFinder), _Sources)


def relay() -> tuple[str, str]:
    """Return what the relay and all that mypyc compiles with it is, and why, where that is not what one would want."""
    return told(sys.modules.get(NATIVE))


def told(module: ModuleType | None) -> tuple[str, str]:
    """Return what is in use where a compiled module is or is not there, and why, where that is not what one wants."""
    if module is not None:
        return "compiled", ""
    return "python", NOT_BUILT if WANTED else SWITCHED_OFF
