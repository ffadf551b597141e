"""`cors-gateway schema`."""

import typer

from gateway.config.schema import schema_text


def schema() -> None:
    """Print the JSON Schema of the configuration."""
    typer.echo(schema_text(), nl=False)
