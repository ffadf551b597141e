"""`cors-gateway reload`."""

import typer

from gateway.cli.running import Admin, NotRunningError, Paths, address_of, fail, told


def reload(config: Paths = None, admin: Admin = None) -> None:
    """Have the gateway go over to the configuration on disk; tell what has changed, or why it has not."""
    try:
        came = told(address_of(config, admin), "POST", "/reload", {"X-Cors-Gateway": "reload"})
    except NotRunningError as error:
        raise fail(error) from None
    if came["broken"]:
        typer.echo(f"the configuration in force stays:\n{came['broken']}", err=True)
        raise typer.Exit(1)
    typer.echo("\n".join(came["changes"]) or "nothing changed")
