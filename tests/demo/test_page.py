"""The page in Chromium: what it says it may read, and that the words it shows are the browser's own."""

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol, cast

import pytest
from selenium.webdriver import Chrome, ChromeOptions, ChromeService

from gateway.demo.pages import Show
from gateway.demo.replay import replay
from gateway.demo.run import Options, running
from tests.system import path_of

pytestmark = pytest.mark.needs("chromium", "chromium-driver")

ARGUMENTS = (
    "--headless",
    "--no-sandbox",
    "--disable-dev-shm-usage",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
WITHIN_SECONDS = 60
UNTIL_DONE = """
const [done] = arguments;
const page = document.documentElement;
const look = () => { if (page.dataset.state === "done") done(); };
new MutationObserver(look).observe(page, { attributes: true });
look();
"""

SUMMARY = (
    "The add-in page can read 3 of 10 directly and 10 of 10 through the gateway. "
    "The foreign page can read 4 of 10 directly and 0 of 10 through the gateway."
)


class Browser(Protocol):
    """What is used of Selenium's driver, with the types that it lacks."""

    def get(self, url: str) -> None: ...

    def execute_script(self, script: str, *args: object) -> object: ...

    def execute_async_script(self, script: str, *args: object) -> object: ...

    def get_log(self, log_type: str) -> object: ...


@pytest.fixture
def browser(tmp_path: Path) -> Iterator[Browser]:
    options = ChromeOptions()
    options.binary_location = str(path_of("chromium"))
    for argument in (*ARGUMENTS, f"--user-data-dir={tmp_path / 'profile'}"):
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    driver = Chrome(options=options, service=ChromeService(str(path_of("chromium-driver"))))
    driver.set_script_timeout(WITHIN_SECONDS)
    yield cast("Browser", driver)
    driver.quit()


async def run_the_page(browser: Browser, show: Show) -> None:
    """Open the page and wait until it has made all its calls."""
    await asyncio.to_thread(browser.get, f"{show.places.page}/")
    await asyncio.to_thread(browser.execute_async_script, UNTIL_DONE)


async def test_what_each_page_may_read(browser: Browser) -> None:
    async with running(Options(port=0, gateway_port=0)) as show:
        await run_the_page(browser, show)

        assert browser.execute_script("return document.getElementById('summary').textContent") == SUMMARY
        assert not browser.execute_script("return document.documentElement.scrollWidth > innerWidth")
        problem = browser.execute_script("return document.querySelector('#call-off .cell:last-of-type').textContent")
        assert "502 upstream-refused" in str(problem)


async def test_the_words_are_chromium_s_own(browser: Browser) -> None:
    async with running(Options(port=0, gateway_port=0)) as show:
        await run_the_page(browser, show)
        console = str(browser.get_log("browser"))
        for call in (call for call in show.calls if not call.foreign):
            for way, base in show.bases[call.site].items():
                replayed = await replay(call, base, show.places.page)
                shown = browser.execute_script(
                    "const panel = document.querySelectorAll(`#call-${arguments[0]} .panel`)[arguments[1]];"
                    "return panel.querySelector('pre.error')?.textContent ?? null",
                    call.id,
                    list(show.bases[call.site]).index(way),
                )
                assert shown == (None if replayed.refusal is None else "TypeError: Failed to fetch"), call.id
                if replayed.refusal is not None and call.site == "crm":
                    # Chromium's sentence about two values goes on with advice that changes between versions.
                    assert replayed.refusal.console.split(". Have the server")[0] in console
