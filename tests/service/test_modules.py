"""What a process that serves does not load: it has to be small, and to start soon."""

import sys
from pathlib import Path
from typing import Final

from tests.config.build import SITE
from tests.config.test_certificates import certificate, put
from tests.service.running import Running, free_port, ready, started

NOT_LOADED: Final = {
    "http.server": "nobody's",
    "multiprocessing": "processes are forked by service/crew.py",
    "prometheus_client": "only where /metrics is asked for",
    "pydantic": "typer's",
    "pygments": "rich's",
    "rich": "structlog's, where it is installed",
    "sqlite3": "nobody's",
    "structlog": "events need four methods",
    "typer": "the command line is read by argparse",
    "unittest": "nobody's",
    "xml": "nobody's",
}
"""And whose each was, or would be."""

TELLS_WHO_LOADS: Final = """
import sys, traceback
class Finder:
    def find_spec(name, path=None, target=None):
        if name in {names}:
            frames = [each for each in traceback.extract_stack()[-2::-1] if "importlib" not in each.filename]
            print(name, "is loaded by", *(f"{{each.filename}}:{{each.lineno}}" for each in frames), file=sys.stderr)
sys.meta_path.insert(0, Finder)
from gateway.cli import main
main()
"""


async def test_what_serving_never_needs_is_not_loaded(tmp_path: Path) -> None:
    certificates = put(tmp_path / "tls", certificate())
    text = f"""
log: {{format: json}}
workers: 1
admin: {{address: "127.0.0.1:{free_port()}"}}
listeners:
  - address: 127.0.0.1:0
  - address: 127.0.0.1:0
    certificates: [{{chain: {certificates}/fullchain.pem, key: {certificates}/privkey.pem}}]
{SITE}"""
    (tmp_path / "c.yaml").write_text(text)
    changed = TELLS_WHO_LOADS.format(names=set(NOT_LOADED))
    process = await started(sys.executable, "-c", changed, "serve", "-c", str(tmp_path / "c.yaml"))
    async with ready(Running(process)) as running:
        process.terminate()
        await process.wait()
        assert (await running.stderr.read()).decode().splitlines() == []
