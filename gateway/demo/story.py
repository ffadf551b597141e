"""What is told to whoever started the demonstration: what to look at, and what to try."""

from __future__ import annotations

import os
from shlex import quote
from typing import TYPE_CHECKING

from gateway.demo.crm import PASSWORD, USER

if TYPE_CHECKING:
    from gateway.demo.configuration import Places
    from gateway.demo.pages import Show


def demo_story(show: Show) -> str:
    """Return what to look at."""
    places = show.places
    return f"""
  Open  {places.page}/

  The page plays an Outlook add-in. It calls a CRM on another origin, directly and through the gateway,
  and shows side by side what your browser lets it read. A page nobody listed makes the same calls.

  gateway        {places.gateway}
  configuration  {show.configuration_file}
  log            {show.log_file}
  CRM            {places.crm}/index.php  (its own pages, directly: {USER}, password {PASSWORD})
                 {places.gateway}/index.php  (the same through the gateway)
{_from_afar(places)}
  Ctrl-C ends it all.
"""


def own_story(show: Show, origin: str | None) -> str:
    """Return what to look at, and what to try, in front of somebody's own CRM."""
    places = show.places
    listed = quote(f"Origin: {origin or places.page}")
    challenge = quote(f"{places.gateway}/webservice.php?operation=getchallenge&username=cors-gateway-demo")
    rest = quote(f"{places.gateway}/restapi/v1/vtews/listtypes")
    return f"""
  Open  {places.page}/

  The gateway stands before {places.crm} and listens on {places.gateway}.
  The page compares with your own browser, call by call. It signs in nowhere and writes nothing. By hand:

  # what a browser asks first: the gateway answers, the CRM never hears of it
  curl -i -X OPTIONS {rest} -H {listed} \\
       -H 'Access-Control-Request-Method: POST' \\
       -H 'Access-Control-Request-Headers: authorization,content-type'

  # a call of the add-in: the CRM's answer, with one set of CORS fields
  curl -i {challenge} -H {listed}

  # the same from a page nobody listed: refused before the CRM is touched
  curl -i {challenge} -H 'Origin: https://stranger.example'

  configuration  {show.configuration_file}
  log            {show.log_file}
{_from_afar(places)}
  Ctrl-C ends it all.
"""


def _from_afar(places: Places) -> str:
    """Return how a browser elsewhere gets here, when this is a shell on another machine."""
    if "SSH_CONNECTION" not in os.environ:
        return ""
    here = (places.page, places.foreign, places.gateway, places.crm)
    ports = [base.rpartition(":")[2] for base in here if base.startswith(("http://127.0.0.1:", "http://localhost:"))]
    forwarded = " ".join(f"-L {port}:127.0.0.1:{port}" for port in ports)
    return f"\n  From your own machine:  ssh {forwarded} HOST\n"
