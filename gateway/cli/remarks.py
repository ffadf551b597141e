"""Mistakes and warnings, as they are told to a person."""

from collections.abc import Iterable, Sequence

from gateway.config.model import ConfigWarning, Mistake


def told_mistakes(mistakes: Sequence[Mistake]) -> str:
    """Return one text of all mistakes: which file cannot be used, then a line each."""
    files = list(dict.fromkeys(mistake.file for mistake in mistakes))
    lines = [f"{', '.join(files)} cannot be used:", *map(str, mistakes)]
    return "\n".join(lines)


def told_warnings(warnings: Iterable[ConfigWarning]) -> str:
    """Return a line for each warning, with its id."""
    return "\n".join(f"{warning} [{warning.id}]" for warning in warnings)
