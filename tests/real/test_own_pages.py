"""The CRM's own pages through the gateway, for real: people log in, save, and come back from a single sign-on."""

import pytest

from tests.real.chromium import Chromium
from tests.real.gateway import FORM_POST, PAGES, TERMINATED
from tests.real.mistakes import Server
from tests.real.names import IDENTITY_PROVIDER, OPAQUE, gateway_host
from tests.real.servers import Servers
from tests.system import needs

pytestmark = [
    needs("apache2", "libapache2-mod-php", "php-fpm", "nginx-light", "chromium", "chromium-driver"),
    pytest.mark.xdist_group("real"),
]

each_site = pytest.mark.parametrize("site", [PAGES, TERMINATED])


def log_in(chromium: Chromium, site: str) -> None:
    chromium.forget()
    chromium.open(f"https://{gateway_host(site)}/index.php")
    chromium.submit({"user_name": "admin", "user_password": "secret"}, title="home")


def posts(servers: Servers, site: str) -> int:
    """Return how many posts the CRM has seen; browsers ask for icons besides, when they like."""
    reached = servers.reached(Server.MODULE, gateway_host(site))
    return sum(times for (method, _, _), times in reached.items() if method == "POST")


@each_site
def test_a_person_logs_in_and_stays_logged_in(site: str, chromium: Chromium) -> None:
    log_in(chromium, site)
    assert chromium.text("#user") == "logged in as admin"
    chromium.open(f"https://{gateway_host(site)}/index.php?action=index")
    assert chromium.text("#user") == "logged in as admin"
    assert chromium.cookies().keys() == {"PHPSESSID", "savelogin", "savelogindata"}


@each_site
def test_a_form_is_saved(site: str, chromium: Chromium) -> None:
    log_in(chromium, site)
    chromium.submit({"subject": "Größe"}, title="saved")
    assert chromium.text("#subject") == "Größe"
    assert chromium.text("#origin") == f"https://{gateway_host(site)}"


@each_site
def test_a_form_is_saved_where_the_page_hides_its_origin(site: str, chromium: Chromium) -> None:
    log_in(chromium, site)
    chromium.open(f"https://{gateway_host(site)}/index.php?action=index&referrer_policy=no-referrer")
    chromium.submit({"subject": "Größe"}, title="saved")
    assert chromium.text("#subject") == "Größe"
    assert chromium.text("#origin") == "null"
    assert chromium.text("#site") == "same-origin"


@each_site
@pytest.mark.parametrize(("page", "origin"), [(IDENTITY_PROVIDER, IDENTITY_PROVIDER), (OPAQUE, "null")])
def test_a_form_of_another_origin_arrives_where_such_forms_are_listed(
    site: str, page: str, origin: str, chromium: Chromium
) -> None:
    chromium.open(page)
    status = chromium.post(f"https://{gateway_host(site)}{FORM_POST}", {"SAMLResponse": "PHNhbWxwOlJlc3BvbnNlLz4="})
    assert status == 200
    assert chromium.text("#assertion") == "PHNhbWxwOlJlc3BvbnNlLz4="
    assert chromium.text("#origin") == origin


@each_site
@pytest.mark.parametrize("page", [IDENTITY_PROVIDER, OPAQUE])
@pytest.mark.parametrize("target", ["/index.php?action=Authenticate", f"{FORM_POST}/else", "/modules/SAML/"])
def test_a_form_of_another_origin_is_refused_everywhere_else(
    site: str, page: str, target: str, chromium: Chromium, servers: Servers
) -> None:
    before = posts(servers, site)
    chromium.open(page)
    status = chromium.post(f"https://{gateway_host(site)}{target}", {"user_name": "admin", "user_password": "secret"})
    assert status == 403
    assert "origin-not-allowed" in chromium.text("body")
    assert posts(servers, site) == before
