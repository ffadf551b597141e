"""Limits are the whole gateway's: of those on connections each worker has its share.

What is under way on a site all of them count together (`relay/tally.py`): whoever has most of the clients may have most
of the requests.
"""

from dataclasses import replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gateway.config.model import Config, Listener


def share_of(config: "Config", nth: int, of: int) -> "Config":
    """Return the configuration of one worker, the `nth` from 0 of so many.

    The shares of a limit add up to it, but that each is 1 at the least.
    """
    return replace(config, listeners=tuple(_listener(each, nth, of) for each in config.listeners))


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
