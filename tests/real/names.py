"""Who is called what in these tests. No name is ever looked up: Chromium maps each to a port of this machine."""

from typing import Final

ADDIN: Final = "https://addin.vendor.example"
"""The origin of the add-in's page: the one that the gateway's rule allows."""

OTHER: Final = "https://other.vendor.example"
"""An origin without a rule."""

OPAQUE: Final = "https://opaque.vendor.example"
"""Its page comes with `Content-Security-Policy: sandbox`, so its requests carry `Origin: null`."""

IDENTITY_PROVIDER: Final = "https://idp.vendor.example"
"""Its page posts a form to the CRM, as the last step of a single sign-on does."""

PAGES: Final = (ADDIN, OTHER, OPAQUE, IDENTITY_PROVIDER)

CERTIFIED: Final = ("*.vendor.example", "*.crm.customer.example", "*.gateway.customer.example")
"""What the certificate of all servers here is for."""


def host_of(origin: str) -> str:
    """Return the host name of an https origin on the default port."""
    return origin.removeprefix("https://")


def crm_host(site: str) -> str:
    """Return the name under which the CRM's web server answers itself."""
    return f"{site}.crm.customer.example"


def gateway_host(site: str) -> str:
    """Return the name under which the gateway answers for it."""
    return f"{site}.gateway.customer.example"
