"""The command line: arguments in, exit status out; one file a command.

Exit status 0 is good, 1 is not, 2 is a wrong command line.
"""

import os
import sys
from collections.abc import Mapping, Sequence
from typing import Final, NoReturn

from gateway.cli import check, demo, healthcheck, reload, running, schema, serve, status, version
from gateway.cli.line import NAME, WRONG, Command, Parser, WrongLineError, echo

COMMANDS: Final[Mapping[str, Command]] = {
    "serve": Command(serve.serve, serve.options),
    "check": Command(check.check, check.options, " [PATH]..."),
    "reload": Command(reload.reload, running.options),
    "status": Command(status.status, status.options, " [SITE]"),
    "healthcheck": Command(healthcheck.healthcheck, running.options),
    "schema": Command(schema.schema),
    "demo": Command(demo.demo, demo.options),
    "version": Command(version.version),
}
HELP: Final = "Stands in front of a web application, owns CORS, and relays everything else untouched."


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run a command line, that of the process by default, and exit with its status."""
    try:
        sys.exit(_run(sys.argv[1:] if arguments is None else arguments))
    except KeyboardInterrupt:
        echo("Aborted!", err=True)
    except BrokenPipeError:  # whoever read has gone, and Python would complain once more when it flushes at its end
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    sys.exit(1)


def _run(line: Sequence[str]) -> int:
    width = max(map(len, COMMANDS))
    listed = "\n".join(f"  {name:{width}}  {command.help}" for name, command in COMMANDS.items())
    parser = Parser(NAME, "[OPTIONS] COMMAND [ARGS]...", HELP, f"Commands:\n{listed}")
    if not line:
        parser.print_help(sys.stderr)
        return WRONG
    name, *more = line
    if name.startswith("-"):
        parser.read((name,))
    if name not in COMMANDS:
        from difflib import get_close_matches  # noqa: PLC0415 - for mistakes only

        near = "".join(f" Did you mean '{each}'?" for each in get_close_matches(name, COMMANDS, 1))
        parser.error(f"No such command '{name}'.{near}")
    parser = COMMANDS[name].parser(name)
    found = parser.read(more)
    try:
        return COMMANDS[name].run(**vars(found))
    except WrongLineError as error:
        parser.error(str(error))
