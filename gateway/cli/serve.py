"""`cors-gateway serve`."""

import os
from pathlib import Path
from typing import Final

from gateway.cli.line import Command, Parser, WrongLineError, echo
from gateway.cli.remarks import told_mistakes
from gateway.cli.running import DEFAULT_CONFIG
from gateway.config.load import load, without_file
from gateway.config.model import ConfigError
from gateway.config.windows import FOLDER


def options(parser: Parser) -> None:
    """Add the options."""
    help_ = f"A YAML file, or a folder of them [{FOLDER}]. May be repeated."
    parser.option("-c", "--config", action="append", type=Path, metavar="PATH", help=help_)
    parser.option("--upstream", metavar="URL", help="Serve one site without a file: its upstream.")
    help_ = "An origin that may use it. May be repeated."
    parser.option("--allow-origin", action="append", metavar="ORIGIN", help=help_)
    help_ = "A name of the site; without one, any. May be repeated."
    parser.option("--name", action="append", metavar="HOST", help=help_)
    parser.option("--listen", metavar="ADDRESS", help="Where to listen [127.0.0.1:9900].")


def serve(
    *,
    config: list[Path] | None,
    upstream: str | None,
    allow_origin: list[str] | None,
    name: list[str] | None,
    listen: str | None,
) -> int:
    """Run the gateway, as a folder of YAML files says, or as the options do."""
    without = upstream is not None or allow_origin or name or listen is not None
    if config and without:
        raise WrongLineError("Invalid value: a file, or --upstream and what goes with it: one or the other")
    if without and (upstream is None or not allow_origin):
        raise WrongLineError("Invalid value: without a file, --upstream and --allow-origin are needed")
    paths = config or [DEFAULT_CONFIG]
    try:
        if upstream is None:
            loaded = load(paths, os.environ)
        else:
            loaded = without_file(upstream=upstream, allow_origins=allow_origin or (), names=name or (), listen=listen)
    except ConfigError as error:
        echo(told_mistakes(error.mistakes), err=True)
        return 1
    from gateway.service.serve import run  # noqa: PLC0415 - what is wrong is told before the rest is loaded

    return run(loaded, None if upstream else lambda: load(paths, os.environ))


COMMAND: Final = Command(serve, options)
