"""The CRM's answers, line by line, as they were measured on a real one."""

import json

import pytest

from gateway.demo.crm import AUTHORIZATION, CRM_SESSION, TOUCH_SESSION
from tests.demo.conftest import ADDIN, Crm

REST = [
    "Access-Control-Allow-Headers: Authorization, Content-Type",
    "Access-Control-Allow-Credentials: true",
    "Access-Control-Allow-Methods: POST, OPTIONS",
    "Access-Control-Allow-Origin: *",
]
FIXED = [*REST[:3], f"Access-Control-Allow-Origin: {ADDIN}", *REST]
TOUCH = [
    "Access-Control-Allow-Headers: X-Requested-With, Touch-Session-Id",
    "Access-Control-Allow-Methods: POST, GET, OPTIONS",
    "Access-Control-Expose-Headers: Touch-Session-Id",
]
TOUCH_ECHO = [*TOUCH, f"Access-Control-Allow-Origin: {ADDIN}", "Access-Control-Allow-Credentials: true"]
DOWNLOAD = ["Access-Control-Allow-Origin: *", "Access-Control-Allow-Headers: X-Requested-With"]

CLASSIC = "/webservice.php"
QUERY = "/restapi/v1/vtews/query"
TOUCH_WS = "/modules/Touch/ws.php"


@pytest.mark.parametrize(
    ("method", "target", "status_line", "cors"),
    [
        pytest.param("GET", f"{CLASSIC}?operation=getchallenge", "HTTP/1.1 200 OK", [], id="classic"),
        pytest.param("OPTIONS", CLASSIC, "HTTP/1.1 200 OK", [], id="classic-options-is-a-fatal-error"),
        pytest.param(
            "GET", f"{CLASSIC}?operation=describe", "HTTP/1.1 500 Internal Server Error", [], id="classic-exception"
        ),
        pytest.param("OPTIONS", QUERY, "HTTP/1.0 200 OK", REST, id="rest-options"),
        pytest.param("POST", QUERY, "HTTP/1.0 401 Unauthorized", REST, id="rest-without-a-user"),
        pytest.param("GET", QUERY, "HTTP/1.0 400 Bad Request", REST, id="rest-get"),
        pytest.param("OPTIONS", f"/fixed{QUERY}", "HTTP/1.0 200 OK", FIXED, id="repaired-options"),
        pytest.param("POST", f"/fixed{QUERY}", "HTTP/1.0 401 Unauthorized", FIXED, id="repaired"),
        pytest.param("OPTIONS", TOUCH_WS, "HTTP/1.1 200 OK", TOUCH_ECHO, id="touch-options"),
        pytest.param("POST", f"{TOUCH_WS}?wsname=X", "HTTP/1.1 200 OK", TOUCH_ECHO, id="touch-echoes-any-origin"),
        pytest.param("GET", "/modules/Messages/Download.php", "HTTP/1.1 200 OK", DOWNLOAD, id="download"),
        pytest.param("GET", "/index.php?module=Contacts", "HTTP/1.1 302 Found", [], id="page-without-a-session"),
        pytest.param("OPTIONS", "/index.php", "HTTP/1.1 302 Found", [], id="page-options"),
        pytest.param("GET", "/install.php", "HTTP/1.1 200 OK", [], id="installer"),
        pytest.param("GET", "/nowhere", "HTTP/1.1 404 Not Found", [], id="apache"),
    ],
)
async def test_what_a_call_from_another_origin_is_answered(
    crm: Crm, method: str, target: str, status_line: str, cors: list[str]
) -> None:
    answer = await crm.ask(method, target, f"Origin: {ADDIN}")

    assert (answer.status_line, answer.cors) == (status_line, cors)


async def test_touch_without_an_origin_is_for_everybody(crm: Crm) -> None:
    answer = await crm.ask("GET", f"{TOUCH_WS}?wsname=X")

    assert answer.cors == [*TOUCH, "Access-Control-Allow-Origin: *"]


async def test_options_of_the_classic_api_is_an_error_page(crm: Crm) -> None:
    answer = await crm.ask("OPTIONS", CLASSIC)

    assert answer.lines_of("Content-Type") == ["Content-Type: text/html; charset=UTF-8"]
    assert "Fatal error" in answer.body


@pytest.mark.parametrize("operation", ["getchallenge", "query"])
async def test_the_classic_api(crm: Crm, operation: str) -> None:
    answer = await crm.ask("GET", f"{CLASSIC}?operation={operation}")

    assert json.loads(answer.body)["success"] is True


async def test_an_unknown_operation_is_an_error_with_status_200(crm: Crm) -> None:
    answer = await crm.ask("POST", CLASSIC, "Content-Type: application/x-www-form-urlencoded", body="operation=x")

    assert answer.status_line == "HTTP/1.1 200 OK"
    assert json.loads(answer.body)["error"]["code"] == "UNKNOWN_OPERATION"


async def test_rest_with_a_user(crm: Crm) -> None:
    answer = await crm.ask("POST", QUERY, f"Authorization: {AUTHORIZATION}", body="{}")

    assert answer.status_line == "HTTP/1.0 200 OK"
    assert answer.lines_of("Connection") == []
    assert [contact["lastname"] for contact in json.loads(answer.body)["result"]][:2] == ["Brightwater", "Calvi"]


async def test_rest_with_somebody_else(crm: Crm) -> None:
    answer = await crm.ask("POST", QUERY, "Authorization: Basic bm9ib2R5", body="{}")

    assert answer.status_line == "HTTP/1.0 401 Unauthorized"
    assert answer.lines_of("WWW-Authenticate") == []


@pytest.mark.parametrize(
    ("query", "form", "success"),
    [
        pytest.param("wsname=Login", "username=anna&password=demo", True, id="login"),
        pytest.param("wsname=Login", "username=anna&password=wrong", False, id="wrong-password"),
        pytest.param("wsname=GetRecords", "module=Contacts", True, id="records"),
        pytest.param("wsname=Nothing", "module=Contacts", False, id="no-such-service"),
    ],
)
async def test_touch(crm: Crm, query: str, form: str, success: bool) -> None:
    lines = ("Content-Type: application/x-www-form-urlencoded", f"Touch-Session-Id: {TOUCH_SESSION}")
    answer = await crm.ask("POST", f"{TOUCH_WS}?{query}", *lines, body=form)

    assert json.loads(answer.body)["success"] is success
    assert answer.lines_of("Touch-Session-Id") == [f"Touch-Session-Id: {TOUCH_SESSION}"]
    assert answer.lines_of("Set-Cookie") == [f"Set-Cookie: TOUCHSESSID={TOUCH_SESSION}; path=/; HttpOnly"]


async def test_a_download_has_a_name(crm: Crm) -> None:
    answer = await crm.ask("GET", "/modules/Messages/Download.php")

    named = 'Content-Disposition: attachment; filename="quotation-1042-brightwater.csv"'
    assert answer.lines_of("Content-Disposition") == [named]


async def test_the_login_page_is_reached_with_two_cookies(crm: Crm) -> None:
    answer = await crm.ask("GET", "/index.php?module=Contacts")

    assert answer.lines_of("Location") == ["Location: index.php?module=Users&action=Login"]
    assert len(answer.lines_of("Set-Cookie")) == 2
    assert "user_password" in (await crm.ask("GET", "/index.php?module=Users&action=Login")).body


@pytest.mark.parametrize(
    ("password", "location"),
    [("demo", "index.php?module=Contacts"), ("wrong", "index.php?module=Users&action=Login")],
)
async def test_signing_in(crm: Crm, password: str, location: str) -> None:
    form = "Content-Type: application/x-www-form-urlencoded"
    target = "/index.php?module=Users&action=Authenticate"
    answer = await crm.ask("POST", target, form, body=f"user_name=anna&user_password={password}")

    assert answer.lines_of("Location") == [f"Location: {location}"]


async def test_a_session_sees_the_contacts(crm: Crm) -> None:
    answer = await crm.ask("GET", "/index.php?module=Contacts", f"Cookie: PHPSESSID={CRM_SESSION}")

    assert "Dell&#x27;Orto" in answer.body


async def test_the_pages_have_their_style(crm: Crm) -> None:
    assert (await crm.ask("GET", "/themes/next/style.css")).body.startswith("body {")
