import contextlib
import socket
import ssl
import threading
from pathlib import Path

import pytest
import trustme
from cryptography import x509
from cryptography.hazmat.primitives import serialization

from gateway.config.model import CertificatePair
from gateway.service.tls import certificate_of, identity_of

CA = trustme.CA()


def pair(folder: Path, *names: str) -> CertificatePair:
    """Issue a certificate into two files."""
    folder.mkdir()
    issued = CA.issue_cert(*names)
    chain, key = folder / "fullchain.pem", folder / "privkey.pem"
    chain.write_bytes(b"".join(blob.bytes() for blob in issued.cert_chain_pems))
    key.write_bytes(issued.private_key_pem.bytes())
    return CertificatePair(str(chain), str(key))


def server_context(*pairs: CertificatePair) -> ssl.SSLContext:
    """Return what a listener with these shakes hands with."""
    return identity_of([certificate_of(each) for each in pairs]).context


def asked(context: ssl.SSLContext, name: str | None, **options: ssl.TLSVersion) -> ssl.SSLSocket:
    """Return the client's end of a handshake that asks for `name`."""
    ours, theirs = socket.socketpair()
    trusting = ssl.create_default_context()
    trusting.check_hostname = False
    trusting.set_alpn_protocols(["h2", "http/1.1"])
    trusting.load_verify_locations(cadata=CA.cert_pem.bytes().decode())
    for option, value in options.items():
        setattr(trusting, option, value)

    def serve() -> None:
        with ours, contextlib.suppress(OSError):
            context.wrap_socket(ours, server_side=True).close()

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        return trusting.wrap_socket(theirs, server_hostname=name)
    except OSError:
        theirs.close()
        raise
    finally:
        thread.join(10)


@pytest.fixture(scope="module")
def context(tmp_path_factory: pytest.TempPathFactory) -> ssl.SSLContext:
    folder = tmp_path_factory.mktemp("tls")
    return server_context(
        pair(folder / "first", "crm.customer.example"),
        pair(folder / "second", "crm.other.example", "192.0.2.1"),
        pair(folder / "third", "*.many.example"),
    )


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
@pytest.mark.parametrize(
    ("name", "expected"),
    [
        (None, "crm.customer.example"),
        ("crm.customer.example", "crm.customer.example"),
        ("crm.other.example", "crm.other.example"),
        ("CRM.other.example", "crm.other.example"),
        ("a.many.example", "*.many.example"),
        ("a.b.many.example", "crm.customer.example"),
        ("unknown.example", "crm.customer.example"),
    ],
)
def test_the_certificate_is_chosen_by_the_name_asked_for(
    context: ssl.SSLContext, name: str | None, expected: str, version: ssl.TLSVersion
) -> None:
    with asked(context, name, minimum_version=version, maximum_version=version) as client:
        certificate = client.getpeercert()
        assert certificate is not None
        assert expected in str(certificate["subjectAltName"])
        assert client.selected_alpn_protocol() == "http/1.1"


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # the versions refused here are
def test_tls_1_1_is_refused(context: ssl.SSLContext) -> None:
    with pytest.raises(ssl.SSLError):
        asked(
            context,
            "crm.customer.example",
            minimum_version=ssl.TLSVersion.TLSv1,
            maximum_version=ssl.TLSVersion.TLSv1_1,
        )


def test_ciphers_have_forward_secrecy_and_are_authenticated_ones(context: ssl.SSLContext) -> None:
    names = {str(cipher["name"]) for cipher in context.get_ciphers()}
    assert {name for name in names if not name.startswith("TLS_")} == {
        f"ECDHE-{kind}-{cipher}"
        for kind in ("ECDSA", "RSA")
        for cipher in ("AES256-GCM-SHA384", "AES128-GCM-SHA256", "CHACHA20-POLY1305")
    }
    with asked(context, "crm.customer.example", maximum_version=ssl.TLSVersion.TLSv1_2) as client:
        cipher = client.cipher()
        assert cipher is not None
        assert cipher[0] in names
    assert context.options & ssl.OP_NO_RENEGOTIATION


def test_a_key_of_another_certificate_is_refused(tmp_path: Path) -> None:
    first, second = pair(tmp_path / "a", "a.example"), pair(tmp_path / "b", "b.example")
    with pytest.raises(ssl.SSLError):
        server_context(CertificatePair(first.chain, second.key))


def test_nobody_is_asked_for_a_password(tmp_path: Path) -> None:
    locked = pair(tmp_path / "a", "a.example")
    key = serialization.load_pem_private_key(Path(locked.key).read_bytes(), None)
    encryption = serialization.BestAvailableEncryption(b"secret")
    octets = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, encryption)
    Path(locked.key).write_bytes(octets)
    with pytest.raises(ValueError, match="the key is encrypted, and nobody is there to type the password"):
        server_context(locked)


def test_what_is_known_of_a_certificate(tmp_path: Path) -> None:
    read = certificate_of(pair(tmp_path / "a", "A.example", "192.0.2.1"))
    assert read.names == ("a.example", "192.0.2.1")
    leaf = x509.load_pem_x509_certificates(Path(read.pair.chain).read_bytes())[0]
    assert read.ends == leaf.not_valid_after_utc
