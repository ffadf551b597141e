"""`${…}`: what it stands for, and what is said where it stands for nothing."""

from pathlib import Path

import pytest

from gateway.config.expand import MAX_FILE_OCTETS, Expander
from gateway.config.notes import Notes
from gateway.config.stamps import stamp_of
from tests.config.build import text_scalar

ENVIRON = {"HOST": "crm.lan", "_2": "", "LINES": "a\nb", "ODD": "a\udcff"}


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("nothing in it", "nothing in it"),
        ("$HOST {HOST} $ {HOST}", "$HOST {HOST} $ {HOST}"),
        ("${HOST}", "crm.lan"),
        ("https://${HOST}:8443/${HOST}", "https://crm.lan:8443/crm.lan"),
        ("${_2}", ""),
    ],
)
def test_a_variable(written: str, value: str) -> None:
    notes = Notes()
    scalar = Expander(ENVIRON).expand(text_scalar(written), notes)
    assert (scalar.written, scalar.value, scalar.told) == (written, value, False)
    assert not notes.mistakes


@pytest.mark.parametrize(
    ("content", "value"),
    [(b"secret", "secret"), (b"secret\n", "secret"), (b"se cret\r\n", "se cret"), ("schlüssel".encode(), "schlüssel")],
)
def test_a_file(tmp_path: Path, content: bytes, value: str) -> None:
    file = tmp_path / "secret"
    file.write_bytes(content)
    expander, notes = Expander({}), Notes()
    assert expander.expand(text_scalar(f"<${{file:{file}}}>"), notes).value == f"<{value}>"
    assert expander.files == {file: stamp_of(file)}
    assert not notes.mistakes


WRITE = "write ${NAME} or ${file:/run/secrets/name}"


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("${HOST", f"has ${{ without }}: {WRITE}"),
        ("${}", f"names no variable with '${{}}': {WRITE}"),
        ("${A-B}", f"names no variable with '${{A-B}}': {WRITE}"),
        ("${ÄRGER}", f"names no variable with '${{ÄRGER}}': {WRITE}"),
        ("${MISSING}", "needs the environment variable MISSING, which is not set: set it where the gateway is started"),
        ("${LINES}", "gets more than one line of text from ${LINES}: put one line there"),
        ("${ODD}", "gets more than one line of text from ${ODD}: put one line there"),
        (
            "${file:secret}",
            "names the file 'secret': write its path from the root, ${file:/run/secrets/name}",
        ),
        ("${file:/nowhere/secret}", "needs a file: /nowhere/secret does not exist"),
        ("${file:/}", "needs a file: / is a folder, not a file"),
        (
            "${HOST} ${MISSING}",
            "needs the environment variable MISSING, which is not set: set it where the gateway is started",
        ),
    ],
)
def test_what_stands_for_nothing(written: str, expected: str) -> None:
    notes = Notes()
    assert Expander(ENVIRON).expand(text_scalar(written), notes).told
    assert [mistake.text for mistake in notes.mistakes] == [f"'{written}' {expected}"]


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"\xff", "needs a file: {} is not UTF-8"),
        (b"x" * (MAX_FILE_OCTETS + 1), f"needs a file: {{}} is longer than {MAX_FILE_OCTETS} octets"),
        (b"a\nb\n", "gets more than one line of text from ${{file:{}}}: put one line there"),
    ],
    ids=["binary", "long", "two-lines"],
)
def test_a_file_that_holds_something_else(tmp_path: Path, content: bytes, expected: str) -> None:
    file = tmp_path / "secret"
    file.write_bytes(content)
    notes = Notes()
    assert Expander({}).expand(text_scalar(f"${{file:{file}}}"), notes).told
    (mistake,) = notes.mistakes
    assert mistake.text.endswith(expected.format(file))
