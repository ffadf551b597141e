"""How commands speak with a gateway that runs: by its admin address, which its configuration names."""

import http.client
import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import typer

from gateway.cli.remarks import told_mistakes
from gateway.config.load import load
from gateway.config.model import Address, ConfigError

DEFAULT_CONFIG: Final = Path("/etc/cors-gateway")
SECONDS: Final = 10.0
"""How long an answer may take: someone is waiting at a terminal. A reload reads every file anew."""


class NotRunningError(Exception):
    """Nobody answers at the admin address; the message says why, and what to do."""


def admin_address(paths: Sequence[Path]) -> Address:
    """Return the admin address that a configuration names; end with status 1 where there is none, or it is broken."""
    try:
        config = load(paths, os.environ, files=False).config
    except ConfigError as error:
        typer.echo(told_mistakes(error.mistakes), err=True)
        raise typer.Exit(1) from None
    if config.admin is None:
        typer.echo("the configuration names no admin address: write admin: {address: 127.0.0.1:9901}", err=True)
        raise typer.Exit(1)
    return config.admin


def call(address: Address, method: str, path: str, fields: dict[str, str] | None = None) -> tuple[int, str]:
    """Ask the gateway; return the status and the body of its answer.

    Raises:
        NotRunningError: nobody answers, or it is no gateway.
    """
    connection = http.client.HTTPConnection(address.host, address.port, timeout=SECONDS)
    try:
        connection.request(method, path, headers=fields or {})
        response = connection.getresponse()
        return response.status, response.read().decode("utf-8", "replace")
    except (OSError, http.client.HTTPException) as error:
        where = f"{address.host}:{address.port}"
        raise NotRunningError(
            f"no gateway answers at {where} ({error}): `systemctl status cors-gateway` tells whether it runs"
        ) from error
    finally:
        connection.close()


def told(address: Address, method: str, path: str, fields: dict[str, str] | None = None) -> dict[str, Any]:
    """Return what the gateway tells as JSON; end with status 1 where it does not."""
    try:
        status, body = call(address, method, path, fields)
    except NotRunningError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from None
    if status != http.client.OK:
        typer.echo(f"{address.host}:{address.port} answers {status}: {body.strip()}", err=True)
        raise typer.Exit(1)
    found: dict[str, Any] = json.loads(body)
    return found
