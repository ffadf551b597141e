"""Cases: what clients and upstreams send, and in which order it and all else happens."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from random import Random
from typing import Final

from tests.relay.policies import ADDIN, HOST

MARK: Final = b"@@@@"
"""Stands in a response for the token of the request that it answers, which is as long."""


@dataclass(frozen=True, slots=True)
class Script:
    """One response of an upstream, and what it does then."""

    head: bytes
    """Interim responses before it included."""
    body: bytes
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
    """`fin` or `reset`: the connection ends behind it."""


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

    def as_json(self) -> str:
        return json.dumps(asdict(self), default=lambda octets: octets.decode("latin-1"), indent=1)


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


def next_case(random: Random) -> Case:
    """Return any case."""
    clients = tuple(_client(random, number) for number in range(random.choice((1, 1, 1, 2, 2, 3))))
    scripts = tuple(_script(random) for _ in range(random.choice((1, 2, 3, 5))))
    connects = tuple(random.choices(("ok", "slow", "refused", "silence"), (26, 4, 1, 1), k=3))
    return Case(clients, scripts, connects, _steps(random, sum(map(len, clients))))


def _client(random: Random, number: int) -> tuple[bytes, ...]:
    requests = [_request(random, b"c%dr%d" % (number, nth)) for nth in range(random.choice((1, 1, 2, 2, 3, 4)))]
    return _parted(random, _damaged(random, b"".join(requests), 0.08))


def _request(random: Random, token: bytes) -> bytes:
    roll = random.random
    method = random.choice(METHODS)
    minor = roll() < 0.9
    origin = random.choice(ORIGINS)
    lines = [origin, random.choice(CONNECTIONS)]
    if roll() < 0.5:
        lines.append(random.choice(LINES))
        if roll() < 0.3:
            lines.append(random.choice(LINES))
    if method == b"OPTIONS" and origin and roll() < 0.8:
        lines.append(b"Access-Control-Request-Method: " + random.choice((b"PUT\r\n", b"POST\r\n", b"PATCH\r\n")))
        lines.append(random.choice((b"", b"Access-Control-Request-Headers: content-type\r\n")))
    body = b""
    if method in WITH_A_BODY if roll() < 0.9 else roll() < 0.5:
        content = b"[%b]" % token * random.choice((0, 1, 2, 5, 20, 60, 70))
        if minor and roll() < 0.5:
            lines.append(b"Transfer-Encoding: chunked\r\n")
            body = _chunked(random, content, 6, extension_share=0.01)
        else:
            lines.append(b"Content-Length: %d\r\n" % len(content))
            body = content
        lines.append(random.choice(EXPECTATIONS))
    if roll() < 0.3:
        random.shuffle(lines)
    host = HOST if roll() < 0.97 else b"unknown.example"
    target = b"/" + token if roll() < 0.95 else random.choice((b"http://" + HOST + b"/" + token, b"/%b?a=/b" % token))
    return b"%b %b HTTP/1.%d\r\nHost: %b\r\n%b\r\n%b" % (method, target, minor, host, b"".join(lines), body)


def _chunked(random: Random, content: bytes, unit: int, *, extension_share: float) -> bytes:
    """Return `content` in chunks of whole units of so many octets."""
    pieces: list[bytes] = []
    at = 0
    while at < len(content):
        end = at + unit * random.choice((1, 1, 2, 7, 40))
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


def _script(random: Random) -> Script:
    roll = random.random
    head, body, then = _response(random)
    if roll() < 0.08:
        head = _damaged(random, head, 1.0)
    if roll() < 0.1:
        body = _damaged(random, body, 1.0) if roll() < 0.5 else body[: random.randrange(len(body) + 1)]
        then = random.choice(("fin", "reset", then))
    elif roll() < 0.05:
        head, body, then = (
            head[: random.choice((0, 9, random.randrange(len(head))))],
            b"",
            random.choice(("fin", "reset")),
        )
    elif roll() < 0.06:
        then = random.choice(("fin", "reset"))
    return Script(
        head=head,
        body=body,
        cuts=tuple(random.randrange(700) for _ in range(random.choice((0, 0, 1, 2, 5)))),
        early=roll() < 0.15,
        careless=roll() < 0.05,
        stray=random.choice(STRAY) if roll() < 0.05 else b"",
        late=random.choice(STRAY) if roll() < 0.12 else b"",
        then=then,
    )


def _response(random: Random) -> tuple[bytes, bytes, str]:
    """Return a head, a body, and how the connection ends where that ends the body."""
    roll = random.random
    status = random.choice(STATUSES)
    minor = roll() < 0.85
    lines = [b"X-Token: %b\r\n" % MARK]
    while roll() < 0.4:
        lines.append(random.choice(EVIL_LINES))
    if roll() < 0.08:
        lines.append(b"Connection: close\r\n")
    elif not minor and roll() < 0.5:
        lines.append(b"Connection: keep-alive\r\n")
    framing, body, then = _framed(random, status, b"<%b>" % MARK * random.choice((0, 1, 2, 5, 20, 60, 100)), minor)
    lines.append(framing)
    interim = b""
    while roll() < 0.12:
        interim += random.choice(INTERIM)
    if roll() < 0.3:
        random.shuffle(lines)
    return b"%bHTTP/1.%d %b\r\n%b\r\n" % (interim, minor, status, b"".join(lines)), body, then


def _framed(random: Random, status: bytes, content: bytes, minor: bool) -> tuple[bytes, bytes, str]:
    """Return a line that frames the content, it as it is sent, and how the connection ends where that ends it."""
    dice = random.random()
    sized = b"Content-Length: %d\r\n" % len(content)
    if status[:3] in {b"204", b"304"}:
        return sized if status[:3] == b"304" and dice < 0.5 else b"", b"" if dice < 0.95 else content, ""
    if dice < 0.45:
        return sized, content, ""
    if dice < 0.85 and minor:
        return b"Transfer-Encoding: chunked\r\n", _chunked(random, content, 6, extension_share=0.1), ""
    return b"", content, "fin"


# ------------------------------------------------------------------------------------------------------------- order

LETTERS: Final = "cuknpq-+<>tTerd"
"""A client sends, an upstream sends, a connection comes about, some callbacks run, an upstream sends all it has, or
sends and is not read yet; clients and upstreams take nothing and go on; sweeps; clients end, and reset; draining.
"""
_WEIGHTS: Final = (40, 40, 20, 6, 6, 10, 3, 4, 3, 3, 1, 3, 0.5, 0.5, 0.3)


def _steps(random: Random, pieces: int) -> tuple[tuple[str, int], ...]:
    letters = random.choices(LETTERS, _WEIGHTS, k=random.randrange(4, 12 + 4 * pieces))
    roll = random.random
    return tuple((letter if roll() < 0.85 else letter + "!", int(roll() * 30)) for letter in letters)


def _parted(random: Random, octets: bytes) -> tuple[bytes, ...]:
    if random.random() < 0.3:
        return (octets,)
    at = sorted(random.randrange(len(octets) + 1) for _ in range(random.choice((1, 2, 4, 9))))
    return tuple(filter(None, (octets[start:end] for start, end in zip((0, *at), (*at, len(octets)), strict=True))))


def _damaged(random: Random, octets: bytes, share: float) -> bytes:
    """Return `octets`, a share of them with one or two changes."""
    while random.random() < share:
        share /= 3
        at = random.randrange(len(octets) + 1)
        behind = at + random.choice((0, 0, 1, 1, 2, 9))
        octets = octets[:at] + random.choice((b"", random.choice(ODD_OCTETS), random.randbytes(1))) + octets[behind:]
    return octets


def shorter(case: Case) -> Sequence[Case]:
    """Return cases with a little less in them, those first that have much less."""
    found: list[Case] = []
    for width in (8, 3, 1):
        found += [
            Case(case.clients, case.scripts, case.connects, case.steps[:at] + case.steps[at + width :])
            for at in range(0, len(case.steps), width)
        ]
    for number, pieces in enumerate(case.clients):
        fewer = [b"".join(pieces), *[b"".join(pieces[: at + 1]) for at in range(len(pieces) - 1)]]
        ways: list[tuple[bytes, ...]] = [(octets,) for octets in fewer if (octets,) != pieces]
        ways += [(*pieces[:at], pieces[at] + pieces[at + 1], *pieces[at + 2 :]) for at in range(len(pieces) - 1)]
        if len(case.clients) > 1 and number == len(case.clients) - 1:
            found.append(Case(case.clients[:-1], case.scripts, case.connects, case.steps))
        found += [
            Case((*case.clients[:number], way, *case.clients[number + 1 :]), case.scripts, case.connects, case.steps)
            for way in ways
        ]
    if len(case.scripts) > 1:
        found += [
            Case(case.clients, case.scripts[:at], case.connects, case.steps) for at in range(1, len(case.scripts))
        ]
    for at, script in enumerate(case.scripts):
        plain = Script(
            script.head, script.body, (), script.early, script.careless, script.stray, script.late, script.then
        )
        if plain != script:
            scripts = (*case.scripts[:at], plain, *case.scripts[at + 1 :])
            found.append(Case(case.clients, scripts, case.connects, case.steps))
    return found
