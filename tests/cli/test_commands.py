"""The command line as a whole, and the commands that have little to say."""

import json
import os
import subprocess
import sys
from unittest.mock import Mock

import pytest

import gateway.demo.command
from gateway import __version__, extensions
from gateway.relay.scanners import SCANNERS, why
from tests.cli.run import run
from tests.config.generate import SCHEMA

RELAY, BECAUSE = extensions.relay()
SYSTEM = "python" if extensions.system() is None else "compiled"
VERSION = (
    f"cors-gateway {__version__}\n"
    f"scanners: {SCANNERS}{f' ({why})' if why else ''}\n"
    f"relay: {RELAY}{f' ({BECAUSE})' if BECAUSE else ''}\n"
    f"system: {SYSTEM}{f' ({why})' if SYSTEM == 'python' else ''}\n"
)


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


@pytest.mark.parametrize(
    ("arguments", "command", "expected"),
    [
        (("nonsense",), "", "No such command 'nonsense'."),
        (("",), "", "No such command ''."),
        (("serv",), "", "No such command 'serv'. Did you mean 'serve'?"),
        (("--nonsense",), "", "No such option: --nonsense"),
        (("version", "more"), " version", "Got unexpected extra argument (more)"),
        (("check", "--out", "json"), " check", "No such option: --out"),
        (("check", "--output", "xml"), " check", "argument --output: invalid choice: 'xml' (choose from"),
        (("serve", "-c"), " serve", "argument -c/--config: expected one argument"),
        (("status", "--admin", "x"), " status", "Invalid value for --admin: an address is as in 127.0.0.1:9901"),
    ],
)
def test_a_wrong_command_line(arguments: tuple[str, ...], command: str, expected: str) -> None:
    code, out, err = run(*arguments)
    assert (code, out) == (2, "")
    assert err.startswith(f"usage: cors-gateway{command} [OPTIONS]")
    assert f"Try 'cors-gateway{command} --help' for help.\n\nError: {expected}" in err


def test_without_a_command_it_is_the_help_and_wrong() -> None:
    code, out, err = run()
    assert (code, out, err) == (2, "", run("--help")[1])


def test_options_may_stand_between_arguments() -> None:
    code, out, _ = run("check", "a", "--output=json", "b", "--no-files")
    assert (code, [each["file"] for each in json.loads(out)["mistakes"]]) == (1, ["a", "b"])


def test_who_interrupts_it_is_told_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gateway.demo.command, "demo_command", Mock(side_effect=KeyboardInterrupt))
    assert run("demo") == (1, "", "Aborted!\n")


def test_whoever_does_not_read_to_the_end_gets_no_traceback() -> None:
    reader, writer = os.pipe()
    os.close(reader)
    command = (sys.executable, "-m", "gateway", "schema")
    done = subprocess.run(command, stdout=writer, stderr=subprocess.PIPE, check=False)
    os.close(writer)
    assert (done.returncode, done.stderr) == (1, b"")


def test_help_lists_the_commands() -> None:
    code, out, _ = run("--help")
    assert code == 0
    commands = [line.split()[0] for line in out.partition("Commands:\n")[2].splitlines() if line.strip()]
    assert commands == ["serve", "check", "reload", "status", "healthcheck", "schema", "demo", "version"]


def test_as_a_module() -> None:
    done = subprocess.run([sys.executable, "-m", "gateway", "version"], capture_output=True, text=True, check=True)
    assert done.stdout == VERSION
