"""What to do when a file cannot be read."""

import errno
from pathlib import Path

import pytest

from gateway.config.files import is_folder, unreadable


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        (errno.ENOENT, "does not exist"),
        (errno.ENOTDIR, "does not exist"),
        (errno.EISDIR, "is a folder, not a file"),
        (errno.EIO, "cannot be read: text"),
    ],
)
def test_a_file_that_cannot_be_read(code: int, expected: str) -> None:
    assert unreadable(Path("/x"), OSError(code, "text")) == expected


def test_an_error_without_a_number() -> None:
    assert unreadable(Path("/x"), OSError("text")) == "cannot be read: text"


@pytest.mark.parametrize("code", [errno.EACCES, errno.EPERM])
def test_a_file_for_root_alone(code: int, tmp_path: Path) -> None:
    said = "cannot be read by this user: chgrp cors-gateway {0}; chmod {1} {0}"
    assert unreadable(tmp_path / "x", OSError(code, "")) == said.format(tmp_path / "x", "0640")
    assert unreadable(tmp_path, OSError(code, "")) == said.format(tmp_path, "0750")


def test_a_folder_in_one_that_is_closed_to_us(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def closed(_: Path) -> bool:
        raise PermissionError

    assert is_folder(tmp_path)
    monkeypatch.setattr(Path, "is_dir", closed)
    assert not is_folder(tmp_path)
