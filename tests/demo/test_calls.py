import pytest

from gateway.demo.calls import DEMO_CALLS, OWN_CALLS, Call


@pytest.mark.parametrize(
    ("method", "headers", "preflight", "asked_for"),
    [
        pytest.param("GET", (), False, (), id="get"),
        pytest.param("POST", (("Content-Type", "Text/Plain; charset=utf-8"),), False, (), id="form-types"),
        pytest.param("GET", (("Accept", "x"), ("Accept-Language", "de")), False, (), id="harmless-fields"),
        pytest.param("POST", (("Content-Type", "application/json"),), True, ("content-type",), id="json"),
        pytest.param("DELETE", (), True, (), id="method"),
        pytest.param(
            "GET", (("X-B", ""), ("Authorization", "Basic x")), True, ("authorization", "x-b"), id="lower-case-sorted"
        ),
    ],
)
def test_what_a_browser_asks_about(
    method: str, headers: tuple[tuple[str, str], ...], preflight: bool, asked_for: tuple[str, ...]
) -> None:
    call = Call("x", "", "", method, "/", headers=headers)

    assert (call.preflight, call.asked_for) == (preflight, asked_for)


def test_the_page_shows_the_names_as_the_script_sets_them() -> None:
    call = Call("x", "", "", "GET", "/", headers=(("Touch-Session-Id", "1"), ("Accept", "*/*")))

    assert call.as_json()["asked_for"] == ["Touch-Session-Id"]


@pytest.mark.parametrize("calls", [DEMO_CALLS, OWN_CALLS], ids=["demo", "own"])
def test_each_call_has_a_name_of_its_own(calls: tuple[Call, ...]) -> None:
    assert len({call.id for call in calls}) == len(calls)


def test_nobody_signs_in_at_somebody_s_own_crm() -> None:
    """A failed login counts there, and five of them lock a user out."""
    for call in OWN_CALLS:
        sent = f"{call.path} {call.headers} {call.body}".lower()
        assert not any(word in sent for word in ("login", "password", "basic "))
