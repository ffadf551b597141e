"""Chains of certificates: what is said of each, and which is missing."""

from collections.abc import Sequence
from datetime import timedelta
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.x509.oid import AuthorityInformationAccessOID, NameOID

from gateway.config.chain import Link, called, chain_in, holder_of, missing_in, names_of
from tests.config.test_certificates import NOW, PEM, certificate, key_of

AT = "http://ca.example/ca.cer"


def test_a_chain_is_told_in_the_order_in_which_it_is_sent(tmp_path: Path) -> None:
    ends = NOW + timedelta(days=60)
    octets = b"".join(each.public_bytes(PEM) for each in (certificate(issuer="inner"), certificate("inner")))
    (tmp_path / "chain").write_bytes(octets)
    assert chain_in(tmp_path / "chain") == (Link("crm.example", "inner", ends), Link("inner", "ca", ends))


def test_what_cannot_be_read_is_told_elsewhere(tmp_path: Path) -> None:
    assert chain_in(tmp_path / "chain") == ()
    (tmp_path / "chain").write_text("nonsense")
    assert chain_in(tmp_path / "chain") == ()


@pytest.mark.parametrize(
    ("attributes", "expected"),
    [
        ([(NameOID.ORGANIZATION_NAME, "Vendor"), (NameOID.COMMON_NAME, "R11")], "R11"),
        ([(NameOID.COUNTRY_NAME, "DE"), (NameOID.ORGANIZATION_NAME, "Vendor")], "O=Vendor,C=DE"),
        ([], ""),
    ],
)
def test_what_somebody_is_called(attributes: Sequence[tuple[x509.ObjectIdentifier, str]], expected: str) -> None:
    assert called(x509.Name([x509.NameAttribute(*each) for each in attributes])) == expected


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (
            [x509.DNSName("CRM.example"), x509.DNSName("*.a.example"), x509.DNSName("crm.example")],
            "crm.example, *.a.example",
        ),
        (
            [x509.IPAddress(ip_address("192.0.2.1")), x509.IPAddress(ip_address("2001:db8::1"))],
            "192.0.2.1, [2001:db8::1]",
        ),
        ([x509.RFC822Name("a@b.example")], "R11"),
        ([], "R11"),
    ],
)
def test_whose_a_certificate_is(names: Sequence[x509.GeneralName], expected: str) -> None:
    made = certificate("R11", alternatives=names)
    assert holder_of(made) == expected
    assert ", ".join(names_of(made)) == (expected if expected != "R11" else "")


def asking_about_itself() -> x509.Certificate:
    """Return a certificate that names an OCSP responder, which is no issuer's certificate."""
    plain = certificate()
    method, place = AuthorityInformationAccessOID.OCSP, x509.UniformResourceIdentifier("http://ocsp.example")
    return (
        x509.CertificateBuilder()
        .subject_name(plain.subject)
        .issuer_name(plain.issuer)
        .public_key(plain.public_key())
        .serial_number(7)
        .not_valid_before(plain.not_valid_before_utc)
        .not_valid_after(plain.not_valid_after_utc)
        .add_extension(x509.AuthorityInformationAccess([x509.AccessDescription(method, place)]), critical=False)
        .sign(key_of("ca"), hashes.SHA256())
    )


@pytest.mark.parametrize(
    ("chain", "at"),
    [
        pytest.param([certificate()], None, id="by-a-root"),
        pytest.param([asking_about_itself()], None, id="with-an-ocsp-responder"),
        pytest.param([certificate(issuer_at=AT)], 0, id="alone"),
        pytest.param([certificate(issuer_at=AT), certificate("ca", issuer="root", issuer_at=AT)], None, id="whole"),
        pytest.param([certificate(issuer="inner"), certificate("ca")], 0, id="a-gap"),
        pytest.param([certificate(), certificate("ca", issuer="inner"), certificate("root")], 1, id="a-later-gap"),
        pytest.param([certificate("ca"), certificate()], 0, id="the-wrong-way-round"),
    ],
)
def test_which_is_missing(chain: Sequence[x509.Certificate], at: int | None) -> None:
    assert missing_in(chain) == (None if at is None else chain[at])
