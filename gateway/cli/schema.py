"""`cors-gateway schema`."""

from gateway.cli.line import echo
from gateway.config.schema import schema_text


def schema() -> int:
    """Print the JSON Schema of the configuration."""
    echo(schema_text(), nl=False)
    return 0
