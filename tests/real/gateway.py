"""The gateway, started as its users start it: a command and a YAML file."""

import sys
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

import yaml

from tests.real.calls import PATHS
from tests.real.mistakes import MISTAKES, SILENT, SMALL_BODIES, Mistake, Server
from tests.real.names import ADDIN, crm_host, gateway_host
from tests.real.place import Place
from tests.real.processes import LOOPBACK, accepts, running
from tests.real.servers import Servers

PAGES: Final = "pages"
"""The site through which people use the CRM's own pages."""

TERMINATED: Final = "terminated"
"""The same site behind a TLS terminator that the gateway was not told to trust."""

STOPPED: Final = "stopped"
"""A site whose CRM is not running."""

LIMITED: Final = "limited"
"""A site that takes small bodies only."""

FAILING: Final = "failing"
"""A site whose CRM a test lets fail."""

FAILING_SILENTLY: Final = "failing-silently"
"""The same where PHP shows no errors."""

SMALL: Final = "small"
"""A site whose upstream is an nginx that takes no body over 1 MB, which is its default."""

FORM_POST: Final = "/modules/SAML/acs.php"
"""Where forms of other origins may post to."""

COMMAND: Final = (sys.executable, "-m", "gateway", "serve", "-c")


@dataclass(frozen=True, slots=True)
class Listening:
    """Where the gateway listens."""

    plain: int
    tls: int


@contextmanager
def gateway(place: Place, servers: Servers, ports: Listening) -> Generator[None]:
    """Run it in front of all `servers`: a site for each row, and those above."""
    file = place.write("gateway.yaml", yaml.safe_dump(_configuration(place, servers, ports), sort_keys=False))
    log = place.folder / "gateway.log"
    with running((*COMMAND, file), log, lambda: accepts(ports.plain) and accepts(ports.tls)):
        yield


def _configuration(place: Place, servers: Servers, ports: Listening) -> Mapping[str, object]:
    """Return the configuration: what it says of a site is what a customer's would."""
    untouched = _upstream(servers.ports[Server.MODULE][0])
    sites = [
        *(_site([row.number], _upstream_of(row, place, servers)) for row in MISTAKES),
        _site([PAGES, TERMINATED], untouched) | {"paths": "everything", "form_posts": [FORM_POST]},
        _site([STOPPED], _upstream(place.ports.take())),
        _site([LIMITED], untouched) | {"limits": {"request_body": "8MiB"}},
        _site([FAILING], untouched),
        _site([SMALL], {"urls": [_upstream(servers.ports[Server.NGINX][0])], "host": crm_host(SMALL_BODIES)}),
        _site([FAILING_SILENTLY], {"urls": [untouched], "host": crm_host(SILENT)}),
    ]
    return {
        "listeners": [
            {
                "address": f"{LOOPBACK}:{ports.tls}",
                "certificates": [{"chain": str(place.chain), "key": str(place.key)}],
            },
            {"address": f"{LOOPBACK}:{ports.plain}"},
        ],
        "sites": sites,
    }


def _site(names: Sequence[str], upstream: str | Mapping[str, object]) -> dict[str, object]:
    """Return a site as small as a customer's would be."""
    return {
        "names": [gateway_host(name) for name in names],
        "upstream": upstream,
        "preset": "vtenext",
        "paths": list(PATHS),
        "origins": [ADDIN],
    }


def _upstream_of(row: Mistake, place: Place, servers: Servers) -> str | Mapping[str, object]:
    """Return the upstream of a row: plain HTTP to most, TLS to those with PHP-FPM."""
    plain, tls = servers.ports[row.server]
    if row.server is not Server.FPM:
        return _upstream(plain)
    return {
        "urls": [f"https://{LOOPBACK}:{tls}"],
        "host": "preserve",  # by which the server chooses the row
        "tls": {"ca": str(place.authority), "name": gateway_host(row.number)},
    }


def _upstream(port: int) -> str:
    return f"http://{LOOPBACK}:{port}"
