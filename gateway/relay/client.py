"""Connections from clients: heads in, answers out, one exchange at a time."""

import asyncio
import ssl
from enum import Enum, auto
from http import HTTPStatus
from typing import TYPE_CHECKING, Final, TypeAlias

from gateway.http1.errors import Http1Error
from gateway.http1.fields import Fields
from gateway.http1.framing import NO_BODY, SIZED
from gateway.http1.head import HeadBuffer, LastHead, RequestHead, salvage
from gateway.policy.decide import Answer, Decision, Relay, fail, failure, refuse
from gateway.policy.entrance import health, loop_detected, to_https
from gateway.policy.often import Often, holds_for_any_target
from gateway.policy.problem import BAD_REQUEST, NO_CONTENT, answer_octets, is_navigation, no_content_octets
from gateway.policy.reason import Reason
from gateway.relay.admission import Entry
from gateway.relay.connection import CLOSE_SECONDS, LONGEST_LAST_HEAD_OCTETS, NEVER, Connection
from gateway.relay.door import NO_DOOR, address_of_peer
from gateway.relay.exchange import Exchange
from gateway.relay.readable import has_left
from gateway.relay.record import record_of_answer, record_of_exchange, record_of_no_head
from gateway.relay.scanners import begin_request, body_reader, parse_request_head

if TYPE_CHECKING:
    from gateway.http1.framing import BodyReader
    from gateway.http1.head import Salvaged
    from gateway.relay.admission import Admission
    from gateway.relay.gateway import Gateway
    from gateway.relay.handshake import Handshake

DRAIN_IDLE_SECONDS: Final = 5.0
"""How long an idle connection may still bring one more request while draining (contract item 21)."""
MAX_DISCARDED_OCTETS: Final = 64 * 1024 * 1024
"""Most octets read and dropped after an early answer; the listener's `linger` bounds the time."""
SERVED: Final = Entry.SERVED
SERVICE_UNAVAILABLE: Final = int(HTTPStatus.SERVICE_UNAVAILABLE)
RETRY_AFTER_SECONDS: Final = 1
"""Told with 503: requests in flight come and go within a second."""

LastDecision: TypeAlias = tuple[Fields, Often, Decision]
"""The lines of a head, of which the method is the same wherever they are the same object; who decided; and what."""


class State(Enum):
    """What a client connection is doing; before HEAD there is the TLS handshake (`handshake.py`)."""

    HEAD = auto()
    EXCHANGE = auto()
    TUNNEL = auto()
    """A WebSocket: octets are relayed as they come (contract item 20)."""
    LINGER = auto()
    """Answered for the last time; what still comes is dropped until the client closes (contract item 13)."""
    CLOSED = auto()


HEAD: Final = State.HEAD
EXCHANGE: Final = State.EXCHANGE
"""By a name of the module's own: a member of an enumeration takes longer to look up than most that is done with it."""


class ClientConnection(Connection):
    """One client's connection: its unread octets, and the exchange under way."""

    __slots__ = (
        "_answer_unsent",
        "_asked",
        "_buffer",
        "_discarded",
        "_entry",
        "_feeding",
        "_handshake",
        "_octets",
        "_plain",
        "admission",
        "door",
        "gateway",
        "last_decision",
        "last_head",
        "limits",
        "listener",
        "state",
    )

    def __init__(self, gateway: "Gateway", admission: "Admission", handshake: "Handshake | None" = None) -> None:
        """Wait for the transport; `handshake` stands for the connection until then."""
        super().__init__(gateway.loop)
        self.gateway = gateway
        self.admission = admission
        self.listener = admission.listener
        self.limits = self.listener.limits
        self.state = State.HEAD
        self.door = NO_DOOR
        self._entry = Entry.CUT
        self._plain = False
        """The listener has nothing to say before the policy, and there is room: so it is for most."""
        self._handshake = handshake
        self._buffer: HeadBuffer | None = None
        """Of a head that comes in parts; most come whole."""
        self.last_head: LastHead | None = None
        """The last head that came whole, is plain, short and not the first, until the next sweep."""
        self.last_decision: LastDecision | None = None
        """What was decided of it, if that does not depend on its target."""
        self._octets = b""
        """Octets behind the present request; reading pauses at the head limit (contract item 9)."""
        self._feeding = False
        self._asked = False
        """A request has come: TLS was agreed upon."""
        self._answer_unsent = False
        """The client waits for nothing, and has not taken all of its last answer."""
        self._discarded = 0

    @property
    def peer(self) -> str:
        """Who speaks to us: the client, or the last proxy before us."""
        return self.door.address

    @property
    def holds_part_of_a_head(self) -> bool:
        """Whether a head has begun and is not whole."""
        return self._buffer is not None and bool(self._buffer.held)

    # The transport's callbacks.

    def _made(self, transport: asyncio.BaseTransport) -> None:
        """Begin to wait for a head."""
        super()._made(transport)
        self._take_little()
        self.gateway.joined(self)  # before the handshake leaves, or a drain would take this for the end of all
        if self._handshake is not None:
            self.door = self._handshake.door
            self._handshake.done()
            self._handshake = None
        else:
            self.door = self.gateway.door(address_of_peer(transport.get_extra_info("peername")))
        self._entry = self.admission.enter(self, self.door.counts_as)
        listener = self.listener
        self._plain = self._entry is SERVED and listener.health is None and not listener.redirect_to_https
        if self._entry is not SERVED:
            self.gateway.listener_full(listener)
        if self._entry is Entry.CUT:
            self.gateway.count(Reason.GATEWAY_BUSY)
            self.state = State.CLOSED
            self.abort()
        else:
            self.due = self.loop.time() + self.limits.head_seconds

    def _lost(self, exc: Exception | None) -> None:
        """End what is under way: the client is gone."""
        if isinstance(exc, ssl.SSLError) and not self._asked:
            self.gateway.tls_failed(exc)  # in TLS 1.3 a client refuses our certificate when for us all is agreed upon
        self.transport = None
        self._forget_last()
        self.state = State.CLOSED
        self.gateway.left(self)
        self.admission.leave(self)
        if self.exchange is not None:
            self.exchange.client_gone()

    def data_received(self, data: bytes) -> None:
        """Take octets, as far as the present state wants any."""
        self._octets = self._octets + data if self._octets else data
        if not self._feeding:
            self._feed()

    def _ended(self) -> None:
        """Take the end of the client's octets as its leaving (contract item 10)."""
        if self.exchange is not None:
            self.exchange.client_gone()
        else:
            self._close()

    def _look(self) -> None:
        """Notice what no loop tells of: an answer that has been taken, and a client that has gone unread.

        Nobody reads a client whose request is held back: the kernel is asked whether it has gone (contract item 10).
        Not in a tunnel, where what the client said before it left still has to reach the upstream.
        """
        super()._look()
        self._forget_last()
        if self._answer_unsent and self.state is State.HEAD and not self.holds_part_of_a_head:
            self._note_idle()
        if self.reading or self.state is not State.EXCHANGE or self.transport is None or self.transport.is_closing():
            return
        sock = self.transport.get_extra_info("socket")
        if sock is not None and has_left(sock.fileno()):
            self._ended()

    def _expired(self) -> None:
        """Act on the deadline that passed: what it means depends on the state."""
        self._forget_last()
        match self.state:
            case State.HEAD if self._buffer is not None and self._buffer.held:
                salvaged = salvage(self._buffer.octets)
                self._answer_unread(fail(Reason.HEAD_TIMEOUT, self.gateway.policy, salvaged), salvaged)
            case State.HEAD if not self.stalled:
                self.finish_connection()
            case State.EXCHANGE | State.TUNNEL if self.exchange is not None:
                self.exchange.client_expired()
            case State.LINGER:
                self._close()
            case _:
                self.abort()

    # Octets, by state.

    def _feed(self) -> None:
        self._feeding = True
        try:
            while self._octets and (self._read_head() if self.state is HEAD else self._step()):
                pass
        except Exception as error:  # noqa: BLE001 - contract item 22: any exception aborts both sides and logs one line
            self.broken(error)
        finally:
            self._feeding = False
        self.balance()

    def _step(self) -> bool:
        """Do with octets behind a head what the state says; True asks for another round with what is left (item 2)."""
        match self.state:
            case State.EXCHANGE:
                return self._read_body()
            case State.TUNNEL:
                return self._read_tunnel()
            case State.LINGER:
                return self._discard()
            case State.CLOSED:
                return self._nothing()
            case State.HEAD:
                return self._read_head()

    def _waits_for_its_reader(self) -> bool:
        """Tell whether the next request must wait until the client has read earlier answers, or is for nobody."""
        transport = self.transport
        return self.state is HEAD and (self.stalled or transport is None or transport.is_closing())

    def _read_head(self) -> bool:
        if self._waits_for_its_reader():
            return False
        data, self._octets = self._octets, b""
        limits = self.limits
        began = self.loop.time()
        if self._buffer is None:
            self.admission.busy(self)
            self._answer_unsent = False
            begun = begin_request(data, limits.head, self.last_head)
            if begun is not None:
                head, self._octets = begun
                self._remember(data, head)
                self._request(head, began)
                return True
            self.due = began + limits.head_seconds
        return self._read_on(data, began)

    def _remember(self, data: bytes, head: RequestHead) -> None:
        """Keep a head, which `data` begins with, until the next sweep: most that follow differ in their target only.

        Not the first one: who asks once has nothing held, and an idle connection takes a third of a kilobyte less.
        """
        if not self._asked or (self.last_head is not None and self.last_head[1].fields is head.fields):
            return
        length = len(data) - len(self._octets)
        lines = data[data.find(b"\n") : length]
        self.last_head = (lines, head) if head.plain and length <= LONGEST_LAST_HEAD_OCTETS else None

    def _forget_last(self) -> None:
        """Keep nothing of the last head."""
        self.last_head = self.last_decision = None

    def _read_on(self, data: bytes, began: float) -> bool:
        """Read a head that comes in parts, or is none."""
        limits = self.limits
        buffer = self._buffer
        if buffer is None:
            buffer = self._buffer = HeadBuffer(limits.head)
        try:
            found = buffer.feed(data)
        except Http1Error as error:
            self._refuse(error, buffer.octets)
            return False
        if found is None:
            return False
        self._buffer = None
        octets, self._octets = found
        try:
            head = parse_request_head(octets, limits.head)
        except Http1Error as error:
            self._refuse(error, octets)
            return False
        self._request(head, began)
        return True

    def _read_body(self) -> bool:
        exchange = self.exchange
        if exchange is None or exchange.request_done:
            return False
        data, self._octets = self._octets, b""
        rest = exchange.request_body(data)
        self._octets = rest + self._octets if self._octets else rest
        return True

    def open_tunnel(self) -> None:
        """Relay octets as they come from now on, those first that waited for it."""
        self.state = State.TUNNEL
        if not self._feeding:
            self._feed()

    def _read_tunnel(self) -> bool:
        data, self._octets = self._octets, b""
        if self.exchange is not None:
            self.exchange.tunnel_up(data)
        return False

    def _discard(self) -> bool:
        """Drop octets after an early answer, within the body limit."""
        self._discarded += len(self._octets)
        self._octets = b""
        if self._discarded > MAX_DISCARDED_OCTETS:
            self._close()
        return False

    def _nothing(self) -> bool:
        self._octets = b""
        return False

    # Requests and answers.

    def _request(self, head: RequestHead, began: float) -> None:
        self.due = NEVER
        self._asked = True
        gateway = self.gateway
        last = self.last_decision
        if last is not None and last[0] is head.fields and last[1] is gateway.often:
            decision = last[2]
        elif self._plain and head.plain:
            decision = self._decided_plainly(head)
        else:
            decision = self._decided(head)
        request_id = gateway.request_id()
        if not (head.plain or self.door.is_of_proxy) and b"x-forwarded-for" in head.fields:
            gateway.hint("proxy.untrusted", self.peer, peer=self.peer)
        if isinstance(decision, Answer):
            whole = head.body is NO_BODY or self._swallow(head)
            closes = self.send_answer(decision, head, request_id, whole=whole)
            now = self.loop.time()
            client = self.door.address_of(head, gateway.is_trusted)
            gateway.finished(record_of_answer(decision, head, client, request_id, now - began))
            self._after_answer(closes=closes, whole=whole, now=now)
            return
        self.state = EXCHANGE
        body = b"" if head.body is NO_BODY else self._whole_body(head, decision)
        self.exchange = Exchange(self, head, decision, request_id, began, body)
        self.exchange.start()

    def _whole_body(self, head: RequestHead, relay: Relay) -> bytes:
        """Take the body if it has come whole with its head, as short ones mostly do; else return nothing.

        It then goes on with its head, in one write. One over the limit is left to the reader: its answer is the last.
        """
        framing, octets = head.body, self._octets
        if framing.kind is not SIZED or framing.length > len(octets) or framing.length > relay.site.limits.request_body:
            return b""
        self._octets = octets[framing.length :]
        return octets[: framing.length]

    def _decided_plainly(self, head: RequestHead) -> Decision:
        """Return what the policy has to say, and keep it where it says the same of the lines that are kept."""
        often, last = self.gateway.often, self.last_head
        decision = often.decide(head)
        if last is not None and last[1].fields is head.fields and holds_for_any_target(decision):
            self.last_decision = (head.fields, often, decision)
        return decision

    def _decided(self, head: RequestHead) -> Decision:
        """Return what the listener has to say, else what the policy has; nothing is relayed where there is no room."""
        answer = self._answer_of_listener(head)
        if answer is not None:
            return answer
        decision = self.gateway.often.decide(head)
        if self._entry is SERVED or isinstance(decision, Answer):
            return decision
        return failure(Reason.GATEWAY_BUSY, decision)

    def _answer_of_listener(self, head: RequestHead) -> Answer | None:
        loop = loop_detected(self.gateway.policy, head, self.gateway.loop_name)
        if loop is not None:
            return loop
        listener = self.listener
        if listener.health is not None:
            answer = health(head, listener.health.encode(), draining=self.gateway.leaving)
            if answer is not None:
                return answer
        return to_https(self.gateway.policy, head) if listener.redirect_to_https else None

    def _swallow(self, head: RequestHead) -> bool:
        """Drop the body of a request that is answered here, as far as it has come; tell whether that is all of it."""
        reader: BodyReader = body_reader(head.body, extensions=False)
        try:
            _, self._octets = reader.feed(self._octets)
        except Http1Error:
            return False
        return reader.done

    def send_answer(self, answer: Answer, head: RequestHead, request_id: str, *, whole: bool) -> bool:
        """Write an answer of our own; return whether it closes the connection, as it must unless `whole` was read."""
        closes = not whole or self.must_close(head)
        if answer.status == NO_CONTENT and head.minor and not closes:
            self.write(no_content_octets(answer.block, request_id, self.gateway.date()))
            return False
        fields = head.fields
        refused = answer.status >= BAD_REQUEST
        self.write(
            answer_octets(
                answer,
                request_id=request_id,
                date=self.gateway.date(),
                close=closes,
                minor=head.minor,
                head_only=head.method == b"HEAD",
                navigation=refused and is_navigation(fields.value(b"accept"), fields.value(b"sec-fetch-mode")),
                retry_after=RETRY_AFTER_SECONDS if answer.status == SERVICE_UNAVAILABLE else None,
            )
        )
        return closes

    def exchange_done(self, exchange: Exchange) -> None:
        """Log an exchange that has ended, and go on with the next request, linger, or close."""
        if self.exchange is not exchange:
            return
        self.exchange = None
        now = self.loop.time()
        client = self.door.address_of(exchange.head, self.gateway.is_trusted)
        self.gateway.finished(record_of_exchange(exchange, client, now - exchange.began))
        if self.transport is None or self.transport.is_closing():
            self.state = State.CLOSED
            return
        self._after_answer(closes=exchange.client_closes, whole=exchange.request_done, now=now)
        if self._octets and not self._feeding:
            self._feed()
        else:
            self.balance()

    def _after_answer(self, *, closes: bool, whole: bool, now: float) -> None:
        if not whole:
            self._linger(self.limits.linger_seconds)
        elif closes:
            self.finish_connection()
        else:
            self.state = HEAD
            if self._pieces:
                self._note_idle()
            else:
                self.admission.idle(self)
            self._await_head(now)

    def _note_idle(self) -> None:
        """Count as idle, and so as who goes first; not before the last answer is taken, which would be cut off."""
        self._answer_unsent = self.transport is not None and self.transport.get_write_buffer_size() > 0
        if not self._answer_unsent:
            self.admission.idle(self)

    def _await_head(self, now: float) -> None:
        """Set the deadline of the next request's first octet, or of the client's reading what it has asked for."""
        if self.stalled:
            self.due = self.stalled_since + self.limits.write_stall_seconds
        else:
            draining = self.gateway.draining or self.admission.draining
            seconds = DRAIN_IDLE_SECONDS if draining else self.limits.keep_alive_seconds
            self.due = now + seconds

    def finish_connection(self) -> None:
        """Say that nothing more is written, and let the client close: what it was answered arrives (RFC 9112, 9.6).

        TLS has no half-close: it is closed at once, unless octets have come that it would be reset for.
        """
        if self.transport is not None and self.transport.can_write_eof():
            unsent = self.transport.get_write_buffer_size()
            self._linger(self.limits.write_stall_seconds if unsent else CLOSE_SECONDS)
        elif self._octets:
            self._linger(CLOSE_SECONDS)
        else:
            self._close()

    def _linger(self, seconds: float) -> None:
        """Read on for a while: closing with octets unread resets the connection, answer and all (RFC 9112, 9.6)."""
        self.admission.busy(self)
        self.state = State.LINGER
        self._discarded = 0
        self.due = self.loop.time() + seconds
        self.set_reading(wanted=True)
        if self.transport is not None and not self.transport.is_closing() and self.transport.can_write_eof():
            try:
                self.transport.write_eof()
            except (OSError, RuntimeError):  # the client has reset the connection, and the loop will say so
                self.abort()

    def _close(self) -> None:
        """Close in order. What is unsent gets the time of a slow reader; how much that is on TLS, the loop hides."""
        self.admission.busy(self)
        self.state = State.CLOSED
        if self.transport is not None:
            unsent = not self.transport.can_write_eof() or self.transport.get_write_buffer_size()
            self.end(self.limits.write_stall_seconds if unsent else CLOSE_SECONDS)

    def shut_down(self) -> None:
        """Cut the connection off: the gateway stops."""
        if self.exchange is not None:
            self.exchange.cut(Reason.SHUTDOWN, "it was still under way when the time to drain was over")
        else:
            self.abort()

    def drain(self) -> None:
        """Be ready to go: an idle connection is closed after some silence, a busy one after its answer."""
        if self.state is State.HEAD and not self.holds_part_of_a_head:
            self.due = min(self.due, self.loop.time() + DRAIN_IDLE_SECONDS)

    def must_close(self, head: RequestHead) -> bool:
        """Tell whether the answer to `head` must be the connection's last.

        So it is also where the gateway stops, or the listener has been taken away.
        """
        draining = self.gateway.draining or self.admission.draining
        return not head.persistent or draining or self._entry is not SERVED

    # Refusals before a head is whole, and faults.

    def _refuse(self, error: Http1Error, octets: bytes) -> None:
        salvaged = salvage(octets)
        self._answer_unread(refuse(self.gateway.policy, error, salvaged), salvaged)

    def _answer_unread(self, answer: Answer, salvaged: "Salvaged") -> None:
        request_id = self.gateway.request_id()
        self.write(
            answer_octets(
                answer,
                request_id=request_id,
                date=self.gateway.date(),
                close=True,
                minor=1,
                head_only=salvaged.method == b"HEAD",
                navigation=False,
            )
        )
        self._octets = b""
        self.gateway.finished(record_of_no_head(answer, salvaged, self.peer, request_id))
        self._linger(self.limits.linger_seconds)

    def broken(self, error: Exception) -> None:
        """End after a fault of our own (contract item 22)."""
        if self.exchange is not None:
            self.exchange.broken(error)
            return
        self.gateway.fault(error, "")
        self.state = State.CLOSED
        self.abort()

    # Back-pressure.

    def balance(self) -> None:
        """Read on unless the upstream or the client's own reading must catch up, or too much is unread (9 and 14).

        Not while octets are being taken: what holds then is what holds when that is over.
        """
        if self._feeding:
            return
        exchange = self.exchange
        if (
            self.reading
            and not (self._octets or self.stalled)
            and (exchange is None or exchange.request_done)
            and self.state is not State.TUNNEL
        ):
            return
        held = exchange.holds_back_client() if exchange is not None else self._waits_for_its_reader()
        wanted = not held and len(self._octets) < self.limits.head.octets
        if wanted is not self.reading:
            self.set_reading(wanted=wanted)

    def flow_changed(self) -> None:
        """Have the upstream pause or read on; between exchanges, take the next request once the answers are read."""
        super().flow_changed()
        if self.exchange is None and self.state is State.HEAD and not self._feeding:
            if not self.holds_part_of_a_head:
                self._await_head(self.loop.time())
            self._feed()
