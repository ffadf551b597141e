"""The configuration as it takes effect: every key with its value, and where that came from."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final, cast

from gateway.config.compile import listens_by_default
from gateway.config.document import kind_of
from gateway.config.keys import GatewaySettings
from gateway.config.model import Config
from gateway.config.node import Items, Kind, Scalar, Table
from gateway.config.settings import Settings


@dataclass(frozen=True, slots=True)
class Leaf:
    """A value as it is written: what `${…}` stands for is not told."""

    value: str | tuple[str, ...]
    text: str
    """The same in YAML."""
    source: str
    """`customer.yaml:6`, `defaults, customer.yaml:2`, `preset vtenext`, or `default`."""


@dataclass(frozen=True, slots=True)
class Branch:
    """A mapping of keys."""

    keys: Mapping[str, "Leaf | Branch | tuple[Branch, ...]"]


def effective(settings: GatewaySettings, config: Config) -> Branch:
    """Return every value of a configuration that can be used, so written that it would mean the same."""
    whole = dict(_branch(settings).keys)
    if listens_by_default(settings):
        # Loopback is trusted because nobody said where to listen; written out, somebody has.
        networks = tuple(map(str, config.trusted_proxies))
        source = f"{settings.node_of(GatewaySettings.trusted_proxies).place}, and this machine by default"
        whole["trusted_proxies"] = Leaf(networks, _flow(networks), source)
    return Branch(whole)


def _branch(settings: Settings) -> Branch:
    keys: dict[str, Leaf | Branch | tuple[Branch, ...]] = {}
    for name, node in settings.nodes.items():
        value: object = settings.value(settings.keys[name])
        if isinstance(value, Settings):
            keys[name] = _branch(value)
        elif sections := _sections(value):
            keys[name] = tuple(map(_branch, sections))
        elif not isinstance(node, Table):  # `defaults` are told where they take effect
            keys[name] = _leaf(node)
    return Branch(keys)


def _sections(value: object) -> tuple[Settings, ...]:
    """Return the settings in a list of them."""
    items = cast("tuple[object, ...]", value) if isinstance(value, tuple) else ()
    return tuple(item for item in items if isinstance(item, Settings))


def _leaf(node: Scalar | Items) -> Leaf:
    source = (
        f"defaults, {node.place}" if node.path.startswith("defaults.") and not node.place.source else str(node.place)
    )
    if isinstance(node, Items):
        values = tuple(item.written for item in node.items if isinstance(item, Scalar))
        return Leaf(values, _flow(values), source)
    return Leaf(node.written, _scalar(node.written, node.kind), source)


_PLAIN: Final = re.compile(r"[A-Za-z0-9/_.-]+(?::(?=[A-Za-z0-9/_.-])[A-Za-z0-9/_.-]*)*")
"""Text that YAML takes as it is, in a list too."""


def _scalar(written: str, kind: Kind = Kind.TEXT) -> str:
    """Return a scalar in YAML, that will be taken for what it is."""
    if _PLAIN.fullmatch(written) and kind_of(written) is kind:
        return written
    return "'" + written.replace("'", "''") + "'"


def _flow(values: tuple[str, ...]) -> str:
    return f"[{', '.join(map(_scalar, values))}]"


def effective_text(branch: Branch) -> str:
    """Return the YAML, each value with its source as a comment."""
    lines = list(_lines(branch, ""))
    width = min(max(len(text) for text, _ in lines), _COMMENTS)
    return "".join(f"{text:<{width}}  # {source}\n" if source else f"{text}\n" for text, source in lines)


_COMMENTS: Final = 64
"""Column behind which comments are not lined up."""


def _lines(branch: Branch, indent: str) -> Iterator[tuple[str, str]]:
    """Yield each line and the source of its value."""
    for name, value in branch.keys.items():
        if isinstance(value, Leaf):
            yield f"{indent}{name}: {value.text}", value.source
        elif isinstance(value, Branch):
            yield f"{indent}{name}:" if value.keys else f"{indent}{name}: {{}}", ""
            yield from _lines(value, f"{indent}  ")
        else:
            yield f"{indent}{name}:", ""
            for item in value:
                first, *rest = _lines(item, f"{indent}    ")
                yield f"{indent}  - {first[0].lstrip()}", first[1]
                yield from rest


def effective_json(branch: Branch) -> dict[str, object]:
    """Return the same for `json.dumps`: each value as `{"value": …, "source": …}`."""
    return {name: _json(value) for name, value in branch.keys.items()}


def _json(value: "Leaf | Branch | tuple[Branch, ...]") -> object:
    if isinstance(value, Leaf):
        return {"value": value.value, "source": value.source}
    if isinstance(value, Branch):
        return effective_json(value)
    return [effective_json(item) for item in value]
