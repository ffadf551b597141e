"""What a process that serves does not load: it has to be small, and to start soon."""

import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

from gateway.extensions import system
from tests.config.build import SITE
from tests.config.test_certificates import certificate, put
from tests.relay.peers import connected
from tests.service.running import Running, free_port, ready, started

NOT_LOADED: Final = {
    "aiohttp": "only where the admin address is asked, or servers are to be asked how they are",
    "attr": "aiohttp's",
    **({} if system() is None else {"ctypes": "only where gateway.system was not built"}),
    "difflib": "only for mistakes",
    "gateway.cli.check": "another command, as are all but one",
    "gateway.cli.online": "of that command",
    "html": "only for a page that says no to a person",
    "http.client": "of the commands that ask a gateway that runs",
    "http.server": "nobody's",
    "multiprocessing": "processes are forked by service/crew.py",
    "prometheus_client": "only where /metrics is asked for",
    "pydantic": "typer's",
    "pygments": "rich's",
    "rich": "structlog's, where it is installed",
    "sqlite3": "nobody's",
    "structlog": "events need four methods",
    "typing_extensions": "aiohttp's",
    "typer": "the command line is read by argparse",
    "unittest": "nobody's",
    "xml": "nobody's",
}
"""And whose each was, or would be."""

TELLS_WHO_LOADS: Final = """
import sys, traceback
class Finder:
    def find_spec(name, path=None, target=None):
        stack = traceback.extract_stack()[-2::-1]
        if name in {names} and stack[1].name != "find_spec":  # by which it is only asked where it is
            frames = [each for each in stack if "importlib" not in each.filename]
            print(name, "is loaded by", *(f"{{each.filename}}:{{each.lineno}}" for each in frames), file=sys.stderr)
sys.meta_path.insert(0, Finder)
from gateway.cli import main
main()
"""


@asynccontextmanager
async def watched(tmp_path: Path, admin: int) -> AsyncGenerator[Running]:
    """Serve, and be told on standard error of what is loaded and should not be."""
    certificates = put(tmp_path / "tls", certificate())
    text = f"""
log: {{format: json}}
workers: 1
admin: {{address: "127.0.0.1:{admin}"}}
listeners:
  - address: 127.0.0.1:0
  - address: 127.0.0.1:0
    certificates: [{{chain: {certificates}/fullchain.pem, key: {certificates}/privkey.pem}}]
{SITE}"""
    (tmp_path / "c.yaml").write_text(text)
    changed = TELLS_WHO_LOADS.format(names=set(NOT_LOADED))
    process = await started(sys.executable, "-c", changed, "serve", "-c", str(tmp_path / "c.yaml"))
    async with ready(Running(process)) as running:
        yield running


async def loaded(running: Running) -> list[str]:
    """End the gateway; return what it loaded."""
    running.process.terminate()
    await running.process.wait()
    return (await running.stderr.read()).decode().splitlines()


async def test_what_serving_never_needs_is_not_loaded(tmp_path: Path) -> None:
    async with watched(tmp_path, free_port()) as running:
        assert await loaded(running) == []


async def test_what_answers_at_the_admin_address_is_loaded_when_somebody_asks(tmp_path: Path) -> None:
    admin = free_port()
    async with watched(tmp_path, admin) as running:
        # The first ones come together, and one of them in a hurry.
        async with connected(admin) as one, connected(admin) as other, connected(admin) as gone:
            await gone.send(b"GET /healthz HT")
            gone.close()
            for client in (one, other):
                await client.send(f"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1:{admin}\r\n\r\n".encode())
            assert [(await client.response()).body for client in (one, other)] == [b"alive\n"] * 2
        first, *_ = await loaded(running)  # further ones come with it
        assert first.startswith("aiohttp is loaded by ")
        assert "library.py" in first
