"""A raw client that blocks: what it sends and reads is octets, and nothing happens behind its back."""

import socket
import ssl
from dataclasses import dataclass, field
from types import TracebackType
from typing import Final, Self

NAME: Final = "crm.customer.example"
ADDIN: Final = b"https://addin.vendor.example"
PATIENCE_SECONDS: Final = 30.0
"""How long anything is waited for: to fail is better than to hang."""

PREFLIGHT: Final = (
    b"OPTIONS /p HTTP/1.1\r\nHost: crm.customer.example\r\nOrigin: " + ADDIN + b"\r\n"
    b"Access-Control-Request-Method: POST\r\n\r\n"
)


def get(target: bytes, fields: bytes = b"") -> bytes:
    """Return a request of the add-in's page."""
    return b"GET %b HTTP/1.1\r\nHost: crm.customer.example\r\nOrigin: %b\r\n%b\r\n" % (target, ADDIN, fields)


@dataclass(frozen=True, slots=True)
class Answer:
    """One response."""

    status: int
    head: bytes
    body: bytes


@dataclass
class Client:
    """One connection."""

    sock: socket.socket
    unread: bytearray = field(default_factory=bytearray)

    def send(self, octets: bytes) -> None:
        """Send all of it."""
        self.sock.sendall(octets)

    def send_what_is_taken(self, octets: bytes) -> int:
        """Send as much as is taken without waiting; return how much that was."""
        self.sock.settimeout(0)
        sent = 0
        try:
            while sent < len(octets):
                sent += self.sock.send(octets[sent : sent + 16_384])  # TLS wants the same octets again after a refusal
        except (BlockingIOError, ssl.SSLWantWriteError):
            pass
        finally:
            self.sock.settimeout(PATIENCE_SECONDS)
        return sent

    def answer(self, *, bodyless: bool = False) -> Answer:
        """Read one response; framed by Content-Length, or without a body."""
        while (end := self.unread.find(b"\r\n\r\n")) < 0:
            self._receive()
        head = self._take(end + 4)
        status = int(head[9:12])
        _, mark, behind = head.lower().partition(b"\r\ncontent-length: ")
        length = int(behind.partition(b"\r\n")[0]) if mark and not bodyless else 0
        while len(self.unread) < length:
            self._receive()
        return Answer(status, head, self._take(length))

    def ask(self, octets: bytes) -> Answer:
        """Send a request, and read its answer."""
        self.send(octets)
        return self.answer()

    def drop(self, octets: int, at_once: int) -> int:
        """Read and forget so many octets, as a slow reader; return how many came until the end, if that is sooner."""
        got = len(self.unread)
        self.unread.clear()
        while got < octets:
            came = len(self.sock.recv(at_once))
            if not came:
                break
            got += came
        return got

    def rest(self) -> bytes:
        """Read to the other side's end."""
        octets = bytes(self.unread)
        self.unread.clear()
        while more := self.sock.recv(65_536):
            octets += more
        return octets

    def close(self) -> None:
        """Close the connection."""
        self.sock.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _receive(self) -> None:
        octets = self.sock.recv(65_536)
        if not octets:
            raise ConnectionError(f"the connection ended behind {bytes(self.unread)!r}")
        self.unread += octets

    def _take(self, count: int) -> bytes:
        octets = bytes(self.unread[:count])
        del self.unread[:count]
        return octets


def connect(port: int, tls: ssl.SSLContext | None, *, receive_octets: int = 0) -> Client:
    """Return a connection to a gateway on loopback; `receive_octets` is what the kernel shall hold for it."""
    sock = socket.socket()
    try:
        if receive_octets:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_octets)
        sock.settimeout(PATIENCE_SECONDS)
        sock.connect(("127.0.0.1", port))
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return Client(tls.wrap_socket(sock, server_hostname=NAME) if tls else sock)
    except BaseException:
        sock.close()
        raise
