"""A chain of certificates as clients see it: what is said of each, and which is missing."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from ipaddress import ip_address
from itertools import pairwise
from pathlib import Path

from cryptography import x509
from cryptography.x509.oid import AuthorityInformationAccessOID, NameOID


@dataclass(frozen=True, slots=True)
class Link:
    """One certificate of a chain."""

    subject: str
    """Whose it is."""
    issuer: str
    """Whose key made it."""
    ends: datetime


def chain_in(file: Path) -> tuple[Link, ...]:
    """Return what is in a PEM file, in the order in which it is sent; nothing if it cannot be read: told elsewhere."""
    try:
        return tuple(
            Link(holder_of(each), called(each.issuer), each.not_valid_after_utc)
            for each in x509.load_pem_x509_certificates(file.read_bytes())
        )
    except (OSError, ValueError):
        return ()


def called(name: x509.Name) -> str:
    """Return what people call somebody with a name in a certificate: its common name, where it has one."""
    common = name.get_attributes_for_oid(NameOID.COMMON_NAME)
    return str(common[0].value) if common else name.rfc4514_string()


def holder_of(certificate: x509.Certificate) -> str:
    """Return whose a certificate is: the names it is for, or what an authority is called.

    Public authorities leave the common name out of what they make for hosts, and the subject empty.
    """
    return ", ".join(names_of(certificate)) or called(certificate.subject)


def names_of(certificate: x509.Certificate) -> tuple[str, ...]:
    """Return the names and addresses that a certificate is for (RFC 9525, 6.3)."""
    try:
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except (x509.ExtensionNotFound, ValueError):
        return ()
    hosts = [name.lower() for name in names.get_values_for_type(x509.DNSName)]
    addresses = [ip_address(str(address)) for address in names.get_values_for_type(x509.IPAddress)]
    written = (f"[{address}]" if address.version == 6 else str(address) for address in addresses)  # noqa: PLR2004
    return tuple(dict.fromkeys((*hosts, *written)))


def missing_in(chain: Sequence[x509.Certificate]) -> x509.Certificate | None:
    """Return the certificate behind which that of its issuer is missing, as far as the chain itself shows.

    The issuer of the last one may be a root, which clients have. That of a lonely one is none where it tells where its
    issuer's is, as those of public authorities do: they make none with their roots.
    """
    lonely = len(chain) == 1 and _tells_its_issuer(chain[0])
    return next((each for each, above in pairwise(chain) if each.issuer != above.subject), chain[0] if lonely else None)


def _tells_its_issuer(certificate: x509.Certificate) -> bool:
    """Tell whether a certificate says where its issuer's is (RFC 5280, 4.2.2.1)."""
    try:
        access = certificate.extensions.get_extension_for_class(x509.AuthorityInformationAccess).value
    except (x509.ExtensionNotFound, ValueError):
        return False
    return any(each.access_method == AuthorityInformationAccessOID.CA_ISSUERS for each in access)
