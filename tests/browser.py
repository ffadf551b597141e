"""The client's half of CORS: what is sent for a page's call, and what the page may read of the answer.

Two clients: a browser, written from the Fetch standard alone (https://fetch.spec.whatwg.org), and classic Outlook's
runtime for event-based add-ins, written from what its filter does (microsoft/react-native-windows,
OriginPolicyHttpFilter.cpp), which is another thing in many places. Nothing here is imported from what it judges.

A call is a generator: it yields what is sent and is sent what came back, so that the same model speaks with pure
functions and with sockets. `ask` carries it through.

Not modelled: the preflight cache (each call asks anew, as with a cold one), cookies beyond whether they are sent,
no-cors mode, and who reads the body.
"""

import re
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass, replace
from typing import Final
from urllib.parse import SplitResult, urljoin, urlsplit

Lines = tuple[tuple[str, str], ...]
"""Field lines in order: name and value, as they are on the wire."""


@dataclass(frozen=True, slots=True)
class Fetch:
    """A page's call."""

    origin: str
    """The page's, serialized: `https://addin.example`, or `null`."""
    url: str
    method: str = "GET"
    headers: Lines = ()
    """What the script sets."""
    credentials: bool = False
    """Credentials mode `include`, XHR's withCredentials; without it `omit`."""
    redirect: str = "follow"
    """Redirect mode: `follow`, `error` or `manual`."""
    listens_to_upload: bool = False
    """XHR's upload object has listeners, which asks for a preflight (use-CORS-preflight flag)."""


@dataclass(frozen=True, slots=True)
class Sent:
    """A request on the wire."""

    method: str
    url: str
    lines: Lines

    def all(self, name: str) -> list[str]:
        """Return the values of all lines with a name."""
        return [value for line, value in self.lines if line.lower() == name.lower()]


@dataclass(frozen=True, slots=True)
class Got:
    """A response on the wire."""

    status: int
    lines: Lines = ()


@dataclass(frozen=True, slots=True)
class Read:
    """What the page may read of a response."""

    status: int
    headers: Lines
    """Names in lower case, lines of one name combined, sorted."""


@dataclass(frozen=True, slots=True)
class NetworkError:
    """What the page sees of everything else; `why` stands in the console at best."""

    why: str


Outcome = Read | NetworkError
Call = Generator[Sent, Got, Outcome]


class _Failure(Exception):  # noqa: N818 - what the standard calls "return a network error"
    """Ends a call."""


def ask(call: Call, server: Callable[[Sent], Got]) -> tuple[Outcome, tuple[Sent, ...]]:
    """Carry a call through; return its outcome, and all that was sent."""
    sent: list[Sent] = []
    try:
        request = next(call)
        while True:
            sent.append(request)
            request = call.send(server(request))
    except StopIteration as end:
        outcome: Outcome = end.value
        return outcome, tuple(sent)


# ------------------------------------------------------------------------------------------------- header lists


def get(lines: Lines, name: str) -> str | None:
    """Return all values of a name, combined; None without one (https://fetch.spec.whatwg.org/#concept-header-list-get)."""
    values = [value.strip(" \t\r\n") for line, value in lines if line.lower() == name.lower()]
    return ", ".join(values) if values else None


TOKEN: Final = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")


def extract_list(lines: Lines, name: str) -> list[str] | None:
    """Return the members of a list field; None without one.

    https://fetch.spec.whatwg.org/#extract-header-list-values, for the fields of the CORS protocol: each is `#token`.

    Raises:
        _Failure: one of the lines does not match the grammar.
    """
    values = [value for line, value in lines if line.lower() == name.lower()]
    members = [member.strip(" \t") for value in values for member in value.split(",")]
    if not all(TOKEN.fullmatch(member) for member in members if member):
        raise _Failure(f"cannot parse {name}")
    return [member for member in members if member] if values else None


# ---------------------------------------------------------------------------------------- methods and safelists

NORMALIZED_METHODS: Final = frozenset({"DELETE", "GET", "HEAD", "OPTIONS", "POST", "PUT"})
FORBIDDEN_METHODS: Final = frozenset({"CONNECT", "TRACE", "TRACK"})
SAFELISTED_METHODS: Final = frozenset({"GET", "HEAD", "POST"})

FORBIDDEN_HEADERS: Final = frozenset(
    [
        "accept-charset",
        "accept-encoding",
        "access-control-request-headers",
        "access-control-request-method",
        "connection",
        "content-length",
        "cookie",
        "cookie2",
        "date",
        "dnt",
        "expect",
        "host",
        "keep-alive",
        "origin",
        "referer",
        "set-cookie",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
        "via",
    ]
)
"""https://fetch.spec.whatwg.org/#forbidden-request-header."""

METHOD_OVERRIDES: Final = frozenset({"x-http-method", "x-http-method-override", "x-method-override"})

SAFELISTED_RESPONSE_HEADERS: Final = frozenset(
    ["cache-control", "content-language", "content-length", "content-type", "expires", "last-modified", "pragma"]
)
"""https://fetch.spec.whatwg.org/#cors-safelisted-response-header-name."""

FORBIDDEN_RESPONSE_HEADERS: Final = frozenset({"set-cookie", "set-cookie2"})

SAFE_TYPES: Final = frozenset({"application/x-www-form-urlencoded", "multipart/form-data", "text/plain"})
MAX_SAFE_VALUE: Final = 128
MAX_SAFE_VALUES: Final = 1024

_UNSAFE_BYTE: Final = re.compile(r'[\x00-\x08\x0a-\x1f"():<>?@\[\\\]{}\x7f]')
"""https://fetch.spec.whatwg.org/#cors-unsafe-request-header-byte."""
_LANGUAGES: Final = re.compile(r"[0-9A-Za-z *,\-.;=]*")
_SIMPLE_RANGE: Final = re.compile(r"bytes=[0-9]+-[0-9]*", re.IGNORECASE)


def normalize(method: str) -> str:
    """Return a method as it is sent (https://fetch.spec.whatwg.org/#concept-method-normalize): `patch` stays as is."""
    return method.upper() if method.upper() in NORMALIZED_METHODS else method


def is_forbidden_header(name: str, value: str) -> bool:
    """Tell whether a script may not set a header; setting one does nothing."""
    lower = name.lower()
    if lower in METHOD_OVERRIDES:
        return any(method.strip(" \t").upper() in FORBIDDEN_METHODS for method in value.split(","))
    return lower in FORBIDDEN_HEADERS or lower.startswith(("proxy-", "sec-"))


def is_safelisted(name: str, value: str) -> bool:
    """Tell whether a header needs no asking (https://fetch.spec.whatwg.org/#cors-safelisted-request-header)."""
    if len(value.encode()) > MAX_SAFE_VALUE:
        return False
    match name.lower():
        case "accept":
            return not _UNSAFE_BYTE.search(value)
        case "accept-language" | "content-language":
            return _LANGUAGES.fullmatch(value) is not None
        case "content-type":
            return not _UNSAFE_BYTE.search(value) and essence(value) in SAFE_TYPES
        case "range":
            return _SIMPLE_RANGE.fullmatch(value) is not None and _is_in_order(value)
        case _:
            return False


def essence(value: str) -> str:
    """Return a media type without its parameters (https://mimesniff.spec.whatwg.org/#parse-a-mime-type)."""
    return value.partition(";")[0].strip(" \t\r\n").lower()


def _is_in_order(value: str) -> bool:
    """Tell whether a range does not end before it begins."""
    first, _, last = value.partition("=")[2].partition("-")
    return not last or int(first) <= int(last)


def unsafe_names(headers: Lines) -> list[str]:
    """Return what a preflight asks for (https://fetch.spec.whatwg.org/#cors-unsafe-request-header-names)."""
    unsafe = {name.lower() for name, value in headers if not is_safelisted(name, value)}
    safe = [(name, value) for name, value in headers if is_safelisted(name, value)]
    if sum(len(value.encode()) for _, value in safe) > MAX_SAFE_VALUES:
        unsafe |= {name.lower() for name, _ in safe}
    return sorted(unsafe)


# --------------------------------------------------------------------------------------------------- the checks


def cors_check(origin: str, got: Got, *, credentials: bool) -> None:
    """Let a response pass, or not (https://fetch.spec.whatwg.org/#concept-cors-check).

    Raises:
        _Failure: it may not be shared.
    """
    allowed = get(got.lines, "Access-Control-Allow-Origin")
    if allowed is None:
        raise _Failure("no Access-Control-Allow-Origin")
    if allowed == "*" and not credentials:
        return
    if allowed != origin:
        raise _Failure(f"Access-Control-Allow-Origin is {allowed!r}")
    if credentials and get(got.lines, "Access-Control-Allow-Credentials") != "true":
        raise _Failure("Access-Control-Allow-Credentials is not true")


def preflight_check(fetch: Fetch, method: str, unsafe: Sequence[str], got: Got) -> None:
    """Let the actual request be sent, or not (https://fetch.spec.whatwg.org/#cors-preflight-fetch, 7).

    Raises:
        _Failure: it is not to be sent.
    """
    cors_check(fetch.origin, got, credentials=fetch.credentials)
    if not 200 <= got.status <= 299:
        raise _Failure(f"the preflight's status is {got.status}")
    methods = extract_list(got.lines, "Access-Control-Allow-Methods")
    names = extract_list(got.lines, "Access-Control-Allow-Headers") or []
    if methods is None:
        methods = [method] if fetch.listens_to_upload else []
    if method not in SAFELISTED_METHODS and method not in methods and (fetch.credentials or "*" not in methods):
        raise _Failure(f"method {method} is not allowed")
    listed = {name.lower() for name in names}
    for name in unsafe:
        by_star = "*" in listed and not fetch.credentials and name != "authorization"
        if name not in listed and not by_star:
            raise _Failure(f"header {name} is not allowed")


def filtered(got: Got, *, credentials: bool) -> Read:
    """Return what a script sees of a response (https://fetch.spec.whatwg.org/#concept-filtered-response-cors)."""
    try:
        exposed = {name.lower() for name in extract_list(got.lines, "Access-Control-Expose-Headers") or []}
    except _Failure:
        exposed = set[str]()
    everything = "*" in exposed and not credentials
    return _visible(got, lambda name: everything or name in exposed or name in SAFELISTED_RESPONSE_HEADERS)


def _visible(got: Got, is_seen: Callable[[str], bool]) -> Read:
    """Return a response with those of its headers that are seen."""
    names = {name.lower() for name, _ in got.lines} - FORBIDDEN_RESPONSE_HEADERS
    return Read(got.status, tuple((name, get(got.lines, name) or "") for name in sorted(filter(is_seen, names))))


# --------------------------------------------------------------------------------------------------- the browser

REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})
MAX_REDIRECTS: Final = 20


def browser(fetch: Fetch, *, says_where_from: bool = True) -> Call:
    """Make a page's call as browsers do; `says_where_from`: with Fetch metadata, which older ones do not send."""
    try:
        return (yield from _browser(fetch, says_where_from=says_where_from))
    except _Failure as failure:
        return NetworkError(str(failure))


def _browser(fetch: Fetch, *, says_where_from: bool) -> Call:
    """Make a call, from the script's words to what it reads (https://fetch.spec.whatwg.org/#concept-main-fetch)."""
    if fetch.method.upper() in FORBIDDEN_METHODS or not TOKEN.fullmatch(fetch.method):
        raise _Failure("TypeError: not a method")
    if not all(TOKEN.fullmatch(name) for name, _ in fetch.headers):
        raise _Failure("TypeError: not a header name")
    fetch = replace(
        fetch,
        method=normalize(fetch.method),
        headers=tuple(header for header in fetch.headers if not is_forbidden_header(*header)),
    )
    page = fetch.origin
    tainted = fetch.origin != origin_of(fetch.url)
    for _ in range(MAX_REDIRECTS + 1):
        got = yield from _http_fetch(fetch, tainted=tainted, metadata=_metadata(page, fetch) if says_where_from else ())
        if got.status not in REDIRECTS or fetch.redirect == "manual":
            return filtered(got, credentials=fetch.credentials) if tainted else _visible(got, lambda _: True)
        location = get(got.lines, "Location")
        if location is None:
            return filtered(got, credentials=fetch.credentials) if tainted else _visible(got, lambda _: True)
        fetch = _redirected(fetch, urljoin(fetch.url, location), got.status, page, tainted=tainted)
        tainted = tainted or fetch.origin != origin_of(fetch.url)
    raise _Failure("too many redirects")


def _http_fetch(fetch: Fetch, *, tainted: bool, metadata: Lines) -> Generator[Sent, Got, Got]:
    """Send one request, and its preflight (https://fetch.spec.whatwg.org/#concept-http-fetch)."""
    unsafe = unsafe_names(fetch.headers)
    if tainted and (fetch.method not in SAFELISTED_METHODS or unsafe or fetch.listens_to_upload):
        asks = (("Access-Control-Request-Headers", ",".join(unsafe)),) if unsafe else ()
        method = ("Access-Control-Request-Method", fetch.method)
        lines = (("Accept", "*/*"), ("Origin", fetch.origin), method, *asks, *metadata)
        preflight_check(fetch, fetch.method, unsafe, (yield Sent("OPTIONS", fetch.url, lines)))
    origin = (("Origin", fetch.origin),) if tainted or fetch.method not in {"GET", "HEAD"} else ()
    cookie = (("Cookie", "session=1"),) if fetch.credentials else ()
    got = yield Sent(fetch.method, fetch.url, (*fetch.headers, *origin, *cookie, *metadata))
    if tainted:
        cors_check(fetch.origin, got, credentials=fetch.credentials)
    return got


def _redirected(fetch: Fetch, url: str, status: int, page: str, *, tainted: bool) -> Fetch:
    """Return the call that a redirect makes of a call (https://fetch.spec.whatwg.org/#http-redirect-fetch)."""
    if fetch.redirect == "error":
        raise _Failure("redirected")
    target = urlsplit(url)
    if target.scheme not in {"http", "https"}:
        raise _Failure("redirected to no http")
    crosses = origin_of(url) != origin_of(fetch.url)
    if (target.username or target.password) and (tainted or page != origin_of(url)):
        raise _Failure("redirected to a URL with credentials")
    method, headers = fetch.method, fetch.headers
    if (status in {301, 302} and method == "POST") or (status == 303 and method not in {"GET", "HEAD"}):
        method = "GET"
        headers = tuple(header for header in headers if not header[0].lower().startswith("content-"))
    if crosses:
        headers = tuple(header for header in headers if header[0].lower() != "authorization")
    # A chain that left the page's origin once, and goes on to another, names no origin any more.
    origin = "null" if crosses and fetch.origin != origin_of(fetch.url) else fetch.origin
    return replace(fetch, url=url, method=method, headers=headers, origin=origin)


def origin_of(url: str) -> str:
    """Return the origin of a URL, serialized."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.hostname}{_port(parts)}"


def _port(parts: SplitResult) -> str:
    """Return the port of a URL as it stands in an origin."""
    default = {"http": 80, "https": 443}.get(parts.scheme)
    return "" if parts.port in {None, default} else f":{parts.port}"


def _metadata(page: str, fetch: Fetch) -> Lines:
    """Return what a browser says of a call, to https only (https://www.w3.org/TR/fetch-metadata/)."""
    if not fetch.url.startswith("https:"):
        return ()
    site = "same-origin" if page == origin_of(fetch.url) else "cross-site"
    return ("Sec-Fetch-Mode", "cors"), ("Sec-Fetch-Site", site), ("Sec-Fetch-Dest", "empty")


# ----------------------------------------------------------------------------------- classic Outlook's runtime

CLASSIC_SIMPLE: Final = frozenset(
    [
        "accept",
        "accept-language",
        "content-language",
        "content-type",
        "dpr",
        "downlink",
        "save-data",
        "viewport-width",
        "width",
    ]
)
CLASSIC_FORBIDDEN: Final = FORBIDDEN_HEADERS - {"set-cookie"}
CLASSIC_READABLE: Final = SAFELISTED_RESPONSE_HEADERS - {"content-length"}
CONTENT_HEADERS: Final = frozenset(
    [
        "content-disposition",
        "content-encoding",
        "content-language",
        "content-length",
        "content-location",
        "content-md5",
        "content-range",
        "content-type",
        "expires",
        "last-modified",
    ]
)
"""What Windows keeps with the content of a request, apart from its other headers (HttpContentHeaderCollection)."""
PREFLIGHT_REDIRECTS: Final = frozenset({301, 307, 308})


@dataclass(frozen=True, slots=True)
class Build:
    """How builds of the runtime differ."""

    slash: bool = False
    """It sends its origin with a slash at the end (before March 2024, OfficeDev/office-js#4144)."""
    joins: bool = False
    """It leaves out the comma between the last header and the first of the content."""
    counts_case: bool = False
    """It compares the names it may send octet for octet (before April 2023, microsoft/react-native-windows#11511)."""


def classic(fetch: Fetch, build: Build = Build()) -> Call:
    """Make a page's call as classic Outlook's runtime does."""
    try:
        return (yield from _classic(fetch, build))
    except _Failure as failure:
        return NetworkError(str(failure))


def _classic(fetch: Fetch, build: Build) -> Call:
    """Make a call: ValidateRequest, SendPreflightAsync, ValidatePreflightResponse, ValidateResponse."""
    headers = tuple(header for header in fetch.headers if header[0].lower() not in CONTENT_HEADERS)
    content = _content(fetch)
    if any(name.lower() in CLASSIC_FORBIDDEN or name.lower().startswith(("proxy-", "sec-")) for name, _ in headers):
        raise _Failure("Request header not allowed in cross-origin resource sharing")
    if fetch.method.upper() in FORBIDDEN_METHODS:
        raise _Failure("Request method not allowed in cross-origin resource sharing")
    if urlsplit(fetch.origin).scheme != urlsplit(fetch.url).scheme:
        raise _Failure("The origin and request URLs must have the same scheme")
    origin = ("Origin", fetch.origin + "/" if build.slash else fetch.origin)
    cookie = (("Cookie", "session=1"),) if fetch.credentials else ()
    request = Sent(fetch.method, fetch.url, (*headers, *content, origin, *cookie))
    if origin_of(fetch.url) == fetch.origin:
        return _visible((yield request), lambda _: True)
    simple = is_simple(fetch)
    if not simple:
        names = ", ".join(name for name, _ in headers)
        of_content = ", ".join(name for name, _ in content)
        comma = ", " if names and of_content and not build.joins else ""
        asks = (
            ("Accept", "*/*"),
            ("Access-Control-Request-Method", fetch.method),
            ("Access-Control-Request-Headers", names + comma + of_content),
            origin,
            ("Sec-Fetch-Mode", "CORS"),
        )
        _classic_preflight_check(fetch, headers, build, (yield Sent("OPTIONS", fetch.url, asks)))
    got = yield request
    if got.status in REDIRECTS and (location := get(got.lines, "Location")) is not None:
        return (yield from _classic_redirected(fetch, build, got.status, urljoin(fetch.url, location)))
    _classic_check(fetch, got)
    return _classic_filtered(got, credentials=fetch.credentials, simple=simple)


def _content(fetch: Fetch) -> Lines:
    """Return the headers of the content: a length is there where a type is."""
    content = tuple(header for header in fetch.headers if header[0].lower() in CONTENT_HEADERS)
    typed = any(name.lower() == "content-type" for name, _ in content)
    counted = any(name.lower() == "content-length" for name, _ in content)
    return (*((("Content-Length", "2"),) if typed and not counted else ()), *content)


def is_simple(fetch: Fetch) -> bool:
    """Tell whether the runtime sends no preflight: by names only, and of Content-Type exactly one of three values."""
    headers = [header for header in fetch.headers if header[0].lower() not in CONTENT_HEADERS]
    content = _content(fetch)
    typed = all(value in SAFE_TYPES for name, value in content if name.lower() == "content-type")
    named = all(name.lower() in CLASSIC_SIMPLE or name.lower() == "content-length" for name, _ in content)
    return (
        typed
        and named
        and all(name.lower() in CLASSIC_SIMPLE for name, _ in headers)
        and fetch.method.upper() in SAFELISTED_METHODS
    )


def is_classic_safe(name: str, value: str) -> bool:
    """IsCorsSafelistedRequestHeader, without the hints that only it takes for safe."""
    return name.lower() != "range" and is_safelisted(name, value)


def _classic_unsafe(headers: Lines) -> list[str]:
    """CorsUnsafeNotForbiddenRequestHeaderNames: the content's are not looked at."""
    safe = [header for header in headers if is_classic_safe(*header)]
    unsafe = [name for name, value in headers if (name, value) not in safe]
    if sum(len(value) for _, value in safe) > MAX_SAFE_VALUES:
        unsafe += [name for name, _ in safe]
    return unsafe


def _classic_check(fetch: Fetch, got: Got) -> None:
    """ValidateAllowOrigin: the value is read as a URL, lines of one name having been joined."""
    allowed = get(got.lines, "Access-Control-Allow-Origin") or ""
    if allowed == "*" and not fetch.credentials:
        return
    if not re.fullmatch(r"[A-Za-z][A-Za-z0-9+.-]*://[^\s,]+", allowed):
        raise _Failure("No valid origin in response")
    if origin_of(allowed.lower()) != fetch.origin:
        raise _Failure(f"The Access-Control-Allow-Origin header has a value of [{allowed}]")
    if fetch.credentials and get(got.lines, "Access-Control-Allow-Credentials") != "true":
        raise _Failure('Access-Control-Allow-Credentials value must be "true"')


def _classic_members(got: Got, name: str) -> set[str]:
    """ExtractAccessControlValues: no grammar, only commas."""
    return {member.strip() for member in (get(got.lines, name) or "").split(",")}


def _classic_preflight_check(fetch: Fetch, headers: Lines, build: Build, got: Got) -> None:
    """ValidatePreflightResponse: any status but three will do."""
    if got.status in PREFLIGHT_REDIRECTS:
        raise _Failure("Redirect is not allowed in a preflight request")
    _classic_check(fetch, got)
    methods = {method.upper() for method in _classic_members(got, "Access-Control-Allow-Methods")}
    if fetch.method.upper() not in methods | SAFELISTED_METHODS and (fetch.credentials or "*" not in methods):
        raise _Failure(f"Method [{fetch.method}] is not allowed by Access-Control-Allow-Methods")
    fold: Callable[[str], str] = str if build.counts_case else str.lower
    listed = {fold(name) for name in _classic_members(got, "Access-Control-Allow-Headers")}
    for name in _classic_unsafe(headers):
        by_star = "*" in listed and not fetch.credentials and name.lower() != "authorization"
        if fold(name) not in listed and not by_star:
            raise _Failure(f"Request header field [{name}] is not allowed by Access-Control-Allow-Headers")


def _classic_redirected(fetch: Fetch, build: Build, status: int, url: str) -> Call:
    """RedirectHttpFilter: to another origin the page's is lost, and https is not left."""
    if origin_of(url) != origin_of(fetch.url):
        raise _Failure("redirected to another origin")
    method = "GET" if status in {301, 302, 303} and fetch.method == "POST" else fetch.method
    return (yield from _classic(replace(fetch, url=url, method=method), build))


def _classic_filtered(got: Got, *, credentials: bool, simple: bool) -> Read:
    """ValidateResponse: of the answer to a simple request even exposed headers are taken away."""
    exposed = {name.lower() for name in _classic_members(got, "Access-Control-Expose-Headers")}
    if simple:
        return _visible(got, CLASSIC_READABLE.__contains__)
    everything = "*" in exposed and not credentials
    return _visible(got, lambda name: everything or name in CLASSIC_READABLE or name in exposed)
