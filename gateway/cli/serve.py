"""`cors-gateway serve`."""

import os
from pathlib import Path
from typing import Annotated

import typer

from gateway.cli.remarks import told_mistakes
from gateway.cli.running import DEFAULT_CONFIG
from gateway.config.load import load, without_file
from gateway.config.model import ConfigError
from gateway.config.windows import FOLDER


def serve(
    config: Annotated[
        list[Path] | None,
        typer.Option(
            "--config",
            "-c",
            metavar="PATH",
            help=f"A YAML file, or a folder of them [{FOLDER}]. May be repeated.",
        ),
    ] = None,
    upstream: Annotated[
        str | None, typer.Option(metavar="URL", help="Serve one site without a file: its upstream.")
    ] = None,
    allow_origin: Annotated[
        list[str] | None, typer.Option(metavar="ORIGIN", help="An origin that may use it. May be repeated.")
    ] = None,
    name: Annotated[
        list[str] | None, typer.Option(metavar="HOST", help="A name of the site; without one, any. May be repeated.")
    ] = None,
    listen: Annotated[str | None, typer.Option(metavar="ADDRESS", help="Where to listen [127.0.0.1:9900].")] = None,
) -> None:
    """Run the gateway, as a folder of YAML files says, or as the options do."""
    without = upstream is not None or allow_origin or name or listen is not None
    if config and without:
        raise typer.BadParameter("a file, or --upstream and what goes with it: one or the other")
    if without and (upstream is None or not allow_origin):
        raise typer.BadParameter("without a file, --upstream and --allow-origin are needed")
    paths = config or [DEFAULT_CONFIG]
    try:
        if upstream is None:
            loaded = load(paths, os.environ)
        else:
            loaded = without_file(upstream=upstream, allow_origins=allow_origin or (), names=name or (), listen=listen)
    except ConfigError as error:
        typer.echo(told_mistakes(error.mistakes), err=True)
        raise typer.Exit(1) from None
    from gateway.service.serve import run  # noqa: PLC0415 - what is wrong is told before the rest is loaded

    raise typer.Exit(run(loaded, None if upstream else lambda: load(paths, os.environ)))
