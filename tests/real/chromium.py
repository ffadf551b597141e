"""Real Chromium without a screen: a page of an origin asks, and what the browser lets it read comes back."""

import base64
import os
import re
import signal
from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Final, Protocol, TypedDict, cast
from urllib.parse import urlsplit

from selenium.webdriver import Chrome, ChromeOptions, ChromeService

from tests.real.mistakes import Blocked
from tests.real.place import Place
from tests.real.processes import LOOPBACK, until
from tests.system import path_of

SCRIPT_WITHIN_SECONDS: Final = 100

ARGUMENTS: Final = (
    "--headless",
    "--no-sandbox",  # which root may not have
    "--disable-dev-shm-usage",  # small in containers
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)

ASK: Final = """
const [asked, done] = arguments;
const read = async ({url, method, fields, body, zeros, credentials}) => {
    try {
        const sent = zeros ? new Uint8Array(zeros) : body;
        const answer = await fetch(url, {method, headers: fields, body: sent, credentials});
        let text = "";
        for (const octet of new Uint8Array(await answer.arrayBuffer())) text += String.fromCharCode(octet);
        return {status: answer.status, fields: [...answer.headers], body: btoa(text)};
    } catch (error) {
        return null;
    }
};
(async () => {
    const answers = [];
    for (const one of asked) answers.push(await read(one));
    done(answers);
})();
"""
"""One after the other: the lines of the console are then in the order of the calls."""

SUBMIT: Final = """
const [values] = arguments;
for (const [name, value] of Object.entries(values)) document.querySelector(`[name=${name}]`).value = value;
document.querySelector("#send").click();
"""

POST: Final = """
const [action, values] = arguments;
const form = document.createElement("form");
form.method = "post";
form.action = action;
for (const [name, value] of Object.entries(values)) {
    const field = document.createElement("input");
    field.name = name;
    field.value = value;
    form.append(field);
}
document.body.append(form);
form.submit();
"""

CONDITIONS: Final = "Network.emulateNetworkConditions"

CONSOLE: Final = (
    (r"No 'Access-Control-Allow-Origin' header is present", Blocked.NO_ORIGIN),
    (r"contains multiple values", Blocked.SEVERAL_ORIGINS),
    (r"must not be the wildcard '\*' when the request's credentials mode", Blocked.STAR),
    (r"that is not equal to the supplied origin", Blocked.OTHER_ORIGIN),
    (r"'Access-Control-Allow-Credentials' header in the response is '.*' which must be 'true'", Blocked.CREDENTIALS),
    (r"Redirect is not allowed for a preflight request", Blocked.REDIRECT),
    (r"It does not have HTTP ok status", Blocked.STATUS),
    (r"Request header field \S+ is not allowed", Blocked.HEADER),
    (r"Method \S+ is not allowed", Blocked.METHOD),
)
"""What Chromium's console says, and our word for it."""

BLOCKED: Final = re.compile(
    r"Access to fetch at '(?P<url>[^']+)' (?:\(redirected from '(?P<asked>[^']+)'\) )?"
    r"from origin '[^']+' has been blocked by CORS policy: (?P<why>.*)"
)


@dataclass(frozen=True, slots=True)
class Ask:
    """One fetch of a page."""

    url: str
    method: str = "GET"
    fields: Mapping[str, str] = field(default_factory=dict[str, str])
    body: str = ""
    credentials: bool = False
    zeros: int = 0
    """Where not 0: how many zeros are the body."""

    @property
    def target(self) -> str:
        """Return what of the URL the request line has."""
        parts = urlsplit(self.url)
        return f"{parts.path}?{parts.query}" if parts.query else parts.path


@dataclass(frozen=True, slots=True)
class Readable:
    """What the page read."""

    status: int
    fields: tuple[tuple[str, str], ...]
    body: bytes


@dataclass(frozen=True, slots=True)
class Unreadable:
    """The page read nothing; why is only in the console, to the page all causes are "Failed to fetch"."""

    console: str

    @property
    def why(self) -> Blocked | None:
        """Our word for it; None for what we have no word for."""
        return next((word for pattern, word in CONSOLE if re.search(pattern, self.console)), None)


Outcome = Readable | Unreadable


class _Answer(TypedDict):
    status: int
    fields: list[tuple[str, str]]
    body: str


class _Driver(Protocol):
    """What is used of Selenium's driver, with the types that it lacks."""

    title: str

    def get(self, url: str) -> None: ...

    def execute_script(self, script: str, *args: object) -> object: ...

    def execute_async_script(self, script: str, *args: object) -> object: ...

    def execute_cdp_cmd(self, cmd: str, cmd_args: dict[str, object]) -> object: ...

    def get_cookies(self) -> object: ...

    def get_log(self, log_type: str) -> object: ...


class Chromium:
    """A running browser, with one page open."""

    def __init__(self, driver: Chrome) -> None:
        self._driver = cast("_Driver", driver)

    @property
    def user_agent(self) -> str:
        """What it calls itself: nginx pads its error pages for browsers of this family."""
        return str(self._driver.execute_script("return navigator.userAgent"))

    def open(self, url: str) -> None:
        """Open a page."""
        self._driver.get(url)
        self._console()

    def ask(self, asked: Sequence[Ask]) -> list[Outcome]:
        """Let the page that is open fetch each, and return what it could read."""
        self._console()
        calls = [
            {
                "url": one.url,
                "method": one.method,
                "fields": dict(one.fields),
                "body": one.body or None,
                "zeros": one.zeros,
                "credentials": "include" if one.credentials else "omit",
            }
            for one in asked
        ]
        answers = cast("list[_Answer | None]", self._driver.execute_async_script(ASK, calls))
        said = _by_url(self._console())
        return [
            Unreadable(next(said.get(one.url, iter(())), ""))
            if answer is None
            else Readable(
                answer["status"],
                tuple((name, value) for name, value in answer["fields"]),
                base64.b64decode(answer["body"]),
            )
            for one, answer in zip(asked, answers, strict=True)
        ]

    def submit(self, values: Mapping[str, str], title: str) -> None:
        """Fill in the page's form, press its button, and wait for a page of that title."""
        self._driver.execute_script(SUBMIT, dict(values))
        until(lambda: self._driver.title == title, f"no page has come that is called {title!r}")

    def post(self, action: str, values: Mapping[str, str]) -> int:
        """Post a form from the page that is open, whatever its origin, and return the status of what comes."""
        before = self._navigation()
        self._driver.execute_script(POST, action, dict(values))
        until(lambda: self._navigation() not in {before, None}, f"no page has come from {action}")
        return int(
            str(self._driver.execute_script("return performance.getEntriesByType('navigation')[0].responseStatus"))
        )

    def text(self, selector: str) -> str:
        """Return the text of an element of the page that is open."""
        return str(self._driver.execute_script("return document.querySelector(arguments[0]).innerText", selector))

    def cookies(self) -> dict[str, str]:
        """Return the cookies of the page that is open, those included that no script sees."""
        found = cast("list[dict[str, object]]", self._driver.get_cookies())
        return {str(one["name"]): str(one["value"]) for one in found}

    def forget(self) -> None:
        """Forget the cookies of all sites."""
        self._driver.execute_cdp_cmd("Network.clearBrowserCookies", {})

    @contextmanager
    def slowed_upload(self, bytes_per_second: int) -> Generator[None]:
        """Send no faster than that."""
        self._driver.execute_cdp_cmd("Network.enable", {})
        conditions: dict[str, object] = {"offline": False, "latency": 20, "downloadThroughput": -1}
        self._driver.execute_cdp_cmd(CONDITIONS, conditions | {"uploadThroughput": bytes_per_second})
        try:
            yield
        finally:
            self._driver.execute_cdp_cmd(CONDITIONS, conditions | {"uploadThroughput": -1, "latency": 0})

    def _navigation(self) -> object:
        """Return what is different for each page that has been loaded, None while one is."""
        return self._driver.execute_script("return document.readyState === 'complete' ? performance.timeOrigin : null")

    def _console(self) -> list[str]:
        return [str(line["message"]) for line in cast("list[dict[str, object]]", self._driver.get_log("browser"))]


@contextmanager
def chromium(place: Place, names: Mapping[str, int]) -> Generator[Chromium]:
    """Start it, and end it with its helpers; each of `names` is a port of this machine, and it reaches no others."""
    rules = [f"MAP {name}:443 {LOOPBACK}:{port}" for name, port in names.items()]
    options = ChromeOptions()
    options.binary_location = str(path_of("chromium"))
    for argument in ARGUMENTS:
        options.add_argument(argument)
    options.add_argument(f"--user-data-dir={place.folder / 'chromium'}")
    options.add_argument(f"--host-resolver-rules={','.join([*rules, 'MAP * ~NOTFOUND', f'EXCLUDE {LOOPBACK}'])}")
    options.add_argument(f"--ignore-certificate-errors-spki-list={place.key_pin}")
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    service = ChromeService(
        executable_path=str(path_of("chromium-driver")),
        log_output=str(place.folder / "chromedriver.log"),
        popen_kw={"start_new_session": True},  # the driver, the browser and its helpers are one group
    )
    try:
        driver = Chrome(options=options, service=service)
        try:
            driver.set_script_timeout(SCRIPT_WITHIN_SECONDS)
            yield Chromium(driver)
        finally:
            driver.quit()
    finally:
        # The driver has ended; what is left of its group, after a crash, ends too.
        with suppress(ProcessLookupError):
            os.killpg(service.process.pid, signal.SIGKILL)


def _by_url(console: Iterable[str]) -> dict[str, Iterator[str]]:
    """Return what the console says of the calls to each URL, in their order."""
    said: dict[str, list[str]] = {}
    for line in console:
        if (found := BLOCKED.search(line)) is not None:
            said.setdefault(found["asked"] or found["url"], []).append(found["why"])
    return {url: iter(whys) for url, whys in said.items()}
