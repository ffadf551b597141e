"""`cors-gateway version`."""

from gateway import __version__
from gateway.cli.line import echo
from gateway.relay.scanners import SCANNERS, why


def version() -> int:
    """Print the version, and whether the scanners of HTTP are compiled or in Python."""
    echo(f"cors-gateway {__version__}")
    echo(f"scanners: {SCANNERS}{f' ({why})' if why else ''}")
    return 0
