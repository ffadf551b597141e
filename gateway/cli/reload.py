"""`cors-gateway reload`."""

from pathlib import Path
from typing import Final

from gateway.cli import running
from gateway.cli.line import Command, echo
from gateway.cli.running import NotRunningError, address_of, fail, told


def reload(*, config: list[Path] | None, admin: str | None) -> int:
    """Have the gateway go over to the configuration on disk; tell what has changed, or why it has not."""
    try:
        came = told(address_of(config, admin), "POST", "/reload", {"X-Cors-Gateway": "reload"})
    except NotRunningError as error:
        return fail(error)
    if came["broken"]:
        echo(f"the configuration in force stays:\n{came['broken']}", err=True)
        return 1
    echo("\n".join(came["changes"]) or "nothing changed")
    return 0


COMMAND: Final = Command(reload, running.options)
