"""`cors-gateway check`."""

import asyncio
import json
import os
from dataclasses import asdict
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

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


def check(
    paths: Annotated[
        list[Path] | None,
        typer.Argument(metavar="PATH", help=f"YAML files, or folders of them [{FOLDER}]."),
    ] = None,
    *,
    print_: Annotated[
        bool, typer.Option("--print", help="Print the configuration as it takes effect, each value with its source.")
    ] = False,
    online: Annotated[bool, typer.Option("--online", help="Resolve and connect to each upstream, too.")] = False,
    files: Annotated[
        bool,
        typer.Option("--files/--no-files", help="Look at the certificates and keys that are named, or do not."),
    ] = True,
    output: Annotated[Output, typer.Option(help="For people, or for programs.")] = Output.TEXT,
) -> None:
    """Check a configuration: changes nothing, and without --online asks nobody."""
    try:
        loaded = load(paths or [DEFAULT_CONFIG], os.environ, files=files)
    except ConfigError as error:
        typer.echo(_json_of_mistakes(error.mistakes) if output is Output.JSON else told_mistakes(error.mistakes))
        raise typer.Exit(1) from None
    reached = asyncio.run(reach_upstreams(loaded.config)) if online else None
    if output is Output.JSON:
        typer.echo(_json(loaded, reached, whole=print_, files=files))
    else:
        _tell(loaded, reached, whole=print_, files=files)
    if reached and not all(each.good for each in reached):
        raise typer.Exit(1)


def _tell(loaded: Loaded, reached: list[Reached] | None, *, whole: bool, files: bool) -> None:
    """Print the result for people. The configuration comes by itself on standard output, so that it can be kept."""
    typer.echo(told_summary(loaded, files=files), err=whole)
    if loaded.warnings:
        typer.echo(told_warnings(loaded.warnings), err=whole)
    for each in reached or ():
        typer.echo(str(each), err=whole)
    if whole:
        typer.echo(effective_text(effective(loaded.settings, loaded.config)), nl=False)


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
