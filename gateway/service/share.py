"""Limits are the whole gateway's: each worker has its share of them."""

from dataclasses import replace
from typing import TYPE_CHECKING

from gateway.policy.model import Policy

if TYPE_CHECKING:
    from gateway.config.model import Config, Listener
    from gateway.policy.model import Site


def share_of(config: "Config", nth: int, of: int) -> "Config":
    """Return the configuration of one worker, the `nth` from 0 of so many.

    The shares of a limit add up to it, but that each is 1 at the least.
    """
    sites = {id(site): _site(site, nth, of) for site in config.sites}
    policy = Policy(
        {host: sites[id(site)] for host, site in config.policy.sites.items()},
        None if config.policy.any_host is None else sites[id(config.policy.any_host)],
    )
    return replace(config, policy=policy, listeners=tuple(_listener(each, nth, of) for each in config.listeners))


def _site(site: "Site", nth: int, of: int) -> "Site":
    limits = site.limits
    mine = replace(limits, in_flight=_share(limits.in_flight, nth, of), streams=_share(limits.streams, nth, of))
    return replace(site, limits=mine)


def _listener(listener: "Listener", nth: int, of: int) -> "Listener":
    limits = listener.limits
    mine = replace(
        limits,
        connections=_share(limits.connections, nth, of),
        connections_per_address=_share(limits.connections_per_address, nth, of),
    )
    return replace(listener, limits=mine)


def _share(limit: int, nth: int, of: int) -> int:
    return max(1, limit // of + (nth < limit % of))
