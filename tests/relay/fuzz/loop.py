"""A loop and its transports in memory: nothing happens but what is asked for, so that a case is the same each time."""

import asyncio
import socket
import ssl
from collections import deque
from collections.abc import Callable, Coroutine
from contextvars import Context
from enum import Enum
from typing import Any, Protocol, cast

HIGH_WATER = 256
"""Most octets a transport here holds before it asks to pause, in place of the 64 KiB that the relay wants."""

NOTIFY_OCTETS = 24
"""Length of a close_notify in TLS 1.3 (RFC 8446, 5.2 and 6.1)."""


class Reader(Protocol):
    """What a loop tells of a connection: an `asyncio.Protocol`, whatever it derives from."""

    def connection_made(self, transport: asyncio.BaseTransport, /) -> None:
        """Take the transport."""

    def connection_lost(self, exc: Exception | None, /) -> None:
        """Hear of the end."""

    def data_received(self, data: bytes, /) -> None:
        """Take octets."""

    def eof_received(self) -> bool | None:
        """Take the end of the peer's octets; true keeps the connection open."""

    def pause_writing(self) -> None:
        """Hear that the peer does not keep up."""

    def resume_writing(self) -> None:
        """Hear that it does again."""


class Side(Enum):
    """What lies between a protocol and its peer."""

    PLAIN = "plain"
    ASYNCIO = "asyncio"
    """TLS, as asyncio's loops have it."""
    UVLOOP = "uvloop"
    """TLS, as uvloop has it."""


class Sign(Enum):
    """What a peer may send besides octets."""

    FIN = "fin"
    RESET = "reset"
    NOTIFY = "notify"
    """The orderly end: close_notify on TLS, FIN on plain."""


class End(Enum):
    """How a peer saw the gateway's octets end."""

    OPEN = "open"
    FIN = "fin"
    """In order: on TLS, behind close_notify."""
    CUT = "cut"
    """Aborted, which the kernel tells the peer as a FIN; on TLS without close_notify."""
    RESET = "reset"
    """Aborted, with RST."""
    LEFT = "left"
    """The peer itself had reset the connection."""


class SteppedLoop:
    """As much of an event loop as the relay uses."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.faults: list[str] = []
        self.upstream_side = Side.PLAIN
        self.turns = 0
        """How often anything has happened."""
        self.dialled: deque[asyncio.Future[MemorySocket]] = deque()
        """Connections to the upstream that were asked for, and what came of them is not known yet."""
        self.on_connected: Callable[[MemoryTransport], None] = lambda _: None
        self.ready: deque[tuple[asyncio.Handle, Context | None, Callable[..., object], tuple[Any, ...]]] = deque()

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
        self.ready.append((handle, context, callback, args))
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
        self,
        factory: Callable[[], Reader],
        *_: object,
        sock: "MemorySocket | None" = None,
        ssl: object = None,
        **__: object,
    ) -> tuple["MemoryTransport", Reader]:
        """Connect in steps, as asyncio does: octets may come before whoever asked for the connection has it."""
        if sock is None:
            sock = await start_connection(loop=self)
        if (ssl is None) is not (self.upstream_side is Side.PLAIN):
            self.faults.append(f"connected with TLS {ssl} to an upstream that is {self.upstream_side}")
        protocol = factory()
        transport = new_transport(self.upstream_side, self, protocol, sock)
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

    def run(self, callbacks: int = 1000) -> None:
        """Run what is ready, and what that makes ready, up to so many callbacks."""
        ready = self.ready
        if not ready:
            return
        while ready and callbacks:
            callbacks -= 1
            self.turns += 1
            handle, context, callback, args = ready.popleft()
            if handle.cancelled():
                continue
            try:
                if context is None:
                    callback(*args)
                else:
                    context.run(callback, *args)
            except Exception as error:  # noqa: BLE001 - whatever escapes from the code under test is what is looked for
                self.faults.append(f"a callback raised {error!r}")
        if not callbacks and len(ready) > 100:
            self.faults.append("callbacks without end")


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
    now: float
    faults: list[str]
    turns: int

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

    orderly_end = Sign.FIN
    """What tells the gateway that its peer has sent all."""
    ends_as_if_orderly: tuple[End, ...] = (End.FIN, End.CUT)
    """What the peer takes for the end of a body that only the end of the connection ends."""

    def __init__(self, loop: _Loop, protocol: Reader, sock: MemorySocket, peer: str = "192.0.2.99") -> None:
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
        self.is_heard_out: Callable[[], bool] = lambda: True
        """Whether what the peer said before it left is wanted still."""
        self.delivered_at = 0.0
        """When the gateway last read."""
        self.written_at: float | None = None
        """When the gateway last wrote."""
        self.closed_at: float | None = None
        """When the gateway closed it, in order, the peer having said no end."""
        self.closed_behind = 0
        """How much it had read by then."""
        self.cut_at: float | None = None
        """When the gateway cut it off."""
        self.spoilt = False
        """It came to nothing by octets that the peer sent after it was closed."""
        self._loop = loop
        self._socket = sock
        self._held = bytearray()
        self._full = False
        self._reading = True
        self._closing = False
        self._gone = False
        """Closed and flushed, or aborted: `connection_lost` is on its way."""
        self._eof = False
        self._peer_ended = False

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
        self.written_at = self._loop.now
        if self.taking and not self._held:
            self.sent += data
            return
        self._held += data
        if not self._full and self._is_over():
            self._full = True
            self.protocol.pause_writing()

    def _is_over(self) -> bool:
        return len(self._held) > HIGH_WATER

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
        self._note_close()
        if not self._held:
            self._leave(End.FIN, None)

    def _note_close(self) -> None:
        if not self._peer_ended:
            self.closed_at = self._loop.now
            self.closed_behind = len(self.delivered)

    def abort(self) -> None:
        self._held.clear()
        if not self._gone:
            self.cut_at = self._loop.now
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

    @property
    def has_unread(self) -> bool:
        """Something has come that the gateway has not read."""
        return bool(self.incoming)

    @property
    def written(self) -> int:
        """How much the gateway has written."""
        return len(self.sent) + len(self._held)

    def say(self, piece: bytes | Sign) -> None:
        """Have something on its way to the gateway."""
        self.incoming.append(Sign.FIN if piece is Sign.NOTIFY else piece)

    def take(self) -> None:
        """Take what is held, and what comes from now on."""
        self.taking = True
        if not self._held:
            return
        self._loop.turns += 1
        while self._held and not self._gone:
            self.sent += self._held
            self._held.clear()
            if self._full:
                self._full = False
                self.protocol.resume_writing()
        if not self._gone:
            self._flushed()

    def _flushed(self) -> None:
        if self._closing:
            self._leave(End.FIN, None)
        elif self._eof:
            self.end = End.FIN

    def deliver(self) -> bool:
        """Have the gateway read what is next of the peer's; tell if there was anything that it reads."""
        if not (self.incoming and self._reading) or self._closing:
            return False
        self._loop.turns += 1
        piece = self.incoming.popleft()
        self.on_delivered(piece)
        if isinstance(piece, bytes):
            self.delivered += piece
            self.delivered_at = self._loop.now
            self.protocol.data_received(piece)
        elif piece is Sign.FIN:
            self._peer_ended = True
            if not self.protocol.eof_received():
                self.close()
        else:
            self._reset()
        return True

    def _reset(self) -> None:
        self._peer_ended = True
        self._held.clear()
        self._leave(End.LEFT, ConnectionResetError("reset by the peer"))


class MemorySslObject:
    """What the relay asks of a TLS connection: how its peer's octets ended."""

    def __init__(self, transport: "TlsTransport") -> None:
        self._transport = transport

    def read(self, _: int) -> bytes:
        """Read on behind what the protocol was given, as OpenSSL does."""
        if not self._transport.was_notified:
            raise ssl.SSLWantReadError(ssl.SSL_ERROR_WANT_READ, "nothing has come")
        if self._transport.is_shut:
            raise ssl.SSLZeroReturnError(ssl.SSL_ERROR_ZERO_RETURN, "both sides have ended")
        return b""


class TlsTransport(MemoryTransport):
    """A TLS transport as a protocol sees it; there is no TLS in it.

    It follows `asyncio/sslproto.py` (CPython 3.11) and `uvloop/sslproto.pyx` (0.23). What both do:

    - There is no half-close. `close` says close_notify behind what was written, and `connection_lost` waits for the
      peer's own end; `abort` says none. The peer's close_notify is answered with one at once.
    - Octets lie in two buffers. `get_write_buffer_size` and `pause_writing` know of the one above the socket's
      transport only, so that what the peer has not taken may be hidden.
    - Reading paused, octets are still taken off the socket, up to `set_read_buffer_limits`. Reading resumed, they come
      in a callback.
    - Octets, and close_notify right behind them, come in one go: `eof_received` follows `data_received` though that has
      paused or aborted.

    Where they differ a case says which. asyncio is the stricter in these: octets of the peer that come after `close`
    undo the connection, and with it what was not flushed; `close` hands over octets that have come; after a bare FIN
    what is written vanishes although `is_closing` is false; closed twice, a transport cannot be used or aborted any
    more. uvloop is in these: a bare FIN is `connection_lost` without `eof_received`, and octets that were not read by
    then are lost.
    """

    orderly_end = Sign.NOTIFY
    ends_as_if_orderly = (End.FIN,)

    def __init__(
        self,
        loop: _Loop,
        protocol: Reader,
        sock: MemorySocket,
        peer: str = "192.0.2.99",
        *,
        uvloop: bool = False,
    ) -> None:
        super().__init__(loop, protocol, sock, peer)
        self._ssl_object = MemorySslObject(self)
        self.was_notified = False
        """The peer's close_notify was read."""
        self.is_shut = False
        """Ours was written."""
        self._uvloop = uvloop
        self._closed_twice = False
        self._unread: deque[bytes | Sign] = deque()
        """Off the socket, and not given to the protocol."""
        self._unread_octets = 0
        self._unread_limit = HIGH_WATER
        self._hidden = 0
        """Octets held by the transport beneath, which is full once they are more than `HIGH_WATER`."""
        self._deaf = False
        """The peer ended with a bare FIN: nothing is written any more."""
        self._fin_waits = False
        """The protocol, which has paused, was not told of that FIN."""
        self._told = False
        """The protocol has been told of the peer's end."""

    # What the relay calls.

    def get_extra_info(self, name: str, default: object = None) -> Any:  # noqa: ANN401 - as asyncio has it
        self._check_usable()
        return self._ssl_object if name == "ssl_object" else super().get_extra_info(name, default)

    def _check_usable(self) -> None:
        if self._closed_twice:
            raise AttributeError("'NoneType' object has no attribute: the transport was closed twice")

    def get_write_buffer_size(self) -> int:
        self._check_usable()
        return len(self._held) - self._hidden

    def is_reading(self) -> bool:
        self._check_usable()
        return self._reading

    def pause_reading(self) -> None:
        self._check_usable()
        self._reading = False

    def resume_reading(self) -> None:
        self._check_usable()
        if not self._reading:
            self._reading = True
            self._loop.call_soon(self._resumed)

    def set_read_buffer_limits(self, high: int, low: int) -> None:
        assert low < high, "what asyncio asks of them"
        self._unread_limit = high

    def can_write_eof(self) -> bool:
        return False

    def write_eof(self) -> None:
        raise NotImplementedError

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self._check_usable()
        if not self._deaf and data:
            super().write(data)

    def _is_over(self) -> bool:
        if self._hidden <= HIGH_WATER:
            self._hidden = len(self._held)
            return False
        return len(self._held) - self._hidden >= HIGH_WATER

    def close(self) -> None:
        if self._closing:
            if not self._uvloop and not self._gone:
                self._closed_twice = True
                self._loop.faults.append("closed twice: asyncio's transport cannot be aborted any more")
            return
        self._closing = True
        self._note_close()
        self._shut()

    def _shut(self) -> None:
        """Say close_notify behind what was written."""
        if self._deaf or self.is_shut or self._gone:
            return
        if self._unread and not self._uvloop and self._reading:
            self._read()
            self._shut()
            return
        self.is_shut = True
        self._unread_octets = 0
        while self._unread and not self._gone:
            self._behind_our_end(self._unread.popleft())
        if not self._held and not self._gone:
            self._flushed()

    def _behind_our_end(self, piece: bytes | Sign) -> None:
        """Take what the peer sent behind our close_notify, or before it had read that."""
        if piece is Sign.NOTIFY:
            self.was_notified = True
            self._end_of_peer(tell=True)
        elif not self._uvloop:
            self.spoilt = True
            self._held.clear()
            error = ssl.SSLError(ssl.SSL_ERROR_SSL, "application data after close notify")
            error.reason = "APPLICATION_DATA_AFTER_CLOSE_NOTIFY"
            self._leave(End.CUT, error)

    def _end_of_peer(self, *, tell: bool) -> None:
        self._peer_ended = True
        if tell:
            self._tell(Sign.NOTIFY if self.was_notified else Sign.FIN)
        if not self._held and not self._gone:
            self._flushed()

    def _tell(self, sign: Sign) -> None:
        if not self._told and not self.lost:
            self._told = True
            self.on_delivered(sign)
            self.protocol.eof_received()

    def abort(self) -> None:
        if self._closed_twice:
            return
        self._closing = True
        self._unread.clear()
        super().abort()

    def _leave(self, end: End, error: Exception | None) -> None:
        """End; `is_closing` is true only if it was before, until the protocol hears of it."""
        if self._gone:
            return
        self._gone = True
        if self.end is End.OPEN:
            self.end = end
        # The transport beneath is lost in a callback of its own.
        self._loop.call_soon(self._loop.call_soon, self._lose, error)

    def _lose(self, error: Exception | None) -> None:
        self._closing = True
        super()._lose(error)

    # What the peer does.

    @property
    def has_unread(self) -> bool:
        return bool(self.incoming or self._unread)

    def say(self, piece: bytes | Sign) -> None:
        self.incoming.append(piece)
        if piece is Sign.NOTIFY:  # few wait for ours before they close
            self.incoming.append(Sign.FIN)

    def take(self) -> None:
        self._hidden = 0
        super().take()

    def _flushed(self) -> None:
        if self.is_shut and self.end is End.OPEN:
            self.end = End.FIN
        if self._peer_ended:
            self._leave(End.FIN if self.is_shut else End.CUT, None)

    def deliver(self) -> bool:
        incoming = self.incoming
        if not incoming or self._gone:
            return False
        # Also where it was just resumed: the socket is read on behind the callback that reads what was left unread.
        if self._unread and self._unread_octets >= self._unread_limit:
            return False
        self._loop.turns += 1
        piece = incoming.popleft()
        if piece is Sign.RESET:
            self.on_delivered(piece)
            self._reset()
        elif piece is Sign.FIN:
            self._bare_fin()
        elif self.is_shut:
            self._behind_our_end(piece)
        elif not self._deaf and not self.was_notified:
            self._unread.append(piece)
            if isinstance(piece, bytes) and incoming and incoming[0] is Sign.NOTIFY:
                self._unread.append(incoming.popleft())
            self._unread_octets += len(piece) if isinstance(piece, bytes) else NOTIFY_OCTETS
            if self._reading:
                self._read()
        return True

    def _read(self) -> None:
        """Give the protocol all that has come, and the peer's close_notify."""
        data = b"".join([piece for piece in self._unread if isinstance(piece, bytes)])
        notified = Sign.NOTIFY in self._unread
        self._unread.clear()
        self._unread_octets = 0
        if data:
            self.on_delivered(data)
            self.delivered += data
            self.delivered_at = self._loop.now
            self.protocol.data_received(data)
        if notified:
            self.was_notified = True
            self._peer_ended = True
            self._tell(Sign.NOTIFY)
            if self._gone:
                return
            self._closing = True
            if not self.is_shut:
                self._shut()
            elif not self._held:
                self._flushed()

    def _resumed(self) -> None:
        """Go on reading."""
        if self._gone or not self._reading:
            return
        if self._fin_waits:
            self._fin_waits = False
            self._read()
            self._end_of_peer(tell=True)
        elif self._unread and not self.is_shut:
            self._read()

    def _bare_fin(self) -> None:
        if self.was_notified:
            return
        self._deaf = True
        if self._uvloop:
            if self._unread and not self._closing and self.is_heard_out():
                self._loop.faults.append("octets that had come are lost with the peer's FIN")
            self._unread.clear()
            self.on_delivered(Sign.FIN)
            self._end_of_peer(tell=False)
        elif self._reading or self.is_shut:
            self._end_of_peer(tell=True)
        else:
            self._fin_waits = True


def new_transport(
    side: Side, loop: _Loop, protocol: Reader, sock: MemorySocket, peer: str = "192.0.2.99"
) -> MemoryTransport:
    """Return the transport of a connection."""
    if side is Side.PLAIN:
        return MemoryTransport(loop, protocol, sock, peer)
    return TlsTransport(loop, protocol, sock, peer, uvloop=side is Side.UVLOOP)
