"""When files have changed so that they should be read again: look by look, in this thread."""

from pathlib import Path

import pytest

from gateway.config.load import load
from gateway.config.model import ConfigError
from gateway.service.changed_files import ChangedFiles
from tests.config.build import SITE


def reading(folder: Path) -> ChangedFiles:
    """Return who looks at what is in a folder, that was read just now."""
    files = ChangedFiles()
    read(files, folder)
    return files


def read(files: ChangedFiles, folder: Path) -> None:
    try:
        files.were_read(load([folder], {}).sources)
    except ConfigError as error:
        files.were_read(error.sources)


def looks(files: ChangedFiles, number: int = 4) -> list[bool]:
    return [files.look() for _ in range(number)]


NEVER = [False] * 4
AT_THE_SECOND = [False, True, False, False]


def test_nothing_to_look_at() -> None:
    assert looks(ChangedFiles()) == NEVER


def test_a_change_is_told_once_at_the_second_look_alike(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(SITE)
    files = reading(tmp_path)
    assert looks(files) == NEVER
    (tmp_path / "a.yaml").write_text(SITE + "drain: 1s\n")
    assert looks(files) == AT_THE_SECOND


def test_a_broken_file_is_told_once_a_change(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(SITE)
    files = reading(tmp_path)
    for text in ("sites: [", "sites: [[", SITE):
        (tmp_path / "a.yaml").write_text(text)
        assert files.look() is False
        assert files.look() is True
        read(files, tmp_path)
        assert looks(files) == NEVER


def test_whoever_writes_in_steps_is_waited_for(tmp_path: Path) -> None:
    file = tmp_path / "a.yaml"
    file.write_text(SITE)
    files = reading(tmp_path)
    file.rename(tmp_path / "a.yaml~")  # as vim does with backupcopy=no
    assert files.look() is False
    for end in range(0, len(SITE), 30):
        file.write_text(SITE[:end])
        assert files.look() is False
    file.write_text(SITE)
    assert looks(files) == AT_THE_SECOND


def test_a_config_map_whose_link_is_swapped(tmp_path: Path) -> None:
    for version in ("..1", "..2"):
        (tmp_path / version).mkdir()
        (tmp_path / version / "a.yaml").write_text(SITE)
    (tmp_path / "..data").symlink_to("..1")
    (tmp_path / "a.yaml").symlink_to("..data/a.yaml")
    files = reading(tmp_path)
    assert looks(files) == NEVER
    (tmp_path / "..data_tmp").symlink_to("..2")
    (tmp_path / "..data_tmp").rename(tmp_path / "..data")
    assert looks(files) == AT_THE_SECOND


def test_files_that_come_and_go_in_a_folder(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(SITE)
    files = reading(tmp_path)
    (tmp_path / "b.yaml").write_text("drain: 1s\n")
    assert looks(files) == AT_THE_SECOND
    read(files, tmp_path)
    (tmp_path / "b.yaml").unlink()
    assert looks(files) == AT_THE_SECOND


@pytest.mark.parametrize("text", ["http://10.1.0.6:8080", "nonsense"])
def test_a_file_that_a_value_comes_from(tmp_path: Path, text: str) -> None:
    secret = tmp_path / "secret"
    (tmp_path / "a.yaml").write_text(SITE.replace("http://10.1.0.5:8080", f"'${{file:{secret}}}'"))
    files = reading(tmp_path)  # it is not there yet: the configuration is broken, and may be mended without the YAML
    secret.write_text("http://10.1.0.5:8080")
    assert looks(files) == AT_THE_SECOND
    read(files, tmp_path)
    secret.write_text(text)
    assert looks(files) == AT_THE_SECOND


def test_what_was_read_meanwhile_is_not_told(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(SITE)
    files = reading(tmp_path)
    (tmp_path / "a.yaml").write_text(SITE + "drain: 1s\n")
    assert files.look() is False
    read(files, tmp_path)  # somebody was quicker, with SIGHUP
    assert looks(files) == NEVER


def test_what_changes_while_it_is_read_is_told(tmp_path: Path) -> None:
    file = tmp_path / "a.yaml"
    file.write_text(SITE)
    files, sources = ChangedFiles(), load([tmp_path], {}).sources
    file.write_text(SITE + "drain: 1s\n")
    files.were_read(sources)
    assert looks(files) == AT_THE_SECOND
