"""Where each vector of the CORS facts, section G, is tested: by its number in these files, or by the test named.

Overruled by the design, and tested as overruled: G24 (204 and the rule's true fields, not 403), G9, G26, G44 and G45
(as the table, the rule's `cookies` and the site's `rewrite` say). G49 is the relay's for requests under way; here, that
a decision looks up nothing again.
"""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
ORIGINS, VARY, ASKED = "cors/test_origin.py", "cors/test_vary.py", "cors/test_preflight.py"
TABLE, RESPONSES, HEADERS = "policy/test_decide.py", "policy/test_respond.py", "policy/test_headers.py"
RELAYING, FAULTS, GATEWAY = (f"relay/test_{name}.py" for name in ("relaying", "faults", "gateway"))
WIRE, WIRE_RULES = "relay/wire/test_wire.py", "relay/wire/rules.py"

BY_NUMBER = {
    **{f"G{number}": [ORIGINS] for number in (4, 5, 6, 7, 13)},
    **{f"G{number}": [ORIGINS, TABLE] for number in (1, 2, 3, 8, 9, 10, 11)},
    "G12": [ORIGINS],
    **{f"G{number}": [TABLE, WIRE_RULES] for number in (20, 21, 24, 25, 27, 28, 29, 46, 48)},
    **{f"G{number}": [TABLE] for number in (26, 47, 49)},
    "G22": [ASKED, TABLE, WIRE_RULES],
    "G23": [ASKED, HEADERS, TABLE, WIRE_RULES],
    **{f"G{number}": [RESPONSES, WIRE_RULES] for number in (40, 41, 45)},
    "G44": [RESPONSES],
    "G43": [VARY, RESPONSES],
}

BY_NAME = {
    "G20": [(RELAYING, "test_a_thousand_pipelined_preflights_are_answered_without_recursion")],
    "G40": [(RELAYING, "test_a_response_comes_back_with_one_set_of_cors_fields_and_all_else_as_it_was")],
    "G41": [(RELAYING, "test_a_chunked_body_goes_up_chunked_in_our_own_framing_without_trailers")],
    "G42": [
        (WIRE, "test_both_sides_see_what_the_table_says"),
        (FAULTS, "test_a_silent_upstream_is_a_504_at_its_deadline"),
        (FAULTS, "test_an_upstream_that_is_not_who_it_should_be_is_not_talked_to"),
    ],
    "G47": [
        (WIRE, "test_both_sides_see_what_the_table_says"),
        (RELAYING, "test_a_body_over_the_limit_is_answered_before_the_upstream_is_touched"),
    ],
    "G49": [(GATEWAY, "test_a_request_keeps_the_policy_it_began_with")],
}
"""What only sockets can show."""


def test_no_vector_is_left_out() -> None:
    vectors = {f"G{number}" for number in (*range(1, 14), *range(20, 30), *range(40, 50))}
    assert BY_NUMBER.keys() | BY_NAME.keys() == vectors


@pytest.mark.parametrize(("vector", "file"), [(vector, file) for vector, files in BY_NUMBER.items() for file in files])
def test_by_number(vector: str, file: str) -> None:
    assert re.search(rf"\b{vector}(?!\d)|_{vector.lower()}_", ROOT.joinpath(file).read_text(encoding="utf-8"))


@pytest.mark.parametrize(("file", "name"), [place for places in BY_NAME.values() for place in places])
def test_by_name(file: str, name: str) -> None:
    assert f"def {name}(" in ROOT.joinpath(file).read_text(encoding="utf-8")
