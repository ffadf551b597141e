"""The three places, with the configuration of their pages in real servers: only addresses, ports and folders differ.

Behind each stands a CRM that says yes to every origin, twice, and tells what it was asked. What stands in
deploy/ as well is run by tests/deploy.
"""

import re
import ssl
import subprocess
from collections.abc import Generator
from pathlib import Path

import pytest

from tests.places import (
    CLIENT,
    CRM,
    OWN_NAME,
    Place,
    apache_command,
    ask,
    bad_crm,
    configuration,
    expect_the_place_to_work,
    gateway,
    nginx_command,
    of_placement,
    of_readme,
    standing,
    trusting,
)
from tests.real.processes import LOOPBACK, accepts, running
from tests.system import needs


@pytest.fixture
def place(tmp_path: Path) -> Generator[Place]:
    with standing(tmp_path) as place:
        yield place


@needs("apache2")
def test_1_on_port_443_itself_before_apache(place: Place) -> None:
    outer, inner = place.ports.take(), place.ports.take()
    (place.folder / "themes").mkdir()
    place.certificate(place.folder / "tls" / "crm")
    (text,) = [each for each in of_readme("apache") if "VirtualHost" in each]
    text = text.replace(f"{LOOPBACK}:8080", f"{LOOPBACK}:{inner}").replace("/var/www/vtenext", str(place.folder))
    text = text.replace("</VirtualHost>", 'Header always set Seen-Https "%{HTTPS}e"\n</VirtualHost>')
    ours = configuration(
        of_readme("yaml")[1],
        listeners=[{"address": f"{LOOPBACK}:{outer}", "certificates": str(place.folder / "tls")}],
        upstream=f"http://{LOOPBACK}:{inner}",
    )
    apache = apache_command(place, text, "remoteip", "headers")
    with (
        running(apache, place.folder / "apache.log", lambda: accepts(inner)),
        gateway(place, ours, outer),
    ):
        redirect = ask(outer, CRM, "GET", "/themes", trusting(place.authority), Sec_Fetch_Site="same-origin")
    # All three lines of the page's table.
    assert redirect.lines["Location"] == f"https://{CRM}/themes/"
    assert redirect.lines["Seen-Https"] == "on"
    assert (place.folder / "addresses").read_text("utf-8") == f"{CLIENT}\n"


@needs("nginx-light")
def test_3_under_its_own_name_behind_nginx(place: Place) -> None:
    outer, inner = place.ports.take(), place.ports.take()
    chain, key = place.certificate(place.folder / "terminator")
    (server,) = [each for each in of_readme("nginx") if "server {" in each]
    server = server.replace("listen 443", f"listen {LOOPBACK}:{outer}").replace("10.0.0.20:9900", f"{LOOPBACK}:{inner}")
    server = server.replace("/etc/ssl/crm-api/fullchain.pem", str(chain))
    server = server.replace("/etc/ssl/crm-api/privkey.pem", str(key))
    authority = place.folder / "authority.pem"
    place.authority.cert_pem.write_to_path(authority)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(*place.certificate(place.folder / "crm"))
    with bad_crm(context) as crm:
        ours = configuration(
            of_readme("yaml")[2],
            listeners=[{"address": f"{LOOPBACK}:{inner}"}],
            trusted_proxies=[LOOPBACK],
            upstream={"urls": [f"https://localhost:{crm.server_address[1]}"], "tls": {"ca": str(authority)}},
        )
        with (
            gateway(place, ours, inner),
            running(nginx_command(place, server), place.folder / "nginx.log", lambda: accepts(outer)),
        ):
            expect_the_place_to_work(outer, OWN_NAME, trusting(place.authority), "https")


def test_a_proxy_that_is_not_trusted_is_named_in_the_log(place: Place) -> None:
    inner = place.ports.take()
    with bad_crm() as crm:
        ours = configuration(
            of_readme("yaml")[0],
            listeners=[{"address": f"{LOOPBACK}:{inner}"}],
            upstream=crm.url,
        )
        with gateway(place, ours, inner) as log:
            ask(inner, CRM, "GET", "/webservice.php", X_Forwarded_For="192.0.2.66")
        told = log.read_text("utf-8")
    assert "proxy.untrusted" in told
    assert f"put {CLIENT} into trusted_proxies" in told


@needs("nginx-light")
def test_nginx_takes_the_crms_own_server_of_the_page(place: Place) -> None:
    (text,) = of_placement("nginx", "http")
    (line,) = of_placement("nginx", "location")
    parameters = Path("/etc/nginx/fastcgi_params").read_text("utf-8")
    place.write("nginx/fastcgi_params", parameters)
    text = text.replace(f"{LOOPBACK}:8080", f"{LOOPBACK}:{place.ports.take()}")
    server = f"server {{ listen {LOOPBACK}:{place.ports.take()}; location / {{ {line} }} }}"
    tested = subprocess.run((*nginx_command(place, text + server), "-t"), capture_output=True, text=True, check=False)
    assert tested.returncode == 0, tested.stderr


@needs("apache2")
def test_apache_takes_what_the_page_puts_into_a_directory(place: Place) -> None:
    (line,) = of_placement("apache", "directory")
    port = place.ports.take()
    apache = apache_command(place, f"Listen {LOOPBACK}:{port}", directory=line)
    with running(apache, place.folder / "apache.log", lambda: accepts(port)):
        pass


def test_what_finds_cors_lines_finds_them() -> None:
    (line,) = [each for each in of_readme("sh") if each.startswith("grep")]
    pattern = re.search(r"'(.*)'", line)
    assert pattern is not None
    for told in (
        'Header always set Access-Control-Allow-Origin "*"',
        "add_header access-control-allow-credentials true always;",
        "accessControlAllowOriginList: ['*']",
    ):
        assert re.search(pattern[1], told, re.IGNORECASE)
