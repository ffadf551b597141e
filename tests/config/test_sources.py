"""Files and folders, joined as one mapping."""

import errno
from pathlib import Path

import pytest

from gateway.config.expand import Expander
from gateway.config.node import items_of
from gateway.config.notes import Notes, Unread
from gateway.config.sources import as_they_are_now, join, read_file, yaml_files
from gateway.config.stamps import Sources, stamp_of
from tests.config.build import table_of


def told(notes: Notes, folder: Path) -> list[str]:
    return [str(mistake).replace(f"{folder}/", "") for mistake in notes.mistakes]


def test_files_of_a_folder_by_name(tmp_path: Path) -> None:
    for name in ("b.yaml", "a.yml", "c.txt", ".d.yaml", "e.yaml~", "10.yaml"):
        (tmp_path / name).touch()
    notes = Notes()
    assert [path.name for path in yaml_files([tmp_path], notes)] == ["10.yaml", "a.yml", "b.yaml"]
    twice = [tmp_path / "b.yaml", tmp_path, tmp_path / "x"]
    assert [path.name for path in yaml_files(twice, notes)] == ["b.yaml", "10.yaml", "a.yml", "x"]
    assert not notes.mistakes


def test_an_empty_folder(tmp_path: Path) -> None:
    notes = Notes()
    assert list(yaml_files([tmp_path], notes)) == []
    assert [str(mistake) for mistake in notes.mistakes] == [
        f"{tmp_path}: holds no file whose name ends in .yaml: write one"
    ]


def test_a_folder_for_root_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def closed(_: Path) -> object:
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(Path, "iterdir", closed)
    notes = Notes()
    assert list(yaml_files([tmp_path], notes)) == []
    says = f"{tmp_path}: cannot be read by this user: chgrp cors-gateway {tmp_path}; chmod 0750 {tmp_path}"
    assert [str(mistake) for mistake in notes.mistakes] == [says]


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"", "c.yaml: is empty: write sites: into it, or take it away"),
        (b"# sites:\n", "c.yaml: is empty: write sites: into it, or take it away"),
        (b"just text", "c.yaml:1:1: 'just text' is not a mapping of keys: begin with sites:"),
        (b"- a", "c.yaml:1:1: a list is not a mapping of keys: begin with sites:"),
        (b"\xff", "c.yaml:1:1: is not UTF-8: save the file as UTF-8"),
        (None, "c.yaml: does not exist"),
    ],
)
def test_a_file_that_is_no_configuration(tmp_path: Path, content: bytes | None, expected: str) -> None:
    file = tmp_path / "c.yaml"
    if content is not None:
        file.write_bytes(content)
    notes = Notes()
    with pytest.raises(Unread):
        read_file(file, notes, Expander({}))
    assert told(notes, tmp_path) == [expected]


def test_a_file(tmp_path: Path) -> None:
    (tmp_path / "c.yaml").write_text("a: ${B}")
    notes = Notes()
    table = read_file(tmp_path / "c.yaml", notes, Expander({"B": "c"}))
    assert list(table.entries) == ["a"]
    assert not notes.mistakes


def test_lists_are_joined_and_keys_are_not() -> None:
    notes = Notes()
    root = join(
        [
            table_of("{drain: 1s, sites: [a]}"),
            table_of("{sites: [b, c], listeners: [d]}"),
            table_of("{listeners: [e], drain: 2s, x: 1}"),
        ],
        notes,
    )
    assert [item.path for item in items_of(root.entries["sites"].node)] == ["sites[0]", "sites[0]", "sites[1]"]
    assert len(items_of(root.entries["listeners"].node)) == 2
    assert list(root.entries) == ["drain", "sites", "listeners", "x"]
    assert told(notes, Path("/")) == ["c.yaml:1:18: drain: stands in c.yaml:1 already, and may stand in one file only"]


def test_what_is_no_list_is_told() -> None:
    notes = Notes()
    join([table_of("{sites: a, listeners: [b]}"), table_of("{sites: [c], listeners: {}}")], notes)
    remedy = "write a list, each item of it behind a -"
    assert told(notes, Path("/")) == [
        f"c.yaml:1:9: sites: 'a' is not a list of sites: {remedy}",
        f"c.yaml:1:25: listeners: a mapping is not a list of listeners: {remedy}",
    ]


def test_sources_as_they_are_now(tmp_path: Path) -> None:
    folder, secret = tmp_path / "folder", tmp_path / "secret"
    folder.mkdir()
    for file in (folder / "a.yaml", folder / "b.yaml", secret):
        file.touch()
    before = Sources((folder,), {file: stamp_of(file) for file in (folder / "a.yaml", folder / "b.yaml", secret)})
    assert as_they_are_now(before) == before
    (folder / "b.yaml").unlink()
    (folder / "c.yaml").touch()
    (folder / "c.txt").touch()
    secret.write_text("new")
    assert as_they_are_now(before).stamps == {
        folder / "a.yaml": before.stamps[folder / "a.yaml"],
        folder / "b.yaml": (),
        folder / "c.yaml": stamp_of(folder / "c.yaml"),
        secret: stamp_of(secret),
    }
