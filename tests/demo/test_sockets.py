import socket

import pytest

from gateway.demo import sockets


def test_a_port_that_is_taken_is_replaced() -> None:
    (taken,) = sockets.listen(0)
    port = sockets.port_of(taken)
    (other,) = sockets.listen(port)
    held = sockets.closed(port)
    with taken, other, held:
        assert len({port, sockets.port_of(other), sockets.port_of(held), sockets.free_port(port)}) == 4


def test_a_port_that_is_free_is_kept() -> None:
    port = sockets.free_port(0)
    (found,) = sockets.listen(port)
    with found:
        assert sockets.port_of(found) == port


def test_localhost_is_both() -> None:
    found = sockets.listen(0, also_ipv6=True)
    try:
        assert {sockets.port_of(each) for each in found} == {sockets.port_of(found[0])}
        assert found[0].getsockname()[0] == "127.0.0.1"
    finally:
        for each in found:
            each.close()


def test_a_machine_without_ipv6(monkeypatch: pytest.MonkeyPatch) -> None:
    made = socket.socket

    def without_ipv6(family: socket.AddressFamily, kind: socket.SocketKind) -> socket.socket:
        if family == socket.AF_INET6:
            raise OSError
        return made(family, kind)

    monkeypatch.setattr(socket, "socket", without_ipv6)
    (only,) = sockets.listen(0, also_ipv6=True)
    only.close()


def test_a_closed_port_refuses() -> None:
    with sockets.closed(0) as held, socket.socket() as client, pytest.raises(ConnectionRefusedError):
        client.connect(held.getsockname())


@pytest.mark.parametrize("ask", [sockets.listen, sockets.free_port, sockets.closed])
def test_no_port_at_all(monkeypatch: pytest.MonkeyPatch, ask: object) -> None:
    def refuse(_self: socket.socket, _address: object) -> None:
        raise OSError

    monkeypatch.setattr(socket.socket, "bind", refuse)
    assert callable(ask)
    with pytest.raises(OSError, match="no port is free"):
        ask(0)
