"""`cors-gateway healthcheck`."""

from http import HTTPStatus
from pathlib import Path
from typing import Final

from gateway.cli import running
from gateway.cli.line import Command, echo
from gateway.cli.running import NotRunningError, address_of, call, fail


def healthcheck(*, config: list[Path] | None, admin: str | None) -> int:
    """Tell by the exit status whether the gateway serves: 0 if it does. For a container's health check."""
    try:
        status, body = call(address_of(config, admin), "GET", "/readyz")
    except NotRunningError as error:
        return fail(error)
    echo(body.strip())
    return 0 if status == HTTPStatus.OK else 1


COMMAND: Final = Command(healthcheck, running.options)
