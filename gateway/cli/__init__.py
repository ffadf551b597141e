"""The command line: arguments in, exit status out; one file a command.

Exit status 0 is good, 1 is not, 2 is a wrong command line.
"""

from collections.abc import Sequence

import typer

from gateway.cli.check import check
from gateway.cli.demo import demo
from gateway.cli.schema import schema
from gateway.cli.serve import serve
from gateway.cli.version import version

app = typer.Typer(
    name="cors-gateway",
    help="Stands in front of a web application, owns CORS, and relays everything else untouched.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
for command in (serve, check, schema, demo, version):
    app.command()(command)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run a command line, that of the process by default, and exit with its status."""
    app(args=None if arguments is None else list(arguments))
