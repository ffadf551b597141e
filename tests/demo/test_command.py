import asyncio

import pytest

from gateway.demo import command
from gateway.demo.command import demo_command
from gateway.demo.process import GatewayEndedError
from gateway.demo.run import Options


@pytest.mark.parametrize(
    ("crm", "origin", "said"),
    [
        (None, "https://addin.example", "An origin is of use with a CRM of your own: make demo CRM=https://crm.lan"),
        ("crm.lan", None, "'crm.lan' is not the address of a CRM: write https://crm.lan"),
        ("https://crm.lan/?x", None, "'https://crm.lan/?x' is not the address of a CRM"),
        ("ftp://crm.lan", None, "'ftp://crm.lan' is not the address of a CRM"),
    ],
)
def test_a_wrong_command_line(
    capsys: pytest.CaptureFixture[str], crm: str | None, origin: str | None, said: str
) -> None:
    assert demo_command(crm, origin) == 2
    assert capsys.readouterr().err.startswith(said)


def test_the_options_are_passed_on(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    asked: list[Options] = []

    async def run_demo(options: Options, say: object) -> None:
        assert callable(say)
        say("Open")
        asked.append(options)
        await asyncio.sleep(0)

    monkeypatch.setattr(command, "run_demo", run_demo)

    assert demo_command("https://crm.lan", "https://addin.example", 8000) == 0
    assert asked == [Options("https://crm.lan", "https://addin.example", 8000)]
    assert capsys.readouterr().out == "Open\n"


def test_a_gateway_that_ends_is_told(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    async def run_demo(_options: Options, _say: object) -> None:
        await asyncio.sleep(0)
        raise GatewayEndedError("The gateway did not start.")

    monkeypatch.setattr(command, "run_demo", run_demo)

    assert demo_command() == 1
    assert capsys.readouterr().err == "The gateway did not start.\n"
