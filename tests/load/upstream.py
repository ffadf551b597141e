"""A CRM in a process of its own that does what a path asks for: `python -m tests.load.upstream PORT`."""

import asyncio
import contextlib
import sys
from typing import Final, cast

SLOW_SECONDS: Final = 0.001
"""How long the slow reader waits after each of its reads, of 64 KiB at most."""

_UNFINISHED: Final = {
    b"head": b"HTTP/1.1 200 OK\r\n",
    b"chunk-line": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5;",
    b"trailer": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nX:",
}
"""What a response begins with that goes on with ever more octets of a line, or lines, and does not end."""


async def main(port: int) -> None:
    """Serve until the process is ended."""
    server = await asyncio.start_server(_serve, "127.0.0.1", port, backlog=1024)
    await server.serve_forever()


async def _serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
        while True:
            await _answer(await reader.readuntil(b"\r\n\r\n"), reader, writer)
            await writer.drain()
    writer.transport.abort()


async def _answer(head: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    target = head.split(b" ", 2)[1]
    match target.split(b"/")[1:]:
        case [b"never", *_]:
            while await reader.read(65_536):
                pass
        case [b"stall"]:
            cast("asyncio.Transport", writer.transport).pause_reading()
            await asyncio.Event().wait()
        case [b"slow"]:
            writer.write(_whole(b"%d" % await _read_slowly(reader, _length(head))))
        case [b"big", octets]:
            await _send_much(writer, int(octets))
        case [b"unfinished", what, octets]:
            begun = _UNFINISHED[what]
            line = (b"x: " + b"y" * 250 + b"\r\n") if what == b"head" else b"y" * 256
            writer.write(begun + (line * (int(octets) // len(line) + 1))[: int(octets) - len(begun)])
            await reader.read()
        case _:
            await reader.readexactly(_length(head))
            writer.write(_whole(target))


def _length(head: bytes) -> int:
    _, mark, behind = head.lower().partition(b"\r\ncontent-length: ")
    return int(behind.partition(b"\r\n")[0]) if mark else 0


def _whole(body: bytes) -> bytes:
    return b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body)


async def _read_slowly(reader: asyncio.StreamReader, octets: int) -> int:
    got = 0
    while got < octets:
        came = len(await reader.read(65_536))
        if not came:
            break
        got += came
        await asyncio.sleep(SLOW_SECONDS)
    return got


async def _send_much(writer: asyncio.StreamWriter, octets: int) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % octets)
    piece = bytes(262_144)
    while octets:
        writer.write(piece[:octets])
        octets -= min(octets, len(piece))
        await writer.drain()


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(main(int(sys.argv[1])))
