"""Stamps: each way in which a file may become another one changes them."""

from collections.abc import Callable
from pathlib import Path

import pytest

from gateway.config.stamps import Sources, stamp_of


def rewritten(file: Path) -> None:
    file.write_text("other text")


def replaced(file: Path) -> None:
    new = file.with_name("new")
    new.write_text("text")
    new.rename(file)


def led_elsewhere(file: Path) -> None:
    new = file.with_name("new")
    new.write_text("text")
    link = file.with_name("link")
    link.symlink_to(new)
    link.rename(file)


def opened(file: Path) -> None:
    file.chmod(0o604)


def removed(file: Path) -> None:
    file.unlink()


@pytest.mark.parametrize("change", [rewritten, replaced, led_elsewhere, opened, removed])
def test_a_change_is_seen(tmp_path: Path, change: Callable[[Path], None]) -> None:
    file = tmp_path / "c.yaml"
    file.write_text("text")
    before = stamp_of(file)
    assert before == stamp_of(file) != ()
    change(file)
    assert stamp_of(file) != before


def test_what_was_not_read_from_files() -> None:
    assert Sources() == Sources((), {})
