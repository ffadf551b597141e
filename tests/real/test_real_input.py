"""Each wrong configuration, for real: what Chromium's page reads directly, and through the gateway."""

from collections.abc import Mapping

import pytest

from tests.real.chromium import Outcome, Readable
from tests.real.judge import as_a_page_reads, fields_of, of_the_crm, problem, stayed_unread
from tests.real.mistakes import MISTAKES, Call, Cell, Mistake
from tests.real.names import ADDIN, OTHER
from tests.real.report import FILE, markdown, table
from tests.real.table import Observed, Refusal, expected_to_reach
from tests.system import needs

pytestmark = [
    needs("apache2", "libapache2-mod-php", "php-fpm", "nginx-light", "chromium", "chromium-driver"),
    pytest.mark.xdist_group("real"),
]

PRESET_EXPOSES = ("content-disposition", "content-range", "etag", "touch-session-id")

each_row = pytest.mark.parametrize("row", [pytest.param(row, id=row.number) for row in MISTAKES])


def cell(outcome: Outcome) -> Cell | str:
    if isinstance(outcome, Readable):
        return outcome.status
    return outcome.why or outcome.console


@each_row
def test_directly_the_page_reads_what_was_measured(row: Mistake, observed: Mapping[str, Observed]) -> None:
    assert {call: cell(outcome) for call, outcome in observed[row.number].directly.items()} == row.directly


@each_row
@pytest.mark.parametrize("call", Call)
def test_through_the_gateway_the_page_reads_what_the_crm_says(
    row: Mistake, call: Call, observed: Mapping[str, Observed]
) -> None:
    seen = observed[row.number]
    if row.redirected:
        assert seen.raw[call].status == 302
        assert problem(seen.through[call]) == (502, "upstream-redirect")
    else:
        assert of_the_crm(seen.through[call]) == as_a_page_reads(seen.raw[call])


@each_row
@pytest.mark.parametrize("refusal", Refusal)
def test_what_the_policy_does_not_allow_stays_unread(
    row: Mistake, refusal: Refusal, observed: Mapping[str, Observed]
) -> None:
    assert all(stayed_unread(refusal, observed[row.number].refused[refusal]))


@each_row
def test_what_the_policy_does_not_allow_never_reaches_the_crm(row: Mistake, observed: Mapping[str, Observed]) -> None:
    assert observed[row.number].reached == expected_to_reach(row)


@each_row
def test_each_field_comes_on_one_line(row: Mistake, observed: Mapping[str, Observed]) -> None:
    for answer in observed[row.number].lines[ADDIN]:
        assert fields_of(answer) == [
            ("access-control-allow-credentials", "true"),
            ("access-control-allow-origin", ADDIN),
            ("access-control-expose-headers", ", ".join((*PRESET_EXPOSES, "retry-after", "x-request-id"))),
        ]


@each_row
@pytest.mark.parametrize("origin", [OTHER, "null"])
def test_an_origin_without_a_rule_gets_no_field(row: Mistake, origin: str, observed: Mapping[str, Observed]) -> None:
    for answer in observed[row.number].lines[origin]:
        assert answer.status == 403
        assert fields_of(answer) == []


@each_row
@pytest.mark.parametrize("origin", [ADDIN, OTHER, "null"])
def test_caches_are_told_on_one_line(row: Mistake, origin: str, observed: Mapping[str, Observed]) -> None:
    for answer in observed[row.number].lines[origin]:
        (vary,) = answer.values("vary")
        members = [member.strip().lower() for member in vary.split(",")]
        assert members.count("origin") == 1
        assert len(members) == len(set(members))


def test_the_documentation_has_this_table(observed: Mapping[str, Observed], capsys: pytest.CaptureFixture[str]) -> None:
    with capsys.disabled():
        print("\n" + table(observed))  # noqa: T201 - for who watches: the table is what this test is about
    assert FILE.read_text("utf-8") == markdown(observed), "the table has changed: python -m tests.real --write"
