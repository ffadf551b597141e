"""The command line: arguments in, exit status out; one file a command.

Exit status 0 is good, 1 is not, 2 is a wrong command line.
"""

import os
import sys
from collections.abc import Sequence
from importlib import import_module
from typing import Final, NoReturn, cast

from gateway.cli.line import NAME, WRONG, Command, Parser, WrongLineError, echo

COMMANDS: Final = ("serve", "check", "reload", "status", "healthcheck", "schema", "demo", "version")
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


def command(name: str) -> Command:
    """Return one of `COMMANDS`, of the module that has its name, which is loaded only now.

    `serve` would have in memory, as long as it runs, what the others need.
    """
    return cast("Command", import_module(f"gateway.cli.{name}").COMMAND)


def _run(line: Sequence[str]) -> int:
    name, *more = line or (None,)
    if name not in COMMANDS:
        _without_command(name)
    chosen = command(name)
    parser = chosen.parser(name)
    found = parser.read(more)
    try:
        return chosen.run(**vars(found))
    except WrongLineError as error:
        parser.error(str(error))


def _without_command(word: str | None) -> NoReturn:
    """Tell what there is, or what is wrong with the first word."""
    width = max(map(len, COMMANDS))
    listed = "\n".join(f"  {name:{width}}  {command(name).help}" for name in COMMANDS)
    parser = Parser(NAME, "[OPTIONS] COMMAND [ARGS]...", HELP, f"Commands:\n{listed}")
    if word is None:
        parser.print_help(sys.stderr)
        sys.exit(WRONG)
    if word.startswith("-"):
        parser.read((word,))
    from difflib import get_close_matches  # noqa: PLC0415 - for mistakes only

    near = "".join(f" Did you mean '{each}'?" for each in get_close_matches(word, COMMANDS, 1))
    parser.error(f"No such command '{word}'.{near}")
