"""A command line: how it is read, and how what is wrong with it is told."""

import argparse
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, NoReturn

NAME: Final = "cors-gateway"
WRONG: Final = 2
"""The exit status of a wrong command line."""


class WrongLineError(Exception):
    """What is wrong with options that are each as they should be."""


class Parser(argparse.ArgumentParser):
    """Reads options in their full length, before, between and behind arguments."""

    def __init__(self, name: str, usage: str, description: str, more: str = "") -> None:
        """Know of no option but `--help`."""
        super().__init__(
            prog=name,
            usage=f"{name} {usage}",
            description=description,
            epilog=more,
            formatter_class=argparse.RawDescriptionHelpFormatter,
            add_help=False,
            allow_abbrev=False,
        )
        self.argument = self.add_argument_group("Arguments").add_argument
        self.option = self.add_argument_group("Options").add_argument
        self.option("--help", action="help", help="Show this message and exit.")

    def read(self, line: Sequence[str]) -> argparse.Namespace:
        """Return what a line says, or end with the help, or what is wrong."""
        found, more = self.parse_known_intermixed_args(line)
        for word in more:
            self.error(f"No such option: {word}" if word.startswith("-") else f"Got unexpected extra argument ({word})")
        return found

    def error(self, message: str) -> NoReturn:
        """Tell what is wrong, and end."""
        self.exit(WRONG, f"{self.format_usage()}Try '{self.prog} --help' for help.\n\nError: {message}\n")


def no_options(_parser: Parser) -> None:
    """Add no option."""


@dataclass(frozen=True, slots=True)
class Command:
    """One command; what `run` says of itself is its help."""

    run: Callable[..., int]
    """Takes what the options say, by their names; returns the exit status."""
    options: Callable[[Parser], None] = no_options
    """Adds its options, and arguments."""
    arguments: str = ""
    """What is behind the options."""

    @property
    def help(self) -> str:
        """What it does."""
        return (self.run.__doc__ or "").strip()

    def parser(self, name: str) -> Parser:
        """Return what reads its line."""
        parser = Parser(f"{NAME} {name}", f"[OPTIONS]{self.arguments}", self.help)
        self.options(parser)
        return parser


def echo(text: str, *, err: bool = False, nl: bool = True) -> None:
    """Print text, at once."""
    stream = sys.stderr if err else sys.stdout
    stream.write(f"{text}\n" if nl else text)
    stream.flush()
