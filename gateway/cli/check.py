"""`cors-gateway check`."""

import os
from pathlib import Path
from typing import Annotated

import typer

from gateway.cli.remarks import told_mistakes, told_warnings
from gateway.cli.serve import DEFAULT_CONFIG
from gateway.config.load import load
from gateway.config.model import ConfigError


def check(
    paths: Annotated[
        list[Path] | None, typer.Argument(metavar="[PATH]...", help="YAML files, or folders of them.")
    ] = None,
) -> None:
    """Check a configuration: changes nothing and asks nobody."""
    try:
        loaded = load(paths or [DEFAULT_CONFIG], os.environ)
    except ConfigError as error:
        typer.echo(told_mistakes(error.mistakes))
        raise typer.Exit(1) from None
    if loaded.warnings:
        typer.echo(told_warnings(loaded.warnings))
    typer.echo("can be used")
