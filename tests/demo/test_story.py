import sys
from pathlib import Path

import pytest

from gateway.demo.configuration import Places
from gateway.demo.pages import Show
from gateway.demo.process import GatewayProcess
from gateway.demo.story import demo_story, own_story


def show(folder: Path, *, own: bool) -> Show:
    places = Places(
        page="http://localhost:9910",
        foreign="http://127.0.0.1:9911",
        gateway_port=9900,
        crm="https://crm.lan" if own else "http://127.0.0.1:9912",
        off=None if own else "http://127.0.0.1:9913",
    )
    gateway = GatewayProcess(folder / "gateway.yaml", folder / "gateway.log", 9900, (sys.executable,))
    return Show(places, (), own, "", "gateway.yaml", "gateway.log", gateway)


def test_what_to_look_at(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SSH_CONNECTION", raising=False)
    story = demo_story(show(tmp_path, own=False))

    assert story.startswith("\n  Open  http://localhost:9910/\n")
    assert "http://127.0.0.1:9912/index.php  (its own pages, directly: anna, password demo)" in story
    assert "ssh" not in story


def test_what_to_try(tmp_path: Path) -> None:
    story = own_story(show(tmp_path, own=True), "https://addin.vendor.example")

    assert "The gateway stands before https://crm.lan and listens on http://127.0.0.1:9900." in story
    assert story.count("-H 'Origin: https://addin.vendor.example'") == 2
    assert "-H 'Origin: https://stranger.example'" in story


def test_without_an_origin_the_page_s_is_tried(tmp_path: Path) -> None:
    assert "-H 'Origin: http://localhost:9910'" in own_story(show(tmp_path, own=True), None)


def test_from_another_machine_the_ports_are_forwarded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSH_CONNECTION", "192.0.2.1 50000 192.0.2.2 22")
    forwarded = " ".join(f"-L {port}:127.0.0.1:{port}" for port in (9910, 9911, 9900))

    assert f"From your own machine:  ssh {forwarded} HOST" in own_story(show(tmp_path, own=True), None)
    assert f"ssh {forwarded} -L 9912:127.0.0.1:9912 HOST" in demo_story(show(tmp_path, own=False))
