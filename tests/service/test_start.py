"""What has to be so before anything is served (R1 of docs/design.md)."""

import errno
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import aiohttp
import pytest
from aiohttp import http_parser

from gateway.config.load import load
from gateway.config.model import ListenerLimits
from gateway.config.windows import CONNECTIONS, MAX_SOCKETS
from gateway.service import library, prepare
from gateway.service.library import LibraryError, check_aiohttp, check_installed, load_aiohttp
from gateway.service.prepare import StartError, files_needed, why_not_bound
from tests.config.build import SITE
from tests.service.running import start


@pytest.mark.parametrize("version", ["3.14.5", "3.14.10", "3.15.0", "3.15.0rc1", "4.0.0", aiohttp.__version__])
def test_an_aiohttp_that_is_new_enough(version: str) -> None:
    check_aiohttp(version, has_c_parser=True)


@pytest.mark.parametrize("version", ["3.14.4", "3.9.5", "2.99.99", "3.14", ""])
def test_an_aiohttp_with_published_holes_is_refused(version: str) -> None:
    with pytest.raises(LibraryError, match=r"3\.14\.5 or newer is needed: pip install -U aiohttp"):
        check_aiohttp(version, has_c_parser=True)


def test_an_aiohttp_without_its_c_parser_is_refused() -> None:
    with pytest.raises(LibraryError, match="unset AIOHTTP_NO_EXTENSIONS"):
        check_aiohttp("3.14.5", has_c_parser=False)


@pytest.mark.parametrize("check", [check_installed, load_aiohttp])
def test_the_one_that_is_installed_will_do(check: Callable[[], None]) -> None:
    check()


@pytest.mark.parametrize(
    ("text", "told"),
    [
        pytest.param('__version__ = "3.14.4"\n', "aiohttp 3.14.4 is installed, 3.14.5 or newer is needed", id="old"),
        pytest.param('__version__ = "3.14.5"\n', "aiohttp has no C extensions", id="without-its-parser"),
        pytest.param("raise RuntimeError('no')", "aiohttp cannot be loaded (RuntimeError('no'))", id="tells-nothing"),
    ],
)
async def test_one_that_will_not_do_keeps_the_gateway_from_starting(tmp_path: Path, text: str, told: str) -> None:
    (tmp_path / "aiohttp").mkdir()
    (tmp_path / "aiohttp" / "__init__.py").write_text(text)
    arguments = ("--upstream", "http://127.0.0.1:9", "--allow-origin", "https://addin.vendor.example")
    process = await start("serve", *arguments, "--listen", "127.0.0.1:0", environ={"PYTHONPATH": str(tmp_path)})
    _, errors = await process.communicate()
    assert process.returncode == 1
    assert errors.decode().startswith(f"cors-gateway cannot start: {told}")


def test_its_c_parser_may_be_switched_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIOHTTP_NO_EXTENSIONS", "1")
    with pytest.raises(LibraryError, match="unset AIOHTTP_NO_EXTENSIONS"):
        check_installed()


def test_what_its_files_say_is_not_believed_once_it_is_loaded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http_parser, "HttpRequestParser", http_parser.HttpRequestParserPy)
    check_installed()
    with pytest.raises(LibraryError, match="unset AIOHTTP_NO_EXTENSIONS"):
        load_aiohttp()


def test_without_any_it_does_not_start(monkeypatch: pytest.MonkeyPatch) -> None:
    def find_nothing(_: str) -> None:
        pass

    monkeypatch.setattr(library, "find_spec", find_nothing)
    with pytest.raises(LibraryError, match="pip install aiohttp"):
        check_installed()


def test_checks_that_could_not_be_made_are_not_promised(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail() -> None:
        raise LibraryError("there is none")

    monkeypatch.setattr(prepare, "load_aiohttp", fail)
    (tmp_path / "c.yaml").write_text(SITE)
    config = load([tmp_path], {}).config
    prepare.prepare(config).close()
    (tmp_path / "c.yaml").write_text(
        SITE.replace("upstream: http://10.1.0.5:8080", "upstream: {urls: [http://10.1.0.5:8080], health: {path: /}}")
    )
    with pytest.raises(StartError, match="the health of servers cannot be asked for: there is none"):
        prepare.prepare(load([tmp_path], {}).config)


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
