"""The calls the demonstration makes: what an add-in asks of a CRM, and what it must never get."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Final, Literal
from urllib.parse import urlencode

from gateway.demo.crm import AUTHORIZATION, PASSWORD, TOUCH_SESSION, USER

Lines = tuple[tuple[str, str], ...]
Site = Literal["crm", "off"]

SAFELISTED_METHODS: Final = frozenset({"GET", "HEAD", "POST"})
SAFELISTED_HEADERS: Final = frozenset({"accept", "accept-language", "content-language"})
SAFELISTED_TYPES: Final = frozenset({"application/x-www-form-urlencoded", "multipart/form-data", "text/plain"})
"""What a page may send without asking first (https://fetch.spec.whatwg.org/#cors-safelisted-request-header)."""

FORM: Final = ("Content-Type", "application/x-www-form-urlencoded;charset=UTF-8")
JSON: Final = ("Content-Type", "application/json")


@dataclass(frozen=True, slots=True)
class Call:
    """One request a page makes with `fetch`."""

    id: str
    title: str
    """What the add-in wants, in a few words."""

    story: str
    """What is worth knowing about this call, in a sentence or two."""

    method: str
    path: str
    headers: Lines = ()
    body: str | None = None
    credentials: bool = False
    """Whether the page asks for cookies to go along: `credentials: "include"`."""

    needs: tuple[str, ...] = ()
    """Response header fields without which the answer is of no use to the add-in."""

    site: Site = "crm"
    wanted: bool = True
    """Whether the add-in is meant to get an answer; if not, the call stands for what must be refused."""

    asked_for: tuple[str, ...] = field(init=False)
    """Names the browser asks about in `Access-Control-Request-Headers`: lower case and sorted, as it sends them."""

    foreign: bool = False
    """Whether the foreign page makes the call, and not the add-in's."""

    preflight: bool = field(init=False)
    """Whether the browser asks first."""

    def __post_init__(self) -> None:
        """Compute what follows from the method and the header fields."""
        asked_for = tuple(sorted(name.lower() for name, value in self.headers if not _is_safelisted(name, value)))
        object.__setattr__(self, "asked_for", asked_for)
        object.__setattr__(self, "preflight", bool(asked_for) or self.method not in SAFELISTED_METHODS)

    def as_json(self) -> dict[str, object]:
        """Return the call as the page's script reads it."""
        return {
            "id": self.id,
            "title": self.title,
            "story": self.story,
            "method": self.method,
            "path": self.path,
            "headers": [list(line) for line in self.headers],
            "body": self.body,
            "credentials": self.credentials,
            "needs": list(self.needs),
            "site": self.site,
            "wanted": self.wanted,
            "foreign": self.foreign,
            "preflight": self.preflight,
            "asked_for": [name for name, value in self.headers if not _is_safelisted(name, value)],
        }


def _is_safelisted(name: str, value: str) -> bool:
    if name.lower() == "content-type":
        return value.partition(";")[0].strip().lower() in SAFELISTED_TYPES
    return name.lower() in SAFELISTED_HEADERS


DEMO_CALLS: Final = (
    Call(
        id="challenge",
        title="Ask for a login challenge",
        story="The classic API. The CRM answers as it should, but never says which pages may read it.",
        method="GET",
        path=f"/webservice.php?operation=getchallenge&username={USER}",
    ),
    Call(
        id="rest",
        title="List the contacts",
        story="The REST API lets every page of the web read its answers, as long as no cookies are involved.",
        method="POST",
        path="/restapi/v1/vtews/query",
        headers=(("Authorization", AUTHORIZATION), JSON),
        body=json.dumps({"query": "SELECT * FROM Contacts;"}),
    ),
    Call(
        id="rest-credentials",
        title="List the contacts, within a session",
        story="The same call with cookies asked for, as an add-in that keeps a session makes it. "
        "The CRM sends * together with Allow-Credentials: to a browser that is a contradiction.",
        method="POST",
        path="/restapi/v1/vtews/query",
        headers=(("Authorization", AUTHORIZATION), JSON),
        body=json.dumps({"query": "SELECT * FROM Contacts;"}),
        credentials=True,
    ),
    Call(
        id="touch-login",
        title="Sign in to the mobile API",
        story="The CRM allows whoever asks, with credentials. The add-in is served, and so is every other page.",
        method="POST",
        path="/modules/Touch/ws.php?wsname=Login&wsversion=2.0",
        headers=(FORM,),
        body=urlencode({"username": USER, "password": PASSWORD}),
        needs=("Touch-Session-Id",),
    ),
    Call(
        id="touch-records",
        title="Read records of the mobile API",
        story="With a session number in a header field of its own, so the browser asks first.",
        method="POST",
        path="/modules/Touch/ws.php?wsname=GetRecords&wsversion=2.0",
        headers=(FORM, ("Touch-Session-Id", TOUCH_SESSION)),
        body=urlencode({"module": "Contacts"}),
        credentials=True,
    ),
    Call(
        id="fixed-twice",
        title="List the contacts of a CRM somebody repaired",
        story="Below /fixed/ the web server got the line everybody finds on the web, “Header always set "
        "Access-Control-Allow-Origin”. It is right in itself. But the CRM's own lines are still there.",
        method="POST",
        path="/fixed/restapi/v1/vtews/query",
        headers=(("Authorization", AUTHORIZATION), JSON),
        body=json.dumps({"query": "SELECT * FROM Contacts;"}),
    ),
    Call(
        id="download",
        title="Save an attachment under its name",
        story="A page may read the octets, but not the file's name, unless the answer exposes that field.",
        method="GET",
        path="/modules/Messages/Download.php?record=1042",
        needs=("Content-Disposition",),
    ),
    Call(
        id="login-redirect",
        title="Call a module without a session",
        story="The CRM sends the call to its login page, as it would a person.",
        method="GET",
        path="/index.php?module=Contacts&action=DetailView",
    ),
    Call(
        id="error-500",
        title="Run into an error of the CRM",
        story="A PHP exception with display_errors off: status 500, no body, and nothing that lets the page know.",
        method="GET",
        path="/webservice.php?operation=describe&elementType=Projects",
    ),
    Call(
        id="off",
        title="Call a CRM that is switched off",
        story="Directly there is nobody to answer. The gateway answers, and says what is wrong.",
        method="GET",
        path="/webservice.php?operation=getchallenge",
        site="off",
    ),
    Call(
        id="origin",
        title="A page nobody listed",
        story="The foreign page signs in to the mobile API. The CRM lets whoever asks read the answer. "
        "The gateway refuses before the CRM is touched.",
        method="POST",
        path="/modules/Touch/ws.php?wsname=Login&wsversion=2.0",
        headers=(FORM,),
        body=urlencode({"username": USER, "password": PASSWORD}),
        wanted=False,
        foreign=True,
    ),
    Call(
        id="header",
        title="A header field nobody listed",
        story="The browser asks first, and the answer does not name the field.",
        method="POST",
        path="/restapi/v1/vtews/query",
        headers=(("Authorization", AUTHORIZATION), JSON, ("X-Impersonate", "admin")),
        body="{}",
        wanted=False,
    ),
    Call(
        id="method",
        title="A method nobody listed",
        story="The browser asks first, and the answer does not name the method.",
        method="DELETE",
        path="/restapi/v1/vtews/contacts/12x101",
        headers=(("Authorization", AUTHORIZATION),),
        wanted=False,
    ),
    Call(
        id="path",
        title="A path nobody listed",
        story="The installer was never removed. Directly the page cannot read it, but the CRM has run it all the same. "
        "Through the gateway nobody reaches it, add-in or person.",
        method="GET",
        path="/install.php",
        wanted=False,
    ),
)
"""The calls made to the demonstration's CRM."""

_NOBODY: Final = ("Authorization", "Bearer cors-gateway-demo")
"""Credentials that name nobody: the CRM counts failed logins by user and address, and locks both out."""

OWN_CALLS: Final = (
    Call(
        id="challenge",
        title="Ask for a login challenge",
        story="The classic API, for a user who need not exist.",
        method="GET",
        path="/webservice.php?operation=getchallenge&username=cors-gateway-demo",
    ),
    Call(
        id="rest",
        title="Call the REST API",
        story="Without a user's name: a CRM answers 401, and what counts is whether the page can read that.",
        method="POST",
        path="/restapi/v1/vtews/listtypes",
        headers=(_NOBODY, JSON),
        body="{}",
    ),
    Call(
        id="rest-credentials",
        title="Call the REST API, within a session",
        story="The same call with cookies asked for.",
        method="POST",
        path="/restapi/v1/vtews/listtypes",
        headers=(_NOBODY, JSON),
        body="{}",
        credentials=True,
    ),
    Call(
        id="touch",
        title="Call the mobile API",
        story="A service that does not exist, so nothing happens and nobody is signed in.",
        method="POST",
        path="/modules/Touch/ws.php?wsname=CorsGatewayDemo",
        headers=(FORM,),
        body="",
    ),
    Call(
        id="touch-session",
        title="Call the mobile API, within a session",
        story="With a session number in a header field of its own, so the browser asks first.",
        method="POST",
        path="/modules/Touch/ws.php?wsname=CorsGatewayDemo",
        headers=(FORM, ("Touch-Session-Id", "cors-gateway-demo")),
        body="",
        credentials=True,
    ),
    Call(
        id="not-found",
        title="Run into an error of the CRM",
        story="A path below the REST API that does not exist.",
        method="GET",
        path="/restapi/cors-gateway-demo",
    ),
    Call(
        id="origin",
        title="A page nobody listed",
        story="The foreign page calls the classic API. The gateway refuses before the CRM is touched.",
        method="GET",
        path="/webservice.php?operation=getchallenge&username=cors-gateway-demo",
        wanted=False,
        foreign=True,
    ),
    Call(
        id="header",
        title="A header field nobody listed",
        story="The browser asks first, and the answer does not name the field.",
        method="POST",
        path="/restapi/v1/vtews/listtypes",
        headers=(_NOBODY, JSON, ("X-Impersonate", "admin")),
        body="{}",
        wanted=False,
    ),
    Call(
        id="path",
        title="A path nobody listed",
        story="Through the gateway it cannot be reached, by add-in or person.",
        method="GET",
        path="/cors-gateway-demo",
        wanted=False,
    ),
)
"""The calls made to a CRM of one's own: none writes, and none is a login that could fail and be counted."""
