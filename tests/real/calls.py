"""The five calls of the measured table, and calls that the gateway's policy refuses."""

from dataclasses import replace
from typing import Final

from tests.real.chromium import Ask
from tests.real.mistakes import Call

PATHS: Final = ("/restapi/", "/webservice.php", "/modules/Touch/")
"""What the gateway serves of the CRM: what the calls need."""

AUTHORIZATION: Final = "Basic YWRtaW46YWNjZXNza2V5"
"""The user admin with the key that the CRM's scripts here know."""

_JSON: Final = {"Content-Type": "application/json", "Authorization": AUTHORIZATION}
_FORM: Final = {"Content-Type": "application/x-www-form-urlencoded;charset=UTF-8"}
_SESSION: Final = {"Touch-Session-Id": "5f4dcc3b5aa765d61d8327deb882cf99"}
_QUERY: Final = '{"query":"select * from Contacts where lastname = \'Größe\';"}'

_CLASSIC: Final = Ask("/webservice.php?operation=getchallenge&username=admin")
_REST: Final = Ask("/restapi/v1/vtews/query", "POST", _JSON, _QUERY)
_TOUCH_LOGIN: Final = Ask(
    "/modules/Touch/ws.php?wsname=Login&wsversion=2.5", "POST", _FORM, "username=admin&password=secret"
)
_TOUCH_LIST: Final = Ask(
    "/modules/Touch/ws.php?wsname=ModulesList&wsversion=2.5", "POST", _FORM | _SESSION, "username=admin"
)

_CALLS: Final = {
    Call.A: _CLASSIC,
    Call.C: _REST,
    Call.D: replace(_REST, credentials=True),
    Call.F: _TOUCH_LOGIN,
    Call.G: replace(_TOUCH_LIST, credentials=True),
}

UPLOAD: Final = Ask("/restapi/v1/vtews/upload", "POST", _JSON)
EXCEPTION: Final = Ask("/restapi/v1/vtews/exception", "POST", _JSON, "{}")
MAINTENANCE: Final = Ask("/restapi/v1/vtews/maintenance", "POST", _JSON, "{}")

REFUSED_METHOD: Final = replace(_REST, method="PUT")
REFUSED_HEADER: Final = replace(_REST, fields=_JSON | {"X-HTTP-Method-Override": "DELETE"})
REFUSED_PATH: Final = Ask("/index.php?action=index")


def table(host: str) -> dict[Call, Ask]:
    """Return the calls of the table, to the CRM or the gateway of that name."""
    return {call: to(host, one) for call, one in _CALLS.items()}


def to(host: str, one: Ask) -> Ask:
    """Return a call to the host of that name."""
    return replace(one, url=f"https://{host}{one.url}")


def with_and_without_credentials(one: Ask) -> list[Ask]:
    """Return a call twice: cookies and logins of the browser left out, and put in."""
    return [replace(one, credentials=credentials) for credentials in (False, True)]
