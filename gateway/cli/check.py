"""`cors-gateway check`."""

import asyncio
import json
import os
from argparse import BooleanOptionalAction
from dataclasses import asdict
from enum import StrEnum
from pathlib import Path
from typing import Final

from gateway.cli.line import Command, Parser, echo
from gateway.cli.online import Reached, reach_upstreams
from gateway.cli.remarks import told_mistakes, told_summary, told_warnings
from gateway.cli.running import DEFAULT_CONFIG
from gateway.config.chain import chain_in
from gateway.config.effective import effective, effective_json, effective_text
from gateway.config.load import Loaded, load
from gateway.config.model import CertificatePair, ConfigError, Mistake
from gateway.config.windows import FOLDER


class Output(StrEnum):
    """How the result is written."""

    TEXT = "text"
    JSON = "json"


def options(parser: Parser) -> None:
    """Add the options."""
    parser.argument("paths", nargs="*", type=Path, metavar="PATH", help=f"YAML files, or folders of them [{FOLDER}].")
    help_ = "Print the configuration as it takes effect, each value with its source."
    parser.option("--print", dest="print_", action="store_true", help=help_)
    parser.option("--online", action="store_true", help="Resolve and connect to each upstream, too.")
    help_ = "Look at the certificates and keys that are named, or do not."
    parser.option("--files", action=BooleanOptionalAction, default=True, help=help_)
    output_option(parser)


def output_option(parser: Parser) -> None:
    """Add the option for how the result is written."""
    help_ = f"For people, or for programs [{Output.TEXT}]."
    parser.option("--output", choices=tuple(map(str, Output)), type=str, default=Output.TEXT, help=help_)


def check(*, paths: list[Path], print_: bool, online: bool, files: bool, output: str) -> int:
    """Check a configuration: changes nothing, and without --online asks nobody."""
    try:
        loaded = load(paths or [DEFAULT_CONFIG], os.environ, files=files)
    except ConfigError as error:
        echo(_json_of_mistakes(error.mistakes) if output == Output.JSON else told_mistakes(error.mistakes))
        return 1
    reached = asyncio.run(reach_upstreams(loaded.config)) if online else None
    if output == Output.JSON:
        echo(_json(loaded, reached, whole=print_, files=files))
    else:
        _tell(loaded, reached, whole=print_, files=files)
    return 0 if all(each.good for each in reached or ()) else 1


def _tell(loaded: Loaded, reached: list[Reached] | None, *, whole: bool, files: bool) -> None:
    """Print the result for people. The configuration comes by itself on standard output, so that it can be kept."""
    echo(told_summary(loaded, files=files), err=whole)
    if loaded.warnings:
        echo(told_warnings(loaded.warnings), err=whole)
    for each in reached or ():
        echo(str(each), err=whole)
    if whole:
        echo(effective_text(effective(loaded.settings, loaded.config)), nl=False)


def _json_of_mistakes(mistakes: tuple[Mistake, ...]) -> str:
    return _dumped({"usable": False, "mistakes": [asdict(mistake) for mistake in mistakes], "warnings": []})


def _json(loaded: Loaded, reached: list[Reached] | None, *, whole: bool, files: bool) -> str:
    """Return the result for programs: keys are added in time, never taken away."""
    config = loaded.config
    result: dict[str, object] = {
        "usable": True,
        "mistakes": [],
        "warnings": [asdict(warning) for warning in loaded.warnings],
        "files": [str(file) for file in loaded.files],
        "listeners": [
            {
                "host": listener.host,
                "port": listener.port,
                "tls": bool(listener.certificates),
                "certificates": [_certificate(pair) for pair in listener.certificates if files],
            }
            for listener in config.listeners
        ],
        "trusted_proxies": [str(network) for network in config.trusted_proxies],
        "sites": [
            {
                "names": list(site.names),
                "upstreams": [
                    f"{url.scheme}://{url.host}:{url.port}{url.prefix.decode()}" for url in site.upstream.urls
                ],
                "origins": [origin.text for origin, _ in site.rules.entries],
            }
            for site in config.sites
        ],
    }
    if reached is not None:
        result["upstreams"] = [asdict(each) for each in reached]
    if whole:
        result["configuration"] = effective_json(effective(loaded.settings, config))
    return _dumped(result)


def _certificate(pair: CertificatePair) -> dict[str, object]:
    links = chain_in(Path(pair.chain))
    sent = [{"subject": link.subject, "issuer": link.issuer, "ends": link.ends.isoformat()} for link in links]
    return {"chain": pair.chain, "sent": sent}


def _dumped(result: dict[str, object]) -> str:
    return json.dumps(result, indent=2, ensure_ascii=False)


COMMAND: Final = Command(check, options, " [PATH]...")
