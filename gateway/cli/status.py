"""`cors-gateway status`: for nine in the evening, over ssh."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from gateway.cli import running
from gateway.cli.check import Output, output_option
from gateway.cli.line import Command, Parser, echo
from gateway.cli.running import NotRunningError, address_of, fail, told


def options(parser: Parser) -> None:
    """Add the options."""
    parser.argument("site", nargs="?", metavar="SITE", help="Only this site, with its last refusals.")
    running.options(parser)
    output_option(parser)


def status(*, site: str | None, config: list[Path] | None, admin: str | None, output: str) -> int:
    """Tell how the gateway is doing: listeners, certificates, sites, upstreams, and what was refused and why."""
    try:
        found = told(address_of(config, admin), "GET", "/status")
    except NotRunningError as error:
        return fail(error)
    if site is not None:
        found["sites"] = [each for each in found["sites"] if each["name"] == site]
        if not found["sites"]:
            echo(f"no site is called {site}: cors-gateway status tells them all", err=True)
            return 1
    echo(json.dumps(found, indent=2) if output == Output.JSON else "\n".join(_lines(found)))
    return 0


def _lines(found: dict[str, Any]) -> Iterator[str]:
    drain = sum(each["draining"] for each in found["workers"])
    drain_too = f" and {drain} that drain" if drain else ""
    workers = f"{len(found['workers']) - drain} workers{drain_too}, " if len(found["workers"]) > 1 else ""
    draining = ", draining" if found["draining"] else ""
    yield f"cors-gateway {found['version']}, {workers}since {found['started']}{draining}"
    if found["replaced"]:
        yield f"WORKERS THAT ENDED UNASKED: {found['replaced']}; the log says how"
    if found["broken"]:
        what = (
            "IS NOT IN FORCE, it takes a restart" if found["restart_helps"] else "CANNOT BE USED, a restart would fail"
        )
        yield f"THE CONFIGURATION ON DISK {what}: {found['broken']}"
    for listener in found["listeners"]:
        yield f"{listener['address']}  {listener['connections']} of {listener['limit']} connections"
        if listener["broken"]:
            yield f"  THE CERTIFICATE FILES CANNOT BE USED, the former ones are shown: {listener['broken']}"
        for certificate in listener["certificates"]:
            yield f"  {certificate['chain']}  {certificate['days_left']:.0f} days left"
    for reason, count in found["outcomes"].items():
        yield f"connections that ended {reason}: {count}"
    for refusal in found["refusals"]:
        yield f"  {refusal['time']}  {refusal['reason']}: {refusal['remedy']}"
    for site in found["sites"]:
        yield from _site(site)


def _site(site: dict[str, Any]) -> Iterator[str]:
    yield f"{site['name']}  {site['in_flight']} requests under way, {site['streams']} streams"
    for server in site["servers"]:
        yield f"  {server['url']}  {'up' if server['up'] else 'DOWN, passed over'}"
    for reason, count in site["outcomes"].items():
        yield f"  {reason}: {count}"
    for oddity, count in site["oddities"].items():
        yield f"  {oddity}: {count}"
    for refusal in site["refusals"]:
        yield f"  {refusal['time']}  {refusal['reason']}: {refusal['remedy']}"


COMMAND: Final = Command(status, options, " [SITE]")
