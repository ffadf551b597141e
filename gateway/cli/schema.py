"""`cors-gateway schema`."""

from typing import Final

from gateway.cli.line import Command, echo
from gateway.config.schema import schema_text


def schema() -> int:
    """Print the JSON Schema of the configuration."""
    echo(schema_text(), nl=False)
    return 0


COMMAND: Final = Command(schema)
