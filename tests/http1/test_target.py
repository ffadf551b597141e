import re
import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.http1.errors import MalformedError
from gateway.http1.target import is_ambiguous, lower_host, path_of, split_host
from tests.http1.build import outcome

UNRESERVED = string.ascii_letters + string.digits + "-._~"  # RFC 3986, 2.3


@pytest.mark.parametrize(
    ("target", "path"),
    [
        pytest.param(b"/a/b", b"/a/b", id="no-query"),
        pytest.param(b"/a?b", b"/a", id="query"),
        pytest.param(b"/a?b?c/../", b"/a", id="question-mark-in-the-query"),
        pytest.param(b"/?", b"/", id="empty-query"),
        pytest.param(b"*", b"*", id="asterisk"),
        pytest.param(b"/%3F?x", b"/%3F", id="encoded-question-mark"),
    ],
)
def test_path_of(target: bytes, path: bytes) -> None:
    assert path_of(target) == path


@pytest.mark.parametrize(
    "path",
    [
        *(b"/", b"/a", b"/a/", b"/a/b.php", b"*", b"/.well-known/x", b"/..a", b"/a..", b"/a.", b"/...", b"/a./b"),
        *(b"/%20", b"/%C3%A9", b"/%3F", b"/%23", b"/%3b", b"/%7C", b"/%40", b"/%5B", b"/%5b", b"/%60", b"/%7b"),
        *(b"/a;b=c", b"/%", b"/%2", b"/%G1", b"/%3A", b"/%3a", b"/%2B", b"/%2b", b"/%5D", b"/%5E"),
    ],
)
def test_is_not_ambiguous(path: bytes) -> None:
    assert not is_ambiguous(path)


@pytest.mark.parametrize(
    "path",
    [
        pytest.param(b"//", id="empty-segment"),
        pytest.param(b"/a//b", id="empty-segment-inside"),
        pytest.param(b"/./a", id="dot-segment-rfc-3986-5.2.4"),
        pytest.param(b"/a/../b", id="two-dots"),
        pytest.param(b"/a/..", id="two-dots-at-the-end"),
        pytest.param(b"/a/.", id="dot-at-the-end"),
        pytest.param(b"/a/..;x=y/b", id="two-dots-with-a-parameter-breaking-parser-logic-2018"),
        pytest.param(b"/a/.;/b", id="dot-with-a-parameter"),
        pytest.param(b"/a\\b", id="backslash-whatwg-url"),
        pytest.param(b"/%00", id="nul"),
        pytest.param(b"/a%2fb", id="slash"),
        pytest.param(b"/a%2Fb", id="slash-upper-case"),
        pytest.param(b"/a%5cb", id="backslash-encoded"),
        pytest.param(b"/a%5Cb", id="backslash-encoded-upper-case"),
        pytest.param(b"/%252f", id="percent-so-that-two-decodings-differ-cve-2021-42013"),
        pytest.param(b"/%2e%2E/a", id="dots-encoded"),
        *[pytest.param(b"/%%%02x" % ord(octet), id=f"unreserved-{octet}") for octet in UNRESERVED],
        *[pytest.param(b"/%%%02X" % ord(octet), id=f"unreserved-{octet}-upper-case-digits") for octet in UNRESERVED],
    ],
)
def test_is_ambiguous(path: bytes) -> None:
    assert is_ambiguous(path)


@given(st.text(UNRESERVED + "/%\\;:@!$&'()*+,=" + '"<>[]^`{|}', max_size=12))
def test_is_ambiguous_as_a_slow_reading_of_the_same_rule_says(text: str) -> None:
    encoded = [int(digits, 16) for digits in re.findall("%([0-9A-Fa-f]{2})", text)]
    segments = ("/" + text).split("/")[1:]
    expected = (
        "\\" in text
        or any(segment == "" for segment in segments[:-1])
        or any(segment.split(";")[0] in {".", ".."} for segment in segments)
        or any(chr(octet) in UNRESERVED + "\0/\\%" for octet in encoded)
    )
    assert is_ambiguous(b"/" + text.encode()) is expected


@pytest.mark.parametrize(
    ("authority", "expected"),
    [
        pytest.param(b"CRM.customer.example", (b"crm.customer.example", None), id="name"),
        pytest.param(b"crm:8443", (b"crm", 8443), id="port"),
        pytest.param(b"crm:", (b"crm", None), id="empty-port-rfc-3986-3.2.3"),
        pytest.param(b"crm:00080", (b"crm", 80), id="port-with-zeros"),
        pytest.param(b"crm:0", (b"crm", 0), id="port-0"),
        pytest.param(b"crm:65535", (b"crm", 65535), id="last-port"),
        pytest.param(b"192.0.2.7:80", (b"192.0.2.7", 80), id="ipv4"),
        pytest.param(b"[2001:DB8::1]", (b"[2001:db8::1]", None), id="ipv6"),
        pytest.param(b"[::ffff:192.0.2.7]:80", (b"[::ffff:192.0.2.7]", 80), id="ipv6-with-port"),
        pytest.param(b"a_b-c.", (b"a_b-c.", None), id="underscore-hyphen-final-dot"),
    ],
)
def test_split_host(authority: bytes, expected: tuple[bytes, int | None]) -> None:
    assert split_host(authority) == expected
    assert lower_host(authority) == authority.lower()


@pytest.mark.parametrize(
    "authority",
    [
        pytest.param(b"", id="empty-rfc-9110-4.2.1"),
        pytest.param(b":80", id="port-only"),
        pytest.param(b"crm:65536", id="port-too-high"),
        pytest.param(b"crm:000080", id="port-of-six-digits"),
        pytest.param(b"crm:8o", id="port-not-digits"),
        pytest.param("crm:\N{ARABIC-INDIC DIGIT EIGHT}".encode(), id="port-in-other-digits"),
        pytest.param(b"crm:+80", id="port-with-sign"),
        pytest.param(b"crm:80:80", id="two-ports"),
        pytest.param(b"user@crm", id="userinfo-rfc-9110-4.2.4"),
        pytest.param(b"crm/a", id="path"),
        pytest.param(b"crm, evil", id="list"),
        pytest.param(b"crm,evil", id="comma-would-be-two-in-x-forwarded-host"),
        pytest.param(b"crm evil", id="space"),
        pytest.param(b"cr%6D", id="percent-encoded"),
        pytest.param(b'crm"', id="quote-would-end-a-string-in-forwarded"),
        pytest.param(b"crm;a", id="semicolon"),
        pytest.param("crém".encode(), id="beyond-ascii"),
        pytest.param(b"2001:db8::1", id="ipv6-without-brackets-rfc-3986-3.2.2"),
        pytest.param(b"[2001:db8::1", id="ipv6-without-its-end"),
        pytest.param(b"[2001:db8::1]x", id="octets-behind-ipv6"),
        pytest.param(b"[2001:db8]", id="half-an-ipv6"),
        pytest.param(b"[::1%25eth0]", id="zone-rfc-9844"),
        pytest.param(b"[v1.x]", id="a-later-version-of-ip"),
        pytest.param(b"[192.0.2.7]", id="ipv4-in-brackets"),
        pytest.param(b"[]", id="empty-brackets"),
    ],
)
def test_split_host_refuses(authority: bytes) -> None:
    assert outcome(split_host, authority) is MalformedError
    assert outcome(lower_host, authority) is MalformedError
