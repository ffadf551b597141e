"""Faults of our own, in words that may stand in a log."""

from pathlib import PurePath
from traceback import extract_tb


def where(error: BaseException) -> str:
    """Return what was raised, and where: never the error's own words, which may hold octets of a request."""
    frames = extract_tb(error.__traceback__)
    place = f" at {PurePath(frames[-1].filename).name}:{frames[-1].lineno}, {frames[-1].name}" if frames else ""
    return f"{type(error).__name__}{place}"
