"""What the demonstration's CRM knows: a handful of people who do not exist, and the pages that show them."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from html import escape
from typing import Final


@dataclass(frozen=True, slots=True)
class Contact:
    """One person in the CRM."""

    id: str
    firstname: str
    lastname: str
    account: str
    email: str
    phone: str


# Names end in .example (RFC 2606) and the numbers are the ones Ofcom keeps for drama: nobody is called or written to.
CONTACTS: Final = (
    Contact("12x101", "Ada", "Brightwater", "Brightwater Boats", "ada@brightwater.example", "+44 20 7946 0101"),
    Contact("12x102", "Bruno", "Calvi", "Officine Calvi", "bruno@calvi.example", "+44 20 7946 0102"),
    Contact("12x103", "Chiara", "Dell'Orto", "Dell'Orto Marmi", "chiara@dellorto.example", "+44 20 7946 0103"),
    Contact("12x104", "David", "Ekström", "Ekström Möbler", "david@ekstrom.example", "+44 20 7946 0104"),
    Contact("12x105", "Elif", "Feld", "Feld & Söhne", "elif@feld.example", "+44 20 7946 0105"),
)

QUOTATION: Final = "position,article,pieces,price\n1,Mooring line 20 m,4,59.00\n2,Fender F3,8,74.50\n"
QUOTATION_NAME: Final = "quotation-1042-brightwater.csv"

STYLE: Final = """\
body { font: 16px/1.5 system-ui, sans-serif; margin: 3rem auto; max-width: 44rem; padding: 0 1rem; color: #223; }
table { border-collapse: collapse; width: 100%; } td, th { padding: .4rem .6rem; border-bottom: 1px solid #ccd; }
th { text-align: left; } label { display: block; margin: .6rem 0; } input { font: inherit; }
"""

PHP_FATAL: Final = """\
<br />
<b>Fatal error</b>:  Uncaught WebServiceException: Unknown operation requested in /srv/crm/webservice.php:137
Stack trace:
#0 {main}
  thrown in <b>/srv/crm/webservice.php</b> on line <b>137</b><br />
"""
"""What PHP prints where display_errors is on: an exception nobody caught, with status 200."""


def contacts_as_json() -> list[dict[str, str]]:
    """Return the contacts as the APIs list them."""
    return [asdict(contact) for contact in CONTACTS]


def page(title: str, body: str) -> str:
    """Return a page of the CRM's own."""
    return (
        f'<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8"><title>{escape(title)}</title>'
        f'<link rel="stylesheet" href="/themes/next/style.css"></head>\n<body><h1>{escape(title)}</h1>\n{body}'
        "</body></html>\n"
    )


def login_page() -> str:
    """Return the form the CRM shows to whoever has no session."""
    return page(
        "Demo CRM: sign in",
        '<form method="post" action="index.php?module=Users&amp;action=Authenticate">\n'
        '<label>User <input name="user_name" value="anna"></label>\n'
        '<label>Password <input name="user_password" type="password" value="demo"></label>\n'
        "<button>Sign in</button></form>\n",
    )


def contacts_page() -> str:
    """Return the list of contacts, for a person who has signed in."""
    rows = "".join(
        f"<tr><td>{escape(contact.firstname)} {escape(contact.lastname)}</td>"
        f"<td>{escape(contact.account)}</td><td>{escape(contact.email)}</td></tr>\n"
        for contact in CONTACTS
    )
    return page(
        "Demo CRM: contacts",
        f"<table><thead><tr><th>Name</th><th>Account</th><th>Email</th></tr></thead>\n<tbody>{rows}</tbody></table>\n",
    )
