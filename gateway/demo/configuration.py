"""The gateway's configuration for the demonstration, written as a sysadmin would write it."""

from __future__ import annotations

import json
from dataclasses import dataclass

DEMO = """\
# The gateway between the demonstration's add-in page and its CRM.
# Everything it does for the page is written here; what is not written is refused.

listeners:
  - address: 127.0.0.1:{gateway_port}         # plain HTTP: in earnest a certificate stands here
drain: 1s
log: {{format: json}}

sites:
  - names: [127.0.0.1]                # the Host that clients send
    upstream: {crm}   # the CRM
    preset: vtenext
    paths:                            # what is reachable at all; /install.php is not
      - /webservice.php
      - /restapi/
      - /modules/
      - /fixed/restapi/
      - /index.php
      - /themes/
    origins:                          # who may read answers
      - origin: {page}
        headers: [authorization, content-type, touch-session-id]

  - names: [localhost]                # a second CRM, switched off
    upstream: {off}
    preset: vtenext
    paths: preset
    origins:
      - origin: {page}
        headers: [authorization, content-type]
"""

OWN = """\
# The gateway in front of a CRM of your own, for trying it out on this machine.

listeners:
  - address: 127.0.0.1:{gateway_port}         # plain HTTP: in earnest a certificate stands here
drain: 1s
log: {{format: json}}

sites:
  - names: [127.0.0.1, localhost]     # the Host that clients send
    upstream:
      urls: [{crm}]
      host: upstream                  # the CRM hears its own name
    preset: vtenext
    paths: [/webservice.php, /restapi/, /modules/Touch/]
    origins:                          # who may read answers
{origins}"""

OWN_ORIGIN = """\
      - {origin}
"""

OWN_PAGE = """\
      - origin: {page}  # the page of this demonstration, which plays the add-in
        headers: [authorization, content-type, touch-session-id]
"""


@dataclass(frozen=True, slots=True)
class Places:
    """Where everything is."""

    page: str
    """The add-in page's origin."""

    foreign: str
    """The origin of the page nobody listed."""

    gateway_port: int
    crm: str
    """The CRM, without a slash at the end."""

    off: str | None
    """Where a CRM is switched off; none when the CRM is somebody's own."""

    @property
    def gateway(self) -> str:
        """Return where the gateway stands for the CRM."""
        return f"http://127.0.0.1:{self.gateway_port}"

    @property
    def gateway_off(self) -> str:
        """Return where the gateway stands for the CRM that is switched off: another site, by its name."""
        return f"http://localhost:{self.gateway_port}"


def demo_configuration(places: Places) -> str:
    """Return the configuration for the demonstration's own CRM."""
    return DEMO.format(gateway_port=places.gateway_port, crm=places.crm, page=places.page, off=places.off)


def own_configuration(places: Places, origin: str | None) -> str:
    """Return the configuration for somebody's own CRM, read by pages on `origin`."""
    origins = "" if origin is None else OWN_ORIGIN.format(origin=json.dumps(origin))
    origins += OWN_PAGE.format(page=places.page)
    return OWN.format(gateway_port=places.gateway_port, crm=json.dumps(places.crm), origins=origins)
