"""The one switch, and where the configuration is looked for."""

import os
from pathlib import Path
from typing import Any

import pytest

from gateway.config import windows


def says_itself(name: str, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """Return what the module says on a system of this name."""
    code = compile(Path(windows.__file__).read_text("utf-8"), windows.__file__, "exec")
    found: dict[str, Any] = {}
    with monkeypatch.context() as patch:
        patch.setattr(os, "name", name)
        exec(code, found)  # noqa: S102 - it asks but once, when it is imported
    return found


def test_here_and_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PROGRAMDATA", r"D:\Program Data")
    here, there = says_itself("posix", monkeypatch), says_itself("nt", monkeypatch)
    assert (here["WINDOWS"], here["FOLDER"]) == (False, "/etc/cors-gateway")
    assert (there["WINDOWS"], there["FOLDER"]) == (True, "D:/Program Data/cors-gateway")
    monkeypatch.delenv("PROGRAMDATA")
    assert says_itself("nt", monkeypatch)["FOLDER"] == "C:/ProgramData/cors-gateway"
