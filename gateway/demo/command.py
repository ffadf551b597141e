"""`cors-gateway demo`: arguments in, exit status out."""

from __future__ import annotations

import asyncio
import sys
from typing import Final
from urllib.parse import urlsplit

from gateway.demo.process import GatewayEndedError
from gateway.demo.run import PAGE_PORT, Options, run_demo

GOOD: Final = 0
NOT_GOOD: Final = 1
WRONG_COMMAND_LINE: Final = 2


def demo_command(crm: str | None = None, origin: str | None = None, port: int | None = None) -> int:
    """Run the demonstration until it is interrupted, and return the exit status.

    With `crm` the gateway stands before that CRM, for pages on `origin` and for the demonstration's own page.
    """
    if (mistake := _mistake(crm, origin)) is not None:
        sys.stderr.write(f"{mistake}\n")
        return WRONG_COMMAND_LINE
    try:
        asyncio.run(run_demo(Options(crm or None, origin or None, PAGE_PORT if port is None else port), _say))
    except (GatewayEndedError, OSError) as error:
        sys.stderr.write(f"{error}\n")
        return NOT_GOOD
    return GOOD


def _mistake(crm: str | None, origin: str | None) -> str | None:
    """Return what is wrong with the command line; what is wrong with the values the gateway itself says best."""
    if origin and not crm:
        return "An origin is of use with a CRM of your own: make demo CRM=https://crm.lan ORIGIN=https://addin.example"
    if crm:
        parts = urlsplit(crm)
        if parts.scheme not in {"http", "https"} or not parts.hostname or parts.query or parts.fragment:
            return f"'{crm}' is not the address of a CRM: write https://crm.lan, or https://crm.lan/folder"
    return None


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()
