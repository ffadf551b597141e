"""Host: missing, repeated, in conflict, not a host, not one of the site's names."""

from typing import Final

from gateway.policy.reason import Reason
from tests.relay.wire.case import HOST, ORIGIN, Asked, Case, End, Got, refused

LINE: Final = b"GET /a HTTP/1.1\r\n"


def _malformed(id: str, host: bytes, source: str = "RFC 9112, 3.2") -> Case:  # noqa: A002 - as in Case
    return refused(id, source, LINE + b"Host: " + host + b"\r\n" + ORIGIN + b"\r\n", vary=False)


def _unknown(id: str, host: bytes, source: str = "RFC 9110, 7.4") -> Case:  # noqa: A002 - as in Case
    sent = LINE + b"Host: " + host + b"\r\n" + ORIGIN + b"\r\n"
    return refused(id, source, sent, status=421, reason=Reason.HOST_UNKNOWN, vary=False, end=End.KEPT)


def _served(id: str, host: bytes, up: bytes, source: str = "RFC 9110, 7.2") -> Case:  # noqa: A002 - as in Case
    return Case(id, source, LINE + b"Host:" + host + b"\r\n\r\n", asked=(Asked(host=up),))


CASES: Final = (
    refused("none", "RFC 9112, 3.2", LINE + ORIGIN + b"\r\n", vary=False),
    refused("two-the-same", "RFC 9112, 3.2", LINE + HOST + HOST + ORIGIN + b"\r\n", vary=False),
    refused(
        "two-in-conflict", "RFC 9112, 3.2; CVE-2026-34525", LINE + HOST + b"Host: evil.example\r\n\r\n", vary=False
    ),
    refused(
        "two-in-conflict-the-other-first",
        "RFC 9112, 3.2",
        LINE + b"Host: evil.example\r\n" + HOST + b"\r\n",
        vary=False,
    ),
    refused("two-in-different-case", "RFC 9112, 3.2", LINE + HOST + b"hOST: evil.example\r\n\r\n", vary=False),
    refused("two-far-apart", "RFC 9112, 3.2", LINE + HOST + b"X: 1\r\n" * 20 + HOST + b"\r\n", vary=False),
    refused("two-in-http-1.0", "RFC 9112, 3.2", b"GET /a HTTP/1.0\r\n" + HOST + HOST + b"\r\n", vary=False),
    refused("second-folded-away", "RFC 9112, 5.2", LINE + HOST + b" Host: evil.example\r\n\r\n", vary=False),
    _malformed("empty", b""),
    _malformed("comma", b"crm.customer.example, evil.example"),
    _malformed("space-inside", b"crm.customer.example evil.example"),
    _malformed("path", b"crm.customer.example/a"),
    _malformed("scheme", b"https://crm.customer.example"),
    _malformed("userinfo", b"evil@crm.customer.example"),
    _malformed("query", b"crm.customer.example?a"),
    _malformed("fragment", b"crm.customer.example#a"),
    _malformed("backslash", b"crm.customer.example\\evil.example"),
    _malformed("percent", b"crm.customer%2eexample"),
    _malformed("port-not-digits", b"crm.customer.example:80a"),
    _malformed("port-negative", b"crm.customer.example:-1"),
    _malformed("port-65536", b"crm.customer.example:65536", "RFC 3986, 3.2.3"),
    _malformed("port-of-many-digits", b"crm.customer.example:" + b"0" * 20 + b"80", "RFC 3986, 3.2.3"),
    _malformed("two-ports", b"crm.customer.example:80:80"),
    _malformed("port-alone", b":80"),
    _malformed("not-ascii", "crm.customer.exämple".encode()),
    _malformed("latin-1", b"crm.customer.ex\xe4mple"),
    _malformed("nul", b"crm.customer.example\0.evil.example", "RFC 9110, 5.5"),
    _malformed("ipv6-without-brackets", b"::1", "RFC 3986, 3.2.2"),
    _malformed("ipv6-bracket-left-open", b"[::1", "RFC 3986, 3.2.2"),
    _malformed("ipv6-no-address", b"[::g]", "RFC 3986, 3.2.2"),
    _malformed("ipv6-zone", b"[fe80::1%25eth0]", "RFC 3986, 3.2.2"),
    _malformed("ipv6-too-long", b"[1:2:3:4:5:6:7:8:9]", "RFC 3986, 3.2.2"),
    _malformed("markup", b"<script>alert(1)</script>"),
    _malformed("double-quote", b'crm.customer.example"'),
    _unknown("unknown", b"other.example"),
    _unknown("rebound", b"evil.example:8443", "https://github.com/nccgroup/singularity; RFC 9110, 7.4"),
    _unknown("name-below", b"x.crm.customer.example"),
    _unknown("name-with-more-behind", b"crm.customer.example.evil.net"),
    _unknown("name-with-more-before", b"evilcrm.customer.example"),
    _unknown("trailing-dot", b"crm.customer.example."),
    _unknown("address-ipv4", b"127.0.0.1"),
    _unknown("address-ipv6", b"[::1]:80"),
    _unknown("localhost", b"localhost"),
    refused(
        "http-1.0-without",
        "RFC 9110, 7.2",
        b"GET /a HTTP/1.0\r\n\r\n",
        status=421,
        reason=Reason.HOST_UNKNOWN,
        vary=False,
    ),
    Case(
        "unknown-with-a-body",
        "RFC 9110, 7.4",
        b"POST /a HTTP/1.1\r\nHost: other.example\r\n" + ORIGIN + b"Content-Length: 3\r\n\r\nabc",
        (Got(421, Reason.HOST_UNKNOWN, vary=False),),
        replies=(),
        dripped=False,
    ),
    _served("upper-case", b" CRM.Customer.EXAMPLE", b"crm.customer.example"),
    _served("with-port", b" crm.customer.example:8443", b"crm.customer.example:8443"),
    _served("with-an-empty-port", b" crm.customer.example:", b"crm.customer.example:", "RFC 3986, 3.2.3"),
    _served("without-white-space", b"crm.customer.example", b"crm.customer.example", "RFC 9112, 5"),
    _served("with-white-space", b"\t crm.customer.example \t", b"crm.customer.example", "RFC 9112, 5.1"),
    Case("last-of-all-lines", "RFC 9112, 3.2", LINE + b"X: 1\r\n" + HOST + b"\r\n", asked=(Asked(lines=(b"X: 1",)),)),
)
