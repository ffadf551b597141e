"""From files to a `Config`: read, joined, layered, checked, compiled. All mistakes of all steps are told together."""

from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from gateway.config.certificates import find_certificates
from gateway.config.checks import check
from gateway.config.compile import compile_config
from gateway.config.document import MAX_OCTETS, compose, decoded
from gateway.config.expand import Expander
from gateway.config.files import unreadable
from gateway.config.keys import GatewaySettings
from gateway.config.layers import effective
from gateway.config.model import Config, ConfigError, ConfigWarning, Remark
from gateway.config.node import Entry, Items, Node, Place, Scalar, Table
from gateway.config.notes import Notes, Unread

SUFFIXES: Final = (".yaml", ".yml")
"""Of the files in a folder that are read."""

_LISTS: Final = ("sites", "listeners")
"""Keys whose lists in all files become one."""


@dataclass(frozen=True, slots=True)
class Loaded:
    """A configuration that can be used."""

    config: Config
    warnings: tuple[ConfigWarning, ...]
    files: tuple[Path, ...]
    """All files read: YAML files in order, then those that values came from."""
    settings: GatewaySettings
    """As it was written, each value with its source: for `check --print`."""


def load(paths: Sequence[Path], environ: Mapping[str, str], *, files: bool = True) -> Loaded:
    """Read YAML files, and folders of them (`*.yaml`, `*.yml`, by name), as one configuration.

    `files` false: certificates and keys that it names are on another machine, and are not looked at.

    Raises:
        ConfigError: with every mistake in all of them, also when a file cannot be read (as root only, missing, not UTF-8).
    """
    notes, expander = Notes(), Expander(environ)
    found = tuple(_found(paths, notes))
    roots = [root for path in found if (root := _read(path, notes, expander)) is not None]
    whole = len(roots) == len(found)  # else what seems to be missing may stand in a file that could not be read
    root = _joined(roots, Place(str(paths[0]) if paths else ""), notes)
    return _finished(root, notes, (*found, *expander.files), files=files, whole=whole)


def without_file(*, upstream: str, allow_origins: Sequence[str], names: Sequence[str], listen: str | None) -> Loaded:
    """Return what `serve --upstream URL --allow-origin ORIGIN --name HOST [--listen ADDRESS]` means, checked as a file is.

    `paths: everything`, rule defaults. Without a name any Host is accepted, on loopback only.

    Raises:
        ConfigError: places are named by option, `--upstream`.
    """
    notes = Notes()
    site = {
        "names": _option_list("--name", names),
        "upstream": _option("--upstream", upstream),
        "paths": _option("--upstream", "everything"),
        "origins": _option_list("--allow-origin", allow_origins),
    }
    if not names:
        site["names"] = _option_list("--name", [_ANY_HOST])
    root = {"sites": Items(_OPTIONS, "", (_option_table(site),))}
    if listen is not None:
        root["listeners"] = Items(_OPTIONS, "", (_option_table({"address": _option("--listen", listen)}),))
    return _finished(_option_table(root), notes, (), any_host=not names)


_ANY_HOST: Final = "any.invalid"
"""Stands for the name that `serve --upstream` was not given."""

_OPTIONS: Final = Place("options")


def _option(name: str, value: str) -> Scalar:
    return Scalar(Place(name, source=name), "", value, value)


def _option_list(name: str, values: Iterable[str]) -> Items:
    return Items(Place(name, source=name), "", tuple(_option(name, value) for value in values))


def _option_table(nodes: Mapping[str, Node]) -> Table:
    return Table(_OPTIONS, "", {key: Entry(node.place, node) for key, node in nodes.items()})


def _found(paths: Iterable[Path], notes: Notes) -> Iterable[Path]:
    """Yield the files that `paths` are, or hold."""
    for path in paths:
        if not path.is_dir():
            yield path
            continue
        try:
            files = sorted(file for file in path.iterdir() if file.suffix in SUFFIXES and not file.name.startswith("."))
        except OSError as error:
            notes.mistake(Place(str(path)), "", unreadable(error))
            continue
        if not files:
            notes.mistake(Place(str(path)), "", "holds no *.yaml: write one, see the examples in config/")
        yield from files


def _read(path: Path, notes: Notes, expander: Expander) -> Table | None:
    """Return what stands in one file, or None where that is nothing of use, which is noted."""
    file = str(path)
    try:
        with path.open("rb") as stream:
            octets = stream.read(MAX_OCTETS + 1)
    except OSError as error:
        notes.mistake(Place(file), "", unreadable(error))
        return None
    with suppress(Unread):
        root = compose(decoded(octets, file, notes), file, notes, expander)
        if root is None:
            # A file cut off by a full disk looks like this: its sites must not vanish without a word.
            notes.mistake(Place(file), "", "is empty: write sites: into it, or take the file away")
        elif isinstance(root, Table):
            return root
        else:
            notes.mistake(root.place, "", f"{root.shown} is not a configuration: write sites: and below it the sites")
    return None


def _joined(roots: Iterable[Table], place: Place, notes: Notes) -> Table:
    """Return one mapping of the keys of all files, the lists of `sites` and `listeners` behind each other."""
    joined: dict[str, Entry] = {}
    for root in roots:
        for name, entry in root.entries.items():
            first = joined.setdefault(name, entry)
            if first is entry:
                continue
            if isinstance(first.node, Items) and isinstance(entry.node, Items) and name in _LISTS:
                both = replace(first.node, items=(*first.node.items, *entry.node.items))
                joined[name] = replace(first, node=both)
            elif name in _LISTS:
                broken = entry if isinstance(first.node, Items) else first
                notes.wrong(broken.node, f"is not a list of {name}")
            else:
                notes.mistake(entry.key, name, f"stands in {first.key} already: such a key stands in one file only")
    return Table(place, "", joined)


def _layered(root: Table) -> Table:
    """Return `root` with all that its sites take from `defaults` and presets."""
    sites = root.entries.get("sites")
    if sites is None or not isinstance(sites.node, Items):
        return root
    items = tuple(effective(item, root.get("defaults")) for item in sites.node.items)
    return replace(root, entries={**root.entries, "sites": replace(sites, node=replace(sites.node, items=items))})


def _finished(
    root: Table, notes: Notes, read: Sequence[Path], *, files: bool = True, whole: bool = True, any_host: bool = False
) -> Loaded:
    """Return what the nodes mean, once every check was made."""
    settings = GatewaySettings(_layered(root), notes)
    check(settings, notes, whole=whole, any_host=any_host)
    certificates = find_certificates(settings, notes, datetime.now(UTC)) if files else {}

    def position(remark: Remark) -> tuple[int, int, int]:
        return order.get(remark.file, len(order)), remark.line, remark.column

    order = {str(path): index for index, path in enumerate(read)}
    if mistakes := notes.mistakes():
        raise ConfigError(tuple(sorted(mistakes, key=position)))
    config = compile_config(settings, certificates, any_host=any_host)
    return Loaded(config, tuple(sorted(notes.warnings(), key=position)), tuple(read), settings)
