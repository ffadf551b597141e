"""What to do when a file cannot be read."""

import errno
import grp
import os
import pwd
import stat
from pathlib import Path

import pytest

from gateway.config import files
from gateway.config.files import (
    SERVICE_USER,
    closed_to_service,
    is_everyones,
    is_folder,
    unreadable,
    warn_if_closed,
)
from gateway.config.node import Place
from gateway.config.notes import Notes


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


@pytest.fixture
def as_root(monkeypatch: pytest.MonkeyPatch) -> None:
    """Be root, on a machine with the service's user 4711 in the groups 4712 and 4713."""
    user = pwd.struct_passwd((SERVICE_USER, "x", 4711, 4712, "", "/nonexistent", "/usr/sbin/nologin"))
    groups = [grp.struct_group(("certs", "x", 4713, [SERVICE_USER])), grp.struct_group(("other", "x", 4714, ["other"]))]
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(pwd, "getpwnam", {SERVICE_USER: user}.__getitem__)
    monkeypatch.setattr(grp, "getgrall", lambda: groups)


@pytest.mark.usefixtures("as_root")
@pytest.mark.parametrize(
    ("kept", "closed"),
    [
        pytest.param((0, 0, 0o600), True, id="root-alone"),
        pytest.param((0, 0, 0o604), False, id="everyone"),
        pytest.param((4711, 0, 0o400), False, id="the-owner"),
        pytest.param((4711, 4712, 0o066), True, id="the-owner-shut-out"),
        pytest.param((0, 4712, 0o640), False, id="its-group"),
        pytest.param((0, 4713, 0o640), False, id="another-of-its-groups"),
        pytest.param((0, 4714, 0o640), True, id="a-group-of-others"),
    ],
)
def test_what_root_can_read_and_the_service_cannot(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kept: tuple[int, int, int], closed: bool
) -> None:
    key = tmp_path / "privkey.pem"
    key.touch()
    uid, gid, mode = kept

    def status(path: Path) -> os.stat_result:
        kind = stat.S_IFREG | mode if path == key else stat.S_IFDIR | 0o755
        return os.stat_result((kind, 0, 0, 1, uid, gid, 0, 0, 0, 0))

    monkeypatch.setattr(Path, "stat", status)
    assert closed_to_service(key) == (key if closed else None)
    notes = Notes()
    warn_if_closed(key, Place("c.yaml"), "listeners[0]", notes)
    says = f"root can read {key}, the service's user cannot: chgrp cors-gateway {key}; chmod 0640 {key}"
    assert [str(warning) for warning in notes.warnings] == ([f"c.yaml: listeners[0]: {says}"] if closed else [])


@pytest.mark.usefixtures("as_root")
def test_a_folder_on_the_way(tmp_path: Path) -> None:
    folder = tmp_path / "tls"
    folder.mkdir()
    (folder / "privkey.pem").touch(0o644)
    folder.chmod(0o700)
    closed = closed_to_service(folder / "privkey.pem")
    assert closed is not None
    assert closed in (folder, *folder.parents)
    assert closed_to_service(folder / "x") is None


def test_others_than_root_are_not_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, as_root: None) -> None:
    assert as_root is None
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    monkeypatch.setattr(pwd, "getpwnam", None)  # for nothing would the system's libraries for it be loaded
    assert closed_to_service(tmp_path) is None


@pytest.mark.usefixtures("as_root")
def test_a_machine_without_the_user(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    users: dict[str, pwd.struct_passwd] = {}
    monkeypatch.setattr(pwd, "getpwnam", users.__getitem__)
    assert closed_to_service(tmp_path) is None


@pytest.mark.usefixtures("as_root")
def test_on_windows_lists_say_who_may_read(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    key = tmp_path / "privkey.pem"
    key.touch(0o604)
    key.chmod(0o604)
    assert is_everyones(key.stat())
    key.chmod(0o600)
    assert not is_everyones(key.stat())
    assert closed_to_service(key) is not None
    monkeypatch.setattr(files, "WINDOWS", True)
    assert not is_everyones(os.stat_result((0o100666, *(0,) * 9)))
    assert closed_to_service(key) is None
    refused = PermissionError(errno.EACCES, "")
    says = 'cannot be read by this user: icacls "{}" /grant "NT SERVICE\\corsgateway:{}"'
    assert unreadable(key, refused) == says.format(key, "R")
    assert unreadable(tmp_path, refused) == says.format(tmp_path, "(OI)(CI)RX")
