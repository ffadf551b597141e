"""Cases: messages built from the grammar, and the same damaged."""

from collections.abc import Callable, Sequence
from random import Random
from typing import Final

from tests.http1.fuzz.message import Case, Side

SIDES: Final[tuple[Side, Side]] = ("request", "response")

METHODS: Final = (b"GET", b"GET", b"POST", b"PUT", b"DELETE", b"HEAD", b"OPTIONS", b"PATCH", b"PROPFIND", b"REPORT")
TARGETS: Final = (
    *(b"/", b"/index.php?module=Accounts&action=index", b"/restapi/v1/vtews/x", b"/a/b;c=d/%C3%A9?e=f%20g", b"/?"),
    *(b"//x/../%2e%2e/%41?a=%2F|b", b"/a?q={%22b%22:[1]}", b"/~a/:b@c!$&'()*+,;=", b"/%", b"/a?b?c"),
)
HOSTS: Final = (b"crm.customer.example", b"crm.customer.example:8443", b"192.0.2.7", b"[2001:db8::1]:80", b"A")
LINES: Final = (
    *(
        b"Accept: */*",
        b"Origin: https://addin.vendor.example",
        b"Authorization: Basic dXNlcjpwYXNz",
        b"Cookie: a=b; c=d",
    ),
    *(b"accept-encoding: gzip, deflate, br, zstd", b'sec-ch-ua: "Not_A Brand";v="99"', b"X-Empty:", b"x_y: z"),
    *(
        b"Connection: keep-alive",
        b"Connection: close",
        b"Connection: x-mine, keep-alive",
        b"X-Mine: 1",
        b"TE: trailers",
    ),
    *(
        b"X-Forwarded-For: 198.51.100.9",
        b"User-Agent: Mozilla/5.0 (Windows NT 10.0; Win64; x64)",
        b"Vary: Accept, Origin",
    ),
    *(b"Set-Cookie: a=b; Path=/; HttpOnly", b"Set-Cookie: c=d", b'ETag: "a"', b"Date: Mon, 23 Nov 2026 10:00:00 GMT"),
    *(b"Access-Control-Allow-Origin: *", b"X-Name: caf\xe9", b"Server: Apache/2.4.62 (Debian)", b"Location: /a?b#c"),
)
STATUSES: Final = (b"200 OK", b"200 OK", b"201 Created", b"204 No Content", b"206 Partial Content", b"302 Found")
MORE_STATUSES: Final = (b"304 Not Modified", b"401 Unauthorized", b"404 Not Found", b"500 ", b"599 Odd Phr\xe4se")
BODIES: Final = (
    b"",
    b"a",
    b"hello",
    b'{"a": 1}',
    b"\r\n",
    b"0\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: a\r\n\r\n",
    bytes(40),
)

ODD_LINES: Final = (
    *(b"Content-Length: 0", b"Content-Length: 5", b"Content-Length: 6", b"Content-Length: +5", b"Content-Length: 5,5"),
    *(
        b"Content-Length: 0x5",
        b"Content-Length: 5 5",
        b"Content-Length:",
        b"Content-Length: -1",
        b"content-length: 005",
    ),
    *(b"Content-Length: 18446744073709551616", b"Content-Length: 999999999999999999", b"Content-Length\t: 5"),
    *(b"Content-Length: \xd9\xa5", b"Content-Length: 5\x0b", b"Content_Length: 5", b"X: y\nContent-Length: 5"),
    *(b"Transfer-Encoding: chunked", b"transfer-encoding: CHUNKED", b"Transfer-Encoding: gzip, chunked"),
    *(b"Transfer-Encoding: chunked, gzip", b"Transfer-Encoding: identity", b"Transfer-Encoding: xchunked"),
    *(b"Transfer-Encoding:\x0bchunked", b"Transfer-Encoding : chunked", b"Transfer-Encoding: chunked;a=b"),
    *(b"Transfer-Encoding: chunked\r\n ", b"Transfer-Encoding:\r\n chunked", b"Transfer-Encoding\r\n : chunked"),
    *(b" Transfer-Encoding: chunked", b"\tX: y", b'Transfer-Encoding: "chunked"', b"Transfer-Encoding: chunked,"),
    *(b"Host: b", b"Host:", b"Host: a, b", b"Host: u@a", b"Host: a/b", b"Hostess: a", b"host : a"),
    *(b"Connection: upgrade", b"Upgrade: websocket", b"Upgrade: h2c", b"Upgrade: a", b"Expect: 100-continue"),
    *(b"Expect: 200-ok", b"Trailer: a", b"Connection: transfer-encoding", b"Connection: content-length, host"),
    *(
        b": empty",
        b"no colon",
        b"a b: c",
        b"a(b): c",
        b"a: \0",
        b"a: \x01",
        b"a: \x7f",
        b"a: b\rc",
        b"a: b\nc",
        b"\xe9: a",
    ),
    *(
        b"Content-Type: a/b",
        b"Content-Type: c/d",
        b"Content-Encoding: gzip",
        b"Proxy-Connection: close",
        b"Sec-WebSocket-Key1: a",
    ),
)
ODD_STARTS: Final = (
    *(b"GET /", b"GET  / HTTP/1.1", b"GET / HTTP/1.1 ", b"GET / HTTP/1.2", b"GET / HTTP/2.0", b"GET / http/1.1"),
    *(b"get / HTTP/1.1", b"FOO / HTTP/1.1", b"CONNECT a:443 HTTP/1.1", b"TRACE / HTTP/1.1", b"PRI * HTTP/2.0"),
    *(
        b"GET * HTTP/1.1",
        b"OPTIONS * HTTP/1.1",
        b"GET http://crm.customer.example/a HTTP/1.1",
        b"GET http://b/ HTTP/1.1",
    ),
    *(
        b"OPTIONS http://crm.customer.example HTTP/1.1",
        b"GET HTTP://A?b HTTP/1.1",
        b"GET a HTTP/1.1",
        b"GET /# HTTP/1.1",
    ),
    *(b"GET /\xc3\xa9 HTTP/1.1", b"GET /\x7f HTTP/1.1", b"GET /a b HTTP/1.1", b"GET\t/ HTTP/1.1", b"GET / HTTP/1.0"),
    *(
        b'GET /<>"\\^`{}| HTTP/1.1',
        b"SOURCE / ICE/1.0",
        b"OPTIONS * RTSP/1.0",
        b"M-SEARCH * HTTP/1.1",
        b"QUERY / HTTP/1.1",
    ),
    *(
        b"HTTP/1.1 200",
        b"HTTP/1.1 099 A",
        b"HTTP/1.1 600 A",
        b"HTTP/1.1 2000 A",
        b"HTTP/1.1  200 A",
        b"HTTP/1.0 200 OK",
    ),
    *(b"HTTP/1.1 100 Continue", b"HTTP/1.1 101 Switching Protocols", b"HTTP/1.1 103 Early Hints", b"HTTP/2 200 A"),
    *(
        b"HTTP/1.1 204 \xff",
        b"HTTP/1.1 304 ",
        b"HTTP/1.1 205 Reset",
        b"ICY 200 OK",
        b"http/1.1 200 OK",
        b"HTTP/1.1 200 a\tb",
    ),
)
ODD_CHUNKS: Final = (
    *(
        b"0x5\r\nhello\r\n",
        b"+5\r\nhello\r\n",
        b"5 \r\nhello\r\n",
        b" 5\r\nhello\r\n",
        b"5\nhello\r\n",
        b"5\r\nhello\n",
    ),
    *(
        b"5;a=b\r\nhello\r\n",
        b'5;a="b\r\n"\r\nhello\r\n',
        b"5;a\nhello\r\n",
        b"5;\r\nhello\r\n",
        b"5\r\nhello",
        b"4\r\nhello\r\n",
    ),
    *(
        b"6\r\nhello\r\n",
        b"10000000000000005\r\nhello\r\n",
        b"0000000000000005\r\nhello\r\n",
        b"-1\r\n",
        b"g\r\n",
        b"\r\n",
    ),
    *(
        b"0\r\n",
        b"0\r\nA: b\r\n\r\n",
        b"0\r\nContent-Length: 5\r\n\r\n",
        b"0\r\n X: y\r\n\r\n",
        b"0\r\nA\r\n\r\n",
        b"0\n\n",
    ),
    *(
        b"00\r\n\r\n",
        b"0;a\r\n\r\n",
        b"5\rX\nhello\r\n",
        b"5\x00\r\nhello\r\n",
        b"5\r\r\nhello\r\n",
        b'5 ; a = "b"\r\nhello\r\n',
    ),
)
ODD_OCTETS: Final = (
    *(
        b"\r",
        b"\n",
        b"\r\n",
        b"\r\n\r\n",
        b"\n\n",
        b"\r\r\n",
        b"\0",
        b"\t",
        b" ",
        b"\x0b",
        b"\x0c",
        b"\x7f",
        b"\x80",
        b"\xff",
    ),
    *(
        b":",
        b";",
        b",",
        b"=",
        b'"',
        b"\\",
        b"#",
        b"?",
        b"/",
        b"*",
        b"_",
        b"-",
        b"+",
        b"0",
        b"5",
        b"9",
        b"a",
        b"HTTP/1.1",
    ),
    *(b"chunked", b"Content-Length: 5\r\n", b"Transfer-Encoding: chunked\r\n", b"\xc2\x85", b"\xe2\x80\xa8", b"%00"),
)


def next_case(random: Random, corpus: Sequence[Case]) -> Case:
    """Return an ordinary case, an odd one, or a damaged one of these or of the corpus."""
    side = random.choice(SIDES)
    dice = random.random()
    if dice < 0.15:
        return ordinary(random, side)
    if dice < 0.25 and corpus:
        kept = random.choice(corpus)
        return Case(kept.side, damaged(random, kept.octets), kept.method)
    built = odd(random, side)
    return Case(side, damaged(random, built.octets), built.method) if dice < 0.7 else built


def ordinary(random: Random, side: Side) -> Case:
    """Return one or two messages that the standard allows and everyone reads alike."""
    method = random.choice(METHODS)
    build = _request if side == "request" else _response
    octets = build(random, method, 0.0) + (build(random, method, 0.0) if random.random() < 0.5 else b"")
    return Case(side, octets, method, ordinary=True)


def odd(random: Random, side: Side) -> Case:
    """Return messages with parts that the standard does not allow, or allows and few send."""
    method = random.choice(METHODS)
    build = _request if side == "request" else _response
    octets = build(random, method, 0.15)
    behind = random.choice((b"", b"", b"X", b"\r\n", build(random, method, 0.0)))
    return Case(side, octets + behind, method)


def damaged(random: Random, octets: bytes) -> bytes:
    """Return `octets` with one to three changes."""
    for _ in range(random.choice((1, 1, 1, 2, 3))):
        octets = random.choice(DAMAGES)(random, octets)
    return octets


def _request(random: Random, method: bytes, odd_share: float) -> bytes:
    minor = random.random() < 0.9
    start = b"%b %b HTTP/1.%d" % (method, random.choice(TARGETS), minor)
    lines = [_spaced(random, b"Host: " + random.choice(HOSTS)), *_lines(random, odd_share)]
    framing, body = _body(random, odd_share, chunks=minor, until_close=False)
    return _message(random, start, ODD_STARTS, [*lines, *framing], body, odd_share)


def _response(random: Random, method: bytes, odd_share: float) -> bytes:
    minor = random.random() < 0.8
    status = random.choice((*STATUSES, *MORE_STATUSES))
    start = b"HTTP/1.%d %b" % (minor, status)
    framing, body = _body(random, odd_share, chunks=minor, until_close=True)
    if method == b"HEAD" or status[:3] in {b"204", b"304"}:
        body = b""
    if status.startswith(b"204"):
        framing = []
    return _message(random, start, ODD_STARTS, [*_lines(random, odd_share), *framing], body, odd_share)


def _message(  # noqa: PLR0917 - the parts of a message in their order
    random: Random, start: bytes, odd_starts: Sequence[bytes], lines: list[bytes], body: bytes, odd_share: float
) -> bytes:
    if random.random() < odd_share:
        start = random.choice(odd_starts)
    random.shuffle(lines)
    return b"\r\n".join((start, *lines, b"", body))


def _lines(random: Random, odd_share: float) -> list[bytes]:
    lines = [_spaced(random, line) for line in random.sample(LINES, random.randrange(8))]
    while random.random() < odd_share * 3:
        lines.append(random.choice(ODD_LINES))
    return lines


def _spaced(random: Random, line: bytes) -> bytes:
    """Return a field line with other white space, or with its name in another case (RFC 9112, 5.1; RFC 9110, 5.1)."""
    name, _, value = line.partition(b": ")
    dice = random.random()
    if dice < 0.05:
        return name + b":" + value
    if dice < 0.1:
        return name + b": \t" + value + b" "
    if dice < 0.2:
        return name.lower() + b": " + value
    return name.upper() + b": " + value if dice < 0.25 else line


def _body(random: Random, odd_share: float, *, chunks: bool, until_close: bool) -> tuple[list[bytes], bytes]:
    """Return the framing lines of a body, and it."""
    content = random.choice(BODIES)
    dice = random.random()
    if dice < 0.3:
        return [], content if until_close else b""
    if dice < 0.65 or not chunks:
        return [b"Content-Length: %d" % len(content)], content
    pieces = [b"%x\r\n%b\r\n" % (len(piece), piece) for piece in _parts(random, content)]
    while random.random() < odd_share * 2:
        pieces.insert(random.randrange(len(pieces) + 1), random.choice(ODD_CHUNKS))
    return [b"Transfer-Encoding: chunked"], b"".join(pieces) + b"0\r\n\r\n"


def _parts(random: Random, content: bytes) -> list[bytes]:
    at = random.randrange(len(content) + 1)
    return [part for part in (content[:at], content[at:]) if part]


def _insert(random: Random, octets: bytes) -> bytes:
    at = random.randrange(len(octets) + 1)
    return octets[:at] + random.choice(ODD_OCTETS) + octets[at:]


def _replace(random: Random, octets: bytes) -> bytes:
    at = random.randrange(len(octets) + 1)
    return octets[:at] + random.choice(ODD_OCTETS) + octets[at + 1 :]


def _any_octet(random: Random, octets: bytes) -> bytes:
    at = random.randrange(len(octets) + 1)
    return octets[:at] + random.randbytes(1) + octets[at + random.randrange(2) :]


def _delete(random: Random, octets: bytes) -> bytes:
    at = random.randrange(len(octets) + 1)
    return octets[:at] + octets[at + random.choice((1, 1, 2, 9)) :]


def _truncate(random: Random, octets: bytes) -> bytes:
    return octets[: random.randrange(len(octets) + 1)]


def _on_lines(change: Callable[[Random, list[bytes]], None]) -> Callable[[Random, bytes], bytes]:
    """Return a damage done to lines."""

    def damage(random: Random, octets: bytes) -> bytes:
        lines = octets.split(b"\r\n")
        change(random, lines)
        return b"\r\n".join(lines)

    return damage


def _odd_line(random: Random, lines: list[bytes]) -> None:
    lines.insert(random.randrange(len(lines) + 1), random.choice(ODD_LINES))


def _repeated_line(random: Random, lines: list[bytes]) -> None:
    lines.insert(random.randrange(len(lines) + 1), random.choice(lines))


def _lost_line(random: Random, lines: list[bytes]) -> None:
    del lines[random.randrange(len(lines))]


def _another_line_end(random: Random, lines: list[bytes]) -> None:
    at = random.randrange(len(lines))
    lines[at : at + 2] = [random.choice((b"\n", b"\r", b"\n\r", b"\r\r\n", b" \r\n", b"\x00")).join(lines[at : at + 2])]


def _spaces_in_a_line(random: Random, lines: list[bytes]) -> None:
    at = random.randrange(len(lines))
    around = random.choice((b":", b" ", b";", b",", b"="))
    space = random.choice((b" ", b"\t", b"\x0b", b"\x0c", b"\r\n ", b"\xa0"))
    lines[at] = lines[at].replace(around, random.choice((space + around, around + space, space)), 1)


DAMAGES: Final = (
    *(_insert, _replace, _any_octet, _delete, _truncate),
    *map(_on_lines, (_odd_line, _odd_line, _repeated_line, _lost_line, _another_line_end, _spaces_in_a_line)),
)
