"""How commands speak with a gateway that runs: by its admin address."""

import json
import os
from collections.abc import Sequence
from http import HTTPStatus
from pathlib import Path
from typing import Any, Final

from gateway.cli.line import Parser, WrongLineError, echo
from gateway.config.load import admin_address
from gateway.config.model import Address
from gateway.config.windows import FOLDER, WINDOWS

DEFAULT_CONFIG: Final = Path(FOLDER)
STATUS: Final = "sc.exe query corsgateway" if WINDOWS else "systemctl status cors-gateway"
"""The command that tells how the service is."""
SECONDS: Final = 60.0
"""How long an answer may take: a reload reads every file anew, and looks up new names."""

ADMIN: Final = "admin: {address: 127.0.0.1:9901}" + (
    ", or reload_on_change: true to have changed files read without a command; restart the service once"
    if WINDOWS  # nothing else has it reload: there is no SIGHUP
    else ""
)
"""What a configuration without an admin address lacks."""


class NotRunningError(Exception):
    """No gateway answers; the message says why, and what to do."""


def options(parser: Parser) -> None:
    """Add the options."""
    help_ = f"Where the admin address stands [{FOLDER}]. May be repeated."
    parser.option("-c", "--config", action="append", type=Path, metavar="PATH", help=help_)
    parser.option("--admin", metavar="ADDRESS", help="The admin address itself, in place of what the files say.")


def address_of(paths: Sequence[Path] | None, admin: str | None) -> Address:
    """Return where the gateway that runs tells about itself, be its files on disk good or broken by now.

    Raises:
        NotRunningError: nobody says where.
        WrongLineError: `admin` is no address.
    """
    if admin is not None:
        host, _, port = admin.rpartition(":")
        if not host or not port.isdigit():
            raise WrongLineError("Invalid value for --admin: an address is as in 127.0.0.1:9901")
        return Address(host.strip("[]"), int(port))
    found = admin_address(paths or [DEFAULT_CONFIG], os.environ)
    if found is None:
        raise NotRunningError(f"the configuration names no admin address: write {ADMIN}")
    return found


def call(address: Address, method: str, path: str, fields: dict[str, str] | None = None) -> tuple[int, str]:
    """Ask the gateway; return the status and the body of its answer.

    Raises:
        NotRunningError: nobody answers.
    """
    from http.client import HTTPConnection, HTTPException  # noqa: PLC0415 - half a megabyte that `serve` does not need

    connection = HTTPConnection(address.host, address.port, timeout=SECONDS)
    where = f"{address.host}:{address.port}"
    try:
        connection.request(method, path, headers=fields or {})
        response = connection.getresponse()
        return response.status, response.read().decode("utf-8", "replace")
    except TimeoutError as error:
        raise NotRunningError(f"{where} does not answer within {SECONDS:g} s") from error
    except (OSError, HTTPException) as error:
        remedy = f"`{STATUS}` tells whether it runs"
        raise NotRunningError(f"no gateway answers at {where} ({error}): {remedy}") from error
    finally:
        connection.close()


def told(address: Address, method: str, path: str, fields: dict[str, str] | None = None) -> dict[str, Any]:
    """Return what the gateway tells as JSON.

    Raises:
        NotRunningError: nobody answers, or it is no gateway.
    """
    status, body = call(address, method, path, fields)
    if status == HTTPStatus.OK:
        try:
            found: dict[str, Any] = json.loads(body)
        except ValueError:
            pass
        else:
            return found
    raise NotRunningError(f"{address.host}:{address.port} is no gateway's admin address: it answers {status}")


def fail(error: NotRunningError) -> int:
    """Tell why there is no answer, and return the exit status."""
    echo(str(error), err=True)
    return 1
