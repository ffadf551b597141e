"""What is compiled: that it is used, that it can be switched off, and that a build that fails leaves what works."""

import os
import platform
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

from gateway import extensions
from tests.http1.extension import build
from tests.http1.scanners import BUILD
from tests.sources import copy_sources
from tests.system import needs

SHOWN = """
from gateway import extensions
import gateway.relay.exchange, gateway.relay.scanners
print(gateway.relay.scanners.SCANNERS, *extensions.relay(), gateway.relay.exchange.__file__.endswith(".py"))
"""
ROOT = Path(__file__).parents[1]
ELSEWHERE = "import sys; sys.meta_path = [each for each in sys.meta_path if 'ditable' not in repr(each)]"
"""Has nothing found in the checkout that a folder does not have."""
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


@needs(*BUILD)
def test_what_asks_the_system_compiles_without_a_warning(tmp_path: Path) -> None:
    built = build(tmp_path, source=ROOT / "gateway" / "system.c")
    assert built.name == "system.abi3.so"


@needs(*BUILD)
@pytest.mark.parametrize("wanted", [True, False])
def test_the_system_is_asked_by_what_is_compiled_where_that_is_wanted(
    monkeypatch: pytest.MonkeyPatch, wanted: bool
) -> None:
    monkeypatch.setattr(extensions, "WANTED", wanted)
    assert (extensions.system() is not None) is wanted


@needs(*BUILD)
def test_what_asks_the_system_refuses_what_it_cannot_ask(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(extensions, "WANTED", True)
    module = extensions.system()
    assert module is not None
    with pytest.raises(ValueError, match="descriptor"):
        module.has_come(-1)
    with pytest.raises(TypeError):
        module.has_come(b"1")
    if platform.libc_ver()[0] == "glibc":
        with pytest.raises(OverflowError):
            module.malloc_trim(-1)
        with pytest.raises(TypeError):
            module.mallopt(1)


WATCHED = """
from gateway import extensions
from gateway.relay.readable import watch
from gateway.service.memory import of_glibc
system = extensions.system()
print(watch(0).func is system.has_come, of_glibc("mallopt") is system.mallopt)
"""


@needs(*BUILD)
@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="no other C library has mallopt")
def test_each_request_asks_by_what_is_compiled() -> None:
    environment = os.environ | {"CORS_GATEWAY_NO_EXTENSIONS": ""}
    command = (sys.executable, "-c", WATCHED)
    assert subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout == "True True\n"


def test_where_it_was_not_built_python_asks_the_system(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(extensions, "WANTED", True)
    monkeypatch.setitem(sys.modules, "gateway.system", None)
    assert extensions.system() is None


@pytest.mark.parametrize("missing", ["a compiler", "mypy"])
def test_a_build_that_fails_leaves_nothing_of_the_one_before(tmp_path: Path, missing: str) -> None:
    copy_sources(tmp_path)
    planted = [f"native__mypyc{SUFFIX}", f"relay/exchange{SUFFIX}", "http1/compiled.abi3.so", "system.abi3.so"]
    for name in planted:
        (tmp_path / "gateway" / name).write_bytes(b"of another version")
    environment = os.environ | {"CC": "false"}
    if missing == "mypy":
        (tmp_path / "mypyc.py").write_text("raise ImportError", "utf-8")
    command = (sys.executable, "setup.py", "build_ext", "--inplace")
    done = subprocess.run(command, env=environment, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert list((tmp_path / "gateway").rglob(f"*{SUFFIX}")) == []
    assert list((tmp_path / "gateway").rglob("*.abi3.so")) == []
    assert shown(folder=tmp_path, before=ELSEWHERE) == f"python python {extensions.NOT_BUILT} True\n"


@needs(*BUILD)
def test_a_compiler_that_does_not_know_an_option_builds_without_it(tmp_path: Path) -> None:
    copy_sources(tmp_path)
    (tmp_path / "mypyc.py").write_text("raise ImportError", "utf-8")  # what it takes minutes to compile is left out
    compiler = tmp_path / "cc"
    compiler.write_text('#!/bin/sh\ncase "$*" in *-fno-plt*) exit 1;; esac\nexec cc "$@"\n', "utf-8")
    compiler.chmod(0o755)
    command = (sys.executable, "setup.py", "build_ext", "--inplace")
    environment = os.environ | {"CC": str(compiler)}
    done = subprocess.run(command, env=environment, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    built = sorted(file.name for file in (tmp_path / "gateway").rglob("*.so"))
    assert built == ["compiled.abi3.so", "system.abi3.so"]
    assert shown(folder=tmp_path, before=ELSEWHERE).startswith("compiled python ")


@needs(*BUILD)
def test_all_is_compiled_and_builds_on_nothing_that_has_room_of_its_own() -> None:
    """Parts of an object are put where a base that is not compiled may have its own, and mypyc says nothing."""
    asked = """
import importlib, runpy
from unittest.mock import patch
with patch("setuptools.setup"):
    modules = runpy.run_path("setup.py")["MODULES"]
classes = set()
for path in modules:
    module = importlib.import_module(path.removesuffix(".py").replace("/", "."))
    if module.__file__.endswith(".py"):
        print(module)
    classes |= {each for each in vars(module).values() if isinstance(each, type) and each.__module__ == module.__name__}
compiled = {each for each in classes if hasattr(each, "__mypyc_attrs__")}
for each in compiled:
    for base in each.__mro__:
        room = base.__basicsize__ - object.__basicsize__ or base.__dictoffset__ or base.__weakrefoffset__
        if base not in compiled and base.__module__ != "builtins" and room:
            print(each, base)
print(len(compiled) > 40)
"""
    done = subprocess.run((sys.executable, "-c", asked), cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout == "True\n"
