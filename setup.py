"""What is compiled where it can be; without it the same files do the same in Python.

`gateway.http1.compiled` is written in C. The rest is compiled by mypyc from the very modules that Python would run: all
of them or none, since they know one another's insides.
"""

import sysconfig
from pathlib import Path

from setuptools import Extension, setup
from setuptools.command.build_ext import build_ext

ROOT = Path(__file__).parent
GROUP = "gateway.relay.native"
"""By this name they are in one library, beside which each has a file of its own that is next to empty."""
MODULES = (
    *("gateway/relay/admission.py", "gateway/relay/client.py", "gateway/relay/connection.py"),
    *("gateway/relay/exchange.py", "gateway/relay/gateway.py", "gateway/relay/pool.py", "gateway/relay/record.py"),
    *("gateway/relay/tally.py", "gateway/relay/upstream.py"),
)
"""What every request goes through."""


class BuildWhatCanBe(build_ext):
    """Builds what a compiler and mypyc are there for, and says what it leaves to Python."""

    def finalize_options(self) -> None:
        """Have mypyc write its C only where something is built."""
        modules = self.distribution.ext_modules or []
        self.native = native(Path(self.distribution.get_command_obj("build").build_base or "build"))
        self.distribution.ext_modules = [*modules, *self.native]
        super().finalize_options()

    def run(self) -> None:
        """Build; of the group leave all or nothing, and nothing of an earlier one."""
        super().run()
        folder = ROOT if self.inplace else Path(self.build_lib)
        files = {folder / self.get_ext_filename(each.name) for each in self.native}
        stay = files if all(file.exists() for file in files) else set[Path]()
        for file in (folder / "gateway").rglob(f"*{sysconfig.get_config_var('EXT_SUFFIX')}"):
            if file not in stay:
                file.unlink()


def native(folder: Path) -> list[Extension]:
    """Return the extensions of the group; none where mypyc is not there, or does not take the modules."""
    try:
        from mypyc.build import mypycify  # noqa: PLC0415 - it may not be there
    except ImportError:
        return []
    options = ["--config-file=", "--ignore-missing-imports", f"--cache-dir={folder / 'mypy'}"]
    try:
        made = mypycify([*options, *MODULES], group_name=GROUP, debug_level="0", target_dir=str(folder))
    except SystemExit:  # how it ends where it cannot: it has said why
        return []
    for each in made:
        each.optional = True
    return made


setup(
    ext_modules=[
        Extension(
            "gateway.http1.compiled",
            ["gateway/http1/compiled.c"],
            extra_compile_args=["-O3"],  # its loops are to be done many octets at a time, which -O2 leaves out
            py_limited_api=True,  # one binary for all versions of Python, as compiled.c says too
            optional=True,
        )
    ],
    cmdclass={"build_ext": BuildWhatCanBe},
)
