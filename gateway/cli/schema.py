"""`cors-gateway schema`."""

import typer


def schema() -> None:
    """Print the JSON Schema of the configuration."""
    from gateway.config.schema import schema_text

    typer.echo(schema_text(), nl=False)
