"""The command line: arguments in, exit status out; one file a command.

Exit status 0 is good, 1 is not, 2 is a wrong command line.
"""

from collections.abc import Sequence

import typer

from gateway.cli import check, demo, healthcheck, reload, schema, serve, status, version

app = typer.Typer(
    name="cors-gateway",
    help="Stands in front of a web application, owns CORS, and relays everything else untouched.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,  # help is text, in a journal too, and [brackets] in it are brackets
)
for command in (
    *(serve.serve, check.check, reload.reload, status.status, healthcheck.healthcheck),
    *(schema.schema, demo.demo, version.version),
):
    app.command()(command)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run a command line, that of the process by default, and exit with its status."""
    app(args=None if arguments is None else list(arguments))
