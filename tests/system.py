"""Programs that tests start: where they are, and what to do with a test whose programs are not there.

`tests/system-packages.txt` lists the packages; a test names those it needs with `needs`.
"""

import os
import shutil
from fnmatch import fnmatch
from functools import cache
from pathlib import Path
from typing import Final

import pytest

LIST: Final = Path(__file__).with_name("system-packages.txt")

FOLDERS: Final = (*os.get_exec_path(), "/usr/local/sbin", "/usr/sbin", "/sbin")
"""Where programs are looked for: servers are in sbin, which is not on everyone's PATH."""


def needs(*packages: str) -> pytest.MarkDecorator:
    """Mark a test, or with `pytestmark` a module, as using programs of these packages of the list."""
    return pytest.mark.needs(*packages)


def path_of(package: str) -> Path:
    """Return the program or file by which a package of the list is known to be there.

    Raises:
        FileNotFoundError: it is not there; a test that said `needs` does not come this far.
    """
    found = find(package)
    if found is None:
        raise FileNotFoundError(f"{package} is not installed")
    return found


@cache
def find(package: str) -> Path | None:
    """Return the program or file by which a package of the list is known to be there, or None."""
    sign = signs()[package]
    if sign.startswith("/"):
        return next(iter(sorted(Path("/").glob(sign.removeprefix("/")))), None)
    if (program := shutil.which(sign, path=os.pathsep.join(FOLDERS))) is not None:
        return Path(program)
    if "*" not in sign:
        return None
    candidates = (file for folder in FOLDERS if Path(folder).is_dir() for file in sorted(Path(folder).iterdir()))
    return next((file for file in candidates if fnmatch(file.name, sign)), None)


@cache
def signs() -> dict[str, str]:
    """Return for each package of the list the program or file it is known by."""
    lines = (line.partition("#")[0].split() for line in LIST.read_text("utf-8").splitlines())
    return {line[0]: line[1] for line in lines if line}


def skip_or_fail(packages: tuple[str, ...]) -> None:
    """Skip the running test where one of `packages` is missing; with CI=true let it fail."""
    missing = [package for package in packages if find(package) is None]
    if not missing:
        return
    why = f"not installed; on Debian and Ubuntu: sudo apt install {' '.join(missing)}"
    if os.environ.get("CI") == "true":
        pytest.fail(why, pytrace=False)
    pytest.skip(why)
