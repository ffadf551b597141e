"""What is compiled where it can be; without it the same files do the same in Python.

`gateway.http1.compiled` and `gateway.system` are written in C. The rest is compiled by mypyc from the very modules that
Python would run: all of them or none, since they know one another's insides.
"""

import os
import sys
import sysconfig
from pathlib import Path

from setuptools import Extension, setup
from setuptools.command.build_ext import build_ext
from setuptools.errors import CompileError

ROOT = Path(__file__).parent
IN_C = {"gateway.http1.compiled": "gateway/http1/compiled.c", "gateway.system": "gateway/system.c"}
GROUP = "gateway.native"
"""By this name they are in one library, beside which each has a file of its own that is next to empty."""
MODULES = (
    "gateway/config/model.py",
    *("gateway/http1/buffer.py", "gateway/http1/forwarding.py", "gateway/http1/framing.py", "gateway/http1/head.py"),
    *("gateway/http1/outgoing.py", "gateway/http1/target.py"),
    *("gateway/policy/octets.py", "gateway/policy/decide.py", "gateway/policy/entrance.py"),
    *("gateway/policy/model.py", "gateway/policy/often.py", "gateway/policy/problem.py", "gateway/policy/respond.py"),
    *("gateway/relay/admission.py", "gateway/relay/attempt.py", "gateway/relay/client.py"),
    *("gateway/relay/connection.py", "gateway/relay/decrypted.py", "gateway/relay/door.py"),
    *("gateway/relay/exchange.py", "gateway/relay/gateway.py", "gateway/relay/pool.py", "gateway/relay/record.py"),
    *("gateway/relay/route.py", "gateway/relay/tally.py", "gateway/relay/upstream.py"),
    *("gateway/service/lines.py", "gateway/service/output.py"),
)
"""What a request goes through, and the values in it: a part of a value is read in its place, without asking Python."""
BUILDING = {"bdist_wheel", "build", "build_ext", "editable_wheel", "install"}
"""Commands that build; those that only ask what there is to build are answered without mypyc."""
DIRECT_CALLS = ["-fno-plt", "-fno-semantic-interposition"] if sys.platform == "linux" else []
"""No way round by tables, of which each function that is called takes a part of the processor's cache."""


class BuildWhatCanBe(build_ext):
    """Builds what a compiler and mypyc are there for, and leaves the rest to Python."""

    def finalize_options(self) -> None:
        """Have mypyc write its C."""
        modules = self.distribution.ext_modules or []
        builds = not BUILDING.isdisjoint(self.distribution.commands)
        if builds and all(each.name != f"{GROUP}__mypyc" for each in modules):
            build = self.distribution.get_command_obj("build").build_base or "build"
            self.distribution.ext_modules = [*modules, *native(Path(build))]
        super().finalize_options()

    def build_extension(self, ext: Extension) -> None:
        """Build one, with direct calls where the compiler knows of them."""
        arguments = ext.extra_compile_args
        ext.extra_compile_args = [*arguments, *DIRECT_CALLS]
        try:
            super().build_extension(ext)
        except CompileError:
            ext.extra_compile_args = arguments
            super().build_extension(ext)

    def run(self) -> None:
        """Build; of the group leave all or nothing, and nothing of an earlier one."""
        folders = [Path(self.build_lib), *([ROOT] if self.inplace else [])]
        for folder in folders:
            remove(folder)
            for name in IN_C:
                (folder / self.get_ext_filename(name)).unlink(missing_ok=True)
        super().run()
        group = [each for each in self.extensions if each.name not in IN_C]
        files = [folders[-1] / self.get_ext_filename(each.name) for each in group]
        if not all(file.exists() for file in files):
            for folder in folders:
                remove(folder)


def remove(folder: Path) -> None:
    """Remove what mypyc has made for this Python."""
    for file in (folder / "gateway").rglob(f"*{sysconfig.get_config_var('EXT_SUFFIX')}"):
        file.unlink()


def native(folder: Path) -> list[Extension]:
    """Return the extensions of the group; none where mypyc is not there, or does not take the modules."""
    options = ["--config-file=", "--ignore-missing-imports", f"--cache-dir={folder / 'mypy'}"]
    try:
        from mypyc.build import mypycify  # noqa: PLC0415 - it may not be there

        level = os.environ.get("MYPYC_OPT_LEVEL", "3")  # as mypyc's own command has it
        made = mypycify(
            [*options, *MODULES], group_name=GROUP, debug_level="0", opt_level=level, target_dir=str(folder)
        )
    except (Exception, SystemExit) as error:  # noqa: BLE001 - whatever it is, the gateway runs without
        print(f"only {', '.join(IN_C)} are compiled: {error!r}")  # noqa: T201 - where who installs looks
        return []
    for each in made:
        each.optional = True
    return made


setup(
    ext_modules=[
        Extension(
            name,
            [source],
            extra_compile_args=["-O3"],  # loops of the scanners are done many octets at a time, which -O2 leaves out
            py_limited_api=True,  # one binary for all versions of Python, as the sources say too
            optional=True,
        )
        for name, source in IN_C.items()
    ],
    cmdclass={"build_ext": BuildWhatCanBe},
)
