"""What a reload changes, in a sysadmin's words."""

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from gateway.cors.origin import OriginTable

if TYPE_CHECKING:
    from collections.abc import Mapping

    from gateway.config.model import Config, Listener
    from gateway.policy.model import Site


def changes(before: "Config", after: "Config") -> tuple[str, ...]:
    """Return what differs, one phrase each: `site crm.example added`, `listener 0.0.0.0:443 changed`."""
    return (
        *_differences("listener", _listeners(before), _listeners(after)),
        *_differences("site", _sites(before), _sites(after)),
        *(f"{name} changed" for name in _WHOLE if getattr(before, name) != getattr(after, name)),
    )


_WHOLE: Final = (
    *("trusted_proxies", "workers", "reload_on_change", "drain_delay_seconds", "drain_seconds", "log", "admin"),
)
"""Fields of a configuration that are told as one."""


def _listeners(config: "Config") -> "dict[str, Listener]":
    """Return the listeners by address, without what was found in folders of certificates: that is followed."""
    return {
        listener.authority: replace(listener, certificates=()) if listener.certificate_folder else listener
        for listener in config.listeners
    }


def _sites(config: "Config") -> "dict[str, Site]":
    """Return the sites by name, without where they stand in which file: that changes with every line above."""
    return {
        site.name: replace(
            site, place="", rules=OriginTable((origin, replace(rule, place="")) for origin, rule in site.rules.entries)
        )
        for site in config.sites
    }


def _differences(kind: str, before: "Mapping[str, object]", after: "Mapping[str, object]") -> Iterator[str]:
    for name in dict.fromkeys((*before, *after)):
        if name not in before:
            yield f"{kind} {name} added"
        elif name not in after:
            yield f"{kind} {name} removed"
        elif before[name] != after[name]:
            yield f"{kind} {name} changed"
