"""A loop and its transports in memory: nothing happens but what is asked for, so that a case is the same each time."""

import asyncio
import socket
from collections import deque
from collections.abc import Callable, Coroutine
from contextvars import Context
from enum import Enum
from typing import Any, Protocol, cast

HIGH_WATER = 256
"""Most octets a transport here holds before it asks to pause, in place of the 64 KiB that the relay wants."""


class Sign(Enum):
    """What a peer may send besides octets."""

    FIN = "fin"
    RESET = "reset"


class End(Enum):
    """How a peer saw the gateway's octets end."""

    OPEN = "open"
    FIN = "fin"
    CUT = "cut"
    """Aborted, which the kernel tells the peer as a FIN."""
    RESET = "reset"
    """Aborted, with RST."""
    LEFT = "left"
    """The peer itself had reset the connection."""


class SteppedLoop:
    """As much of an event loop as the relay uses."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.faults: list[str] = []
        self.dialled: deque[asyncio.Future[MemorySocket]] = deque()
        """Connections to the upstream that were asked for, and what came of them is not known yet."""
        self.on_connected: Callable[[MemoryTransport], None] = lambda _: None
        self._ready: deque[tuple[asyncio.Handle, Context | None, Callable[..., object], tuple[Any, ...]]] = deque()

    @property
    def as_loop(self) -> asyncio.AbstractEventLoop:
        return cast("asyncio.AbstractEventLoop", self)

    def time(self) -> float:
        return self.now

    def get_debug(self) -> bool:
        return False

    def is_running(self) -> bool:
        return True

    def call_soon(self, callback: Callable[..., object], *args: Any, context: Context | None = None) -> asyncio.Handle:  # noqa: ANN401 - as asyncio has it
        handle = asyncio.Handle(callback, args, self.as_loop, context)
        self._ready.append((handle, context, callback, args))
        return handle

    def call_later(self, delay: float, callback: Callable[..., object], *args: Any) -> asyncio.TimerHandle:  # noqa: ANN401 - as asyncio has it
        """Forget it: the one timer is the sweep's, and the case says when that is."""
        return asyncio.TimerHandle(self.now + delay, callback, args, self.as_loop)

    def call_exception_handler(self, context: dict[str, Any]) -> None:
        self.faults.append(f"the loop was told of {context.get('message')}: {context.get('exception')!r}")

    def create_future(self) -> asyncio.Future[Any]:
        return asyncio.Future(loop=self.as_loop)

    def create_task(self, coroutine: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
        return asyncio.Task(coroutine, loop=self.as_loop)

    async def create_connection(
        self, factory: Callable[[], asyncio.Protocol], *, sock: "MemorySocket", **_: object
    ) -> tuple["MemoryTransport", asyncio.Protocol]:
        """Connect in steps, as asyncio does: octets may come before whoever asked for the connection has it."""
        protocol = factory()
        transport = MemoryTransport(self, protocol, sock)
        waiter = self.create_future()
        self.call_soon(protocol.connection_made, transport)
        self.call_soon(lambda: None if waiter.done() else waiter.set_result(None))
        self.on_connected(transport)
        try:
            await waiter
        except BaseException:
            transport.close()
            raise
        return transport, protocol

    @property
    def is_idle(self) -> bool:
        return not self._ready

    def run(self, callbacks: int = 1000) -> None:
        """Run what is ready, and what that makes ready, up to so many callbacks."""
        while self._ready and callbacks:
            callbacks -= 1
            handle, context, callback, args = self._ready.popleft()
            if handle.cancelled():
                continue
            try:
                if context is None:
                    callback(*args)
                else:
                    context.run(callback, *args)
            except Exception as error:  # noqa: BLE001 - whatever escapes from the code under test is what is looked for
                self.faults.append(f"a callback raised {error!r}")
        if not callbacks:
            self.faults.append("callbacks without end") if self._ready and len(self._ready) > 100 else None


async def start_connection(*_: object, loop: SteppedLoop, **__: object) -> "MemorySocket":
    """Dial; stands for `aiohappyeyeballs.start_connection`."""
    future: asyncio.Future[MemorySocket] = loop.create_future()
    loop.dialled.append(future)
    return await future


class MemorySocket:
    """What the relay asks of a transport's socket."""

    family = socket.AF_INET

    def __init__(self, *, slow: bool = False) -> None:
        self.slow = slow
        """The peer takes nothing at first."""
        self.resets = False
        self.incoming: deque[bytes | Sign] = deque()
        """What the peer has sent, and the gateway has not read."""

    def fileno(self) -> "MemorySocket":
        return self

    def setsockopt(self, level: int, option: int, value: object) -> None:
        if (level, option) == (socket.SOL_SOCKET, socket.SO_LINGER):
            self.resets = value == b"\1\0\0\0\0\0\0\0"

    def shutdown(self, _: int) -> None:
        """Be read from no more: what comes next is the end."""
        self.incoming.clear()
        self.incoming.append(Sign.FIN)

    def close(self) -> None:
        pass


class MemorySelect:
    """What the relay asks of the module `select`: whether the peer has sent anything, or has left."""

    POLLIN = 1

    class poll:  # noqa: N801 - the name it has there
        """One poll."""

        def register(self, sock: MemorySocket, events: int) -> None:
            self._sock = sock
            self._any = bool(events & MemorySelect.POLLIN)

        def poll(self, _: int) -> bool:
            return any(self._any or isinstance(one, Sign) for one in self._sock.incoming)


class _Loop(Protocol):
    faults: list[str]

    def call_soon(self, callback: Callable[..., object], *args: Any) -> asyncio.Handle: ...  # noqa: ANN401 - as asyncio has it


class MemoryOs:
    """What the relay asks of the module `os`: what the kernel holds still of a connection that was reset."""

    @staticmethod
    def read(_: MemorySocket, __: int) -> bytes:
        """Have nothing: here a reset comes behind all that was sent before it.

        Raises:
            BlockingIOError
        """
        raise BlockingIOError


class MemoryTransport(asyncio.Transport):
    """A transport as asyncio's selector loop has it, whose peer takes and sends octets when it is told to."""

    def __init__(self, loop: _Loop, protocol: asyncio.Protocol, sock: MemorySocket, peer: str = "192.0.2.99") -> None:
        super().__init__({"socket": sock, "peername": (peer, 4711)})
        self.protocol = protocol
        self.sent = bytearray()
        """What the peer has taken."""
        self.end = End.OPEN
        self.lost = False
        self.taking = not sock.slow
        self.incoming = sock.incoming
        self.delivered = bytearray()
        """What the gateway has read."""
        self.on_delivered: Callable[[bytes | Sign], None] = lambda _: None
        self._loop = loop
        self._socket = sock
        self._held = bytearray()
        self._full = False
        self._reading = True
        self._closing = False
        self._gone = False
        """Closed and flushed, or aborted: `connection_lost` is on its way."""
        self._eof = False

    # What the relay calls.

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        """Keep our own."""

    def get_write_buffer_size(self) -> int:
        return len(self._held)

    def is_closing(self) -> bool:
        return self._closing

    def is_reading(self) -> bool:
        return self._reading and not self._closing

    def pause_reading(self) -> None:
        self._reading = False

    def resume_reading(self) -> None:
        self._reading = True

    def can_write_eof(self) -> bool:
        return True

    def write(self, data: bytes | bytearray | memoryview) -> None:
        if not isinstance(data, bytes):
            self._loop.faults.append(f"{type(data).__name__} was written: it could still change")
        if self._eof:
            raise RuntimeError("Cannot call write() after write_eof()")
        if self.lost:
            self._loop.faults.append("written on after connection_lost")
        if self._gone:
            return
        if self._closing:
            self._loop.faults.append("written on after close")
        if self.taking and not self._held:
            self.sent += data
            return
        self._held += data
        if len(self._held) > HIGH_WATER and not self._full:
            self._full = True
            self.protocol.pause_writing()

    def write_eof(self) -> None:
        if self._closing or self._eof:
            return
        self._eof = True
        if not self._held:
            self.end = End.FIN

    def close(self) -> None:
        if self._closing:
            return
        self._closing = True
        if not self._held:
            self._leave(End.FIN, None)

    def abort(self) -> None:
        self._held.clear()
        self._leave(End.RESET if self._socket.resets else End.CUT, None)

    def _leave(self, end: End, error: Exception | None) -> None:
        self._closing = True
        if self._gone:
            return
        self._gone = True
        if self.end is End.OPEN:
            self.end = end
        self._loop.call_soon(self._lose, error)

    def _lose(self, error: Exception | None) -> None:
        self.lost = True
        self.protocol.connection_lost(error)

    # What the peer does.

    @property
    def is_paused_by_us(self) -> bool:
        return self._full

    def take(self) -> None:
        """Take what is held, and what comes from now on."""
        self.taking = True
        while self._held and not self._gone:
            self.sent += self._held
            self._held.clear()
            if self._full:
                self._full = False
                self.protocol.resume_writing()
        if self._gone:
            return
        if self._closing:
            self._leave(End.FIN, None)
        elif self._eof:
            self.end = End.FIN

    def deliver(self) -> bool:
        """Have the gateway read what is next of the peer's; tell if there was anything that it reads."""
        if not (self.incoming and self._reading) or self._closing:
            return False
        piece = self.incoming.popleft()
        self.on_delivered(piece)
        if isinstance(piece, bytes):
            self.delivered += piece
            self.protocol.data_received(piece)
        elif piece is Sign.FIN:
            if not self.protocol.eof_received():
                self.close()
        else:
            self._held.clear()
            self._leave(End.LEFT, ConnectionResetError("reset by the peer"))
        return True
