"""`cors-gateway healthcheck`."""

import http.client

import typer

from gateway.cli.running import Admin, NotRunningError, Paths, address_of, call, fail


def healthcheck(config: Paths = None, admin: Admin = None) -> None:
    """Tell by the exit status whether the gateway serves: 0 if it does. For a container's health check."""
    try:
        status, body = call(address_of(config, admin), "GET", "/readyz")
    except NotRunningError as error:
        raise fail(error) from None
    typer.echo(body.strip())
    raise typer.Exit(0 if status == http.client.OK else 1)
