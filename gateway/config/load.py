"""From files to a `Config`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from gateway.config.model import Config, ConfigWarning


@dataclass(frozen=True, slots=True)
class Loaded:
    """A configuration that can be used."""

    config: Config
    warnings: tuple[ConfigWarning, ...]
    files: tuple[Path, ...]
    """All files read: YAML files in order, then those that values came from."""


def load(paths: Sequence[Path], environ: Mapping[str, str]) -> Loaded:
    """Read YAML files, and folders of them (`*.yaml`, `*.yml`, by name), as one configuration.

    Raises:
        ConfigError: with every mistake in all of them, also when a file cannot be read (as root only, missing, not UTF-8).
    """
    raise NotImplementedError


def without_file(*, upstream: str, allow_origins: Sequence[str], names: Sequence[str], listen: str | None) -> Loaded:
    """Return what `serve --upstream URL --allow-origin ORIGIN --name HOST [--listen ADDRESS]` means, checked as a file is.

    `paths: everything`, rule defaults. Without a name any Host is accepted, on loopback only.

    Raises:
        ConfigError: places are named by option, `--upstream`.
    """
    raise NotImplementedError
