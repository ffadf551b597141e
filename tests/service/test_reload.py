"""Another configuration, and other certificates, while it serves: nobody notices but by what has changed (R17)."""

import asyncio
import json
import os
import shutil
import signal
import ssl
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import trustme

from gateway.config.model import CertificatePair
from gateway.service.tls import stamp_of_pair
from tests.relay.peers import Peer, ScriptedUpstream, connected
from tests.service.running import Running, free_port, serving

PATIENCE_SECONDS = 20.0
ADDIN = "https://addin.vendor.example"


class Crm:
    """An upstream that says its name, and the body of what it was sent, when it is told to."""

    def __init__(self, name: bytes) -> None:
        self.name = name
        self.held = asyncio.Event()
        self.held.set()
        self.slow = 0
        """How many requests it was told to wait with."""
        self.upstream = ScriptedUpstream([self.serve])

    async def serve(self, peer: Peer) -> None:
        while True:
            head = await peer.head()
            length = head.partition(b"Content-Length: ")[2].partition(b"\r\n")[0]
            if length:
                await peer.exactly(int(length))
            if b"/slow" in head:
                self.slow += 1
                await self.held.wait()
            await peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(self.name), self.name))


def text_of(*listeners: str, sites: dict[str, int], extra: str = "", workers: int = 1) -> str:
    """Return a configuration with these listeners, and a site with this upstream's port for each name."""
    said = "".join(f"  - {listener}\n" for listener in listeners)
    also = "".join(
        f"  - names: [{name}]\n    upstream: http://127.0.0.1:{port}\n    paths: everything\n    origins: [{ADDIN}]\n"
        for name, port in sites.items()
    )
    return f"workers: {workers}\nlisteners:\n{said}{extra}\nsites:\n{also}"


async def get(port: int, host: str, path: str = "/", tls: ssl.SSLContext | None = None) -> bytes:
    """Return the body of an answer, or its status where it is not 200."""
    async with connected(port, tls, "crm.example") as client:
        return await asked(client, host, path)


async def asked(client: Peer, host: str, path: str = "/") -> bytes:
    await client.send(f"GET {path} HTTP/1.1\r\nHost: {host}\r\nOrigin: {ADDIN}\r\n\r\n".encode())
    response = await client.response()
    assert response.values(b"access-control-allow-origin") == [ADDIN.encode()] or response.status == 421
    return response.body if response.status == 200 else b"%d" % response.status


async def reloaded(running: Running, file: Path, text: str) -> dict[str, Any]:
    """Put a text into the file, have it read, and return what was told of it."""
    await asyncio.to_thread(file.write_text, text)
    running.process.send_signal(signal.SIGHUP)
    return await told(running, {"config.reloaded", "config.broken"})


async def told(running: Running, names: set[str]) -> dict[str, Any]:
    """Return the next of these events."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while True:
            line = await running.stdout.readline()
            assert line, "the gateway ended"
            event: dict[str, Any] = json.loads(line)
            if event["event"] in names:
                return event


async def test_sites_come_and_go_and_a_broken_file_changes_nothing(tmp_path: Path) -> None:
    port, file = free_port(), tmp_path / "c.yaml"
    first, second = Crm(b"first"), Crm(b"second")
    async with first.upstream, second.upstream:
        listener = f"address: 127.0.0.1:{port}"
        one = text_of(listener, sites={"one.example": first.upstream.port})
        both = text_of(listener, sites={"two.example": second.upstream.port, "one.example": first.upstream.port})
        file.write_text(one)
        async with serving("-c", str(file)) as running, connected(port) as kept:
            assert await asked(kept, "one.example") == b"first"
            assert await asked(kept, "two.example") == b"421"
            assert (await reloaded(running, file, both))["changes"] == "site two.example added"
            assert await asked(kept, "two.example") == b"second"
            broken = await reloaded(running, file, both.replace("origins", "orgins"))
            assert broken["event"] == "config.broken"
            assert f"{file}:" in broken["text"]
            assert "did you mean origins?" in broken["text"]
            assert await asked(kept, "two.example") == b"second"
            moved = one.replace(f":{first.upstream.port}", f":{second.upstream.port}")
            event = await reloaded(running, file, moved)
            assert event["changes"] == "site two.example removed; site one.example changed"
            assert await asked(kept, "two.example") == b"421"
            assert await asked(kept, "one.example") == b"second"
            assert (await reloaded(running, file, moved))["changes"] == "nothing changed"


async def test_a_request_under_way_ends_by_the_configuration_it_began_with(tmp_path: Path) -> None:
    port, file = free_port(), tmp_path / "c.yaml"
    first, second = Crm(b"first"), Crm(b"second")
    first.held.clear()
    async with first.upstream, second.upstream:
        listener = f"address: 127.0.0.1:{port}"
        file.write_text(text_of(listener, sites={"one.example": first.upstream.port}))
        async with serving("-c", str(file)) as running:
            slow = asyncio.create_task(get(port, "one.example", "/slow"))
            while not first.upstream.connections:  # noqa: ASYNC110 - the state of a peer has no event
                await asyncio.sleep(0)
            await reloaded(running, file, text_of(listener, sites={"two.example": second.upstream.port}))
            assert await get(port, "one.example") == b"421"
            first.held.set()
            assert await slow == b"first"


async def test_listeners_come_and_go_and_change_their_kind(tmp_path: Path) -> None:
    ports, file = [free_port() for _ in range(3)], tmp_path / "c.yaml"
    authority = trustme.CA()
    put(authority, tmp_path / "tls" / "crm")
    crm = Crm(b"crm")
    async with crm.upstream:
        sites = {"crm.example": crm.upstream.port}
        plain = [f"address: 127.0.0.1:{port}" for port in ports]
        tls = f"{{address: '127.0.0.1:{ports[0]}', certificates: {tmp_path / 'tls'}}}"
        file.write_text(text_of(*plain[:2], sites=sites))
        async with serving("-c", str(file)) as running, connected(ports[0]) as kept, connected(ports[1]) as leaving:
            assert await asked(kept, "crm.example") == b"crm"
            await reloaded(running, file, text_of(tls, plain[2], sites=sites))
            for client in (kept, leaving):  # whoever is connected is served once more, and told to go
                await client.send(b"GET / HTTP/1.1\r\nHost: crm.example\r\n\r\n")
                response = await client.response()
                assert (response.body, response.values(b"connection")) == (b"crm", [b"close"])
            with pytest.raises(ConnectionRefusedError):
                await get(ports[1], "crm.example")
            assert await get(ports[2], "crm.example") == b"crm"
            assert await get(ports[0], "crm.example", tls=trusting(authority)) == b"crm"
            broken = await reloaded(running, file, text_of(tls.replace("/tls", "/none"), plain[1], sites=sites))
            assert broken["event"] == "config.broken"
            assert await get(ports[0], "crm.example", tls=trusting(authority)) == b"crm"


@pytest.mark.parametrize("taken_by", ["listener", "admin"])
async def test_a_failed_reload_leaves_no_file_open(tmp_path: Path, taken_by: str) -> None:
    port, other, file = free_port(), Crm(b"other"), tmp_path / "c.yaml"
    crm = Crm(b"crm")
    async with crm.upstream, other.upstream:
        good = text_of(f"address: 127.0.0.1:{port}", sites={"crm.example": crm.upstream.port})
        taken = f"127.0.0.1:{other.upstream.port}"
        listeners = [f"address: 127.0.0.1:{free_port()}", *([f"address: {taken}"] if taken_by == "listener" else ())]
        extra = f"admin: {{address: '{taken}'}}\n" if taken_by == "admin" else ""
        wanted = text_of(*listeners, sites={"other.example": 9}, extra=extra)
        file.write_text(good)
        async with serving("-c", str(file)) as running:
            await reloaded(running, file, good)  # what threads and libraries keep is there now
            folder = Path(f"/proc/{running.process.pid}/fd")
            before = len(await asyncio.to_thread(os.listdir, folder))
            for _ in range(3):
                assert "the port is in use" in (await reloaded(running, file, wanted))["text"]
            assert len(await asyncio.to_thread(os.listdir, folder)) == before
            assert await get(port, "crm.example") == b"crm"


async def test_an_upstream_that_has_a_name_now_is_looked_up_before_it_is_used(tmp_path: Path) -> None:
    port, file = free_port(), tmp_path / "c.yaml"
    crm = Crm(b"crm")
    async with crm.upstream:
        good = text_of(f"address: 127.0.0.1:{port}", sites={"crm.example": crm.upstream.port})
        named = good.replace("http://127.0.0.1:", "http://localhost:")
        file.write_text(good)
        stop = asyncio.Event()

        async def ask_on() -> None:
            async with connected(port) as client:
                while not stop.is_set():
                    assert await asked(client, "crm.example") == b"crm"

        async with serving("-c", str(file)) as running:
            asking = asyncio.create_task(ask_on())
            for text in (named, good, named, good):
                assert (await reloaded(running, file, text))["event"] == "config.reloaded"
            stop.set()
            await asking
            file.write_text(good.replace("http://127.0.0.1:", "http://crm.invalid:"))
            running.process.send_signal(signal.SIGHUP)
            assert (await told(running, {"upstream.name_unresolved"}))["host"] == "crm.invalid"


# Draining.


async def test_nobody_is_let_in_to_be_left_alone_while_it_drains(tmp_path: Path) -> None:
    port, file = free_port(), tmp_path / "c.yaml"
    crm = Crm(b"crm")
    crm.held.clear()
    async with crm.upstream:
        text = text_of(f"address: 127.0.0.1:{port}", sites={"crm.example": crm.upstream.port})
        file.write_text(text)
        async with serving("-c", str(file)) as running:
            slow = asyncio.create_task(get(port, "crm.example", "/slow"))
            while not crm.upstream.connections:  # noqa: ASYNC110 - the state of a peer has no event
                await asyncio.sleep(0)
            running.process.terminate()
            await told(running, {"gateway.draining"})
            await asyncio.to_thread(file.write_text, text.replace(f":{port}", f":{free_port()}"))
            running.process.send_signal(signal.SIGHUP)  # too late to change anything
            while True:
                try:
                    async with connected(port):
                        pass
                except ConnectionRefusedError:
                    break
            crm.held.set()
            assert await slow == b"crm"
            out, _ = await running.process.communicate()
            assert b"config.reloaded" not in out


async def test_whoever_is_still_shaking_hands_when_it_drains_is_served(tmp_path: Path) -> None:
    port, file = free_port(), tmp_path / "c.yaml"
    authority = trustme.CA()
    put(authority, tmp_path / "tls" / "crm")
    crm = Crm(b"crm")
    async with crm.upstream:
        listener = f"{{address: '127.0.0.1:{port}', certificates: {tmp_path / 'tls'}}}"
        file.write_text(text_of(listener, sites={"crm.example": crm.upstream.port}))
        async with serving("-c", str(file)) as running, connected(port) as client:
            await client.send(b"\x16\x03\x01")  # the first octets of a handshake: it is seen to have begun
            async with connected(port) as other:
                await other.writer.start_tls(trusting(authority), server_hostname="crm.example")
                assert await asked(other, "crm.example") == b"crm"  # and so the first was accepted before
            running.process.terminate()
            await told(running, {"gateway.draining"})
            incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
            tls = trusting(authority).wrap_bio(incoming, outgoing, server_hostname="crm.example")
            with pytest.raises(ssl.SSLWantReadError):
                tls.do_handshake()
            await client.send(outgoing.read()[3:])
            while True:
                incoming.write(await client.some())
                try:
                    tls.do_handshake()
                    break
                except ssl.SSLWantReadError:
                    pass
            tls.write(b"GET / HTTP/1.1\r\nHost: crm.example\r\n\r\n")
            await client.send(outgoing.read())
            answer = b""
            while not answer.endswith(b"crm"):
                octets = await client.some()
                assert octets, "cut off"
                incoming.write(octets)
                try:
                    answer += tls.read(65536)
                except ssl.SSLWantReadError:
                    continue
            assert b"\r\nConnection: close\r\n" in answer


async def test_how_long_it_drains_may_be_changed(tmp_path: Path) -> None:
    port, file = free_port(), tmp_path / "c.yaml"
    crm = Crm(b"crm")
    crm.held.clear()
    async with crm.upstream:
        text = text_of(f"address: 127.0.0.1:{port}", sites={"crm.example": crm.upstream.port}, extra="drain: 1h\n")
        file.write_text(text)
        async with serving("-c", str(file)) as running, connected(port) as client:
            await client.send(b"GET /slow HTTP/1.1\r\nHost: crm.example\r\n\r\n")
            while not crm.upstream.connections:  # noqa: ASYNC110 - the state of a peer has no event
                await asyncio.sleep(0)
            assert "drain_seconds changed" in (await reloaded(running, file, text.replace("1h", "100ms")))["changes"]
            running.process.terminate()
            assert await running.process.wait() == 0  # within the test's patience, not an hour


async def test_an_address_that_cannot_be_had_changes_nothing(tmp_path: Path) -> None:
    port, taken, file = free_port(), Crm(b"taken"), tmp_path / "c.yaml"
    crm = Crm(b"crm")
    async with crm.upstream, taken.upstream:
        sites = {"crm.example": crm.upstream.port}
        file.write_text(text_of(f"address: 127.0.0.1:{port}", sites=sites))
        async with serving("-c", str(file)) as running:
            wanted = text_of(f"address: 127.0.0.1:{taken.upstream.port}", sites={"other.example": crm.upstream.port})
            broken = await reloaded(running, file, wanted)
            assert "the port is in use" in broken["text"]
            assert await get(port, "crm.example") == b"crm"
            assert await get(port, "other.example") == b"421"


async def test_without_a_file_there_is_nothing_to_read(tmp_path: Path) -> None:
    del tmp_path
    arguments = ("--upstream", "http://127.0.0.1:9", "--allow-origin", ADDIN, "--listen", f"127.0.0.1:{free_port()}")
    async with serving(*arguments) as running:
        running.process.send_signal(signal.SIGHUP)
        await told(running, {"config.no_file"})


async def test_no_request_is_lost_in_twenty_reloads(tmp_path: Path) -> None:
    ports, file = [free_port(), free_port()], tmp_path / "c.yaml"
    crm = Crm(b"crm")
    async with crm.upstream:
        sites = {"crm.example": crm.upstream.port}
        listeners = [f"address: 127.0.0.1:{port}" for port in ports]
        good = text_of(listeners[0], sites=sites)
        file.write_text(good)
        texts = [
            good,
            text_of(*listeners, sites=sites),
            good.replace("paths", "pats"),
            text_of(listeners[0], sites=sites, extra="drain: 10s\n"),
        ]
        answered = 0
        stop = asyncio.Event()

        async def ask_on(method: bytes, body: bytes) -> None:
            nonlocal answered
            async with connected(ports[0]) as client:
                head = b"%b / HTTP/1.1\r\nHost: crm.example\r\nOrigin: %b\r\n" % (method, ADDIN.encode())
                framing = b"Content-Length: %d\r\n\r\n" % len(body) if body else b"\r\n"
                preflight = b"Access-Control-Request-Method: GET\r\n" if method == b"OPTIONS" else b""
                while not stop.is_set():
                    await client.send(head + preflight + framing + body)
                    response = await client.response(method=method)
                    assert response.status == (204 if method == b"OPTIONS" else 200)
                    assert response.values(b"connection") == []
                    answered += 1

        async with serving("-c", str(file)) as running:
            async with asyncio.TaskGroup() as group:
                for method, body in (
                    (b"GET", b""),
                    (b"OPTIONS", b""),
                    (b"POST", b"x" * 100),
                    (b"POST", bytes(1 << 20)),
                ):
                    group.create_task(ask_on(method, body))
                kinds = [(await reloaded(running, file, texts[number % len(texts)]))["event"] for number in range(20)]
                stop.set()
            assert kinds.count("config.broken") == 5
        assert answered > 20


# Files that are followed.


def as_config_map(folder: Path, text: str) -> None:
    """Put a text into `c.yaml` of a folder, as Kubernetes does: a link in its way is swapped."""
    version = folder / f"..{len(list(folder.iterdir()))}"
    version.mkdir()
    (version / "c.yaml").write_text(text)
    (folder / "..data_tmp").symlink_to(version.name)
    (folder / "..data_tmp").rename(folder / "..data")
    if not (folder / "c.yaml").exists():
        (folder / "c.yaml").symlink_to("..data/c.yaml")


async def test_files_that_have_changed_are_read_where_that_is_wanted(tmp_path: Path) -> None:
    port, folder, secret = free_port(), tmp_path / "config", tmp_path / "secret"
    folder.mkdir()
    first, second = Crm(b"first"), Crm(b"second")
    async with first.upstream, second.upstream:
        secret.write_text(f"http://127.0.0.1:{first.upstream.port}")
        listener, extra = f"address: 127.0.0.1:{port}", "reload_on_change: true\n"
        text = text_of(listener, sites={"one.example": 9}, extra=extra).replace(
            "http://127.0.0.1:9", f"${{file:{secret}}}"
        )
        as_config_map(folder, text)
        ends = {"config.reloaded", "config.broken"}
        async with serving("-c", str(folder)) as running:
            assert await get(port, "one.example") == b"first"
            as_config_map(folder, text.replace("origins", "orgins"))
            assert "did you mean origins?" in (await told(running, ends))["text"]
            assert await get(port, "one.example") == b"first"
            as_config_map(folder, text.replace("one.example", "two.example"))
            changes = (await told(running, ends))["changes"]
            assert changes == "site one.example removed; site two.example added"
            assert await get(port, "two.example") == b"first"
            secret.write_text(f"http://127.0.0.1:{second.upstream.port}")
            assert (await told(running, ends))["changes"] == "site two.example changed"
            assert await get(port, "two.example") == b"second"
            (folder / "more.yaml").write_text(
                f"sites:{text_of(listener, sites={'more.example': 9}).split('sites:')[1]}"
            )
            assert (await told(running, ends))["changes"] == "site more.example added"


async def test_files_that_have_changed_are_left_alone_unless_that_is_wanted(tmp_path: Path) -> None:
    port, file = free_port(), tmp_path / "c.yaml"
    authority, folder = trustme.CA(), tmp_path / "tls" / "crm"
    put(authority, folder)
    listener = f"{{address: '127.0.0.1:{port}', certificates: {tmp_path / 'tls'}}}"
    file.write_text(text_of(listener, sites={"crm.example": 9}))
    async with serving("-c", str(file)) as running:
        file.write_text("sites: [")
        for _ in range(3):  # looks, that each come a second after the one before
            put(authority, folder)
            event = await told(running, {"certificate.renewed", "config.broken"})
            assert event["event"] == "certificate.renewed"


async def test_a_second_signal_ends_the_delay_and_cuts(tmp_path: Path) -> None:
    port, file = free_port(), tmp_path / "c.yaml"
    crm = Crm(b"crm")
    crm.held.clear()
    async with crm.upstream:
        extra = "drain_delay: 1h\ndrain: 1h\n"
        file.write_text(text_of(f"address: 127.0.0.1:{port}", sites={"crm.example": crm.upstream.port}, extra=extra))
        async with serving("-c", str(file)) as running, connected(port) as client:
            await client.send(b"GET /slow HTTP/1.1\r\nHost: crm.example\r\n\r\n")
            while not crm.upstream.connections:  # noqa: ASYNC110 - the state of a peer has no event
                await asyncio.sleep(0)
            running.process.terminate()
            assert (await told(running, {"gateway.leaving"}))["seconds"] == 3600
            assert await get(port, "crm.example") == b"crm"
            running.process.terminate()
            assert await running.process.wait() == 0
            assert await client.rest() == b""


async def test_the_drain_begins_once_the_delay_is_over(tmp_path: Path) -> None:
    file = tmp_path / "c.yaml"
    file.write_text(text_of(f"address: 127.0.0.1:{free_port()}", sites={"crm.example": 9}, extra="drain_delay: 10ms\n"))
    async with serving("-c", str(file)) as running:
        running.process.terminate()
        await told(running, {"gateway.leaving"})
        await told(running, {"gateway.draining"})
        assert await running.process.wait() == 0


# Certificates.


def put(
    authority: trustme.CA, folder: Path, *, key_of: trustme.LeafCert | None = None, name: str = "crm.example"
) -> trustme.LeafCert:
    """Put a new certificate into a folder, as certbot's hook does: two files, each replaced whole."""
    issued = authority.issue_cert(name)
    folder.mkdir(parents=True, exist_ok=True)
    key = (key_of or issued).private_key_pem.bytes()
    for file, octets in (("fullchain.pem", issued.cert_chain_pems[0].bytes()), ("privkey.pem", key)):
        new = folder / f".{file}"
        new.write_bytes(octets)
        new.rename(folder / file)
    return issued


def put_in_steps(authority: trustme.CA, folder: Path) -> trustme.LeafCert:
    """Put a new certificate into a folder, its key long after it."""
    issued = authority.issue_cert("crm.example")
    (folder / "fullchain.pem").write_bytes(issued.cert_chain_pems[0].bytes())
    (folder / "privkey.pem").write_bytes(issued.private_key_pem.bytes())
    return issued


def put_by_link(authority: trustme.CA, folder: Path) -> trustme.LeafCert:
    """Have the folder lead to another one, as Kubernetes and cert-manager do."""
    other = folder.with_name(f"..{len(list(folder.parent.iterdir()))}")
    issued = put(authority, other)
    link = folder.with_name("..new")
    link.symlink_to(other)
    if folder.is_symlink():
        link.rename(folder)
    else:
        folder.rename(folder.with_name("..former"))
        link.rename(folder)
    return issued


def trusting(authority: trustme.CA) -> ssl.SSLContext:
    context = ssl.create_default_context()
    authority.configure_trust(context)  # pyright: ignore[reportUnknownMemberType]
    return context


async def shown(port: int, authority: trustme.CA, name: str = "crm.example") -> bytes:
    """Return the certificate that a client who asks for a name is shown."""
    async with connected(port, trusting(authority), name) as client:
        octets: bytes = client.writer.get_extra_info("ssl_object").getpeercert(binary_form=True)
        return octets


def der(issued: trustme.LeafCert) -> bytes:
    return ssl.PEM_cert_to_DER_cert(issued.cert_chain_pems[0].bytes().decode())


@pytest.mark.parametrize("way", [put, put_in_steps, put_by_link])
async def test_a_renewed_certificate_is_shown_without_a_reload(
    tmp_path: Path, way: Callable[[trustme.CA, Path], trustme.LeafCert]
) -> None:
    port, file, folder = free_port(), tmp_path / "c.yaml", tmp_path / "tls" / "crm"
    authority = trustme.CA()
    first = put(authority, folder)
    crm = Crm(b"crm")
    async with crm.upstream:
        listener = f"{{address: '127.0.0.1:{port}', certificates: {tmp_path / 'tls'}}}"
        file.write_text(text_of(listener, sites={"crm.example": crm.upstream.port}))
        async with (
            serving("-c", str(file)) as running,
            connected(port, trusting(authority), "crm.example") as kept,
        ):
            assert await shown(port, authority) == der(first)
            second = way(authority, folder)
            renewed = await told(running, {"certificate.renewed"})
            assert renewed["ends"]
            assert await shown(port, authority) == der(second)
            assert await asked(kept, "crm.example") == b"crm"


async def test_a_key_that_does_not_match_is_told_and_the_former_certificate_stays(tmp_path: Path) -> None:
    port, file, folder = free_port(), tmp_path / "c.yaml", tmp_path / "tls" / "crm"
    authority = trustme.CA()
    first = put(authority, folder)
    crm = Crm(b"crm")
    async with crm.upstream:
        listener = f"{{address: '127.0.0.1:{port}', certificates: {tmp_path / 'tls'}}}"
        file.write_text(text_of(listener, sites={"crm.example": crm.upstream.port}))
        async with serving("-c", str(file)) as running:
            put(authority, folder, key_of=first)
            broken = await told(running, {"certificate.broken"})
            assert str(folder / "privkey.pem") in broken["error"]
            assert await shown(port, authority) == der(first)
            (folder / "privkey.pem").unlink()
            third = put(authority, folder)
            await told(running, {"certificate.renewed"})
            assert await shown(port, authority) == der(third)


async def test_sub_folders_come_and_go_without_a_reload_and_a_broken_one_keeps_none_away(tmp_path: Path) -> None:
    port, file, tls = free_port(), tmp_path / "c.yaml", tmp_path / "tls"
    authority = trustme.CA()
    first = put(authority, tls / "crm")
    put(authority, tls / "broken", key_of=first, name="broken.example")
    listener = f"{{address: '127.0.0.1:{port}', certificates: {tls}}}"
    file.write_text(text_of(listener, sites={"crm.example": 9}))
    async with serving("-c", str(file)) as running:
        assert "certificate-broken" in {event.get("id") for event in running.events}
        assert await shown(port, authority) == der(first)
        second = put(authority, tls / "more", name="more.example")
        added = await told(running, {"certificate.added", "certificate.removed", "certificate.renewed"})
        assert (added["event"], added["names"]) == ("certificate.added", "more.example")
        assert await shown(port, authority, "more.example") == der(second)
        shutil.rmtree(tls / "crm")
        broken = await told(running, {"certificate.broken", "certificate.removed"})
        assert (broken["event"], broken["chain"]) == ("certificate.broken", str(tls / "broken" / "fullchain.pem"))
        removed = await told(running, {"certificate.added", "certificate.removed", "certificate.renewed"})
        assert (removed["event"], removed["names"]) == ("certificate.removed", "crm.example")
        with pytest.raises(ssl.SSLCertVerificationError):
            await shown(port, authority)
        assert await shown(port, authority, "more.example") == der(second)
        reload = await reloaded(running, file, file.read_text())
        assert reload["changes"] == "nothing changed"


def test_a_change_of_permissions_alone_is_seen(tmp_path: Path) -> None:
    pair = CertificatePair(str(tmp_path / "chain"), str(tmp_path / "key"))
    for name in ("chain", "key"):
        (tmp_path / name).write_text(name)
    before = stamp_of_pair(pair)
    (tmp_path / "key").chmod(0o400)
    assert stamp_of_pair(pair) != before
