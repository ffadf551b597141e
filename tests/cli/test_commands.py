"""The command line as a whole, and the commands that have little to say."""

import json
import subprocess
import sys

import pytest

import gateway.demo.command
from gateway import __version__
from gateway.relay.scanners import SCANNERS, why
from tests.cli.run import run
from tests.config.generate import SCHEMA

VERSION = f"cors-gateway {__version__}\nscanners: {SCANNERS}{f' ({why})' if why else ''}\n"


def test_version() -> None:
    assert run("version") == (0, VERSION, "")


def test_schema() -> None:
    code, out, err = run("schema")
    assert (code, err) == (0, "")
    assert out == SCHEMA.read_text("utf-8")
    assert json.loads(out)["title"] == "cors-gateway"


def test_demo(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[str | None, str | None]] = []

    def demo(crm: str | None, origin: str | None) -> int:
        asked.append((crm, origin))
        return 7

    monkeypatch.setattr(gateway.demo.command, "demo_command", demo)
    assert run("demo")[0] == 7
    assert run("demo", "--crm", "https://crm.lan", "--origin", "https://a.example")[0] == 7
    assert asked == [(None, None), ("https://crm.lan", "https://a.example")]


@pytest.mark.parametrize("arguments", [(), ("nonsense",), ("--nonsense",), ("version", "more")])
def test_a_wrong_command_line(arguments: tuple[str, ...]) -> None:
    assert run(*arguments)[0] == 2


def test_help_lists_the_commands() -> None:
    code, out, _ = run("--help")
    assert code == 0
    commands = [line.split()[0] for line in out.partition("Commands:\n")[2].splitlines() if line.strip()]
    assert commands == ["serve", "check", "reload", "status", "healthcheck", "schema", "demo", "version"]


def test_as_a_module() -> None:
    done = subprocess.run([sys.executable, "-m", "gateway", "version"], capture_output=True, text=True, check=True)
    assert done.stdout == VERSION
