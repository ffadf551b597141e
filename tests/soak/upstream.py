"""A CRM in a process of its own, quick, and with CORS fields of its own as bad as any: `python -m tests.soak.upstream`.

The argument is its port. A path says what is wanted: `/echo/NUMBER/OCTETS/FRAMING`, `/digest/NUMBER` with a body,
`/slow/NUMBER/MILLISECONDS`.
"""

import asyncio
import contextlib
import hashlib
import re
import sys
from typing import Final

from tests.soak.asking import pattern

FIELDS: Final = b"Access-Control-Allow-Origin: *\r\naccess-control-allow-origin: null\r\nVary: Origin\r\n"
LENGTH: Final = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)


class Crm(asyncio.Protocol):
    """One connection of the gateway, which asks one thing at a time."""

    def __init__(self) -> None:
        self.buffer = bytearray()
        self.target: tuple[bytes, ...] = ()
        self.left = -1
        """Octets of the body that are still to come; -1 while a head is."""
        self.digest = hashlib.sha256()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        if self.left >= 0:
            self._body(data)
            return
        self.buffer += data
        head, end, behind = self.buffer.partition(b"\r\n\r\n")
        if end:
            self.buffer = bytearray()
            length = LENGTH.search(head)
            self.target = tuple(bytes(head.split(b" ", 2)[1]).split(b"/")[1:])
            self.left = int(length[1]) if length else 0
            self.digest = hashlib.sha256()
            self._body(bytes(behind))

    def _body(self, data: bytes) -> None:
        self.left -= len(data)
        self.digest.update(data)
        if self.left == 0:
            self.left = -1
            self._answer()

    def _answer(self) -> None:
        match self.target:
            case (b"echo", number, size, framing):
                self._send(pattern(int(number), int(size)), chunked=framing == b"chunked")
            case (b"digest", number):
                self._send(number + b" " + self.digest.hexdigest().encode())
            case (b"slow", number, milliseconds):
                seconds = int(milliseconds) / 1000
                asyncio.get_running_loop().call_later(seconds, self._send, pattern(int(number), 4000))
            case _:
                self.transport.write(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n")

    def _send(self, body: bytes, *, chunked: bool = False) -> None:
        if chunked:
            half = len(body) // 2
            parts = (part for part in (body[:half], body[half:]) if part)
            framed = b"".join(b"%x\r\n%b\r\n" % (len(part), part) for part in parts) + b"0\r\n\r\n"
            self.transport.write(b"HTTP/1.1 200 OK\r\n%bTransfer-Encoding: chunked\r\n\r\n%b" % (FIELDS, framed))
        else:
            self.transport.write(b"HTTP/1.1 200 OK\r\n%bContent-Length: %d\r\n\r\n%b" % (FIELDS, len(body), body))


async def main(port: int) -> None:
    """Serve until the process is ended."""
    server = await asyncio.get_running_loop().create_server(Crm, "127.0.0.1", port, backlog=1024)
    await server.serve_forever()


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(main(int(sys.argv[1])))
