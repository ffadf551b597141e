"""What of deploy/windows can be known without a Windows: the template is XML, and what it and the page name exists."""

import re
import shlex
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from gateway.cli import command as command_of
from gateway.config.load import Loaded, load
from gateway.config.windows import CONNECTIONS, MAX_SOCKETS
from tests.config.test_windows import says_itself
from tests.docs.markdown import ROOT, block, blocks

WINDOWS = ROOT / "deploy" / "windows"
PAGE = WINDOWS / "README.md"
TEMPLATE = WINDOWS / "corsgateway.xml"

ELEMENTS = frozenset(
    {
        *("id", "name", "description", "executable", "arguments", "env", "startmode", "serviceaccount"),
        *("stoptimeout", "onfailure", "resetfailure", "logpath", "log"),
    }
)
"""Those used here, of WinSW's reference (github.com/winsw/winsw, doc/xmlConfigFile.md and loggingAndErrorReporting.md);
any other it would leave unread."""
UNITS = {"sec": 1, "min": 60, "hour": 3600}


def template() -> ET.Element:
    return ET.fromstring(TEMPLATE.read_text("utf-8"))  # noqa: S314 - our own file


def text_of(name: str) -> str:
    text = template().findtext(name)
    assert text is not None
    return text


def seconds(told: str) -> int:
    number, unit = told.split()
    return int(number) * UNITS[unit]


def powershell() -> str:
    return "\n".join(each.text for each in blocks(PAGE) if each.language == "powershell")


def configuration(tmp_path: Path) -> Loaded:
    """Return the page's, with paths of this system."""
    text = block(PAGE, "yaml").text
    assert "C:/ProgramData" in text
    file = tmp_path / "crm.yaml"
    file.write_text(text.replace("C:/ProgramData", "/etc"), "utf-8")
    return load([file], {}, files=False)


def test_the_template_has_what_winsw_knows_and_each_thing_once() -> None:
    service = template()
    assert service.tag == "service"
    names = [each.tag for each in service]
    assert {*names} == ELEMENTS
    assert sorted(names) == sorted([*ELEMENTS, "onfailure", "onfailure"])
    assert [each.get("action") for each in service.findall("onfailure")] == ["restart"] * 3


def test_the_service_is_named_as_its_file_and_as_winsw_wants_it() -> None:
    name = text_of("id")
    assert name == TEMPLATE.stem
    assert name.isalnum()
    told = powershell()
    for named in (f"{name}.exe", f"{name}.xml", f"sidtype {name}", f"NT SERVICE\\{name}", f"Start-Service {name}"):
        assert named in told


def test_the_command_line_is_one_of_ours() -> None:
    command, *arguments = shlex.split(text_of("arguments").replace("\\", "/"))
    assert command == "serve"
    found = command_of(command).parser(command).read(arguments)
    assert not any(vars(found).values())  # where it looks by itself
    (script,) = re.findall(r"([\w-]+)\.exe$", text_of("executable"))
    assert f"{script} = " in (ROOT / "pyproject.toml").read_text("utf-8")


@pytest.mark.parametrize("command", ["check", "status", "reload"])
def test_what_the_page_calls_exists(command: str) -> None:
    (arguments,) = re.findall(rf"& \$gateway {command}(.*?) *(?:#.*)?$", powershell(), re.MULTILINE)
    command_of(command).parser(command).read(shlex.split(arguments.replace("\\", "/").replace("$data", "/data")))


def test_the_template_and_the_page_mean_the_same_folders(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PROGRAMDATA", raising=False)
    told = powershell()
    (data,) = re.findall(r"\$data = '(.*?)'", told)
    (program,) = re.findall(r"\$program = '(.*?)'", told)
    assert text_of("executable") == rf"{program}\venv\Scripts\cors-gateway.exe"
    assert data.replace("\\", "/") == says_itself("nt", monkeypatch)["FOLDER"]
    assert rf"`{data}\crm.yaml`" in PAGE.read_text("utf-8")
    assert text_of("logpath") == rf"{data}\log"
    (tls,) = re.findall(r"certificates: (\S+)", block(PAGE, "yaml").text)
    assert tls.replace("/", "\\") == rf"{data}\tls"


def test_there_is_nothing_wrong_or_unwise_in_the_configuration(tmp_path: Path) -> None:
    assert [str(warning) for warning in configuration(tmp_path).warnings] == []


def test_it_is_one_process_that_reloads_by_its_admin_address_and_has_the_time_to_drain(tmp_path: Path) -> None:
    config = configuration(tmp_path).config
    assert config.workers is None
    assert config.admin is not None
    assert seconds(text_of("stoptimeout")) > config.drain_seconds
    (listener,) = config.listeners
    assert f"-LocalPort {listener.port} " in powershell()


def test_the_page_says_what_shows_that_it_starts() -> None:
    told = PAGE.read_text("utf-8")
    assert "No Windows has run this yet" in told
    assert f"At most {MAX_SOCKETS} sockets" in told
    assert f"has {CONNECTIONS} `connections`" in told
    named = re.findall(r"`((?:tests|gateway)/[\w/]+\.py)`", told)
    assert named == ["tests/service/test_like_windows.py", "gateway/config/windows.py"]
    assert all((ROOT / path).is_file() for path in named)
