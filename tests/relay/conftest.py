"""The relay in this process, between a raw client and a scripted upstream."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import AsyncExitStack
from dataclasses import replace
from typing import Any

import pytest
import trustme

from gateway.config.model import Config, Listener, ListenerLimits
from gateway.policy.model import Health, Policy, Site, Timeouts, Upstream, UpstreamTls, UpstreamUrl
from gateway.relay.admission import Admission
from gateway.relay.gateway import Gateway
from gateway.relay.record import Record
from gateway.relay.tls import upstream_contexts
from gateway.service.acceptor import accepting, listening_socket
from gateway.service.process import drained
from tests.relay.peers import PATIENCE_SECONDS, Peer, Script, ScriptedUpstream, connected, until
from tests.relay.policies import SITE


class Rig:
    """A gateway that serves, its upstream, and what it logged."""

    def __init__(  # noqa: PLR0917 - made in one place
        self,
        gateway: Gateway,
        upstream: ScriptedUpstream,
        port: int,
        stack: AsyncExitStack,
        admission: Admission,
        tls: ssl.SSLContext | None,
    ) -> None:
        self.gateway = gateway
        self.admission = admission
        self._tls = tls
        self.upstream = upstream
        self.port = port
        self.records: asyncio.Queue[Record] = asyncio.Queue()
        self.hints: list[tuple[str, dict[str, str]]] = []
        self._stack = stack

    async def client(self) -> Peer:
        """Connect one more raw client."""
        return await self._stack.enter_async_context(connected(self.port, self._tls, "crm.customer.example"))

    async def raw_client(self) -> Peer:
        """Connect one that does not begin with TLS, whatever the listener expects."""
        return await self._stack.enter_async_context(connected(self.port))

    def heard(self, record: Record) -> None:
        """Keep a log record."""
        self.records.put_nowait(record)

    async def record(self) -> Record:
        """Return the next log record."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            return await self.records.get()

    def adopt(self, policy: Policy) -> None:
        """Have the gateway go by another policy, as a reload does."""
        config = replace(self.gateway.config, policy=policy)
        self.gateway.adopt(config, upstream_contexts(config.sites))

    def sweep(self, seconds: float) -> None:
        """Let deadlines that end within `seconds` pass, now."""
        self.gateway.sweep(self.gateway.loop.time() + seconds)


async def stopped(gateway: Gateway) -> None:
    """Stop a gateway, and wait until all its connections and health checks have gone."""
    checks = [task for task in asyncio.all_tasks() if "Servers._ask_after" in repr(task.get_coro())]
    gateway.stop()
    if checks:
        await asyncio.wait(checks)
    await until(lambda: not gateway.clients and not gateway.upstreams)


TlsContexts = tuple[ssl.SSLContext, ssl.SSLContext]
"""A listener's, and the one of a client that trusts it."""


@pytest.fixture(scope="session")
def tls_contexts() -> TlsContexts:
    """Return the contexts of a listener with a certificate for the site, and of its clients."""
    authority = trustme.CA()
    listener = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("crm.customer.example").configure_cert(listener)  # pyright: ignore[reportUnknownMemberType]
    client = ssl.create_default_context()
    authority.configure_trust(client)  # pyright: ignore[reportUnknownMemberType]
    return listener, client


RigMaker = Callable[..., Coroutine[Any, Any, Rig]]


@pytest.fixture
async def rig() -> AsyncIterator[RigMaker]:
    """Return a maker of rigs; all of them end with the test."""
    async with AsyncExitStack() as stack:

        async def make(
            *scripts: Script,
            site: Site = SITE,
            timeouts: Timeouts | None = None,
            limits: ListenerLimits | None = None,
            listener: Listener | None = None,
            upstream: ScriptedUpstream | None = None,
            tls: UpstreamTls | None = None,
            host: bytes | None = None,
            prefix: bytes = b"",
            others: tuple[UpstreamUrl, ...] = (),
            health: Health | None = None,
            trusting: TlsContexts | None = None,
            **config: Any,  # noqa: ANN401 - handed on to Config
        ) -> Rig:
            server = await stack.enter_async_context(upstream or ScriptedUpstream(list(scripts)))
            scheme = "https" if server.tls else "http"
            url = UpstreamUrl(scheme, "127.0.0.1", server.port, prefix)
            behind = Upstream(
                (url, *others), host=host, tls=tls or UpstreamTls(), timeouts=timeouts or Timeouts(), health=health
            )
            site = replace(site, upstream=behind)
            policy = Policy({name.encode(): site for name in site.names}, None)
            listener = listener or Listener("127.0.0.1", 0)
            if limits is not None:
                listener = replace(listener, limits=limits)
            made: list[Rig] = []
            gateway = Gateway(
                Config(policy=policy, listeners=(listener,), **config),
                done=lambda record: made[0].heard(record),  # noqa: PLW0108 - the rig is made after the gateway
                hint=lambda event, details: made[0].hints.append((event, details)),
            )
            gateway.start()
            stack.push_async_callback(stopped, gateway)
            sock = listening_socket(listener.host, listener.port)
            port, admission = sock.getsockname()[1], Admission(listener)
            contexts = trusting or (None, None)
            acceptor = await accepting(gateway, admission, sock, contexts[0])
            stack.push_async_callback(drained, gateway)
            stack.callback(acceptor.close)
            made.append(Rig(gateway, server, port, stack, admission, contexts[1]))
            return made[0]

        yield make
