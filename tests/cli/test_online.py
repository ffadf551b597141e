"""`check --online`: what is found when upstreams are connected to."""

import asyncio
import json
import socket
import ssl
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import trustme

from gateway.cli import online
from gateway.cli.online import Reached, reach_upstreams
from gateway.config.load import load
from gateway.relay.tls import public_key_pin
from tests.cli.run import run
from tests.config.build import SITE, loaded

CA = trustme.CA()


@asynccontextmanager
async def listening(context: ssl.SSLContext | None = None) -> AsyncGenerator[int]:
    """Accept connections on loopback, and say nothing."""

    def accepted(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.close()

    server = await asyncio.start_server(accepted, "127.0.0.1", 0, ssl=context)
    async with server:
        yield server.sockets[0].getsockname()[1]


def server_context(*names: str) -> tuple[ssl.SSLContext, str]:
    """Return the context of a server with a certificate for these names, and its pin."""
    certificate = CA.issue_cert(*names)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    certificate.configure_cert(context)  # pyright: ignore[reportUnknownMemberType] - of pyOpenSSL, too
    der = ssl.PEM_cert_to_DER_cert(certificate.cert_chain_pems[0].bytes().decode())
    return context, public_key_pin(der)


@pytest.fixture
def check(tmp_path: Path) -> Callable[[str], "asyncio.Future[list[Reached]]"]:
    """Return what connects to the upstream of a site."""
    CA.cert_pem.write_to_path(tmp_path / "ca.pem")

    def check(upstream: str) -> "asyncio.Future[list[Reached]]":
        text = SITE.replace("http://10.1.0.5:8080", upstream.replace("CA", f"{tmp_path}/ca.pem"))
        return asyncio.ensure_future(reach_upstreams(loaded(tmp_path, text).config))

    return check


Check = Callable[[str], "asyncio.Future[list[Reached]]"]


async def test_plain(check: Check) -> None:
    async with listening() as port:
        (reached,) = await check(f"http://localhost:{port}")
    assert (reached.site, reached.url, reached.good) == ("crm.customer.example", f"http://localhost:{port}", True)
    assert reached.detail.endswith(" ms")
    assert str(reached).startswith(f"http://localhost:{port} of crm.customer.example answers: ")


async def test_a_certificate_that_is_good(check: Check) -> None:
    context, pin = server_context("crm.lan")
    async with listening(context) as port:
        (reached,) = await check(
            f"{{urls: ['https://127.0.0.1:{port}'], tls: {{ca: CA, name: crm.lan, pin: '{pin}'}}}}"
        )
    assert reached.good


async def test_the_name_is_that_of_the_host_sent(check: Check) -> None:
    context, _ = server_context("crm.customer.example")
    async with listening(context) as port:
        (preserved,) = await check(f"{{urls: ['https://127.0.0.1:{port}'], host: preserve, tls: {{ca: CA}}}}")
        (sent,) = await check(f"{{urls: ['https://127.0.0.1:{port}'], host: 'crm.lan:80', tls: {{ca: CA}}}}")
    assert preserved.good
    assert sent.detail.startswith("upstream-certificate, Hostname mismatch, certificate is not valid for 'crm.lan'")


async def test_a_certificate_of_a_stranger(check: Check) -> None:
    context, _ = server_context("127.0.0.1")
    async with listening(context) as port:
        (reached,) = await check(f"https://127.0.0.1:{port}")
        (skipped,) = await check(
            f"{{urls: ['https://127.0.0.1:{port}'], tls: {{dangerously_skip_verification: true}}}}"
        )
    assert not reached.good
    assert reached.detail == "upstream-certificate, unable to get local issuer certificate"
    assert skipped.good


async def test_a_key_that_is_not_pinned(check: Check) -> None:
    context, pin = server_context("127.0.0.1")
    other = "sha256/47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="
    async with listening(context) as port:
        (reached,) = await check(f"{{urls: ['https://127.0.0.1:{port}'], tls: {{ca: CA, pin: {other}}}}}")
    assert reached.detail == f"upstream-certificate, the public key is {pin}, not the one that is pinned"


async def test_no_tls(check: Check) -> None:
    async with listening() as port:
        (reached,) = await check(f"https://127.0.0.1:{port}")
    assert not reached.good


async def test_nobody_there(check: Check) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    both = await check(f"{{urls: ['http://127.0.0.1:{port}', 'http://[::1]:{port}']}}")
    assert [each.url for each in both] == [f"http://127.0.0.1:{port}", f"http://[::1]:{port}"]
    assert both[0].detail.startswith("upstream-refused, ")
    assert str(both[0]).startswith(
        f"http://127.0.0.1:{port} of crm.customer.example cannot be reached: upstream-refused"
    )


async def test_a_name_that_does_not_resolve(check: Check, monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*_: object, **__: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    (reached,) = await check("http://crm.lan")
    assert reached.detail == "upstream-name-unresolved, Name or service not known"


async def test_silence(check: Check, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(online, "SECONDS", 0.05)
    with socket.create_server(("127.0.0.1", 0)) as server:
        (reached,) = await check(f"https://127.0.0.1:{server.getsockname()[1]}")
    assert reached.detail == "upstream-connect-timeout, no answer within 0.05 s"


def test_the_command(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        file = tmp_path / "c.yaml"
        file.write_text(SITE.replace("10.1.0.5:8080", f"127.0.0.1:{port}"))
        code, out, _ = run("check", "--online", str(file))
        assert (code, out.splitlines()[-1].partition(": ")[0]) == (
            0,
            f"http://127.0.0.1:{port} of crm.customer.example answers",
        )
    code, out, _ = run("check", "--online", "--output", "json", str(file))
    assert code == 1
    (reached,) = json.loads(out)["upstreams"]
    assert (reached["site"], reached["url"], reached["good"]) == (
        "crm.customer.example",
        f"http://127.0.0.1:{port}",
        False,
    )
    assert load([file], {}).warnings == ()
