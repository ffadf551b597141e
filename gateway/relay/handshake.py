"""TLS handshakes of clients: counted from the accept on, and held to a deadline (contract item 1)."""

import contextlib
import socket
import ssl
from typing import TYPE_CHECKING

from gateway.relay.client import ClientConnection
from gateway.relay.connection import NEVER

if TYPE_CHECKING:
    import asyncio

    from gateway.relay.admission import Admission
    from gateway.relay.gateway import Gateway


class Handshake:
    """A client's connection before it is a `ClientConnection`. Whatever ends it goes through `done`, once."""

    __slots__ = ("_admission", "_context", "_done", "_gateway", "_sock", "_task", "due")

    def __init__(
        self, gateway: "Gateway", admission: "Admission", sock: socket.socket, context: ssl.SSLContext
    ) -> None:
        """Begin, if the listener has room; `sock` has just been accepted."""
        self._gateway = gateway
        self._admission = admission
        self._sock = sock
        self._context = context
        self._done = False
        self._task: asyncio.Task[None] | None = None
        self.due = gateway.loop.time() + admission.listener.limits.handshake_seconds
        if not admission.enter(self):
            gateway.listener_full(admission.listener)
            sock.close()
            return
        gateway.joined(self)
        self._task = gateway.loop.create_task(self._run())

    def done(self) -> None:
        """Count out: a `ClientConnection` takes the place, or nobody."""
        if not self._done:
            self._done = True
            self.due = NEVER
            self._gateway.left(self)
            self._admission.leave(self)

    def abort(self) -> None:
        """Give up: whoever reads or writes meets the end of the connection, and the loop lets go of it."""
        with contextlib.suppress(OSError):
            self._sock.shutdown(socket.SHUT_RDWR)

    def expire(self) -> None:
        """Give up for lack of time."""
        self.due = NEVER
        self.abort()

    def drain(self) -> None:
        """Go on: who is at the door is served one request."""

    shut_down = abort

    async def _run(self) -> None:
        limits = self._admission.listener.limits
        try:
            await self._gateway.loop.connect_accepted_socket(
                lambda: ClientConnection(self._gateway, self._admission, self),
                self._sock,
                ssl=self._context,
                # The loops' own deadlines come after ours, which the sweep looks to.
                ssl_handshake_timeout=limits.handshake_seconds * 2,
                ssl_shutdown_timeout=limits.write_stall_seconds * 2,
            )
        except ssl.SSLError as error:
            self._gateway.tls_failed(error)
        except OSError:
            pass  # the client left, or took too long
        finally:
            self.done()
