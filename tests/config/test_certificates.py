"""Certificates and keys: what is found of them, and what is said of those that cannot or should not be used."""

import errno
import ssl
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from functools import cache
from ipaddress import ip_address
from pathlib import Path
from typing import Final

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import AuthorityInformationAccessOID, NameOID

from gateway.config.certificates import find_certificates
from gateway.config.keys import GatewaySettings
from gateway.config.model import CertificatePair
from gateway.config.notes import Notes
from tests.config.build import table_of

NOW: Final = datetime(2026, 6, 1, tzinfo=UTC)
PEM: Final = serialization.Encoding.PEM
PKCS8: Final = serialization.PrivateFormat.PKCS8
PLAIN: Final = serialization.NoEncryption()

Key = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey


@cache
def key_of(name: str) -> ec.EllipticCurvePrivateKey:
    """Return the key of somebody; always the same."""
    assert name
    return ec.generate_private_key(ec.SECP256R1())


def certificate(
    name: str = "crm.example",
    *,
    issuer: str = "ca",
    alternatives: Sequence[x509.GeneralName] | None = None,
    first: datetime = NOW - timedelta(days=30),
    last: datetime = NOW + timedelta(days=60),
    key: Key | None = None,
    issuer_at: str = "",
) -> x509.Certificate:
    """Return a certificate; that of an issuer is its own issuer's."""
    builder = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]))
        .issuer_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, issuer)]))
        .public_key((key or key_of(name)).public_key())
        .serial_number(7)
        .not_valid_before(first)
        .not_valid_after(last)
    )
    if alternatives is None:
        alternatives = [x509.DNSName(name)]
    if alternatives:
        builder = builder.add_extension(x509.SubjectAlternativeName(alternatives), critical=False)
    if issuer_at:
        method, place = AuthorityInformationAccessOID.CA_ISSUERS, x509.UniformResourceIdentifier(issuer_at)
        builder = builder.add_extension(
            x509.AuthorityInformationAccess([x509.AccessDescription(method, place)]), critical=False
        )
    return builder.sign(key_of(issuer), hashes.SHA256())


def put(
    folder: Path,
    *certificates: x509.Certificate,
    key: Key | None = None,
    encryption: serialization.KeySerializationEncryption = PLAIN,
) -> Path:
    """Write the two files of a folder, as certbot does; the key is that of `crm.example` unless it is given."""
    folder.mkdir(parents=True)
    (folder / "fullchain.pem").write_bytes(b"".join(each.public_bytes(PEM) for each in certificates))
    octets = (key or key_of("crm.example")).private_bytes(PEM, PKCS8, encryption)
    (folder / "privkey.pem").write_bytes(octets)
    (folder / "privkey.pem").chmod(0o640)
    return folder


def found(text: str, folder: Path) -> tuple[dict[int, tuple[CertificatePair, ...]], list[str], dict[str, str]]:
    """Return the certificates of each listener, the mistakes and the warnings, paths beginning behind `folder`."""
    notes = Notes()
    settings = GatewaySettings(table_of(text), notes)
    assert not notes.mistakes
    pairs = dict(find_certificates(settings, notes, NOW))
    mistakes = [str(mistake).replace(f"{folder}/", "") for mistake in notes.mistakes]
    return pairs, mistakes, {each.id: each.text.replace(f"{folder}/", "") for each in notes.warnings}


def listening(folder: Path, *more: str) -> tuple[dict[int, tuple[CertificatePair, ...]], list[str], dict[str, str]]:
    """Return the same for a listener with the certificates in a folder, and a site `crm.example`."""
    text = f"listeners: [{{address: '0.0.0.0:443', certificates: {folder}}}]\n{SITE}{''.join(more)}"
    return found(text, folder)


SITE: Final = (
    "sites: [{names: [crm.example], upstream: 'https://crm.lan', paths: everything, origins: [https://a.example]}]\n"
)
AT: Final = "c.yaml:1:52: listeners[0].certificates: "


def test_a_folder_with_two(tmp_path: Path) -> None:
    put(tmp_path / "b", certificate("other.example"), key=key_of("other.example"))
    put(tmp_path / "a", certificate(), certificate("ca"))
    (tmp_path / "README").write_text("not a folder")
    (tmp_path / ".hidden").mkdir()
    (tmp_path / "lost+found").mkdir()
    pairs = tuple(
        CertificatePair(f"{tmp_path}/{name}/fullchain.pem", f"{tmp_path}/{name}/privkey.pem") for name in ("a", "b")
    )
    assert listening(tmp_path) == ({0: pairs}, [], {})


def test_a_list(tmp_path: Path) -> None:
    folder = put(tmp_path / "a", certificate())
    chain, key = folder / "fullchain.pem", folder / "privkey.pem"
    text = f"listeners: [{{address: '0.0.0.0:443', certificates: [{{chain: {chain}, key: {key}}}]}}]\n{SITE}"
    assert found(text, tmp_path) == ({0: (CertificatePair(str(chain), str(key)),)}, [], {})


def test_plain_http_has_none(tmp_path: Path) -> None:
    assert found(SITE, tmp_path) == ({0: ()}, [], {})


def test_files_on_another_machine_are_named_and_not_looked_at() -> None:
    notes = Notes()
    text = (
        "listeners: [{address: '0.0.0.0:443', certificates: /tls}, {address: '0.0.0.0:444', certificates: [{chain: "
        "/c, key: /k}]}]\n" + SITE
    )
    pairs = find_certificates(GatewaySettings(table_of(text), notes), notes, None)
    assert dict(pairs) == {
        0: (CertificatePair("/tls/*/fullchain.pem", "/tls/*/privkey.pem"),),
        1: (CertificatePair("/c", "/k"),),
    }
    assert not notes.mistakes


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    assert listening(tmp_path / "x")[1] == [f"{AT}{tmp_path}/x does not exist"]


def test_a_folder_without_any(tmp_path: Path) -> None:
    says = f"{AT}{tmp_path} holds no sub-folder with fullchain.pem and privkey.pem: put one there"
    assert listening(tmp_path)[1] == [says]


def test_a_file_in_place_of_a_folder(tmp_path: Path) -> None:
    (tmp_path / "x").write_text("")
    assert listening(tmp_path / "x")[1] == [f"{AT}{tmp_path}/x does not exist"]


def test_half_a_pair(tmp_path: Path) -> None:
    put(tmp_path / "a", certificate())
    (tmp_path / "a" / "privkey.pem").unlink()
    put(tmp_path / "b", certificate())
    (tmp_path / "b" / "fullchain.pem").unlink()
    _, mistakes, warnings = listening(tmp_path)
    assert mistakes == [f"{AT}a/privkey.pem does not exist", f"{AT}b/fullchain.pem does not exist"]
    assert warnings == {}


def test_a_key_for_root_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put(tmp_path / "a", certificate())
    opened = Path.open

    def closed(path: Path, mode: str) -> object:
        if path.name == "privkey.pem":
            raise PermissionError(errno.EACCES, "Permission denied", str(path))
        return opened(path, mode)

    monkeypatch.setattr(Path, "open", closed)
    says = "a/privkey.pem cannot be read by this user: chgrp cors-gateway a/privkey.pem; chmod 0640 a/privkey.pem"
    assert listening(tmp_path)[1] == [AT + says]


def test_a_folder_for_root_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def closed(_: Path) -> object:
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(Path, "iterdir", closed)
    says = f"{tmp_path} cannot be read by this user: chgrp cors-gateway {tmp_path}; chmod 0750 {tmp_path}"
    assert listening(tmp_path)[1] == [AT + says]


def test_one_that_cannot_be_used_is_left_out_of_a_folder_and_the_others_are_not(tmp_path: Path) -> None:
    put(tmp_path / "a", certificate("other.example"))
    put(tmp_path / "b", certificate(last=NOW + timedelta(days=7)))
    put(tmp_path / "c", certificate()).joinpath("privkey.pem").unlink()
    pairs, mistakes, warnings = listening(tmp_path)
    assert pairs == {0: (CertificatePair(f"{tmp_path}/b/fullchain.pem", f"{tmp_path}/b/privkey.pem"),)}
    assert mistakes == []
    assert warnings.keys() == {"certificate-broken", "certificate-expires-soon"}
    left_out = f"Until then it is left out, and the others in {tmp_path} are shown"
    assert warnings["certificate-broken"] == f"c/privkey.pem does not exist. {left_out}"


def test_one_of_a_list_that_cannot_be_used_is_a_mistake(tmp_path: Path) -> None:
    put(tmp_path / "a", certificate())
    put(tmp_path / "b", certificate()).joinpath("privkey.pem").unlink()
    named = ", ".join(
        f"{{chain: {tmp_path}/{name}/fullchain.pem, key: {tmp_path}/{name}/privkey.pem}}" for name in "ab"
    )
    text = f"listeners: [{{address: '0.0.0.0:443', certificates: [{named}]}}]\n{SITE}"
    (mistake,) = found(text, tmp_path)[1]
    assert mistake.endswith("listeners[0].certificates[1].key: b/privkey.pem does not exist")


def test_a_key_of_another(tmp_path: Path) -> None:
    put(tmp_path / "a", certificate(), key=key_of("other.example"))
    assert listening(tmp_path)[1] == [
        f"{AT}a/privkey.pem is not the key of the certificate in a/fullchain.pem: the two were not made for each other"
    ]


def test_a_chain_that_begins_with_its_end(tmp_path: Path) -> None:
    put(tmp_path / "a", certificate("ca"), certificate())
    says = "a/privkey.pem is the key of a later certificate in a/fullchain.pem: put that one first"
    assert listening(tmp_path)[1] == [AT + says]


def test_a_key_with_a_password(tmp_path: Path) -> None:
    put(tmp_path / "a", certificate(), encryption=serialization.BestAvailableEncryption(b"x"))
    says = (
        "a/privkey.pem is encrypted, and nobody is there to type the password: openssl pkey -in a/privkey.pem -out "
        "a/privkey.pem.new; mv a/privkey.pem.new a/privkey.pem"
    )
    assert listening(tmp_path)[1] == [AT + says]


def test_files_that_hold_something_else(tmp_path: Path) -> None:
    put(tmp_path / "a", certificate())
    (tmp_path / "a" / "fullchain.pem").write_bytes(key_of("crm.example").private_bytes(PEM, PKCS8, PLAIN))
    (tmp_path / "a" / "privkey.pem").write_text("hello")
    assert listening(tmp_path)[1] == [
        f"{AT}a/fullchain.pem holds no certificate in PEM that can be read: is it the right one?",
        f"{AT}a/privkey.pem holds no private key in PEM: is it the right one?",
    ]


def test_a_key_that_tls_refuses(tmp_path: Path) -> None:
    small = rsa.generate_private_key(65537, 1024)  # noqa: S505 - the very point
    put(tmp_path / "a", certificate(key=small), key=small)
    (mistake,) = listening(tmp_path)[1]
    assert mistake == f"{AT}a/fullchain.pem is refused by TLS, EE_KEY_TOO_SMALL: get a new one"


def test_files_that_vanish_meanwhile(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def gone(*_: object) -> None:
        raise FileNotFoundError(errno.ENOENT, "No such file or directory")

    put(tmp_path / "a", certificate())
    monkeypatch.setattr(ssl.SSLContext, "load_cert_chain", gone)
    (mistake,) = listening(tmp_path)[1]
    assert mistake.startswith(f"{AT}a/fullchain.pem is refused by TLS, [Errno 2]")


def test_a_public_key_of_an_unknown_kind(tmp_path: Path) -> None:
    octets = certificate().public_bytes(serialization.Encoding.DER)
    curve = bytes.fromhex("06082a8648ce3d030107")  # prime256v1
    assert octets.count(curve) == 1
    odd = x509.load_der_x509_certificate(octets.replace(curve, bytes.fromhex("06082a8648ce3d03017f")))
    put(tmp_path / "a", odd)
    assert listening(tmp_path)[1] == [
        f"{AT}a/privkey.pem is not the key of the certificate in a/fullchain.pem: the two were not made for each other"
    ]


@pytest.mark.parametrize(
    ("made", "expected"),
    [
        pytest.param(
            {"last": NOW}, ("certificate-expired", "a/fullchain.pem ended on 2026-06-01: renew it"), id="over"
        ),
        pytest.param(
            {"last": NOW + timedelta(days=14)},
            ("certificate-expires-soon", "a/fullchain.pem ends on 2026-06-15: is it being renewed?"),
            id="soon",
        ),
        pytest.param(
            {"first": NOW + timedelta(days=1)},
            ("certificate-expired", "a/fullchain.pem begins on 2026-06-02: is this machine's clock right?"),
            id="not-yet",
        ),
        pytest.param(
            {"issuer_at": "http://ca.example/ca.cer"},
            (
                "certificate-chain-short",
                (
                    "a/fullchain.pem lacks the certificate of ca, by whom that of crm.example was made, right behind "
                    "it: desktop browsers may fetch what is missing, phones and web views do not"
                ),
            ),
            id="without-its-issuer",
        ),
        pytest.param(
            {"alternatives": []},
            ("certificate-name", "none is for crm.example, a name in sites[0].names: clients refuse it"),
            id="without-names",
        ),
        pytest.param(
            {"alternatives": [x509.DNSName("*.crm.example"), x509.DNSName("a.example")]},
            ("certificate-name", "none is for crm.example, a name in sites[0].names: clients refuse it"),
            id="another-name",
        ),
        pytest.param({"alternatives": [x509.DNSName("CRM.example")]}, None, id="capitals"),
        pytest.param({"alternatives": [x509.DNSName("*.example")]}, None, id="wildcard"),
    ],
)
def test_what_is_unwise(tmp_path: Path, made: dict[str, object], expected: tuple[str, str] | None) -> None:
    put(tmp_path / "a", certificate(**made))  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    _, mistakes, warnings = listening(tmp_path)
    assert mistakes == []
    assert warnings == (dict([expected]) if expected else {})


def test_a_chain_with_a_gap(tmp_path: Path) -> None:
    put(tmp_path / "a", certificate(issuer="outer"), certificate("outer", issuer="inner"), certificate("ca"))
    (says,) = listening(tmp_path)[2].values()
    assert says.startswith(
        "a/fullchain.pem lacks the certificate of inner, by whom that of outer was made, right behind"
    )


def test_a_chain_that_is_whole(tmp_path: Path) -> None:
    made = certificate(issuer="inner", issuer_at="http://ca.example/ca.cer")
    put(tmp_path / "a", made, certificate("inner", issuer="ca", issuer_at="http://ca.example/root.cer"))
    assert listening(tmp_path)[2] == {}


def test_addresses_as_names(tmp_path: Path) -> None:
    alternatives = [x509.IPAddress(ip_address("10.0.0.5")), x509.IPAddress(ip_address("2001:db8::5"))]
    put(tmp_path / "a", certificate(alternatives=alternatives))
    text = f"listeners: [{{address: '0.0.0.0:443', certificates: {tmp_path}}}]\n" + SITE.replace(
        "crm.example", "10.0.0.5, '[2001:db8::5]', 10.0.0.6"
    )
    _, _, warnings = found(text, tmp_path)
    assert warnings == {"certificate-name": "none is for 10.0.0.6, a name in sites[0].names: clients refuse it"}


def test_a_key_that_everyone_can_read(tmp_path: Path) -> None:
    put(tmp_path / "a", certificate())
    (tmp_path / "a" / "privkey.pem").chmod(0o644)
    says = "everyone on this machine can read a/privkey.pem: chmod 0640 a/privkey.pem"
    assert listening(tmp_path)[2] == {"key-exposed": says}


def test_the_files_of_an_upstream(tmp_path: Path) -> None:
    folder = put(tmp_path / "a", certificate(), key=key_of("other.example"))
    (tmp_path / "ca.pem").write_text("hello")
    tls = f"tls: {{ca: {tmp_path}/ca.pem, client: {{chain: {folder}/fullchain.pem, key: {folder}/privkey.pem}}}}"
    text = SITE.replace("'https://crm.lan'", f"{{urls: ['https://crm.lan'], {tls}}}")
    at = "c.yaml:1:80: sites[0].upstream.tls.ca: "
    first, second = found(text, tmp_path)[1]
    assert first == f"{at}ca.pem holds no certificate in PEM that can be read: is it the right one?"
    assert second.endswith(
        "tls.client.chain: a/privkey.pem is not the key of the certificate in a/fullchain.pem: the two were not made "
        "for each other"
    )


def test_the_files_of_an_upstream_that_can_be_used(tmp_path: Path) -> None:
    folder = put(tmp_path / "a", certificate())
    tls = f"tls: {{ca: {folder}/fullchain.pem, client: {{chain: {folder}/fullchain.pem, key: {folder}/privkey.pem}}}}"
    text = SITE.replace("'https://crm.lan'", f"{{urls: ['https://crm.lan'], {tls}}}")
    assert found(text, tmp_path) == ({0: ()}, [], {})


@pytest.mark.parametrize(
    "text",
    [
        "listeners: x\nsites: y",
        "listeners: [{address: '0.0.0.0:443', certificates: x}]\nsites: [{upstream: y, names: z}]",
        "listeners: [{address: '0.0.0.0:443', certificates: [{chain: x, key: /k}]}]",
        "sites: [{upstream: {urls: ['http://a'], tls: {ca: x, client: {chain: y, key: /k}}}}]",
        "sites: [{upstream: {urls: ['http://a'], tls: {ca: x, client: y}}}]",
        "sites: [{upstream: {urls: ['http://a'], tls: x}}]",
    ],
)
def test_what_could_not_be_read_is_left_out(text: str) -> None:
    notes = Notes()
    settings = GatewaySettings(table_of(text), notes)
    told = notes.mistakes
    assert told
    find_certificates(settings, notes, NOW)
    assert notes.mistakes == told


def test_names_that_could_not_be_read_are_left_out(tmp_path: Path) -> None:
    put(tmp_path / "a", certificate())
    notes = Notes()
    text = f"listeners: [{{address: '0.0.0.0:443', certificates: {tmp_path}}}]\nsites: [{{names: X}}]"
    settings = GatewaySettings(table_of(text), notes)
    told = notes.mistakes
    find_certificates(settings, notes, NOW)
    assert notes.mistakes == told
    assert notes.warnings == ()
