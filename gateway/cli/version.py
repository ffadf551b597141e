"""`cors-gateway version`."""

import typer

from gateway import __version__
from gateway.relay.scanners import SCANNERS, why


def version() -> None:
    """Print the version, and whether the scanners of HTTP are compiled or in Python."""
    typer.echo(f"cors-gateway {__version__}")
    typer.echo(f"scanners: {SCANNERS}{f' ({why})' if why else ''}")
