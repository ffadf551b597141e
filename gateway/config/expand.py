"""`${NAME}` and `${file:/run/secrets/x}` in values: what does not belong into a file comes from elsewhere."""

import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Final

from gateway.config.files import unreadable
from gateway.config.node import Scalar, quoted
from gateway.config.notes import Notes, Wrong
from gateway.config.stamps import Stamp, stamp_of

MAX_FILE_OCTETS: Final = 64 * 1024
"""Of a file that a value comes from."""

_REFERENCE: Final = re.compile(r"\$\{([^{}]*)\}?")
_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*", re.ASCII)


class Expander:
    """Puts in what `${…}` stands for, and remembers the files read."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        """Take variables from `environ`."""
        self._environ = environ
        self.files: dict[Path, Stamp] = {}

    def expand(self, scalar: Scalar, notes: Notes) -> Scalar:
        """Return `scalar` with each `${…}` put in."""
        if "${" not in scalar.written:
            return scalar
        try:
            return replace(scalar, value=_REFERENCE.sub(self._value, scalar.written))
        except Wrong as wrong:
            notes.mistake(scalar.place, scalar.path, f"{scalar.shown} {wrong.says}: {wrong.remedy}")
            return replace(scalar, told=True)

    def _value(self, reference: re.Match[str]) -> str:
        """Return what one `${…}` stands for.

        Raises:
            Wrong: nothing.
        """
        name = reference[1]
        if not reference[0].endswith("}"):
            raise Wrong("has ${ without }", "write ${NAME} or ${file:/run/secrets/name}")
        if name.startswith("file:"):
            value = self._content(Path(name.removeprefix("file:")))
        elif not _NAME.fullmatch(name):
            raise Wrong(f"names no variable with {quoted(reference[0])}", "write ${NAME} or ${file:/run/secrets/name}")
        elif name not in self._environ:
            raise Wrong(
                f"needs the environment variable {name}, which is not set", "set it where the gateway is started"
            )
        else:
            value = self._environ[name]
        if not value.isprintable():
            raise Wrong(f"gets more than one line of text from {reference[0]}", "put one line there")
        return value

    def _content(self, path: Path) -> str:
        """Return the one line in a file.

        Raises:
            Wrong: it cannot be read.
        """
        if not path.is_absolute():
            raise Wrong(
                f"names the file {quoted(str(path))}", "write its path from the root, ${file:/run/secrets/name}"
            )
        self.files.setdefault(path, stamp_of(path))
        try:
            with path.open("rb") as file:
                octets = file.read(MAX_FILE_OCTETS + 1)
            text = octets.decode()
        except OSError as error:
            raise Wrong("needs a file", f"{path} {unreadable(path, error)}") from None
        except UnicodeDecodeError:
            raise Wrong("needs a file", f"{path} is not UTF-8") from None
        if len(octets) > MAX_FILE_OCTETS:
            raise Wrong("needs a file", f"{path} is longer than {MAX_FILE_OCTETS} octets")
        return text.rstrip("\r\n")
