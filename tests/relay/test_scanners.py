"""Which scanners are in use. That both do the same is for the tests of `http1`, and `make python`."""

import importlib
import sys
from importlib.util import find_spec, module_from_spec
from types import ModuleType

import pytest

import gateway.http1
from gateway.http1 import framing, head, outgoing, target
from tests.http1.scanners import BUILD
from tests.system import needs


def chosen_anew() -> ModuleType:
    """Return another `gateway.relay.scanners`, which has made its choice now."""
    spec = find_spec("gateway.relay.scanners")
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def all_of(module: ModuleType) -> list[object]:
    return [
        module.SCANNERS,
        module.why,
        *(module.parse_request_head, module.parse_response_head, module.request_octets, module.response_octets),
        *(module.scan_chunks, module.path_of),
    ]


PYTHON = [
    *(head.parse_request_head, head.parse_response_head, outgoing.request_octets, outgoing.response_octets),
    *(framing.scan_chunks, target.path_of),
]


@needs(*BUILD)
def test_what_is_compiled_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    compiled = importlib.import_module("gateway.http1.compiled")
    monkeypatch.setattr("gateway.extensions.WANTED", True)
    assert all_of(chosen_anew()) == [
        *("compiled", "", compiled.parse_request_head, compiled.parse_response_head),
        *(compiled.request_octets, compiled.response_octets, compiled.scan_chunks),
        compiled.path_of,
    ]


@needs(*BUILD)
def test_it_can_be_switched_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gateway.extensions.WANTED", False)
    assert all_of(chosen_anew()) == ["python", "CORS_GATEWAY_NO_EXTENSIONS=1", *PYTHON]


def test_where_it_was_not_built_its_twins_do_the_work(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gateway.extensions.WANTED", True)
    monkeypatch.setitem(sys.modules, "gateway.http1.compiled", None)
    monkeypatch.delattr(gateway.http1, "compiled", raising=False)
    scanners, why, *these = all_of(chosen_anew())
    assert (scanners, these) == ("python", PYTHON)
    assert isinstance(why, str)
    assert "a C compiler and Python's header files" in why
