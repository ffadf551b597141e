"""What has to be so before anything is served (R1 of docs/design.md)."""

import errno
from dataclasses import replace
from pathlib import Path

import aiohttp
import pytest

from gateway.config.load import load
from gateway.config.model import ListenerLimits
from gateway.config.windows import CONNECTIONS, MAX_SOCKETS
from gateway.service import prepare
from gateway.service.prepare import StartError, files_needed, why_not_bound
from gateway.service.serve import check_aiohttp
from tests.config.build import SITE


@pytest.mark.parametrize("version", ["3.14.5", "3.14.10", "3.15.0", "3.15.0rc1", "4.0.0", aiohttp.__version__])
def test_an_aiohttp_that_is_new_enough(version: str) -> None:
    check_aiohttp(version, has_c_parser=True)


@pytest.mark.parametrize("version", ["3.14.4", "3.9.5", "2.99.99", "3.14", ""])
def test_an_aiohttp_with_published_holes_is_refused(version: str) -> None:
    with pytest.raises(StartError, match=r"3\.14\.5 or newer is needed: pip install -U aiohttp"):
        check_aiohttp(version, has_c_parser=True)


def test_an_aiohttp_without_its_c_parser_is_refused() -> None:
    with pytest.raises(StartError, match="unset AIOHTTP_NO_EXTENSIONS"):
        check_aiohttp("3.14.5", has_c_parser=False)


@pytest.mark.parametrize(
    ("number", "remedy"),
    [
        (errno.EADDRINUSE, "sport = :443"),
        (errno.EACCES, "CAP_NET_BIND_SERVICE"),
        (errno.EADDRNOTAVAIL, "ip address"),
        (errno.EIO, "no luck"),
    ],
)
def test_an_address_that_cannot_be_had_comes_with_its_remedy(number: int, remedy: str) -> None:
    assert remedy in why_not_bound(OSError(number, "no luck"), 443)


@pytest.mark.parametrize(
    ("number", "remedy"),
    [(errno.EADDRINUSE, "netstat"), (errno.EACCES, "netsh"), (errno.EADDRNOTAVAIL, "ipconfig"), (errno.EIO, "no luck")],
)
def test_the_remedy_on_windows(number: int, remedy: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(prepare, "WINDOWS", True)
    assert remedy in why_not_bound(OSError(number, "no luck"), 443)


def test_what_a_listener_has_by_itself_on_windows_is_what_its_loop_can_wait_for(tmp_path: Path) -> None:
    (tmp_path / "c.yaml").write_text(SITE)
    config = load([tmp_path], {}).config

    def needed(connections: int) -> int:
        listeners = tuple(replace(each, limits=ListenerLimits(connections)) for each in config.listeners)
        return files_needed(replace(config, listeners=listeners))

    assert needed(CONNECTIONS) <= MAX_SOCKETS < needed(CONNECTIONS + 10)
