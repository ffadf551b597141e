"""That the servers and scripts here answer as the CRM was measured to: lines as they come, none merged."""

import pytest

from tests.real import calls, raw
from tests.real.judge import fields_of
from tests.real.mistakes import SILENT, UNTOUCHED, Server
from tests.real.names import ADDIN, crm_host
from tests.real.raw import RawAnswer
from tests.real.servers import Servers
from tests.system import needs

pytestmark = [
    needs("apache2", "libapache2-mod-php", "php-fpm", "nginx-light", "chromium", "chromium-driver"),
    pytest.mark.xdist_group("real"),
]

REST = "/restapi/v1/vtews/query"
TOUCH = "/modules/Touch/ws.php?wsname=Login"

EACH_REST_ANSWER = [
    ("access-control-allow-credentials", "true"),
    ("access-control-allow-headers", "Authorization, Content-Type"),
    ("access-control-allow-methods", "POST, OPTIONS"),
    ("access-control-allow-origin", "*"),
]
EACH_TOUCH_ANSWER = [
    ("access-control-allow-credentials", "true"),
    ("access-control-allow-headers", "X-Requested-With, Touch-Session-Id"),
    ("access-control-allow-methods", "POST, GET, OPTIONS"),
    ("access-control-allow-origin", ADDIN),
    ("access-control-expose-headers", "Touch-Session-Id"),
]


def ask(servers: Servers, number: str, method: str, target: str, body: str = "", **fields: str) -> RawAnswer:
    server = Server.FPM if number == "18014" else Server.MODULE
    given = [("Host", crm_host(number)), ("Origin", ADDIN), *fields.items()]
    return raw.fetch(servers.ports[server][0], method, target, given, body.encode())


def test_a_preflight_of_the_classic_api_is_a_page_about_an_error(servers: Servers) -> None:
    answer = ask(servers, UNTOUCHED, "OPTIONS", "/webservice.php")
    assert answer.status == 200
    assert b"Fatal error" in answer.body
    assert answer.values("content-type") == ["text/html; charset=UTF-8"]
    assert fields_of(answer) == []


def test_a_preflight_of_the_classic_api_is_an_empty_500_where_errors_are_not_shown(servers: Servers) -> None:
    answer = ask(servers, SILENT, "OPTIONS", "/webservice.php")
    assert (answer.version, answer.status, answer.body) == ("HTTP/1.0", 500, b"")
    assert fields_of(answer) == []


def test_the_classic_api_says_nothing_of_origins(servers: Servers) -> None:
    answer = ask(servers, UNTOUCHED, "GET", "/webservice.php?operation=getchallenge&username=admin")
    assert answer.status == 200
    assert answer.values("content-type") == ["application/json"]
    assert fields_of(answer) == []


@pytest.mark.parametrize("method", ["OPTIONS", "GET", "POST"])
@pytest.mark.parametrize("number", [UNTOUCHED, "18014"])
def test_the_rest_api_says_the_forbidden_pair(number: str, method: str, servers: Servers) -> None:
    assert fields_of(ask(servers, number, method, REST)) == EACH_REST_ANSWER


def test_the_rest_api_closes_each_connection_where_php_is_a_module(servers: Servers) -> None:
    answer = ask(servers, UNTOUCHED, "POST", REST, "{}", Authorization=calls.AUTHORIZATION)
    assert (answer.version, answer.status) == ("HTTP/1.0", 200)
    assert answer.values("connection") == ["close"]


def test_the_rest_api_never_sees_a_login_where_fpm_is_not_told_of_it(servers: Servers) -> None:
    answer = ask(servers, "18014", "POST", REST, "{}", Authorization=calls.AUTHORIZATION)
    assert (answer.version, answer.status) == ("HTTP/1.1", 401)
    assert answer.body == b'{"error":"no username supplied"}'
    assert answer.values("www-authenticate") == []


@pytest.mark.parametrize("method", ["OPTIONS", "GET", "POST"])
@pytest.mark.parametrize("number", [UNTOUCHED, "18014"])
def test_the_touch_api_shares_with_whoever_asks(number: str, method: str, servers: Servers) -> None:
    assert fields_of(ask(servers, number, method, TOUCH)) == EACH_TOUCH_ANSWER


def test_the_touch_api_sets_a_session_in_a_field_and_in_a_cookie(servers: Servers) -> None:
    answer = ask(servers, UNTOUCHED, "POST", TOUCH)
    (session,) = answer.values("touch-session-id")
    assert answer.values("set-cookie") == [f"TOUCHSESSID={session}; path=/; HttpOnly"]


def test_a_folder_without_its_slash_is_redirected_to_the_host_that_was_asked_for(servers: Servers) -> None:
    answer = ask(servers, UNTOUCHED, "GET", "/modules/Touch")
    assert answer.status == 301
    assert answer.values("location") == [f"http://{crm_host(UNTOUCHED)}/modules/Touch/"]
