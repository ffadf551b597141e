"""`cors-gateway demo`."""

from typing import Annotated

import typer


def demo(
    crm: Annotated[
        str | None, typer.Option(metavar="URL", help="A CRM of your own instead of the embedded one.")
    ] = None,
    origin: Annotated[str | None, typer.Option(metavar="ORIGIN", help="The add-in's origin that may use it.")] = None,
) -> None:
    """Show what an add-in's page can read, directly and through the gateway."""
    from gateway.demo.command import demo_command  # noqa: PLC0415 - the other commands do without its weight

    raise typer.Exit(demo_command(crm, origin))
