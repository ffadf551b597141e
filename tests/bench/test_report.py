from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from tests.bench.chart import Bar, Panel, chart
from tests.bench.figures import Figures, Measure
from tests.bench.report import MARK, PAGE, Run, drawn, markdown, number, table, write
from tests.bench.systems import SYSTEMS
from tests.bench.workloads import WORKLOADS

SVG = "{http://www.w3.org/2000/svg}"


def run() -> Run:
    figures = Figures()
    for system, seconds in (("nginx", 20e-6), ("cors-gateway", 30e-6)):
        for log in (True, False):
            values = {Measure.CPU: seconds, Measure.RATE: 41_900.0, Measure.P50: 0.0012, Measure.P99: 0.004}
            figures.add(system, "get", values | {Measure.BUSY: 0.93, Measure.ERRORS: 0.0}, log=log)
    figures.add("nginx", "start", {Measure.IDLE: 6e6}, log=True)
    figures.add("nginx", "down", {Measure.CPU: 1.01, Measure.GROWTH: 2e6, Measure.ERRORS: 3.0}, log=True)
    return Run(
        figures,
        has_extensions=False,
        date="2026-11-24",
        seconds=1.5,
        rounds=3,
        wrong={"nginx": [], "envoy": ["x", "y"]},
    )


@pytest.mark.parametrize(
    ("value", "text"),
    [(None, "–"), (0.123, "0.12"), (19.26, "19.3"), (203.4, "203"), (41_900.0, "41,900")],  # noqa: RUF001 - a dash
)
def test_a_number_has_as_many_digits_as_say_something(value: float | None, text: str) -> None:
    assert number(value) == text


def test_a_table_leaves_out_who_has_nothing_in_it() -> None:
    cells = {"a": "1", "b": number(None)}
    assert table("", {"x": lambda system: cells[system]}, cells) == ["|  | x |", "|---|---|", "| a | 1 |"]


@pytest.mark.parametrize(
    "line",
    [
        "| 1 KB GET, to nginx | 1.50 of 2.2: met | – of 1.2 | – of 1.4 |",  # noqa: RUF001 - dashes
        "| 41,900, 1.2 / 4.0, 93.0 % |",
        "| 30.0 (1.50) |",
        "| nginx | 1.0 | 8.0 |",
        "- nginx, 10 MB down: 3 answers failed under load",
        "- nginx: nothing",
        "- envoy: x; y",
    ],
)
def test_what_came_out_is_told(line: str) -> None:
    cells = markdown(run()).replace("| – ", "")  # noqa: RUF001 - cells of other workloads
    assert line.replace("| – ", "") in cells  # noqa: RUF001 - as above


def test_a_run_takes_the_place_of_the_last_one_and_leaves_the_method(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(f"# Method\n\n{MARK}\n\n## An older run\n", "utf-8")
    write(run(), page)
    text = page.read_text("utf-8")
    assert text.startswith(f"# Method\n\n{MARK}\n\n## The run\n\n- 2026-11-24, 9 loads of 1.5 s")
    assert "An older run" not in text
    assert (tmp_path / "page.svg").read_text("utf-8") == drawn(run())


def test_a_chart_is_svg_with_a_bar_as_long_as_its_value() -> None:
    bars = (Bar("<nginx> & co", 20.0, ours=False), Bar("cors-gateway", 10.0, ours=True))
    root = ET.fromstring(chart([Panel("GET", bars)], "CPU time"))  # noqa: S314 - written a moment ago
    page, first, second = root.iter(f"{SVG}rect")
    assert page.get("class") == "page"
    assert (first.get("class"), second.get("class")) == (None, "ours")
    assert float(first.attrib["width"]) == 2 * float(second.attrib["width"])
    assert [text.text for text in root.iter(f"{SVG}text")] == ["GET", "<nginx> & co", "20", "cors-gateway", "10"]


def test_an_empty_panel_can_be_drawn() -> None:
    ET.fromstring(chart([Panel("nothing", ())], ""))  # noqa: S314 - written a moment ago


def test_the_page_tells_of_each_system_and_each_workload() -> None:
    method, mark, _ = PAGE.read_text("utf-8").partition(MARK)
    assert mark
    names = [system.name for system in SYSTEMS] + [workload.name for workload in WORKLOADS]
    assert [name for name in names if f"`{name}`" not in method] == []
