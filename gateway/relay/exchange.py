"""The way of one relayed request: client octets up, upstream octets down, each side with its own state.

Request side: body, done. Response side: waiting, body, done; for a WebSocket the tunnel instead of a body. Whatever
ends an exchange goes through `_finish`, once.
"""

from enum import IntEnum
from typing import TYPE_CHECKING, Final

from gateway.http1.cdn_loop import loop_line
from gateway.http1.errors import Http1Error
from gateway.http1.framing import (
    CHUNKED,
    IN_CHUNKS,
    NO_BODY,
    NONE,
    NOTHING_TO_READ,
    SIZED,
    UNTIL_CLOSE,
    UNTIL_CLOSED,
    Kind,
    chunk,
)
from gateway.http1.target import path_of
from gateway.http1.upgrade import UPGRADE_LINES, accepts_websocket, websocket_key
from gateway.policy.decide import Answer, failure
from gateway.policy.model import NOTHING
from gateway.policy.reason import Reason
from gateway.policy.respond import judge_response, judge_with_care, request_change
from gateway.relay.connection import NEVER, WRITE_BUFFER_OCTETS
from gateway.relay.fault import where
from gateway.relay.record import Oddity
from gateway.relay.scanners import body_reader, request_octets, response_octets

if TYPE_CHECKING:
    from gateway.http1.framing import BodyReader
    from gateway.http1.head import RequestHead, ResponseHead
    from gateway.policy.decide import Relay
    from gateway.relay.attempt import Attempt
    from gateway.relay.client import ClientConnection
    from gateway.relay.pool import Pool
    from gateway.relay.route import Route
    from gateway.relay.upstream import UpstreamConnection

CONTINUE: Final = b"HTTP/1.1 100 Continue\r\n\r\n"
EVENT_STREAM: Final = b"text/event-stream"
"""What a response is that goes on for hours (https://html.spec.whatwg.org/#text/event-stream)."""
RATE_GRACE_SECONDS: Final = 30.0
"""A request body may be slower than the least rate for this long (as Apache's mod_reqtimeout allows)."""


class Response(IntEnum):
    """The response side of an exchange."""

    WAITING = 0
    BODY = 1
    TUNNEL = 2
    DONE = 3


WAITING: Final = Response.WAITING
BODY: Final = Response.BODY
TUNNEL: Final = Response.TUNNEL
DONE: Final = Response.DONE
UPSTREAM_SHARES: Final = Oddity.UPSTREAM_SHARES


class Exchange:
    """One relayed request, from the decision to the log record."""

    __slots__ = (
        "_attempt",
        "_body_began",
        "_down_at",
        "_ended",
        "_framing",
        "_host_up",
        "_id_line",
        "_is_stream",
        "_key",
        "_own_up",
        "_pool",
        "_queue",
        "_reader",
        "_received",
        "_retried",
        "_reusable",
        "_routes",
        "_side",
        "_stalled_since",
        "_up_at",
        "answer",
        "began",
        "client",
        "client_closes",
        "detail",
        "head",
        "reason",
        "relay",
        "request_done",
        "request_id",
        "status",
        "until_close",
        "upstream",
    )

    def __init__(  # noqa: PLR0913, PLR0917 - it takes as many
        self,
        client: "ClientConnection",
        head: "RequestHead",
        relay: "Relay",
        request_id: str,
        began: float,
        body: bytes,
    ) -> None:
        """Take the request over from `client`, with its body where that has come whole; `start` sends it."""
        self.client = client
        self.head = head
        self.relay = relay
        self.request_id = request_id
        self.began = began
        """Loop time when the head was whole."""
        self.reason = relay.reason
        self.detail = ""
        """What went wrong, for the log only: it may name internal hosts."""
        self.answer: Answer | None = None
        """The gateway's own answer, where it gave one."""
        self.status: int | None = None
        self.request_done = False
        self.client_closes = False
        """The answer says `Connection: close`."""
        self.until_close = False
        """The upstream's EOF ends the response."""
        self.upstream: UpstreamConnection | None = None
        self._attempt: Attempt | None = None
        self._side = WAITING
        self._reader: BodyReader = (
            NOTHING_TO_READ if body or head.body is NO_BODY else body_reader(head.body, extensions=False)
        )
        self._received = len(body)
        self._up_at = began
        """Loop time of the request's last octets."""
        self._down_at = began
        """Loop time of the response's last octets."""
        self._body_began = began
        """What the least rate of the request's body is reckoned from; time in which it had to wait does not count."""
        self._stalled_since: float | None = None
        self._queue: bytes | bytearray = body
        """A whole body, or what of one waits for an upstream connection; reading pauses at `WRITE_BUFFER_OCTETS`."""
        self._pool: Pool = client.gateway.pool(relay.site.upstream)
        self._routes: tuple[Route, ...] = ()
        self._host_up = b""
        self._own_up = b""
        """Field lines of our own, towards the upstream."""
        self._id_line = b"X-Request-Id: %b\r\n" % request_id.encode()
        self._key: bytes | None = None
        """Of a request that opens a WebSocket where the site has one."""
        self._framing = NO_BODY
        """Of the response, towards the client."""
        self._reusable = False
        self._retried = False
        self._is_stream = False
        """A WebSocket or an event stream: no longer in flight, and silent for longer."""
        self._ended = False

    # The request's way up.

    def start(self) -> None:
        """Ask for an upstream connection, an idle one or a new one."""
        head, limits = self.head, self.relay.site.limits
        in_flight = self._pool.in_flight.more()
        self.request_done = self._reader.done
        if in_flight > limits.in_flight:
            self.failed(Reason.SITE_BUSY, f"{limits.in_flight} requests are in flight")
            return
        if head.body.kind is SIZED and head.body.length > limits.request_body:
            self.failed(Reason.BODY_TOO_LARGE, f"Content-Length is {head.body.length}, the limit {limits.request_body}")
            return
        self._host_up = self.relay.site.upstream.host or head.host or b""
        self._routes = self._pool.routes(self._host_up)
        if not (head.plain or self._look_closer()):
            return
        client = self.client
        own = client.door.forwarding_lines(head, client.gateway.is_trusted) + self._id_line
        self._own_up = own + (client.gateway.loop_line if head.plain else self._rare_lines())
        connection = self._pool.take(self._routes[0])
        if connection is not None:
            self._send(connection)
        else:
            self._attempt = self._pool.connect(self, self._routes)
            if not self.request_done:  # or nothing is to come from the client, and the attempt has its own deadline
                self._charge()

    def _look_closer(self) -> bool:
        """See to what is rare in a request; tell whether it goes on."""
        client, head, site, gateway = self.client, self.head, self.relay.site, self.client.gateway
        fields = head.fields
        if site.websocket is not NOTHING and path_of(head.target) in site.websocket:
            self._key = websocket_key(head)
        if self._key is not None and not self._has_room_for_a_stream():
            return False
        if any(b"_" in name for name in fields.names):
            gateway.odd(site.name, Oddity.FIELDS_WITH_UNDERSCORE)
        if self.relay.rule is not None and head.origin is not None and head.origin.endswith(b"/"):
            gateway.odd(site.name, Oddity.ORIGIN_WITH_SLASH)
        if head.expects_continue:
            client.write(CONTINUE)
        return True

    def connected(self, upstream: "UpstreamConnection") -> None:
        """Go on, on a new connection."""
        self._attempt = None
        self._up_at = self.client.loop.time()
        self._send(upstream)

    def _send(self, upstream: "UpstreamConnection") -> None:
        """Send the head, and what of the body waited for a connection."""
        client, head = self.client, self.head
        self.upstream = upstream
        upstream.begin(self)
        prefix = upstream.route.url.prefix
        octets = request_octets(
            head,
            target=prefix + head.target if prefix else head.target,
            host=self._host_up,
            change=request_change(self.relay, head),
            own=self._own_up,
        )
        if self._queue:
            octets += self._queue
            self._queue = b""
        upstream.write(octets)
        if self.request_done and client.reading and not (client.stalled or upstream.stalled):
            upstream.due = self._up_at + self.relay.site.upstream.timeouts.response_head
        else:
            self.balance()

    def _rare_lines(self) -> bytes:
        """Return the lines of our own that depend on what is rare in a request."""
        loop = loop_line(self.head.fields, self.client.gateway.loop_name)
        return loop if self._key is None else loop + UPGRADE_LINES

    def request_body(self, data: bytes) -> bytes:
        """Take octets from the client while the request side is in its body; return those behind the body."""
        try:
            body, rest = self._reader.feed(data)
        except Http1Error as error:
            self.failed(Reason.BODY_MALFORMED, str(error))
            return b""
        self._up_at = self.client.loop.time()
        self._received += len(body)
        if self._received > self.relay.site.limits.request_body:
            self.failed(Reason.BODY_TOO_LARGE, f"the body went over the limit of {self.relay.site.limits.request_body}")
            return b""
        self.request_done = self._reader.done
        if self.head.body.kind is Kind.CHUNKED:
            body = chunk(body, last=self.request_done)
        if body:
            if self.upstream is not None:
                self.upstream.write(body)
            elif not self._queue:
                self._queue = body
            elif isinstance(self._queue, bytearray):
                self._queue += body
            else:
                self._queue = bytearray(self._queue + body)
        self.balance()
        return rest

    # The response's way down.

    def response(
        self, upstream: "UpstreamConnection", head: "ResponseHead", body: bytes, *, ended: bool, over: bool
    ) -> None:
        """Relay the response's head with its first octets, or answer instead of it.

        `ended`: the body is whole; `over`: octets stood behind it.
        """
        client, request = self.client, self.head
        change, is_shared, is_dated = self._pool.usual(self.relay, head)
        if is_shared:
            client.gateway.odd(self.relay.site.name, UPSTREAM_SHARES)
        if change is None:
            verdict = judge_with_care(self.relay, request, head, scheme=client.door.scheme_of(request))
            if isinstance(verdict, Answer):
                self._answer(verdict)
                return
            change = verdict
        if not ended and self._is_event_stream(head):
            if not self._has_room_for_a_stream():
                return
            self._become_a_stream()
        framing = head.body
        closes = not self.request_done or client.must_close(request)
        self._reusable = head.persistent
        if framing.kind is not SIZED:
            self.until_close = framing.kind is UNTIL_CLOSED
            self._reusable = head.persistent and not (self.until_close or self._may_send_a_body_late(head))
            if framing.kind is not NONE:
                framing = CHUNKED if request.minor else UNTIL_CLOSE
                closes = closes or framing is UNTIL_CLOSE
        self._framing = framing
        self._side = BODY
        self.status = head.status
        self.client_closes = closes
        own = self._id_line
        if not is_dated:  # RFC 9110, 6.6.1
            own += b"Date: %b\r\n" % client.gateway.date()
        octets = response_octets(head, body=framing, close=closes, minor=request.minor, change=change, own=own)
        self._down(upstream, octets, body, ended=ended, over=over)

    def response_body(self, upstream: "UpstreamConnection", body: bytes, *, ended: bool, over: bool) -> None:
        """Relay octets of the response's body."""
        self._down(upstream, b"", body, ended=ended, over=over)

    def _down(self, upstream: "UpstreamConnection", head: bytes, body: bytes, *, ended: bool, over: bool) -> None:
        self._down_at = self.client.loop.time()
        if self._framing.kind is IN_CHUNKS:
            body = chunk(body, before=head, last=ended)
        elif head:
            body = head + body
        if body:
            self.client.write(body)
        if not ended:
            self._charge()
            return
        self._side = DONE
        if self.request_done and not over:
            self.upstream = None
            upstream.release(reusable=self._reusable, now=self._down_at)
        # An upstream that is still held is cut now: it has octets over, or did not wait for the end of an upload (R6).
        self._finish()

    @staticmethod
    def _is_event_stream(head: "ResponseHead") -> bool:
        content_type = head.fields.value(b"content-type")
        return content_type is not None and content_type.partition(b";")[0].rstrip().lower() == EVENT_STREAM

    def _may_send_a_body_late(self, head: "ResponseHead") -> bool:
        """Tell whether an upstream may, wrongly, send a body still: it would be taken for the next request's answer.

        That is to HEAD, and where a bodyless response says how long a body is.
        """
        if head.body.kind is not NONE:
            return False
        fields = head.fields
        sized = fields.value(b"content-length") not in {None, b"0"}
        return self.head.method == b"HEAD" or sized or b"transfer-encoding" in fields

    # The tunnel.

    def switched(self, upstream: "UpstreamConnection", head: "ResponseHead", data: bytes) -> bool:
        """Open the tunnel of a WebSocket (contract item 20); tell if this 101 may do so. `data` stood behind it."""
        if self._key is None or not accepts_websocket(head, self._key):
            return False
        verdict = judge_response(self.relay, self.head, head, scheme=self.client.door.scheme_of(self.head))
        if isinstance(verdict, Answer):
            return False
        if not self._has_room_for_a_stream():  # others have opened since this one was asked for
            return True
        self._side = TUNNEL
        self._down_at = self.client.loop.time()
        self.status = head.status
        self._become_a_stream()
        own = UPGRADE_LINES + self._id_line
        self.client.write(response_octets(head, body=NO_BODY, close=False, minor=1, change=verdict, own=own) + data)
        upstream.open_tunnel()
        self.client.open_tunnel()
        self._charge()
        return True

    def _has_room_for_a_stream(self) -> bool:
        """Tell whether the site takes one more; where it does not, end."""
        limits = self.relay.site.limits
        if self._pool.streams.whole < limits.streams:
            return True
        self.failed(Reason.SITE_BUSY, f"{limits.streams} WebSockets and event streams are open")
        return False

    def _become_a_stream(self) -> None:
        self._is_stream = True
        self._pool.in_flight.less()
        self._pool.streams.more()

    def tunnel_up(self, data: bytes) -> None:
        """Relay octets of the client."""
        if self.upstream is not None:
            self._up_at = self.client.loop.time()
            self.upstream.write(data)
            self._charge()

    def tunnel_down(self, data: bytes) -> None:
        """Relay octets of the upstream."""
        self._down_at = self.client.loop.time()
        self.client.write(data)
        self._charge()

    def tunnel_ended(self) -> None:
        """Close both sides in order: what one of them had sent still reaches the other."""
        self._side = DONE
        self.request_done = self.client_closes = True
        if self.upstream is not None:
            upstream, self.upstream = self.upstream, None
            upstream.release(reusable=False, now=self._down_at)
        self._finish()

    # Back-pressure and deadlines.

    def balance(self) -> None:
        """Read from each side only while the other takes what it is given (contract item 14)."""
        client, upstream = self.client, self.upstream
        if upstream is not None and upstream.reading is client.stalled:
            upstream.set_reading(wanted=not client.stalled)
        client.balance()
        self._charge()

    def holds_back_client(self) -> bool:
        """Tell whether the request's body, or the tunnel, must wait for the upstream."""
        if self.request_done and self._side is not TUNNEL:
            return False
        if self.upstream is not None:
            return self.upstream.stalled
        return len(self._queue) >= WRITE_BUFFER_OCTETS

    def _charge(self) -> None:
        """Set the deadlines of the sides that are waited for (contract item 15).

        Each is reckoned from the last octets that side sent or took: what the other side does puts none off.
        """
        client, upstream, side = self.client, self.upstream, self._side
        limits, timeouts = client.limits, self.relay.site.upstream.timeouts
        tunnel = side is TUNNEL
        waits = upstream is None or upstream.stalled
        if waits is (self._stalled_since is None):
            now = client.loop.time()
            if self._stalled_since is None:
                self._stalled_since = now
            else:
                self._body_began += now - self._stalled_since
                self._stalled_since = None
        client_due = upstream_due = NEVER
        if client.stalled:
            client_due = client.stalled_since + limits.write_stall_seconds
        elif upstream is not None and not waits:
            taken = max(self._up_at, upstream.flowing_since)
            if tunnel:
                client_due = max(taken, self._down_at) + timeouts.stream
            elif not self.request_done:
                least = self._body_began + RATE_GRACE_SECONDS + self._received / limits.body_rate
                client_due = min(taken + limits.body_idle_seconds, least)
            elif side is WAITING:
                upstream_due = max(taken, client.flowing_since) + timeouts.response_head
            if side is BODY:
                silence = timeouts.stream if self._is_stream else timeouts.idle
                upstream_due = max(self._down_at, client.flowing_since) + silence
        if upstream is not None:
            upstream.due = upstream.stalled_since + timeouts.idle if upstream.stalled else upstream_due
        client.due = client_due

    def client_expired(self) -> None:
        """End for lack of time: the client was waited for."""
        if self._side is TUNNEL and not self.client.stalled:
            self.tunnel_ended()
        elif self.client.stalled:
            self.cut(Reason.CLIENT_STALLED, "the client stopped reading")
        else:
            self.failed(Reason.BODY_TIMEOUT, f"{self._received} octets of the body had come")

    def upstream_expired(self) -> None:
        """End for lack of time: the upstream was waited for."""
        self.failed(Reason.UPSTREAM_TIMEOUT, "no answer in time" if self._side is WAITING else "the answer stopped")

    # Ends.

    def upstream_lost(self, upstream: "UpstreamConnection", detail: str) -> None:
        """Deal with an upstream connection that ended before its answer did."""
        self.upstream = None
        if self._side is TUNNEL:
            self.tunnel_ended()
        elif self._side is not WAITING:
            self.cut(Reason.UPSTREAM_CUT_OFF, detail or "the upstream closed before the end of its answer")
        elif self._may_retry(upstream):
            self._retried = True
            self._attempt = self._pool.connect(self, self._routes)
            self._charge()
        else:
            self.failed(Reason.UPSTREAM_CLOSED, detail or "the upstream closed before it answered")

    def _may_retry(self, upstream: "UpstreamConnection") -> bool:
        """Tell whether sending again is safe and of use (contract item 17)."""
        head = self.head
        idempotent = head.method in {b"GET", b"HEAD"} and head.body.kind is Kind.NONE
        return idempotent and upstream.reused and upstream.silent and not self._retried

    def failed(self, reason: Reason, detail: str) -> None:
        """End with an answer of our own, or, once a head was sent, by cutting off."""
        if self._side is WAITING:
            self.detail = detail
            self._answer(failure(reason, self.relay))
        else:
            self.cut(reason, detail)

    def cut(self, reason: Reason, detail: str) -> None:
        """End so that the client cannot take what it got for whole (contract item 19)."""
        if self._ended:
            return
        self.reason, self.detail = reason, detail
        if self._framing.kind is Kind.UNTIL_CLOSE and self._side is BODY:
            self.client.reset()
        else:
            self.client.abort()
        self._side = DONE
        self._finish()

    def client_gone(self) -> None:
        """End now: nobody is there to read an answer (contract item 10)."""
        if self._side is TUNNEL:
            self.tunnel_ended()
        else:
            self.cut(Reason.CLIENT_GONE, "")

    def broken(self, error: Exception) -> None:
        """End after a fault of our own (contract item 22)."""
        self.client.gateway.fault(error, self.request_id)
        if self._ended:  # in handing back to the client connection, which is left in no known state
            self.client.abort()
        self.cut(Reason.INTERNAL, where(error))

    def _answer(self, answer: Answer) -> None:
        self.answer = answer
        self.reason, self.status = answer.reason, answer.status
        self._side = DONE
        self.client_closes = self.client.send_answer(answer, self.head, self.request_id, whole=self.request_done)
        self._finish()

    def _finish(self) -> None:
        """Let go of the upstream, whose further octets are nobody's, and hand back to the client connection."""
        if self._ended:  # a fault of ours in here must not count twice
            return
        self._ended = True
        if self._is_stream:
            self._pool.streams.less()
        else:
            self._pool.in_flight.less()
        if self._attempt is not None:
            attempt, self._attempt = self._attempt, None
            attempt.abort()
        if self.upstream is not None:
            upstream, self.upstream = self.upstream, None
            upstream.drop()
        self.client.exchange_done(self)
