"""The files the demonstration writes are files the gateway accepts."""

from pathlib import Path

import pytest

from gateway.config.load import Loaded, load
from gateway.demo.configuration import Places, demo_configuration, own_configuration

PLACES = Places(
    page="http://localhost:9910",
    foreign="http://127.0.0.1:9911",
    gateway_port=9900,
    crm="http://127.0.0.1:9912",
    off="http://127.0.0.1:9913",
)
OWN = Places(page=PLACES.page, foreign=PLACES.foreign, gateway_port=9900, crm="https://crm.lan/vtenext", off=None)


def loaded(folder: Path, text: str) -> Loaded:
    file = folder / "gateway.yaml"
    file.write_text(text, encoding="utf-8")
    return load([file], {})


def test_the_demonstration_s_own(tmp_path: Path) -> None:
    config = loaded(tmp_path, demo_configuration(PLACES)).config

    assert [(listener.host, listener.port) for listener in config.listeners] == [("127.0.0.1", 9900)]
    assert config.drain_seconds == 1
    assert config.log.format == "json"


@pytest.mark.parametrize("origin", [None, "https://addin.vendor.example"])
def test_one_before_somebody_s_crm(tmp_path: Path, origin: str | None) -> None:
    text = own_configuration(OWN, origin)

    assert (f'- "{origin}"\n' in text) is (origin is not None)
    assert loaded(tmp_path, text).config.listeners[0].port == 9900


def test_what_is_unwise_is_only_that_the_page_is_a_local_one(tmp_path: Path) -> None:
    assert {warning.id for warning in loaded(tmp_path, demo_configuration(PLACES)).warnings} <= {"origin-localhost"}


def test_the_sites_stand_under_two_names() -> None:
    assert (PLACES.gateway, PLACES.gateway_off) == ("http://127.0.0.1:9900", "http://localhost:9900")
