"""The commands of the README work, as they stand there."""

import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Final
from urllib.request import urlopen

import pytest

from gateway.cli import COMMANDS
from gateway.cli import command as command_of
from tests.docs.markdown import PAGES, ROOT, Block, block, blocks, blocks_of, code
from tests.docs.transcript import shows, steps
from tests.real.processes import ENDED_WITHIN_SECONDS, Ports, accepts, end, running, until
from tests.system import needs

README: Final = ROOT / "README.md"
COMMAND: Final = (sys.executable, "-m", "gateway")

OURS: Final = re.compile(
    r"(?:^|(?<!-g)[\s/])cors-gateway ([a-z]+)((?: +(?:--?[a-z][a-z-]*|[A-Za-z./-]+))*)", re.MULTILINE
)
"""A call of the gateway's command line: its command, options and arguments."""

NAMED: Final = sorted(
    {
        (match[1], tuple(word for word in match[2].split() if word.startswith("-")))
        for page in PAGES
        for text in (*code(page), *(block.text for block in blocks_of("sh", "console", pages=(page,))))
        for match in OURS.finditer(text)
    }
)

SHELL: Final = [pytest.param(block, id=block.place) for block in blocks_of("sh")]


@pytest.mark.parametrize(("command", "options"), NAMED)
def test_a_command_that_is_named_exists_with_its_options(command: str, options: tuple[str, ...]) -> None:
    known = re.findall(r"(?<![\w-])--?\w[\w-]*", command_of(command).parser(command).format_help())
    assert {*options} <= {*known}


def test_each_command_there_is_is_named() -> None:
    assert {command for command, _ in NAMED} == {*COMMANDS}


@pytest.mark.parametrize("command", sorted({command for command, _ in NAMED}))
def test_a_command_that_is_named_tells_about_itself(command: str) -> None:
    told = subprocess.run((*COMMAND, command, "--help"), capture_output=True, text=True, check=False)
    assert told.returncode == 0, told.stderr


@pytest.mark.parametrize("block", SHELL)
def test_what_is_for_a_shell_can_be_read_by_one(block: Block) -> None:
    subprocess.run(("/bin/sh", "-n"), input=block.text.encode(), check=True)


def test_make_demo_prints_the_address_of_a_page_that_answers() -> None:
    assert "make demo\n" in [each.text for each in blocks(README) if each.language == "sh"]
    # From the environment that the tests run in, which has all that make would install.
    own = (f"BIN={Path(sys.executable).parent}", "--old-file=.venv/run-installed", "--directory", ROOT)
    with subprocess.Popen(
        (path_of_make(), *own, "demo"),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    ) as process:
        try:
            assert process.stdout is not None
            told = ""
            for line in process.stdout:
                told += line.decode()
                if address := re.search(r"Open +(http://localhost:[0-9]+/)", told):
                    with urlopen(address[1]) as page:  # noqa: S310 - on loopback, as the pattern has it
                        assert page.status == 200
                    break
            else:
                pytest.fail(told)
            os.killpg(process.pid, signal.SIGINT)  # as Ctrl-C in a terminal reaches make and all below it
            process.wait(ENDED_WITHIN_SECONDS)
        finally:
            end(process)


def test_the_smallest_file_passes_the_check(tmp_path: Path) -> None:
    (tmp_path / "crm.yaml").write_text(smallest(), "utf-8")
    assert "cors-gateway check crm.yaml" in quick_start()
    checked = subprocess.run((*COMMAND, "check", "crm.yaml"), cwd=tmp_path, capture_output=True, check=False)
    assert (checked.returncode, checked.stderr) == (0, b"")


def test_a_slash_too_many_is_told_as_shown(tmp_path: Path) -> None:
    (step,) = steps(block(README, "console", "check").text)
    origin = "https://addin.vendor.example"
    (tmp_path / "crm.yaml").write_text(smallest().replace(f"{origin}]", f"{origin}/]"), "utf-8")
    command = (*COMMAND, *step.command.split()[1:])
    checked = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (checked.returncode, checked.stdout + checked.stderr) == (1, f"{step.output}\n")


@needs("curl")
def test_what_is_asked_is_answered_as_shown(tmp_path: Path) -> None:
    (step,) = steps(block(README, "console").text)
    with serving(tmp_path) as (port, _):
        command = step.command.replace("127.0.0.1:9900", f"127.0.0.1:{port}")
        answer = subprocess.run(("/bin/sh", "-c", command), capture_output=True, text=True, check=True)
    assert shows(answer.stdout, step.output)


def test_a_refusal_is_logged_as_shown(tmp_path: Path) -> None:
    (step,) = steps(block(README, "console", "log").text)
    with serving(tmp_path) as (port, log):
        subprocess.run(
            (
                *(sys.executable, "-c", ASK, f"http://127.0.0.1:{port}/webservice.php"),
                *("crm.customer.example", "https://addin2.vendor.example"),
            ),
            check=True,
        )
        until(lambda: "origin-not-allowed" in log.read_text("utf-8"), "the line in the log")
        (line,) = [line for line in log.read_text("utf-8").splitlines() if "origin-not-allowed" in line]
    assert shows(line, step.output)


def path_of_make() -> str:
    """Return where make is, which the tests themselves are mostly started with."""
    found = shutil.which("make")
    if found is None:
        pytest.skip("make is not installed: sudo apt install make")
    return found


ASK: Final = """\
import sys, urllib.error, urllib.request
request = urllib.request.Request(sys.argv[1], headers={"Host": sys.argv[2], "Origin": sys.argv[3]})
try:
    urllib.request.urlopen(request)
except urllib.error.HTTPError as error:
    sys.exit(error.code != 403)
"""


def smallest() -> str:
    """Return the README's first YAML."""
    return next(each.text for each in blocks(README) if each.language == "yaml")


def quick_start() -> str:
    """Return the commands below it."""
    return next(each.text for each in blocks(README) if each.language == "sh" and "serve" in each.text)


@contextmanager
def serving(folder: Path) -> Generator[tuple[int, Path]]:
    """Run `serve -c crm.yaml` on a port of its own; yield the port and the log."""
    assert "cors-gateway serve -c crm.yaml" in quick_start()
    ports = Ports()
    try:
        port = ports.take()
        listener = f"listeners: [{{address: '127.0.0.1:{port}'}}]\n"
        file = folder / "crm.yaml"
        file.write_text(smallest() + listener, "utf-8")
        log = folder / "log"
        with running((*COMMAND, "serve", "-c", file), log, lambda: accepts(port)):
            yield port, log
    finally:
        ports.close()
