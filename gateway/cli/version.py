"""`cors-gateway version`."""

import typer

from gateway import __version__


def version() -> None:
    """Print the version."""
    typer.echo(f"cors-gateway {__version__}")
