import pytest

from gateway.http1.fields import Fields
from gateway.http1.forwarding import client_address, client_scheme, forwarding_lines
from tests.http1.build import fields

TRUSTED = {"10.0.0.5", "10.0.0.6", "2001:db8::5"}
PEER = "10.0.0.5"


def lines(*values: bytes) -> Fields:
    return fields(b"Host: a", *[b"X-Forwarded-For: " + value for value in values])


@pytest.mark.parametrize(
    ("client", "scheme", "host", "expected"),
    [
        pytest.param(
            "192.0.2.7",
            "https",
            b"crm.example:8443",
            b"X-Forwarded-For: 192.0.2.7\r\nX-Forwarded-Proto: https\r\nX-Forwarded-Host: crm.example:8443\r\n"
            b'Forwarded: for=192.0.2.7;host="crm.example:8443";proto=https\r\n',
            id="ipv4",
        ),
        pytest.param(
            "2001:db8::7",
            "http",
            b"[2001:db8::1]",
            b"X-Forwarded-For: 2001:db8::7\r\nX-Forwarded-Proto: http\r\nX-Forwarded-Host: [2001:db8::1]\r\n"
            b'Forwarded: for="[2001:db8::7]";host="[2001:db8::1]";proto=http\r\n',
            id="ipv6-rfc-7239-6",
        ),
        pytest.param(
            "fe80::1%eth0",
            "http",
            b"a",
            b"X-Forwarded-For: fe80::1\r\nX-Forwarded-Proto: http\r\nX-Forwarded-Host: a\r\n"
            b'Forwarded: for="[fe80::1]";host="a";proto=http\r\n',
            id="ipv6-with-zone",
        ),
    ],
)
def test_forwarding_lines(client: str, scheme: str, host: bytes, expected: bytes) -> None:
    assert forwarding_lines(client=client, scheme=scheme, host=host) == expected


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        pytest.param([], PEER, id="no-line"),
        pytest.param([b"192.0.2.7"], "192.0.2.7", id="one"),
        pytest.param([b"198.51.100.9, 192.0.2.7"], "192.0.2.7", id="the-client-s-own-claim-is-left-of-the-proxy-s"),
        pytest.param([b"198.51.100.9", b"192.0.2.7"], "192.0.2.7", id="on-two-lines"),
        pytest.param([b"192.0.2.7, 10.0.0.6"], "192.0.2.7", id="a-trusted-proxy-between"),
        pytest.param([b"192.0.2.7", b"10.0.0.6,10.0.0.5"], "192.0.2.7", id="two-trusted-proxies"),
        pytest.param([b"10.0.0.6, 10.0.0.5"], "10.0.0.6", id="nobody-but-proxies"),
        pytest.param([b"192.0.2.7, , "], "192.0.2.7", id="empty-members"),
        pytest.param([b"192.0.2.7:4711"], "192.0.2.7", id="port"),
        pytest.param([b"2001:DB8::7"], "2001:db8::7", id="ipv6"),
        pytest.param([b"2001:db8:0:0::7, 2001:db8:0::5"], "2001:db8::7", id="ipv6-in-another-spelling"),
        pytest.param([b"[2001:db8::7]"], "2001:db8::7", id="ipv6-in-brackets"),
        pytest.param([b"[2001:db8::7]:4711"], "2001:db8::7", id="ipv6-with-port"),
        pytest.param([b"::ffff:192.0.2.7"], "192.0.2.7", id="ipv4-mapped"),
        pytest.param([b"198.51.100.9, ::ffff:10.0.0.6"], "198.51.100.9", id="trusted-and-ipv4-mapped"),
        pytest.param([b"unknown"], PEER, id="no-address-rfc-7239-6.2"),
        pytest.param([b"192.0.2.7, unknown"], PEER, id="no-address-last-ends-the-walk"),
        pytest.param([b"192.0.2.7, unknown, 10.0.0.6"], "10.0.0.6", id="no-address-behind-a-proxy"),
        pytest.param([b"192.0.2.7, _hidden, 198.51.100.9"], "198.51.100.9", id="no-address-further-left"),
        pytest.param([b"192.0.2.07"], PEER, id="leading-zero-cve-2021-29921"),
        pytest.param([b"192.0.2"], PEER, id="three-octets"),
        pytest.param([b"192.0.2.7:"], PEER, id="empty-port"),
        pytest.param([b"192.0.2.7:123456"], PEER, id="port-too-long"),
        pytest.param([b"192.0.2.7:80:80"], PEER, id="two-ports"),
        pytest.param([b"192.0.2.0/24"], PEER, id="network"),
        pytest.param([b"[192.0.2.7]"], PEER, id="ipv4-in-brackets"),
        pytest.param([b"[2001:db8::7"], PEER, id="half-the-brackets"),
        pytest.param([b"[2001:db8::7]x"], PEER, id="octets-behind-the-brackets"),
        pytest.param([b"fe80::1%eth0"], PEER, id="zone"),
        pytest.param([b'"192.0.2.7"'], PEER, id="quoted"),
        pytest.param([b"for=192.0.2.7"], PEER, id="rfc-7239-in-the-wrong-field"),
        pytest.param([b"\xff"], PEER, id="beyond-ascii"),
        pytest.param(["\N{ARABIC-INDIC DIGIT ONE}92.0.2.7".encode()], PEER, id="other-digits"),
        pytest.param([b"\xb92.0.2.7"], PEER, id="a-superscript-digit-in-latin-1"),
    ],
)
def test_the_address_a_trusted_peer_vouches_for(values: list[bytes], expected: str) -> None:
    assert client_address(PEER, lines(*values), TRUSTED.__contains__) == expected


def test_an_untrusted_peer_vouches_for_nobody() -> None:
    assert client_address("192.0.2.1", lines(b"198.51.100.9"), TRUSTED.__contains__) == "192.0.2.1"


def test_other_fields_name_nobody() -> None:
    others = fields(b"Forwarded: for=192.0.2.7", b"X-Real-IP: 192.0.2.7", b"X_Forwarded_For: 192.0.2.7")
    assert client_address(PEER, others, TRUSTED.__contains__) == PEER


@pytest.mark.parametrize(
    ("own", "values", "trusted", "expected"),
    [
        pytest.param("http", [b"https"], True, "https", id="https-in-front"),
        pytest.param("https", [b"http"], True, "http", id="http-in-front"),
        pytest.param("http", [b"HTTPS"], True, "https", id="another-case-rfc-3986-3.1"),
        pytest.param("http", [b"https"], False, "http", id="not-trusted"),
        pytest.param("http", [], True, "http", id="none"),
        pytest.param("https", [], True, "https", id="none-on-tls"),
        pytest.param("http", [b"https", b"https"], True, "http", id="twice"),
        pytest.param("http", [b"https, http"], True, "http", id="list"),
        pytest.param("http", [b"wss"], True, "http", id="another-scheme"),
        pytest.param("https", [b""], True, "https", id="empty"),
    ],
)
def test_client_scheme(own: str, values: list[bytes], expected: str, *, trusted: bool) -> None:
    sent = fields(*[b"X-Forwarded-Proto: " + value for value in values])
    assert client_scheme(own, sent, trusted=trusted) == expected
