"""`cors-gateway demo`."""

from typing import Final

from gateway.cli.line import Command, Parser


def options(parser: Parser) -> None:
    """Add the options."""
    parser.option("--crm", metavar="URL", help="A CRM of your own instead of the embedded one.")
    parser.option("--origin", metavar="ORIGIN", help="The add-in's origin that may use it.")


def demo(*, crm: str | None, origin: str | None) -> int:
    """Show what an add-in's page can read, directly and through the gateway."""
    from gateway.demo.command import demo_command  # noqa: PLC0415 - `--help` does without its weight

    return demo_command(crm, origin)


COMMAND: Final = Command(demo, options)
