"""Everything a test of this folder needs, running: servers, gateway, browser."""

from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass

from tests.real.chromium import Chromium, chromium
from tests.real.gateway import FAILING, FAILING_SILENTLY, LIMITED, PAGES, SMALL, STOPPED, TERMINATED, Listening, gateway
from tests.real.mistakes import MISTAKES, Server
from tests.real.names import PAGES as PAGE_ORIGINS
from tests.real.names import crm_host, gateway_host, host_of
from tests.real.place import place
from tests.real.servers import Servers, serving


@dataclass(frozen=True, slots=True)
class Running:
    """What is running."""

    servers: Servers
    gateway: Listening
    chromium: Chromium


@contextmanager
def everything() -> Generator[Running]:
    """Start all of it, and end it."""
    with place() as here:
        ports = Listening(here.ports.take(), here.ports.take())
        terminated = gateway_host(TERMINATED)
        with serving(here, {terminated: ports.plain}) as servers, gateway(here, servers, ports):
            pages = servers.ports[Server.NGINX][1]
            names = {host_of(origin): pages for origin in PAGE_ORIGINS}
            names |= {
                crm_host(row.number): pages if row.terminated else servers.ports[row.server][1] for row in MISTAKES
            }
            names |= {
                gateway_host(site): ports.tls for site in (PAGES, STOPPED, LIMITED, FAILING, FAILING_SILENTLY, SMALL)
            }
            names |= {gateway_host(row.number): ports.tls for row in MISTAKES}
            names |= {terminated: pages}
            with chromium(here, names) as browser:
                yield Running(servers, ports, browser)
