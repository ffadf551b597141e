"""Where a configuration stands: files and folders, joined as one mapping."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Final

from gateway.config.document import MAX_OCTETS, compose, decoded
from gateway.config.expand import Expander
from gateway.config.files import is_folder, unreadable
from gateway.config.node import Items, Place, Table
from gateway.config.notes import Notes
from gateway.config.stamps import Sources, stamp_of

SUFFIXES: Final = (".yaml", ".yml")
"""Of the files in a folder that are read."""

LISTS: Final = ("sites", "listeners")
"""Keys whose lists in all files become one."""


def yaml_files(paths: Iterable[Path], notes: Notes) -> Iterator[Path]:
    """Yield the files that `paths` are, or hold, each once."""
    seen: set[Path] = set()
    for path in paths:
        for file in _in_folder(path, notes) if is_folder(path) else (path,):
            if file not in seen:
                seen.add(file)
                yield file


def as_they_are_now(sources: Sources) -> Sources:
    """Return the same sources with the stamps of this moment: files that are new in a folder among them."""
    files = (*yaml_files(sources.paths, Notes()), *sources.stamps)
    return Sources(sources.paths, {file: stamp_of(file) for file in files})


def _in_folder(folder: Path, notes: Notes) -> list[Path]:
    """Return the files to read in a folder, by name."""
    try:
        files = sorted(path for path in folder.iterdir() if path.suffix in SUFFIXES and path.name[0] != ".")
    except OSError as error:
        notes.mistake(Place(str(folder)), "", unreadable(folder, error))
        return []
    if not files:
        notes.mistake(Place(str(folder)), "", "holds no file whose name ends in .yaml: write one")
    return files


def read_file(path: Path, notes: Notes, expander: Expander) -> Table:
    """Return the mapping that a file is.

    Raises:
        Unread: it is none; noted.
    """
    place = Place(str(path))
    try:
        with path.open("rb") as file:
            octets = file.read(MAX_OCTETS + 1)
    except OSError as error:
        raise notes.mistake(place, "", unreadable(path, error)) from None
    root = compose(decoded(octets, place.file, notes), place.file, notes, expander)
    if root is None:
        # A file that a full disk cut off looks like this, and its sites must not vanish without a word.
        raise notes.mistake(place, "", "is empty: write sites: into it, or take it away")
    if not isinstance(root, Table):
        raise notes.wrong(root, "is not a mapping of keys", "begin with sites:")
    return root


def join(roots: Iterable[Table], notes: Notes) -> Table:
    """Return one mapping of the keys of all files, the lists of `sites` and `listeners` behind each other."""
    first, *others = roots
    entries = dict(first.entries)
    for root in others:
        for name, entry in root.entries.items():
            before = entries.setdefault(name, entry)
            if before is entry:
                continue
            if name not in LISTS:
                notes.mistake(entry.key, name, f"stands in {before.key} already, and may stand in one file only")
            elif isinstance(before.node, Items) and isinstance(entry.node, Items):
                both = replace(before.node, items=(*before.node.items, *entry.node.items))
                entries[name] = replace(before, node=both)
            else:
                wrong = entry if isinstance(before.node, Items) else before
                notes.wrong(wrong.node, f"is not a list of {name}", "write a list, each item of it behind a -")
    return replace(first, entries=entries)
