"""Bodies of 200 MiB whose two sides are not equally fast: what of them is held."""

from contextlib import closing
from typing import Final

from tests.load.clients import get
from tests.load.memory import MIB
from tests.load.normal import request
from tests.load.place import Place

BODY_OCTETS: Final = 200 * MIB
BOUND_OCTETS: Final = 64 * MIB


def to_a_slow_reader(place: Place, octets: int = BODY_OCTETS) -> int:
    """Ask for a large body and read it 16 KiB at a time; return the process's growth in octets."""
    with closing(place.client()) as warm:
        assert warm.ask(get(b"/warm")).status == 200
    with closing(place.client(receive_octets=32_768)) as client:
        growth = place.growth()
        client.send(get(b"/big/%d" % octets))
        while b"\r\n\r\n" not in client.unread:
            client.unread += client.sock.recv(1)
        client.unread.clear()
        assert client.drop(octets, 16_384) == octets
        return growth.octets()


def to_a_slow_upstream(place: Place, octets: int = BODY_OCTETS) -> int:
    """Send a large body at once to an upstream that takes 64 KiB now and then; return the growth in octets."""
    piece = bytes(MIB)
    with closing(place.client()) as client:
        assert client.ask(request(b"POST", b"/warm", b"x")).status == 200
        growth = place.growth()
        head = request(b"POST", b"/slow", b"x").replace(b"Content-Length: 1\r\n", b"Content-Length: %d\r\n" % octets)
        client.send(head[:-1])
        for _ in range(octets // len(piece)):
            client.send(piece)
        answer = client.answer()
        assert (answer.status, answer.body) == (200, b"%d" % octets)
        return growth.octets()
