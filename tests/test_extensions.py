"""What is compiled, and that it can be switched off."""

import os
import subprocess
import sys
from importlib.machinery import ModuleSpec, SourceFileLoader

import pytest

from gateway import extensions
from tests.http1.scanners import BUILD
from tests.system import needs

SHOWN = """
from gateway import extensions
import gateway.relay.exchange, gateway.relay.scanners
print(gateway.relay.scanners.SCANNERS, extensions.relay(), gateway.relay.exchange.__file__.endswith(".py"))
"""


def shown(setting: str) -> str:
    """Return which parts a new process takes with a setting of the environment."""
    environment = os.environ | {"CORS_GATEWAY_NO_EXTENSIONS": setting}
    command = (sys.executable, "-c", SHOWN)
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout


@needs(*BUILD)
@pytest.mark.parametrize("setting", ["", "0", "true"])
def test_what_is_compiled_is_used(setting: str) -> None:
    assert shown(setting) == "compiled ('compiled', '') False\n"


def test_it_can_be_switched_off() -> None:
    assert shown("1") == "python ('python', 'CORS_GATEWAY_NO_EXTENSIONS=1') True\n"


def test_where_it_was_not_built_the_same_modules_run_in_python(monkeypatch: pytest.MonkeyPatch) -> None:
    source = "gateway/relay/exchange.py"
    loader = SourceFileLoader("gateway.relay.exchange", source)
    spec = ModuleSpec("gateway.relay.exchange", loader, origin=source)

    def find_spec(_: str) -> ModuleSpec:
        return spec

    monkeypatch.setattr(extensions, "find_spec", find_spec)
    monkeypatch.setattr(extensions, "WANTED", True)
    kind, why = extensions.relay()
    assert kind == "python"
    assert "a C compiler and Python's header files" in why
