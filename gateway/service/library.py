"""aiohttp: which will do (R1 in docs/design.md), and that a process has it only once it needs it: it is 15 MB."""

import os
import re
from importlib.machinery import PathFinder
from importlib.util import find_spec
from pathlib import Path
from typing import Final

NEEDED: Final = (3, 14, 5)
"""Older ones have published holes (R1 in docs/design.md); the C build of the parser is the one kept safe and fast."""
NEEDED_TEXT: Final = ".".join(map(str, NEEDED))


class LibraryError(Exception):
    """aiohttp cannot be used as it is installed; the message says why, and what to do."""


def check_aiohttp(version: str, *, has_c_parser: bool) -> None:
    """Refuse an aiohttp that is too old or built without its C parser.

    Raises:
        LibraryError
    """
    found = tuple(int(part) for part in version.split(".")[:3] if part.isdigit())
    if found < NEEDED:
        raise LibraryError(f"aiohttp {version} is installed, {NEEDED_TEXT} or newer is needed: pip install -U aiohttp")
    if not has_c_parser:
        raise LibraryError(
            "aiohttp has no C extensions: unset AIOHTTP_NO_EXTENSIONS, or install a wheel for this platform"
        )


def check_installed() -> None:
    """Refuse the aiohttp that would be imported, by a look at its files; where these do not tell, it is imported.

    Raises:
        LibraryError
    """
    spec = find_spec("aiohttp")
    if spec is None or spec.origin is None:
        raise LibraryError("aiohttp is not installed: pip install aiohttp")
    version = re.search(r'^__version__ = "([^"]+)"$', _text(spec.origin), re.MULTILINE)
    if version is None:
        load_aiohttp()
    else:
        parser = PathFinder.find_spec("aiohttp._http_parser", spec.submodule_search_locations)
        check_aiohttp(version[1], has_c_parser=parser is not None and not os.environ.get("AIOHTTP_NO_EXTENSIONS"))


def _text(file: str) -> str:
    try:
        return Path(file).read_text("utf-8")
    except (OSError, ValueError):  # in an archive, or compiled
        return ""


def load_aiohttp() -> None:
    """Import aiohttp, and refuse it by what it is then: files may have been replaced since the start.

    Raises:
        LibraryError
    """
    try:
        import aiohttp  # noqa: PLC0415 - the very point
        from aiohttp import http_parser  # noqa: PLC0415 - the very point
    except Exception as error:
        raise LibraryError(f"aiohttp cannot be loaded ({error!r}): install it anew, and restart the gateway") from error
    check_aiohttp(
        aiohttp.__version__, has_c_parser=http_parser.HttpRequestParser is not http_parser.HttpRequestParserPy
    )
