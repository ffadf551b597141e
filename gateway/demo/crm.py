"""A CRM that misbehaves: its answers to cross-origin calls are wrong in the ways real ones are.

They were measured on a vtenext (Apache with mod_php): REST sends `*` together with credentials, Touch allows whoever
asks, the classic API and every error send nothing, and the usual cure, a line in the web server, makes two of one.
"""

from __future__ import annotations

import base64
import json
from http import HTTPStatus
from typing import TYPE_CHECKING, Final

from aiohttp import HttpVersion10, hdrs, web
from multidict import CIMultiDict

from gateway.demo import contacts

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Awaitable, Callable, Mapping

    from aiohttp.abc import AbstractStreamWriter
    from aiohttp.http import RawRequestMessage
    from aiohttp.streams import StreamReader
    from aiohttp.web_protocol import RequestHandler

    Handler = Callable[[web.BaseRequest], Awaitable[web.Response]]

Lines = tuple[tuple[str, str], ...]

USER: Final = "anna"
PASSWORD: Final = "demo"  # noqa: S105 (it opens nothing: the CRM is made up)
ACCESS_KEY: Final = "demo-access-key"
AUTHORIZATION: Final = "Basic " + base64.b64encode(f"{USER}:{ACCESS_KEY}".encode()).decode()
"""What a client of the REST API sends: the user's name and access key, not the password."""

TOUCH_SESSION: Final = "touch-5f3c9a71"
CRM_SESSION: Final = "crm-27d1e0b4"

REST_CORS: Final[Lines] = (
    ("Access-Control-Allow-Headers", "Authorization, Content-Type"),
    ("Access-Control-Allow-Credentials", "true"),
    ("Access-Control-Allow-Methods", "POST, OPTIONS"),
    ("Access-Control-Allow-Origin", "*"),
)
"""The forbidden pair: `*` means nothing to a browser that was told to send credentials."""

REST_SECURITY: Final[Lines] = (
    ("X-Frame-Options", "DENY"),
    ("X-Content-Type-Options", "nosniff"),
    ("Content-Security-Policy", "frame-ancestors 'none'"),
)

DOWNLOAD_CORS: Final[Lines] = (
    ("Access-Control-Allow-Origin", "*"),
    ("Access-Control-Allow-Headers", "X-Requested-With"),
)

HTML: Final = "text/html; charset=UTF-8"
JSON: Final = "application/json"


class DemoCrm:
    """The CRM's scripts, by path."""

    def __init__(self, fixed_for: str) -> None:
        """Take the origin that the web server of the installation below `/fixed/` was taught to allow."""
        self._fixed_for = fixed_for
        self._scripts: dict[str, Handler] = {
            "/index.php": own_pages,
            "/install.php": install,
            "/modules/Messages/Download.php": download,
            "/modules/Touch/ws.php": touch,
            "/themes/next/style.css": style,
            "/webservice.php": classic,
        }

    async def answer(self, request: web.BaseRequest) -> web.Response:
        """Return what the script at the request's path answers, or Apache itself where there is none."""
        if request.path.startswith("/fixed/restapi/"):
            return self._fixed_by_the_web_server(await rest(request))
        if request.path.startswith("/restapi/"):
            return await rest(request)
        script = self._scripts.get(request.path)
        return not_found() if script is None else await script(request)

    def server(self) -> web.Server:
        """Return the CRM as something that listens, once it is given sockets."""
        return web.Server(self.answer, request_factory=request_of)

    def _fixed_by_the_web_server(self, response: web.Response) -> web.Response:
        """Add the lines everybody finds on the web, `Header always set …`, to an answer.

        Apache keeps two tables of header fields and PHP's are in the other one, so nothing is replaced: every line
        is sent twice, one from each.
        """
        always = [
            (name, self._fixed_for if name == "Access-Control-Allow-Origin" else value) for name, value in REST_CORS
        ]
        everything = [*always, *response.headers.items()]
        response.headers.clear()
        response.headers.extend(everything)
        return response


def request_of(
    message: RawRequestMessage,
    payload: StreamReader,
    protocol: RequestHandler,
    writer: AbstractStreamWriter,
    task: asyncio.Task[None],
) -> web.BaseRequest:
    """Return the request aiohttp has read, in the version it is to be answered in.

    PHP's REST entry answers each request in HTTP/1.0 and ends the connection.
    """
    if message.path.startswith(("/restapi/", "/fixed/restapi/")):
        message = message._replace(version=HttpVersion10, should_close=True)
    return web.BaseRequest(message, payload, protocol, writer, task, task.get_loop())


async def classic(request: web.BaseRequest) -> web.Response:
    """Answer as `/webservice.php`: no CORS at all, and `OPTIONS` runs the API without an operation."""
    if request.method == hdrs.METH_OPTIONS:
        return reply(HTTPStatus.OK, contacts.PHP_FATAL, HTML)
    given = await parameters(request)
    match given.get("operation"):
        case "getchallenge":
            return classic_success({"token": "653f0c1d8e2ab", "serverTime": 1790000000, "expireTime": 1790000300})
        case "query":
            return classic_success(contacts.contacts_as_json())
        case "describe":
            # An exception with display_errors off: PHP says nothing, and says it with 500.
            return reply(HTTPStatus.INTERNAL_SERVER_ERROR, "", HTML)
        case _:
            error = {"code": "UNKNOWN_OPERATION", "message": "Unknown operation requested"}
            return reply_json({"success": False, "error": error}, JSON)


async def rest(request: web.BaseRequest) -> web.Response:
    """Answer as `/restapi/v1/`: `*` with credentials on everything, whoever asks."""
    lines = REST_CORS + REST_SECURITY
    if request.method == hdrs.METH_OPTIONS:
        return reply(HTTPStatus.OK, "", HTML, lines)
    if request.method != hdrs.METH_POST:
        return rest_error(HTTPStatus.BAD_REQUEST, "RouteNotFound", "No route for this method")
    await request.read()
    given = request.headers.get(hdrs.AUTHORIZATION)
    if given is None:
        return rest_error(HTTPStatus.UNAUTHORIZED, "AuthenticationFailed", "no username supplied")
    if given != AUTHORIZATION:
        return rest_error(HTTPStatus.UNAUTHORIZED, "AuthenticationFailed", "wrong username or access key")
    body = {"success": True, "result": contacts.contacts_as_json()}
    return reply_json(body, "application/json; charset=utf-8", lines)


async def touch(request: web.BaseRequest) -> web.Response:
    """Answer as `/modules/Touch/ws.php`: any origin is echoed and may come with credentials."""
    origin = request.headers.get(hdrs.ORIGIN)
    lines: Lines = (
        ("Access-Control-Allow-Headers", "X-Requested-With, Touch-Session-Id"),
        ("Access-Control-Allow-Methods", "POST, GET, OPTIONS"),
        ("Access-Control-Expose-Headers", "Touch-Session-Id"),
        ("Access-Control-Allow-Origin", origin or "*"),
    )
    if origin is not None:
        lines += (("Access-Control-Allow-Credentials", "true"),)
    if request.method == hdrs.METH_OPTIONS:
        return reply(HTTPStatus.OK, "", HTML, lines)
    lines += (
        ("Touch-Session-Id", TOUCH_SESSION),
        ("Set-Cookie", f"TOUCHSESSID={TOUCH_SESSION}; path=/; HttpOnly"),
    )
    given = await parameters(request)
    match given.get("wsname"):
        case "Login" if (given.get("username"), given.get("password")) == (USER, PASSWORD):
            return reply_json({"success": True, "accesskey": ACCESS_KEY, "user": USER}, JSON, lines)
        case "Login":
            return reply_json({"success": False, "error": "Invalid credentials"}, JSON, lines)
        case "GetRecords" if request.headers.get("Touch-Session-Id") == TOUCH_SESSION:
            return reply_json({"success": True, "records": contacts.contacts_as_json()}, JSON, lines)
        case _:
            return reply_json({"success": False, "error": "Unknown service or session"}, JSON, lines)


async def download(_request: web.BaseRequest) -> web.Response:
    """Answer as `/modules/Messages/Download.php`: the octets may be read, the file's name may not."""
    name = ("Content-Disposition", f'attachment; filename="{contacts.QUOTATION_NAME}"')
    return reply(HTTPStatus.OK, contacts.QUOTATION, "text/csv; charset=utf-8", (*DOWNLOAD_CORS, name))


async def own_pages(request: web.BaseRequest) -> web.Response:
    """Answer as `/index.php`: whoever has no session is sent to the login page, an add-in's call as well."""
    action = request.query.get("action")
    if request.method == hdrs.METH_POST and action == "Authenticate":
        given = await parameters(request)
        if (given.get("user_name"), given.get("user_password")) != (USER, PASSWORD):
            return redirect("index.php?module=Users&action=Login")
        return redirect("index.php?module=Contacts", (("Set-Cookie", session_cookie(CRM_SESSION)),))
    if request.cookies.get("PHPSESSID") == CRM_SESSION:
        return reply(HTTPStatus.OK, contacts.contacts_page(), HTML)
    if request.method != hdrs.METH_OPTIONS and action == "Login":
        return reply(HTTPStatus.OK, contacts.login_page(), HTML)
    cookies = (("Set-Cookie", session_cookie("none")), ("Set-Cookie", "savelogin=0; Max-Age=2592000; path=/; HttpOnly"))
    return redirect("index.php?module=Users&action=Login", cookies)


async def install(_request: web.BaseRequest) -> web.Response:
    """Answer as an installer that was never removed: open to everybody."""
    return reply(HTTPStatus.OK, contacts.page("Demo CRM: installation", "<p>Step 1 of 5: database.</p>\n"), HTML)


async def style(_request: web.BaseRequest) -> web.Response:
    """Answer with the look of the CRM's own pages."""
    return reply(HTTPStatus.OK, contacts.STYLE, "text/css; charset=utf-8")


def not_found() -> web.Response:
    """Return what Apache says where there is nothing."""
    return reply(HTTPStatus.NOT_FOUND, "<h1>Not Found</h1>\n<p>The requested URL was not found.</p>\n", HTML)


def redirect(location: str, lines: Lines = ()) -> web.Response:
    """Return a redirect as the CRM writes them: relative, and with its cookies."""
    return reply(HTTPStatus.FOUND, "", HTML, (("Location", location), *lines))


def session_cookie(session: str) -> str:
    """Return the CRM's cookie: no `SameSite`, so that browsers never send it along on a call from another site."""
    return f"PHPSESSID={session}; path=/; HttpOnly"


def rest_error(status: HTTPStatus, code: str, message: str) -> web.Response:
    """Return an error of the REST API."""
    body = {"success": False, "error": {"code": code, "message": message}}
    return reply_json(body, "application/json; charset=utf-8", REST_CORS + REST_SECURITY, status)


def classic_success(result: object) -> web.Response:
    """Return an answer of the classic API."""
    return reply_json({"success": True, "result": result}, JSON)


def reply_json(
    body: Mapping[str, object], content_type: str, lines: Lines = (), status: HTTPStatus = HTTPStatus.OK
) -> web.Response:
    """Return an answer with a JSON body."""
    return reply(status, json.dumps(body, ensure_ascii=False), content_type, lines)


def reply(status: HTTPStatus, body: str, content_type: str, lines: Lines = ()) -> web.Response:
    """Return an answer with exactly these field lines, in this order, repeated names included."""
    headers = CIMultiDict((*lines, ("Content-Type", content_type), ("Server", "Apache/2.4 (demonstration)")))
    return web.Response(status=status, body=body.encode(), headers=headers)


async def parameters(request: web.BaseRequest) -> dict[str, str]:
    """Return the request's parameters, from its query and its form alike, as PHP's `$_REQUEST` has them."""
    given = dict(request.query)
    if request.method == hdrs.METH_POST:
        form = await request.post()
        given |= {name: value for name, value in form.items() if isinstance(value, str)}
    return given
