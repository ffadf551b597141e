import json
import re
import subprocess
import sys
from typing import Final

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

from gateway import __version__
from tests.docs.markdown import ROOT

LOCK: Final = ROOT / "requirements" / "run.txt"


def written() -> str:
    """Return what `make sbom` writes."""
    command = (sys.executable, ROOT / "deploy" / "sbom.py", LOCK)
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


@pytest.fixture(scope="module")
def bill() -> str:
    return written()


def test_it_is_valid(bill: str) -> None:
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(bill) is None


def test_it_lists_what_is_locked_and_nothing_else(bill: str) -> None:
    lock = LOCK.read_text("utf-8")
    parts = json.loads(bill)["components"]
    assert [f"{part['name']}=={part['version']}" for part in parts] == re.findall(r"^[^ #]+==[^ ]+", lock, re.MULTILINE)
    hashes = [each["content"] for part in parts for each in part["externalReferences"][0]["hashes"]]
    assert hashes == re.findall(r"sha256:([0-9a-f]{64})", lock)
    somewhere = set(re.findall(r"^([^ #]+)==[^ ]+ ;", lock, re.MULTILINE))
    assert {part["name"] for part in parts if part["scope"] == "optional"} == somewhere


def test_it_says_which_needs_which(bill: str) -> None:
    told = json.loads(bill)
    gateway = f"pkg:generic/cors-gateway@{__version__}"
    needs = {each["ref"]: each["dependsOn"] for each in told["dependencies"]}
    assert needs.keys() == {part["bom-ref"] for part in told["components"]} | {gateway}
    declared = (ROOT / "pyproject.toml").read_text("utf-8").partition("dependencies = [")[2].partition("]\n")[0]
    direct = {re.sub(r"^pkg:pypi/(.*)@.*$", r"\1", each) for each in needs[gateway]}
    assert direct == set(re.findall(r'"([a-z0-9-]+)>=', declared))


def test_every_package_that_is_installed_has_a_licence(bill: str) -> None:
    parts = json.loads(bill)["components"]
    assert {part["name"] for part in parts if "licenses" not in part} <= {"colorama"}  # for Windows


def test_it_names_no_place_to_fetch_from_and_is_the_same_each_time(bill: str) -> None:
    assert set(re.findall(r'"url": "([a-z]+):', bill)) == {"pkg"}
    assert "://" not in bill
    assert written() == bill
