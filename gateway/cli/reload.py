"""`cors-gateway reload`."""

from pathlib import Path
from typing import Annotated

import typer

from gateway.cli.running import DEFAULT_CONFIG, admin_address, told


def reload(
    config: Annotated[
        list[Path] | None,
        typer.Option("--config", "-c", metavar="PATH", help="As for serve [/etc/cors-gateway]."),
    ] = None,
) -> None:
    """Have the gateway go over to the configuration on disk; tell what has changed, or why it has not."""
    came = told(admin_address(config or [DEFAULT_CONFIG]), "POST", "/reload", {"X-Cors-Gateway": "reload"})
    if came["broken"]:
        typer.echo(f"the configuration in force stays:\n{came['broken']}", err=True)
        raise typer.Exit(1)
    typer.echo("\n".join(came["changes"]) or "nothing changed")
