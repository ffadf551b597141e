"""Presets: what a CRM is known to need, in the words of the configuration itself."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final


@dataclass(frozen=True, slots=True)
class Preset:
    """YAML that stands below what a site and `defaults` say."""

    paths: str
    """What `paths: preset` stands for."""
    site: str
    """Keys of a site."""
    rule: str
    """Keys of each of its rules."""


PRESETS: Final[Mapping[str, Preset]] = MappingProxyType(
    {
        # The connector's header list is not public and changes with its releases: a guessed list would break every
        # customer on one day. It logs in with Authorization, and uploads whole mails to a PHP that may take minutes.
        "vtenext": Preset(
            paths="[/restapi/, /webservice.php]",
            site="{upstream: {timeouts: {response_head: 600s, idle: 600s}}, limits: {request_body: 64MiB}}",
            rule=(
                "{methods: [GET, POST], headers: any, credentials: true, cookies: drop,"
                " expose: [content-disposition, content-range, etag, touch-session-id]}"
            ),
        ),
    }
)
