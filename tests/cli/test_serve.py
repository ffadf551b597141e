"""`serve`: what is handed on, and what is told before anything begins."""

from collections.abc import Callable
from pathlib import Path

import pytest

import gateway.service.serve
from gateway.config.load import Loaded
from tests.cli.run import run
from tests.config.build import SITE


@pytest.fixture
def served(monkeypatch: pytest.MonkeyPatch) -> list[Loaded]:
    """Return what `serve` was asked to serve."""
    asked: list[Loaded] = []

    def serve(loaded: Loaded, again: Callable[[], Loaded] | None) -> int:
        asked.append(loaded)
        if again is not None:
            assert again().config == loaded.config
        else:
            assert not loaded.files
        return 0

    monkeypatch.setattr(gateway.service.serve, "run", serve)
    return asked


def test_a_file(tmp_path: Path, served: list[Loaded]) -> None:
    (tmp_path / "c.yaml").write_text(SITE)
    assert run("serve", "-c", str(tmp_path / "c.yaml")) == (0, "", "")
    assert run("serve", "--config", str(tmp_path)) == (0, "", "")
    assert [loaded.files for loaded in served] == [(tmp_path / "c.yaml",)] * 2


def test_several_files(tmp_path: Path, served: list[Loaded]) -> None:
    (tmp_path / "a.yaml").write_text("drain: 7s\n")
    (tmp_path / "b.yaml").write_text(SITE)
    assert run("serve", "-c", f"{tmp_path}/a.yaml", "-c", f"{tmp_path}/b.yaml")[0] == 0
    assert served[0].config.drain_seconds == 7


def test_without_anything_it_is_etc(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, served: list[Loaded]) -> None:
    monkeypatch.setattr("gateway.cli.serve.DEFAULT_CONFIG", tmp_path)
    (tmp_path / "c.yaml").write_text(SITE)
    assert run("serve")[0] == 0
    assert served[0].files == (tmp_path / "c.yaml",)


def test_options(served: list[Loaded]) -> None:
    options = [
        "--upstream",
        "http://10.1.0.5",
        "--allow-origin",
        "https://a.example",
        "--allow-origin",
        "https://b.example",
    ]
    assert run("serve", *options, "--name", "a.lan", "--name", "b.lan", "--listen", "127.0.0.1:8000") == (0, "", "")
    assert run("serve", *options) == (0, "", "")
    first, second = (loaded.config for loaded in served)
    assert first.sites[0].names == ("a.lan", "b.lan")
    assert [origin.host for origin, _ in first.sites[0].rules.entries] == ["a.example", "b.example"]
    assert first.listeners[0].port == 8000
    assert second.sites[0].names == ()


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["--upstream", "http://a"], "without a file, --upstream and --allow-origin are needed"),
        (["--allow-origin", "https://a"], "without a file, --upstream and --allow-origin are needed"),
        (["--name", "a"], "without a file, --upstream and --allow-origin are needed"),
        (["--listen", "127.0.0.1:1"], "without a file, --upstream and --allow-origin are needed"),
        (["-c", "x", "--upstream", "http://a"], "a file, or --upstream and what goes with it: one or the other"),
        (["--nonsense"], "No such option: --nonsense"),
    ],
)
def test_a_wrong_command_line(arguments: list[str], expected: str, served: list[Loaded]) -> None:
    code, out, err = run("serve", *arguments)
    assert (code, out) == (2, "")
    assert expected in err
    assert served == []


def test_mistakes_are_told_and_nothing_is_served(tmp_path: Path, served: list[Loaded]) -> None:
    assert run("serve", "-c", str(tmp_path / "c.yaml")) == (
        1,
        "",
        f"{tmp_path}/c.yaml cannot be used:\n{tmp_path}/c.yaml: does not exist\n",
    )
    code, _, err = run("serve", "--upstream", "crm", "--allow-origin", "*")
    assert (code, err.splitlines()[0]) == (1, "--upstream, --allow-origin cannot be used:")
    assert served == []


def test_the_exit_status_is_that_of_the_service(monkeypatch: pytest.MonkeyPatch) -> None:
    def failed(_: Loaded, __: Callable[[], Loaded] | None) -> int:
        return 1

    monkeypatch.setattr(gateway.service.serve, "run", failed)
    assert run("serve", "--upstream", "http://10.1.0.5", "--allow-origin", "https://a.example")[0] == 1
