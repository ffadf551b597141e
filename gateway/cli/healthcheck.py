"""`cors-gateway healthcheck`."""

import http.client
from pathlib import Path
from typing import Annotated

import typer

from gateway.cli.running import DEFAULT_CONFIG, NotRunningError, admin_address, call


def healthcheck(
    config: Annotated[
        list[Path] | None,
        typer.Option("--config", "-c", metavar="PATH", help="As for serve [/etc/cors-gateway]."),
    ] = None,
) -> None:
    """Tell by the exit status whether the gateway serves: 0 if it does. For a container's health check."""
    try:
        status, body = call(admin_address(config or [DEFAULT_CONFIG]), "GET", "/readyz")
    except NotRunningError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from None
    typer.echo(body.strip())
    raise typer.Exit(0 if status == http.client.OK else 1)
