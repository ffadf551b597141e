"""From files, or options, to a `Config`. All mistakes of all steps are told together."""

from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from ipaddress import ip_address
from pathlib import Path
from typing import Final, TypeVar

from gateway.config.certificates import find_certificates
from gateway.config.checks import check
from gateway.config.compile import compile_config
from gateway.config.expand import Expander
from gateway.config.files import warn_if_closed
from gateway.config.keys import GatewaySettings, ListenerSettings
from gateway.config.layers import effective
from gateway.config.model import NO_SOURCES, Address, Config, ConfigError, ConfigWarning, Remark
from gateway.config.node import Entry, Items, Node, Place, Scalar, Table, with_node
from gateway.config.notes import Notes, Unread
from gateway.config.sources import join, read_file, yaml_files
from gateway.config.stamps import Sources, stamp_of


@dataclass(frozen=True, slots=True)
class Loaded:
    """A configuration that can be used."""

    config: Config
    warnings: tuple[ConfigWarning, ...]
    sources: Sources
    """What it was read from."""
    settings: GatewaySettings
    """As it was written, each value with its source."""

    @property
    def files(self) -> tuple[Path, ...]:
        """All files read: YAML files in order, then those that values came from."""
        return tuple(self.sources.stamps)


def load(paths: Sequence[Path], environ: Mapping[str, str], *, files: bool = True) -> Loaded:
    """Read YAML files, and folders of them (`*.yaml`, `*.yml`, by name), as one configuration.

    `files` false: the certificates and keys it names are on another machine, and are not looked at.

    Raises:
        ConfigError: with every mistake in all of them, also when a file cannot be read.
    """
    notes, expander = Notes(), Expander(environ)
    found = list(yaml_files(paths, notes))
    stamps = {path: stamp_of(path) for path in found}  # before they are read: what changes meanwhile is seen later
    roots: list[Table] = []
    for path in found:
        with suppress(Unread):
            roots.append(read_file(path, notes, expander))
    sources = Sources(tuple(paths), stamps | expander.files)
    if not roots:
        raise ConfigError(_in_order(notes.mistakes, found), sources)
    for path in sources.stamps:
        warn_if_closed(path, Place(str(path)), "", notes)
    root = join(roots, notes)
    sites = root.get("sites")
    # Where a file could not be read, what seems to be missing may be in it.
    if len(roots) == len(found) and (sites is None or (isinstance(sites, Items) and not sites.items)):
        says = "there are no sites: write sites: and below it, - names: [crm.customer.example]"
        notes.mistake(sites.place if sites else root.place, "", says)
    return _finished(root, notes, sources, files=files)


def admin_address(paths: Sequence[Path], environ: Mapping[str, str]) -> Address | None:
    """Return the admin address that files name, whatever else is wrong with them; None where none can be read.

    For whoever asks a gateway that runs how it is, also while the files on disk cannot be used.
    """
    notes, expander = Notes(), Expander(environ)
    for path in yaml_files(paths, notes):
        with suppress(Unread):
            node = read_file(path, notes, expander).get("admin")
            admin = None if node is None else GatewaySettings.admin.reader.read(node, notes)
            if admin is not None:
                return admin.address
    return None


def without_file(*, upstream: str, allow_origins: Sequence[str], names: Sequence[str], listen: str | None) -> Loaded:
    """Return what `serve --upstream URL --allow-origin ORIGIN --name HOST [--listen ADDRESS]` means.

    It is checked as a file is. `paths: everything`, rule defaults. Without a name any Host is accepted, on loopback
    only.

    Raises:
        ConfigError: places are named by option, `--upstream`.
    """
    site: dict[str, Node] = {
        "names": _list_of_option("--name", names or [_ANY_HOST]),
        "upstream": _option("--upstream", upstream),
        "paths": _option("--upstream", "everything"),
        "origins": _list_of_option("--allow-origin", allow_origins),
    }
    root: dict[str, Node] = {
        "sites": Items(_COMMAND_LINE, "", (_table(site),)),
        "workers": _option("--upstream", "1"),  # for a try
    }
    if listen is not None:
        root["listeners"] = Items(_COMMAND_LINE, "", (_table({"address": _option("--listen", listen)}),))
    return _finished(_table(root), Notes(), NO_SOURCES, any_host=not names)


_COMMAND_LINE: Final = Place("the command line")

_ANY_HOST: Final = "any.invalid"
"""Stands for the name that was not given."""


def _option(name: str, value: str) -> Scalar:
    return Scalar(Place(name), "", value, value)


def _list_of_option(name: str, values: Iterable[str]) -> Items:
    return Items(Place(name), "", tuple(_option(name, value) for value in values))


def _table(nodes: Mapping[str, Node]) -> Table:
    return Table(_COMMAND_LINE, "", {name: Entry(node.place, node) for name, node in nodes.items()})


def _finished(root: Table, notes: Notes, sources: Sources, *, files: bool = True, any_host: bool = False) -> Loaded:
    """Return what the nodes mean, once every check was made."""
    settings = GatewaySettings(_layered(root), notes)
    check(settings, notes)
    if any_host:
        _check_any_host(settings, notes)
    certificates = find_certificates(settings, notes, datetime.now(UTC) if files else None)
    if notes.mistakes:
        raise ConfigError(_in_order(notes.mistakes, sources.stamps), sources)
    config = compile_config(settings, certificates, any_host=any_host)
    return Loaded(config, _in_order(notes.warnings, sources.stamps), sources, settings)


def _layered(root: Table) -> Table:
    """Return `root` with all that its sites take from `defaults` and presets."""
    sites = root.get("sites")
    if not isinstance(sites, Items):
        return root
    items = tuple(effective(item, root.get("defaults")) for item in sites.items)
    return with_node(root, "sites", replace(sites, items=items))


def _check_any_host(settings: GatewaySettings, notes: Notes) -> None:
    """Refuse to accept any Host from others than this machine: a name that leads here could be anybody's."""
    with suppress(Unread):
        for listener in settings.listeners:
            if not ip_address(listener.address.host).is_loopback:
                node = listener.node_of(ListenerSettings.address)
                notes.wrong(node, "is open to others, and without --name any Host is accepted", "add --name HOST")


R = TypeVar("R", bound=Remark)


def _in_order(remarks: Iterable[R], files: Iterable[Path]) -> tuple[R, ...]:
    """Return `remarks` in the order of files, lines and columns."""
    order = {str(path): index for index, path in enumerate(files)}
    return tuple(sorted(remarks, key=lambda each: (order.get(each.file, -1), each.line, each.column)))
