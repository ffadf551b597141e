"""The faults are enough, apply to the code as it is, and ten of them by chance are seen; `make faults` tries all."""

import random
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from tests.changed import ROOT
from tests.faults import ITEMS, NOT_SHOWN, Fault, PatchError, not_shown, read_faults

FAULTS = read_faults()


def test_there_are_enough_and_each_has_a_name_of_its_own() -> None:
    assert len(FAULTS) >= 60
    names = Counter(fault.name for fault in FAULTS)
    assert [name for name, count in names.items() if count > 1] == []
    assert not names.keys() & {fault.subject for fault in FAULTS}


def test_each_item_of_the_contract_and_each_requirement_is_shown_by_one() -> None:
    assert not_shown(FAULTS) == []
    assert {item for fault in FAULTS for item in fault.shows} == set(ITEMS) - NOT_SHOWN.keys()


def test_the_items_are_those_of_the_design() -> None:
    design = (ROOT / "docs" / "design.md").read_text("utf-8")
    contract, requirements = design.split("## Data path contract")[1].split("## Requirements")
    numbers = [f"contract {number}" for number in re.findall(r"^\| (\d+) \|", contract, re.MULTILINE)]
    assert (*numbers, *re.findall(r"^\| (R\d+) \|", requirements, re.MULTILINE)) == ITEMS


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_it_applies_and_names_a_test(fault: Fault) -> None:
    assert fault.code() is not None
    changed = Counter(map(str.strip, fault.stands.splitlines()))
    changed.subtract(map(str.strip, fault.comes.splitlines()))
    assert sum(map(abs, changed.values())) <= 4  # one statement, or a check and what it does
    assert fault.consequence.endswith(".")
    file, _, name = fault.test.partition("[")[0].partition("::")
    assert f"def {name}(" in (ROOT / file).read_text("utf-8")


def test_ten_by_chance_are_seen() -> None:
    seed = random.randrange(2**32)  # noqa: S311 - pytest-randomly tells its own seed, from which this one comes
    command = [sys.executable, "-m", "tests.faults", "--random", "10", "--seed", str(seed), "--jobs", "2"]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout + run.stderr
    assert "\n10 of 10 faults seen" in run.stdout


GOOD = """\
# Prose.

# lost: contract 1, R2
# Something happens,
# and nobody sees it.
# tests/x.py::test_x
--- CHANGELOG.md
-{line}
"""


def test_a_patch_is_read(tmp_path: Path) -> None:
    first, *_, last = (ROOT / "CHANGELOG.md").read_text("utf-8").splitlines()
    (tmp_path / "some.patch").write_text(GOOD.format(line=first) + "+another\n", "utf-8")
    (fault,) = read_faults(tmp_path)
    assert fault == Fault(
        name="lost",
        subject="some",
        shows=("contract 1", "R2"),
        consequence="Something happens, and nobody sees it.",
        test="tests/x.py::test_x",
        file="CHANGELOG.md",
        stands=f"\n{first}\n",
        comes="\nanother\n",
    )
    assert fault.source().startswith("another\n")
    assert fault.source().rstrip().endswith(last)


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("lost: contract 1\n# It is lost.\n# t\n--- CHANGELOG.md\n-x\n", id="no-name"),
        pytest.param("# lost: contract 1\n# t\n--- CHANGELOG.md\n-x\n", id="nothing-happens"),
        pytest.param("# lost: contract 1\n# It is lost.\n# t\n--- CHANGELOG.md\n", id="no-change"),
        pytest.param("# lost: contract 1\n# It is lost.\n# t\n-x\n", id="no-file"),
        pytest.param("# lost: contract 1\n# It is lost.\n# t\n--- CHANGELOG.md\nx\n", id="no-mark"),
    ],
)
def test_what_is_no_patch_is_told(tmp_path: Path, text: str) -> None:
    (tmp_path / "some.patch").write_text(text, "utf-8")
    with pytest.raises(PatchError, match=r"some\.patch: not a fault: "):
        read_faults(tmp_path)


@pytest.mark.parametrize(("line", "places"), [("there is no such line", 0), ("", "several")])
def test_a_patch_that_applies_nowhere_or_twice_is_told(tmp_path: Path, line: str, places: object) -> None:
    (tmp_path / "some.patch").write_text(GOOD.format(line=line), "utf-8")
    (fault,) = read_faults(tmp_path)
    with pytest.raises(PatchError, match=r"lost \(some\.patch\) applies to \d+ places of CHANGELOG\.md, not one"):
        fault.source()
    assert places == 0 or (ROOT / "CHANGELOG.md").read_text("utf-8").count("\n\n") > 1


VARY = """\
# {name}: contract 1
# Something happens.
# tests/cors/test_vary.py::{test}
--- gateway/cors/vary.py
-    return b", ".join(members.values())
+    {line}
"""


def test_a_fault_that_no_test_sees_and_one_whose_test_is_not_there_are_told(tmp_path: Path) -> None:
    patches = "\n".join(
        [
            VARY.format(name="seen", test="test_merge_vary", line='return b""'),
            VARY.format(name="unseen", test="test_merge_vary", line='return b", ".join([*members.values()])'),
            VARY.format(name="untested", test="test_that_is_gone", line='return b""'),
            VARY.format(name="broken", test="test_merge_vary", line="return ("),
            VARY.format(name="endless", test="test_merge_vary", line="while True: pass"),
        ]
    )
    (tmp_path / "some.patch").write_text(patches, "utf-8")
    script = (
        "import sys, pathlib, tests.faults.__main__ as tool\n"
        "tool.CPU_SECONDS, tool.HANG_SECONDS = 3, 60.0\n"  # a busy machine gives little of it
        "faults = tool.read_faults(pathlib.Path(sys.argv[1]))\n"
        "tool.read_faults = lambda: faults\n"
        "sys.exit(tool.main([]))\n"
    )
    command = [sys.executable, "-c", script, str(tmp_path)]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    outcomes = {words[1]: words[0] for line in run.stdout.splitlines() if len(words := re.split(r"  +|: ", line)) > 1}
    assert outcomes == {
        "some/seen": "red",
        "some/unseen": "GREEN!",
        "some/untested": "BROKEN",
        "some/broken": "BROKEN",
        "some/endless": "red, it turns without end",
    }
    assert "no fault shows contract 2\n" in run.stdout
    assert "2 of 5 faults seen" in run.stdout
    assert run.returncode == 1
