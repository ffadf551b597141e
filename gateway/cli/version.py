"""`cors-gateway version`."""

from typing import Final

from gateway import __version__, extensions
from gateway.cli.line import Command, echo
from gateway.relay.scanners import SCANNERS, why


def version() -> int:
    """Print the version, and which parts are compiled, or why they are in Python."""
    echo(f"cors-gateway {__version__}")
    system = extensions.told(extensions.system())
    for part, kind, because in (("scanners", SCANNERS, why), ("relay", *extensions.relay()), ("system", *system)):
        echo(f"{part}: {kind}{f' ({because})' if because else ''}")
    return 0


COMMAND: Final = Command(version)
