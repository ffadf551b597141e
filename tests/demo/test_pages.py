"""The pages' servers: what they send, and what the browser is told to allow."""

import json
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from gateway.demo.calls import DEMO_CALLS
from gateway.demo.configuration import Places
from gateway.demo.pages import FILES, Show, addin_application, foreign_application
from gateway.demo.process import GatewayProcess
from tests.demo.conftest import Crm

Client = TestClient[web.Request, web.Application]

PAGE = "http://localhost:9910"
FOREIGN = "http://127.0.0.1:9911"


@pytest.fixture
def show(crm: Crm, tmp_path: Path) -> Show:
    places = Places(
        page=PAGE, foreign=FOREIGN, gateway_port=9900, crm=f"{crm.base}/vtenext", off="http://127.0.0.1:9913"
    )
    gateway = GatewayProcess(tmp_path / "gateway.yaml", tmp_path / "gateway.log", 9900, (sys.executable,))
    return Show(places, DEMO_CALLS, False, "sites: []\n", "gateway.yaml", "gateway.log", gateway)  # noqa: FBT003 (one of many)


@pytest.fixture
async def addin(show: Show) -> AsyncIterator[Client]:
    async with TestClient(TestServer(addin_application(show))) as client:
        yield client


@pytest.fixture
async def foreign(show: Show) -> AsyncIterator[Client]:
    async with TestClient(TestServer(foreign_application(show))) as client:
        yield client


async def test_the_add_in_page_loads_nothing_from_elsewhere(addin: Client, crm: Crm) -> None:
    response = await addin.get("/")

    assert response.content_type == "text/html"
    called = " ".join(sorted([crm.base, "http://127.0.0.1:9900", "http://127.0.0.1:9913", "http://localhost:9900"]))
    assert response.headers["Content-Security-Policy"] == (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
        f"connect-src 'self' {called}; frame-src {FOREIGN}; frame-ancestors 'none'; "
        "base-uri 'none'; form-action 'none'; require-trusted-types-for 'script'"
    )


async def test_the_foreign_page_is_framed_by_the_add_in_page_alone(foreign: Client) -> None:
    response = await foreign.get("/")

    assert "A page nobody listed" in await response.text()
    assert f"frame-src 'none'; frame-ancestors {PAGE};" in response.headers["Content-Security-Policy"]


@pytest.mark.parametrize("file", sorted(file.name for file in FILES.iterdir() if not file.name.endswith(".html")))
async def test_each_file_is_served_with_its_type(addin: Client, file: str) -> None:
    response = await addin.get(f"/{file}")

    kind = {"css": "text/css", "js": "text/javascript", "svg": "image/svg+xml"}[file.rpartition(".")[2]]
    assert (response.status, response.content_type) == (200, kind)
    assert response.headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize("file", sorted(file.name for file in FILES.iterdir()))
def test_no_file_names_a_place_elsewhere(file: str) -> None:
    text = (FILES / file).read_text(encoding="utf-8").replace("http://www.w3.org/", "")

    assert "://" not in text.replace("://crm", "")
    assert "style=" not in text
    assert "onclick" not in text


async def test_the_plan(addin: Client, crm: Crm) -> None:
    plan = json.loads(await (await addin.get("/api/plan")).text())

    assert plan["bases"]["crm"] == {"direct": f"{crm.base}/vtenext", "gateway": "http://127.0.0.1:9900"}
    assert [call["id"] for call in plan["calls"]] == [call.id for call in DEMO_CALLS]
    assert plan["configuration"] == "sites: []\n"


async def test_a_call_is_made_again_line_by_line(addin: Client) -> None:
    replayed = json.loads(await (await addin.get("/api/replay/challenge/direct")).text())

    assert replayed["exchanges"][0]["response"][0] == "HTTP/1.1 404 Not Found"  # there is no CRM below /vtenext
    assert replayed["refusal"]["rule"] == "no page is named in the answer"
    assert replayed["log"] == []


async def test_the_foreign_page_s_call_is_made_as_from_there(addin: Client) -> None:
    replayed = json.loads(await (await addin.get("/api/replay/origin/direct")).text())

    assert f"Origin: {FOREIGN}" in replayed["exchanges"][0]["request"]


@pytest.mark.parametrize("path", ["/api/replay/nothing/direct", "/api/replay/challenge/sideways", "/index.html"])
async def test_there_is_nothing_else(addin: Client, path: str) -> None:
    assert (await addin.get(path)).status == 404
