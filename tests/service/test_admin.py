"""What the gateway tells of itself, on an address of its own, and to nobody's page (R19)."""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest
import trustme
from prometheus_client.parser import text_string_to_metric_families

from tests.cli.run import run
from tests.relay.peers import RawResponse, connected
from tests.service.running import free_port, serving
from tests.service.test_reload import ADDIN, Crm, asked, get, put, reloaded, text_of, told


async def tell(port: int, path: str, *lines: str, method: str = "GET") -> RawResponse:
    async with connected(port) as client:
        said = "".join(f"{line}\r\n" for line in lines)
        host = "" if "Host:" in said else f"Host: 127.0.0.1:{port}\r\n"
        await client.send(f"{method} {path} HTTP/1.1\r\n{host}{said}\r\n".encode())
        return await client.response()


async def status(port: int) -> dict[str, Any]:
    response = await tell(port, "/status")
    found: dict[str, Any] = json.loads(response.body)
    return found


async def command(*arguments: str) -> tuple[int, str, str]:
    """Run a command of ours beside the loop that serves."""
    return await asyncio.to_thread(run, *arguments)


async def test_all_that_can_be_told(tmp_path: Path) -> None:
    port, admin, file = free_port(), free_port(), tmp_path / "c.yaml"
    authority = trustme.CA()
    put(authority, tmp_path / "tls" / "crm")
    crm = Crm(b"crm")
    async with crm.upstream:
        listeners = (
            f"address: 127.0.0.1:{port}",
            f"{{address: '127.0.0.1:{free_port()}', certificates: {tmp_path / 'tls'}}}",
        )
        extra = f"admin: {{address: '127.0.0.1:{admin}'}}\n"
        text = text_of(*listeners, sites={"crm.example": crm.upstream.port}, extra=extra)
        file.write_text(text)
        async with serving("-c", str(file)), connected(port) as client:
            assert await asked(client, "crm.example") == b"crm"
            assert await asked(client, "crm.example\r\nX_Forwarded_For: 192.0.2.1") == b"crm"
            await client.send(b"GET / HTTP/1.1\r\nHost: crm.example\r\nOrigin: https://other.example\r\n\r\n")
            assert (await client.response()).status == 403
            for path, body in (("/healthz", b"alive\n"), ("/readyz", b"ready\n")):
                response = await tell(admin, path)
                assert (response.body, response.values(b"server")) == (body, [b"cors-gateway"])
            found = await status(admin)
            (site,) = found["sites"]
            assert site["outcomes"] == {"allowed": 2, "origin-not-allowed": 1}
            assert site["oddities"] == {"fields-with-underscore": 1}
            assert site["servers"] == [{"url": f"http://127.0.0.1:{crm.upstream.port}", "up": True}]
            (refusal,) = site["refusals"]
            assert refusal["reason"] == "origin-not-allowed"
            assert refusal["remedy"].startswith(f"add https://other.example to origins of sites[0], {file}:")
            assert [each["connections"] for each in found["listeners"]] == [1, 0]
            ((certificate,),) = [each["certificates"] for each in found["listeners"] if each["certificates"]]
            assert certificate["days_left"] > 1
            families = {
                sample.name: (sample.labels, sample.value)
                for family in text_string_to_metric_families((await tell(admin, "/metrics")).body.decode())
                for sample in family.samples
                if sample.labels.get("reason") != "allowed"
            }
            assert families["cors_gateway_requests_total"] == (
                {"site": "crm.example", "reason": "origin-not-allowed", "status_class": "4"},
                1,
            )
            assert families["cors_gateway_configuration_broken"][1] == 0
            assert families["cors_gateway_certificate_days_left"][1] > 1
            assert families["cors_gateway_upstream_up"][1] == 1
            assert families["cors_gateway_oddities_total"] == (
                {"site": "crm.example", "oddity": "fields-with-underscore"},
                1,
            )
            assert {"cors_gateway_connections", "cors_gateway_in_flight", "cors_gateway_streams"} < families.keys()

            code, out, err = await command("status", "-c", str(file))
            assert (code, err) == (0, "")
            assert f"http://127.0.0.1:{port}  1 of 4096 connections" in out
            assert "days left" in out
            assert "origin-not-allowed: add https://other.example to origins of sites[0]" in out
            assert (await command("status", "crm.example", "-c", str(file)))[0] == 0
            assert (await command("status", "none.example", "-c", str(file)))[0] == 1
            assert json.loads((await command("status", "--output", "json", "-c", str(file)))[1])["sites"] == [site]
            assert await command("healthcheck", "-c", str(file)) == (0, "ready\n", "")


async def test_it_tells_while_the_files_on_disk_cannot_be_used(tmp_path: Path) -> None:
    port, admin, file = free_port(), free_port(), tmp_path / "c.yaml"
    text = text_of(
        f"address: 127.0.0.1:{port}", sites={"crm.example": 9}, extra=f"admin: {{address: '127.0.0.1:{admin}'}}\n"
    )
    file.write_text(text)
    async with serving("-c", str(file)) as running:
        await reloaded(running, file, text.replace("origins", "orgins"))
        assert "did you mean origins?" in (await status(admin))["broken"]
        # The files on disk are broken still: whoever asks now needs the answer most.
        told_now = await command("status", "-c", str(file))
        assert told_now[0] == 0
        assert "A RESTART WOULD FAIL" in told_now[1].upper()
        assert await command("healthcheck", "-c", str(file)) == (0, "ready\n", "")
        assert (await command("status", "--admin", f"127.0.0.1:{admin}"))[0] == 0
        assert (await command("status", "--admin", "nowhere"))[0] == 2
        code, _, err = await command("status", "--admin", f"127.0.0.1:{port}")
        assert code == 1
        assert "no gateway's admin address" in err


async def test_the_reload_command_tells_what_changed_or_what_is_wrong(tmp_path: Path) -> None:
    port, admin, file = free_port(), free_port(), tmp_path / "c.yaml"
    crm = Crm(b"crm")
    async with crm.upstream:
        listener, extra = f"address: 127.0.0.1:{port}", f"admin: {{address: '127.0.0.1:{admin}'}}\n"
        one = text_of(listener, sites={"one.example": crm.upstream.port}, extra=extra)
        two = text_of(listener, sites={"one.example": crm.upstream.port, "two.example": crm.upstream.port}, extra=extra)
        file.write_text(one)
        async with serving("-c", str(file)):
            assert await command("reload", "-c", str(file)) == (0, "nothing changed\n", "")
            await asyncio.to_thread(file.write_text, two)
            assert await command("reload", "-c", str(file)) == (0, "site two.example added\n", "")
            await asyncio.to_thread(file.write_text, two.replace("origins", "orgins"))
            code, out, err = await command("reload", "-c", str(file))
            assert (code, out) == (1, "")
            assert "did you mean origins?" in err
            taken = two.replace(f"127.0.0.1:{port}", f"127.0.0.1:{crm.upstream.port}")
            await asyncio.to_thread(file.write_text, taken.replace(f":{crm.upstream.port}\n    paths", ":9\n    paths"))
            code, _, err = await command("reload", "-c", str(file))
            assert code == 1
            assert "the configuration in force stays:\ncannot listen on" in err
            async with connected(port) as client:
                assert await asked(client, "two.example") == b"crm"


async def test_no_page_is_told_anything(tmp_path: Path) -> None:
    port, admin, file = free_port(), free_port(), tmp_path / "c.yaml"
    extra = f"admin: {{address: '127.0.0.1:{admin}'}}\n"
    file.write_text(text_of(f"address: 127.0.0.1:{port}", sites={"crm.example": 9}, extra=extra))
    async with serving("-c", str(file)):
        for line in (f"Origin: {ADDIN}", "Origin: null", "Sec-Fetch-Site: cross-site", "Host: evil.example:9901"):
            response = await tell(admin, "/status", line)
            assert response.status == 403
            assert not response.values(b"access-control-allow-origin")
        assert (await tell(admin, "/reload", "Content-Length: 0", method="POST")).status == 403


async def test_the_admin_address_comes_and_goes_with_the_configuration(tmp_path: Path) -> None:
    port, admins, file = free_port(), [free_port(), free_port()], tmp_path / "c.yaml"
    crm, other = Crm(b"crm"), Crm(b"other")
    async with crm.upstream, other.upstream:
        listener, sites = f"address: 127.0.0.1:{port}", {"crm.example": crm.upstream.port}
        texts = [text_of(listener, sites=sites, extra=f"admin: {{address: '127.0.0.1:{each}'}}\n") for each in admins]
        file.write_text(text_of(listener, sites=sites))
        code, _, err = await command("status", "-c", str(file))
        assert code == 1
        assert "names no admin address" in err
        async with serving("-c", str(file)) as running:
            for admin, text in zip(admins, texts, strict=True):
                await reloaded(running, file, text)
                assert (await tell(admin, "/healthz")).status == 200
            with pytest.raises(ConnectionRefusedError):
                await tell(admins[0], "/healthz")
            taken = texts[0].replace(f":{admins[0]}", f":{other.upstream.port}")
            assert "for admin: the port is in use" in (await reloaded(running, file, taken))["text"]
            assert (await tell(admins[1], "/healthz")).status == 200
            await asyncio.to_thread(file.write_text, texts[1])
        code, _, err = await command("healthcheck", "-c", str(file))
        assert code == 1
        assert f"no gateway answers at 127.0.0.1:{admins[1]}" in err


async def test_a_reload_that_was_asked_for_there_may_move_the_admin_address(tmp_path: Path) -> None:
    port, admins, file = free_port(), [free_port(), free_port()], tmp_path / "c.yaml"
    texts = [
        text_of(
            f"address: 127.0.0.1:{port}", sites={"crm.example": 9}, extra=f"admin: {{address: '127.0.0.1:{each}'}}\n"
        )
        for each in admins
    ]
    file.write_text(texts[0])
    async with serving("-c", str(file)):
        for admin, text in ((admins[0], texts[1]), (admins[1], texts[0]), (admins[0], texts[1])):
            await asyncio.to_thread(file.write_text, text)
            moved = await command("reload", "--admin", f"127.0.0.1:{admin}")
            assert moved == (0, "admin changed\n", "")
        assert (await tell(admins[1], "/healthz")).status == 200


async def test_while_it_drains_it_is_not_ready(tmp_path: Path) -> None:
    port, admin, file = free_port(), free_port(), tmp_path / "c.yaml"
    crm = Crm(b"crm")
    crm.held.clear()
    async with crm.upstream:
        extra = f"admin: {{address: '127.0.0.1:{admin}'}}\n"
        file.write_text(text_of(f"address: 127.0.0.1:{port}", sites={"crm.example": crm.upstream.port}, extra=extra))
        async with serving("-c", str(file)) as running, connected(port) as client:
            slow = asyncio.create_task(asked(client, "crm.example", "/slow"))
            while not crm.upstream.connections:  # noqa: ASYNC110 - the state of a peer has no event
                await asyncio.sleep(0)
            running.process.terminate()
            await told(running, {"gateway.draining"})
            response = await tell(admin, "/readyz")
            assert (response.status, response.body) == (503, b"draining\n")
            assert (await tell(admin, "/healthz")).status == 200
            crm.held.set()
            assert await slow == b"crm"
            assert await running.process.wait() == 0


async def test_a_load_balancer_may_ask_for_the_upstreams_as_well(tmp_path: Path) -> None:
    admin, file = free_port(), tmp_path / "c.yaml"
    listener, extra = f"address: 127.0.0.1:{free_port()}", f"admin: {{address: '127.0.0.1:{admin}'}}\n"
    url = "http://127.0.0.1:9"
    text = text_of(listener, sites={"crm.example": 9}, extra=extra)
    file.write_text(text.replace(url, f"{{urls: [{url}], health: {{path: /, every: 1s}}}}"))
    async with serving("-c", str(file)) as running:
        await told(running, {"upstream.down"})
        found = await tell(admin, "/readyz?upstreams")
        assert (found.status, found.body) == (503, b"down: crm.example\n")
        assert (await tell(admin, "/readyz")).status == 200


@pytest.mark.parametrize("workers", [1, 2])
@pytest.mark.parametrize(("before", "after"), [("0.0.0.0", "127.0.0.1"), ("[::]", "0.0.0.0"), ("127.0.0.1", "admin")])  # noqa: S104 - the very case
async def test_an_address_that_a_former_one_takes_away_needs_a_restart(
    tmp_path: Path, before: str, after: str, workers: int
) -> None:
    port, admin, file = free_port(), free_port(), tmp_path / "c.yaml"
    crm = Crm(b"crm")
    async with crm.upstream:

        def text(listener: str, answering: int = admin) -> str:
            extra = f"admin: {{address: '127.0.0.1:{answering}'}}\n"
            return text_of(
                f"address: '{listener}'", sites={"crm.example": crm.upstream.port}, extra=extra, workers=workers
            )

        file.write_text(text(f"{before}:{port}"))
        wanted = text(f"127.0.0.1:{free_port()}", port) if after == "admin" else text(f"{after}:{port}")
        async with serving("-c", str(file)) as running:
            event = await reloaded(running, file, wanted)
            assert event["text"].endswith(
                f": the gateway itself listens on {before}:{port}; restart it: `systemctl restart cors-gateway`"
            )
            assert event["remedy"] == "the former configuration stays in force until the gateway is restarted"
            code, out, _ = await command("status", "--admin", f"127.0.0.1:{admin}")
            assert (code, "IS NOT IN FORCE, it takes a restart: cannot listen on" in out) == (0, True)
            assert await get(port, "crm.example") == b"crm"
        async with serving("-c", str(file)):
            pass
