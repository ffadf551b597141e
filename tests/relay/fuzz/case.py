"""Cases: what clients and upstreams send, and in which order it and all else happens."""

import json
from base64 import b64encode
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from random import Random
from typing import Final, TypeVar

from tests.relay.fuzz.loop import Side
from tests.relay.policies import ADDIN, HOST

T = TypeVar("T")

MARK: Final = b"@@@@"
"""Stands in a response for the token of the request that it answers, which is as long."""
ACCEPT_MARK: Final = b"~" * 28
"""Stands in a 101 for the answer to the key of the request, which is as long."""
PUSH: Final = b"/push/"
"""Where the site has WebSockets."""


@dataclass(frozen=True, slots=True)
class Script:
    """One response of an upstream, and what it does then."""

    head: bytes
    """Interim responses before it included."""
    body: bytes
    """Of a 101, what it says in the WebSocket."""
    cuts: tuple[int, ...]
    """Where it is parted."""
    early: bool = False
    """It answers once it has the head of the request, and does not wait for the body."""
    careless: bool = False
    """It sends a body also to HEAD."""
    stray: bytes = b""
    """Octets right behind it."""
    late: bytes = b""
    """Octets that it sends while nobody asks anything."""
    then: str = ""
    """`notify`, `fin` or `reset`: the connection ends behind it, as `loop.Sign` says."""


@dataclass(frozen=True, slots=True)
class Case:
    """Everything that happens."""

    clients: tuple[tuple[bytes, ...], ...]
    """The pieces that each client sends."""
    scripts: tuple[Script, ...]
    """The n-th request that comes to any upstream connection is answered by the n-th, and so on round again."""
    connects: tuple[str, ...]
    """What comes of the n-th new connection: `ok`, `slow` (it takes nothing at first), `refused` or `silence`."""
    steps: tuple[tuple[str, int], ...]
    """What is done, and to which connection; `world.World` knows the letters."""
    sides: tuple[Side, Side] = (Side.PLAIN, Side.PLAIN)
    """What clients and upstreams are connected by."""

    def as_json(self) -> str:
        return json.dumps(
            asdict(self),
            default=lambda value: value.value if isinstance(value, Side) else value.decode("latin-1"),
            indent=1,
        )


def from_json(text: str) -> Case:
    """Return the case that was written with `as_json`."""
    read = json.loads(text)

    def octets(value: str) -> bytes:
        return value.encode("latin-1")

    return Case(
        tuple(tuple(map(octets, pieces)) for pieces in read["clients"]),
        tuple(
            Script(
                octets(script["head"]),
                octets(script["body"]),
                tuple(script["cuts"]),
                script["early"],
                script["careless"],
                octets(script["stray"]),
                octets(script["late"]),
                script["then"],
            )
            for script in read["scripts"]
        ),
        tuple(read["connects"]),
        tuple((letter, number) for letter, number in read["steps"]),
        (Side(read["sides"][0]), Side(read["sides"][1])),
    )


# ---------------------------------------------------------------------------------------------------------- requests

METHODS: Final = (b"GET", b"GET", b"GET", b"HEAD", b"POST", b"POST", b"PUT", b"OPTIONS", b"DELETE")
WITH_A_BODY: Final = frozenset({b"POST", b"PUT", b"DELETE"})
ORIGINS: Final = (
    *(b"", b"", b"", b"Origin: " + ADDIN + b"\r\n", b"origin: " + ADDIN + b"\r\n", b"Origin: " + ADDIN + b"\r\n"),
    *(b"Origin: " + ADDIN + b"/\r\n", b"Origin: https://other.example\r\n", b"Origin: https://" + HOST + b"\r\n"),
    *(b"Origin: null\r\n", b"Origin: " + ADDIN + b"\r\nOrigin: " + ADDIN + b"\r\n"),
)
LINES: Final = (
    *(b"Accept: */*\r\n", b"Cookie: a=b\r\n", b"Authorization: Basic dTpw\r\n", b"X_Forwarded_For: 203.0.113.9\r\n"),
    *(
        b"X-Forwarded-For: 203.0.113.9\r\n",
        b"X-Request-Id: forged\r\n",
        b"TE: trailers\r\n",
        b"Sec-Fetch-Site: none\r\n",
    ),
    *(
        b"Content-Type: application/json\r\n",
        b"Keep-Alive: timeout=5\r\n",
        b"Upgrade: h2c\r\n",
        b"Accept: text/html\r\n",
    ),
)
CONNECTIONS: Final = (
    *(
        b"",
        b"",
        b"",
        b"",
        b"",
        b"Connection: keep-alive\r\n",
        b"connection: close\r\n",
        b"Connection: x-a, close\r\nX-A: b\r\n",
    ),
    *(b"Connection: Upgrade\r\n", b"Connection: origin, authorization, x-forwarded-for\r\n"),
)
EXPECTATIONS: Final = (*[b""] * 8, b"Expect: 100-continue\r\n", b"Expect: 100-Continue\r\n", b"Expect: 200-ok\r\n")
ODD_OCTETS: Final = (
    *(b"\r", b"\n", b"\r\n", b"\r\n\r\n", b"\0", b" ", b"\t", b":", b";", b",", b"0", b"5", b"a", b"\xff", b"chunked"),
    *(b"0\r\n\r\n", b"Content-Length: 5\r\n", b"Transfer-Encoding: chunked\r\n", b"HTTP/1.1 ", b"GET / HTTP/1.1\r\n"),
)


OPENING_SHARE: Final = 0.3
"""Of cases, in which the last request of a client asks for a WebSocket."""
SIDES: Final = (*[Side.PLAIN] * 4, *[Side.ASYNCIO] * 2, *[Side.UVLOOP] * 2)


class Dice(Random):
    """A source of chance whose choices cost little, so that most of a case's time is the relay's."""

    def pick(self, among: Sequence[T]) -> T:
        return among[int(self.random() * len(among))]

    def below(self, end: int) -> int:
        return int(self.random() * end)


def next_case(random: Dice) -> Case:
    """Return any case."""
    opening = random.random() < OPENING_SHARE
    drawn = [_client(random, number, opening=opening) for number in range(random.pick((1, 1, 1, 2, 2, 3)))]
    clients = tuple(pieces for pieces, _ in drawn)
    kinds = [opens for _, kinds in drawn for opens in kinds] if opening else [False] * random.pick((1, 2, 3, 5))
    scripts = tuple(_switch(random) if opens is (random.random() < 0.95) else _script(random) for opens in kinds)
    connects = tuple(random.choices(("ok", "slow", "refused", "silence"), (26, 4, 1, 1), k=3))
    sides = (random.pick(SIDES), random.pick(SIDES))
    return Case(clients, scripts, connects, _steps(random, sum(map(len, clients))), sides)


def _client(random: Dice, number: int, *, opening: bool) -> tuple[tuple[bytes, ...], list[bool]]:
    """Return the pieces that a client sends, and which of its requests ask for a WebSocket; the last may."""
    count = random.pick((1, 1, 2, 2, 3, 4))
    kinds = [opening and nth == count - 1 for nth in range(count)]
    requests = [
        _opening(random, b"c%dr%d" % (number, nth)) if opens else _request(random, b"c%dr%d" % (number, nth))
        for nth, opens in enumerate(kinds)
    ]
    return _parted(random, _damaged(random, b"".join(requests), 0.05 if opening else 0.08)), kinds


def _request(random: Dice, token: bytes) -> bytes:
    roll = random.random
    method = random.pick(METHODS)
    minor = roll() < 0.9
    origin = random.pick(ORIGINS)
    lines = [origin, random.pick(CONNECTIONS)]
    if roll() < 0.5:
        lines.append(random.pick(LINES))
        if roll() < 0.3:
            lines.append(random.pick(LINES))
    if method == b"OPTIONS" and origin and roll() < 0.8:
        lines.append(b"Access-Control-Request-Method: " + random.pick((b"PUT\r\n", b"POST\r\n", b"PATCH\r\n")))
        lines.append(random.pick((b"", b"Access-Control-Request-Headers: content-type\r\n")))
    body = b""
    if method in WITH_A_BODY if roll() < 0.9 else roll() < 0.5:
        content = b"[%b]" % token * random.pick((0, 1, 2, 5, 20, 60, 70))
        if minor and roll() < 0.5:
            lines.append(b"Transfer-Encoding: chunked\r\n")
            body = _chunked(random, content, 6, extension_share=0.01)
        else:
            lines.append(b"Content-Length: %d\r\n" % len(content))
            body = content
        lines.append(random.pick(EXPECTATIONS))
    if roll() < 0.3:
        random.shuffle(lines)
    host = HOST if roll() < 0.97 else b"unknown.example"
    target = b"/" + token if roll() < 0.95 else random.pick((b"http://" + HOST + b"/" + token, b"/%b?a=/b" % token))
    return b"%b %b HTTP/1.%d\r\nHost: %b\r\n%b\r\n%b" % (method, target, minor, host, b"".join(lines), body)


OPENING: Final = (b"Upgrade: websocket\r\n", b"Connection: Upgrade\r\n", b"Sec-WebSocket-Version: 13\r\n")
AS_GOOD: Final = (
    (0, b"upgrade: WebSocket\r\n"),
    (0, b"Upgrade: h2c, websocket\r\n"),
    (0, b"Upgrade: h2c\r\nUpgrade: websocket\r\n"),
    (1, b"Connection: keep-alive, upgrade\r\n"),
    (1, b"connection: UPGRADE\r\nConnection: x-a\r\nX-A: b\r\n"),
    (2, b"sec-websocket-version:13\r\n"),
)
"""What may stand in place of one of these lines."""
AMISS: Final = (
    (0, b""),
    (0, b"Upgrade: websockets\r\n"),
    (0, b"Upgrade: h2c\r\n"),
    (1, b""),
    (1, b"Connection: close\r\n"),
    (1, b"Connection: keep-alive\r\n"),
    (2, b""),
    (2, b"Sec-WebSocket-Version: 8\r\n"),
    (2, b"Sec-WebSocket-Version: 13, 8\r\n"),
    (2, b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Version: 13\r\n"),
    (2, b"Sec-WebSocket-Version: 13\r\nContent-Length: 5\r\n"),
    (2, b"Sec-WebSocket-Version: 13\r\nTransfer-Encoding: chunked\r\n"),
)
"""What makes an ordinary request of it."""


def _opening(random: Dice, token: bytes) -> bytes:
    """Return a request for a WebSocket, right or slightly wrong, and what is said in it."""
    roll = random.random
    lines: list[bytes] = [*OPENING]
    if roll() < 0.3:
        at, line = random.pick(AS_GOOD)
        lines[at] = line
    if roll() < 0.15:
        at, line = random.pick(AMISS)
        lines[at] = line
    key = b"Sec-WebSocket-Key: %b\r\n" % b64encode(random.randbytes(16 if roll() < 0.97 else random.pick((0, 15, 17))))
    lines.append(key)
    if roll() < 0.03:
        lines.append(random.pick((key, b"Sec-WebSocket-Key: not base64\r\n")))
    lines.append(random.pick(ORIGINS[:6] if roll() < 0.8 else ORIGINS))
    if roll() < 0.3:
        lines.append(random.pick((b"Sec-WebSocket-Protocol: chat\r\n", b"Sec-WebSocket-Extensions: a; b\r\n", *LINES)))
    if roll() < 0.3:
        random.shuffle(lines)
    method = b"GET" if roll() < 0.97 else random.pick((b"POST", b"HEAD"))
    path = PUSH if roll() < 0.93 else random.pick((b"/", b"/pushed/", b"/Push/"))
    head = b"%b %b%b HTTP/1.%d\r\nHost: %b\r\n%b\r\n" % (method, path, token, roll() < 0.97, HOST, b"".join(lines))
    return head + _frames(random, b"{%b}" % token)


def _frames(random: Dice, unit: bytes) -> bytes:
    """Return what one side says in a WebSocket, whose frames are nothing to the relay."""
    octets = unit * random.pick((0, 1, 2, 5, 30, 60, 100, 250))
    return octets + random.pick(ODD_OCTETS) + unit if random.random() < 0.1 else octets


def _chunked(random: Dice, content: bytes, unit: int, *, extension_share: float) -> bytes:
    """Return `content` in chunks of whole units of so many octets."""
    pieces: list[bytes] = []
    at = 0
    while at < len(content):
        end = at + unit * random.pick((1, 1, 2, 7, 40))
        piece = content[at:end]
        at = end
        extension = b";a=b" if random.random() < extension_share else b""
        pieces.append(b"%x%b\r\n%b\r\n" % (len(piece), extension, piece))
    trailer = b"X-Trailer: a\r\nAccess-Control-Allow-Origin: *\r\n" if random.random() < 0.1 else b""
    return b"".join((*pieces, b"0\r\n", trailer, b"\r\n"))


# --------------------------------------------------------------------------------------------------------- responses

STATUSES: Final = (
    *[b"200 OK"] * 8,
    b"201 Created",
    b"404 ",
    b"500 Oh\xffno",
    b"204 No Content",
    b"304 Not Modified",
    b"401 No",
)
EVIL_LINES: Final = (
    *(b"Access-Control-Allow-Origin: *\r\n", b"access-control-allow-credentials: false\r\nServer: a\r\n"),
    *(
        b"Vary: Accept\r\nVary: origin\r\n",
        b"X-Request-Id: forged\r\n",
        b'Alt-Svc: h3=":443"\r\n',
        b"Set-Cookie: a=b\r\n",
    ),
    *(b"Connection: x-drop\r\nX-Drop: 1\r\n", b"Date: Mon, 23 Nov 2026 10:00:00 GMT\r\n", b"Keep-Alive: timeout=1\r\n"),
    *(b"ACCESS-CONTROL-ALLOW-ORIGIN: https://other.example\r\nTrailer: a\r\n", b"Upgrade: h2c\r\n"),
)
INTERIM: Final = (
    *(
        b"HTTP/1.1 100 Continue\r\n\r\n",
        b"HTTP/1.1 103 Early Hints\r\nLink: a\r\nAccess-Control-Allow-Origin: *\r\n\r\n",
    ),
    *(b"HTTP/1.1 102 Processing\r\n\r\n" * 3, b"HTTP/1.0 199 A\r\n\r\n", b"HTTP/1.1 100 C\r\n\r\n" * 9),
    b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\nConnection: Upgrade\r\n\r\n",
)
STRAY: Final = (
    *(b"X", b"\r\n", b"HTTP/1.1 200 OK\r\nX-Token: none\r\nContent-Length: 5\r\n\r\nstray", b"0\r\n\r\n"),
    b"HTTP/1.1 100 Continue\r\n\r\n",
)


SWITCHING: Final = (
    b"Upgrade: websocket\r\n",
    b"Connection: Upgrade\r\n",
    b"Sec-WebSocket-Accept: " + ACCEPT_MARK + b"\r\n",
)
NO_SWITCH: Final = (
    (0, b""),
    (0, b"Upgrade: h2c\r\n"),
    (0, b"Upgrade: websocket2\r\n"),
    (1, b""),
    (1, b"Connection: keep-alive\r\n"),
    (2, b""),
    (2, b"Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"),
    (2, b"Sec-WebSocket-Accept: \r\n"),
    (2, b"Sec-WebSocket-Accept: " + ACCEPT_MARK + b"\r\nSec-WebSocket-Accept: " + ACCEPT_MARK + b"\r\n"),
)
"""What keeps a 101 from opening anything, by the number of the line whose place it takes."""


def _switch(random: Dice) -> Script:
    """Return a 101, right or slightly wrong, and what is said behind it."""
    roll = random.random
    lines: list[bytes] = [*SWITCHING]
    minor = True
    if roll() < 0.1:
        at, line = random.pick(NO_SWITCH)
        lines[at] = line
        minor = roll() < 0.9
    while roll() < 0.3:
        lines.append(random.pick((b"Sec-WebSocket-Protocol: chat\r\n", *EVIL_LINES)))
    interim = b""
    while roll() < 0.12:
        interim += random.pick(INTERIM)
    if roll() < 0.3:
        random.shuffle(lines)
    head = b"%bHTTP/1.%d 101 Switching Protocols\r\n%b\r\n" % (interim, minor, b"".join(lines))
    body = _frames(random, b"<%b>" % MARK)
    return Script(
        head=_damaged(random, head, 0.04),
        body=body,
        cuts=tuple(random.below(len(head) + len(body)) for _ in range(random.pick((0, 1, 2, 5)))),
        then=random.pick(("", "", "notify", "notify", "fin", "reset")) if roll() < 0.5 else "",
    )


def _script(random: Dice) -> Script:
    roll = random.random
    head, body, then = _response(random)
    if roll() < 0.08:
        head = _damaged(random, head, 1.0)
    if roll() < 0.1:
        body = _damaged(random, body, 1.0) if roll() < 0.5 else body[: random.below(len(body) + 1)]
        then = random.pick(("notify", "fin", "reset", then))
    elif roll() < 0.05:
        head, body, then = (
            head[: random.pick((0, 9, random.below(len(head))))],
            b"",
            random.pick(("notify", "fin", "reset")),
        )
    elif roll() < 0.06:
        then = random.pick(("notify", "fin", "reset"))
    return Script(
        head=head,
        body=body,
        cuts=tuple(random.below(700) for _ in range(random.pick((0, 0, 1, 2, 5)))),
        early=roll() < 0.15,
        careless=roll() < 0.05,
        stray=random.pick(STRAY) if roll() < 0.05 else b"",
        late=random.pick(STRAY) if roll() < 0.12 else b"",
        then=then,
    )


def _response(random: Dice) -> tuple[bytes, bytes, str]:
    """Return a head, a body, and how the connection ends where that ends the body."""
    roll = random.random
    status = random.pick(STATUSES)
    minor = roll() < 0.85
    lines = [b"X-Token: %b\r\n" % MARK]
    while roll() < 0.4:
        lines.append(random.pick(EVIL_LINES))
    if roll() < 0.08:
        lines.append(b"Connection: close\r\n")
    elif not minor and roll() < 0.5:
        lines.append(b"Connection: keep-alive\r\n")
    framing, body, then = _framed(random, status, b"<%b>" % MARK * random.pick((0, 1, 2, 5, 20, 60, 100)), minor)
    lines.append(framing)
    interim = b""
    while roll() < 0.12:
        interim += random.pick(INTERIM)
    if roll() < 0.3:
        random.shuffle(lines)
    return b"%bHTTP/1.%d %b\r\n%b\r\n" % (interim, minor, status, b"".join(lines)), body, then


def _framed(random: Dice, status: bytes, content: bytes, minor: bool) -> tuple[bytes, bytes, str]:
    """Return a line that frames the content, it as it is sent, and how the connection ends where that ends it."""
    dice = random.random()
    sized = b"Content-Length: %d\r\n" % len(content)
    if status[:3] in {b"204", b"304"}:
        return sized if status[:3] == b"304" and dice < 0.5 else b"", b"" if dice < 0.95 else content, ""
    if dice < 0.45:
        return sized, content, ""
    if dice < 0.85 and minor:
        return b"Transfer-Encoding: chunked\r\n", _chunked(random, content, 6, extension_share=0.1), ""
    return b"", content, "notify" if random.random() < 0.9 else "fin"


# ------------------------------------------------------------------------------------------------------------- order

LETTERS: Final = "cuknpq-+<>tTefrd"
"""A client sends, an upstream sends, a connection comes about, some callbacks run, an upstream sends all it has, or
sends and is not read yet; a client takes nothing, and goes on; an upstream likewise; two sweeps; a client ends, ends
without close_notify, and resets; draining.
"""
_WEIGHTS: Final = (40, 40, 20, 6, 6, 10, 3, 4, 3, 3, 1, 3, 0.5, 0.2, 0.5, 0.3)


def _steps(random: Dice, pieces: int) -> tuple[tuple[str, int], ...]:
    letters = random.choices(LETTERS, _WEIGHTS, k=4 + random.below(8 + 4 * pieces))
    roll = random.random
    return tuple((letter if roll() < 0.85 else letter + "!", int(roll() * 30)) for letter in letters)


def _parted(random: Dice, octets: bytes) -> tuple[bytes, ...]:
    if random.random() < 0.3:
        return (octets,)
    at = sorted(random.below(len(octets) + 1) for _ in range(random.pick((1, 2, 4, 9))))
    return tuple(filter(None, (octets[start:end] for start, end in zip((0, *at), (*at, len(octets)), strict=True))))


def _damaged(random: Dice, octets: bytes, share: float) -> bytes:
    """Return `octets`, a share of them with one or two changes."""
    while random.random() < share:
        share /= 3
        at = random.below(len(octets) + 1)
        behind = at + random.pick((0, 0, 1, 1, 2, 9))
        octets = octets[:at] + random.pick((b"", random.pick(ODD_OCTETS), random.randbytes(1))) + octets[behind:]
    return octets


def shorter(case: Case) -> Sequence[Case]:
    """Return cases with a little less in them, those first that have much less."""
    found: list[Case] = []
    for width in (8, 3, 1):
        found += [
            replace(case, steps=case.steps[:at] + case.steps[at + width :]) for at in range(0, len(case.steps), width)
        ]
    if len(case.clients) > 1:
        found.append(replace(case, clients=case.clients[:-1]))
    for number, pieces in enumerate(case.clients):
        fewer = [b"".join(pieces), *[b"".join(pieces[: at + 1]) for at in range(len(pieces) - 1)]]
        ways: list[tuple[bytes, ...]] = [(octets,) for octets in fewer if (octets,) != pieces]
        ways += [(*pieces[:at], pieces[at] + pieces[at + 1], *pieces[at + 2 :]) for at in range(len(pieces) - 1)]
        found += [replace(case, clients=(*case.clients[:number], way, *case.clients[number + 1 :])) for way in ways]
    found += [replace(case, scripts=case.scripts[:at]) for at in range(1, len(case.scripts))]
    for at, script in enumerate(case.scripts):
        plainer = [
            replace(script, cuts=()),
            replace(script, late=b"", stray=b""),
            replace(script, body=script.body[:6]),
        ]
        found += [
            replace(case, scripts=(*case.scripts[:at], plain, *case.scripts[at + 1 :]))
            for plain in plainer
            if plain != script
        ]
    plain_sides = {(Side.PLAIN, case.sides[1]), (case.sides[0], Side.PLAIN)} - {case.sides}
    return [*found, *(replace(case, sides=sides) for sides in sorted(plain_sides, key=str))]
