"""Every kind of value: what it comes to, and what is said of those that are none."""

import re
from ipaddress import ip_network
from pathlib import PureWindowsPath

import pytest

from gateway.config import values
from gateway.config.model import Address
from gateway.config.notes import Notes, Unread
from gateway.config.reader import Value
from gateway.config.values import (
    ADDRESS,
    COOKIE_DOMAIN,
    FILE,
    FOLDER,
    HOST,
    HOST_SENT,
    METHOD,
    ORIGIN,
    PATH,
    PIN,
    PROXY,
    REQUEST_HEADER,
    RESPONSE_HEADER,
    UPSTREAM_URL,
    WORKERS,
    HostSent,
    duration,
    integer,
    is_host,
    size,
)
from gateway.cors.origin import Origin
from gateway.policy.model import UpstreamUrl
from tests.config.build import text_scalar


def good(reader: Value[object], text: str) -> object:
    """Return what a text means."""
    notes = Notes()
    value = reader.read(text_scalar(text), notes)
    assert not notes.mistakes
    return value


def wrong(reader: Value[object], text: str) -> str:
    """Return what is said of a text that means nothing, behind the text itself."""
    notes, node = Notes(), text_scalar(text)
    with pytest.raises(Unread):
        reader.read(node, notes)
    (mistake,) = notes.mistakes
    return mistake.text.removeprefix(f"{node.shown} ")


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("250ms", 0.25), ("30s", 30), ("10m", 600), ("2h", 7200), ("1d", 86_400), ("7 d", 604_800), ("0010s", 10)],
)
def test_durations(text: str, seconds: float) -> None:
    assert good(duration(), text) == seconds


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("30", "has no unit: write 30s if that is meant"),
        ("10:30", "is not a duration: write it as in 30s"),
        ("-1s", "is not a duration: write it as in 30s"),
        ("1.5s", "is not a duration: write it as in 30s"),
        ("", "is not a duration: write it as in 30s"),
        ("٣s", "is not a duration: write it as in 30s"),
        ("1234567890s", "is not a duration: write it as in 30s"),
        ("10min", "is not a duration: write 10m"),
        ("10M", "is not a duration: write it as in 30s"),
        ("5sec", "is not a duration: write 5s"),
        ("10MB", "is not a duration: write it as in 30s"),
        ("10x", "is not a duration: write it as in 30s"),
        ("0s", "is less than 1ms: write 1ms or more"),
        ("8d", "is more than 7d: write 7d or less"),
    ],
)
def test_no_durations(text: str, expected: str) -> None:
    assert wrong(duration(), text) == expected


def test_durations_have_bounds() -> None:
    assert good(duration("0s", "24h"), "0s") == 0
    assert good(duration("0s", "24h"), "24h") == 86_400
    assert wrong(duration("0s", "24h"), "25h") == "is more than 24h: write 24h or less"


@pytest.mark.parametrize(("text", "octets"), [("1B", 1), ("64KiB", 65_536), ("32MiB", 33_554_432), ("1GiB", 1 << 30)])
def test_sizes(text: str, octets: int) -> None:
    assert good(size(), text) == octets


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("64", "has no unit: write 64MiB if that is meant"),
        ("32MB", "is not a size: write 32MiB"),
        ("32k", "is not a size: write 32KiB"),
        ("10m", "is not a size: write it as in 64MiB"),
        ("0B", "is less than 1B: write 1B or more"),
        ("65GiB", "is more than 64GiB: write 64GiB or less"),
    ],
)
def test_no_sizes(text: str, expected: str) -> None:
    assert wrong(size(), text) == expected


@pytest.mark.parametrize("text", ["0", "7", "10"])
def test_numbers(text: str) -> None:
    assert integer(0, 10).parse(text) == int(text)


@pytest.mark.parametrize("text", ["11", "-1", "07", "1e1", "0x1", "1_0", "٣", "", "9" * 5000])
def test_no_numbers(text: str) -> None:
    assert wrong(integer(0, 10), text) == "is not a number from 0 to 10"


def test_workers() -> None:
    assert good(WORKERS, "auto") is None
    assert WORKERS.parse("4") == 4
    assert wrong(WORKERS, "0") == "is not auto, or a number from 1 to 256: write it as in auto"


@pytest.mark.parametrize(
    "text",
    [
        "crm",
        "crm.customer.example",
        "crm_test.lan",
        "a-b.c",
        "10.0.0.5",
        "[::1]",
        "[2001:db8::5]",
        "xn--bcher-kva.example",
        "1.a",
    ],
)
def test_hosts(text: str) -> None:
    assert is_host(text)
    assert good(HOST, text) == text
    assert good(HOST_SENT, text) == text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("CRM.Customer.example", "write crm.customer.example"),
        ("https://crm.customer.example/", "write crm.customer.example"),
        ("HTTP:crm.example", "write crm.example"),
        ("crm.customer.example:443", "write crm.customer.example"),
        ("crm.customer.example/restapi", "write crm.customer.example"),
        ("user@crm.example", "write crm.example"),
        ("crm.example.", "write crm.example"),
        (" crm.example ", "write crm.example"),
        ("bücher.example", "write xn--bcher-kva.example"),
        ("[2001:DB8:0::5]", "write '[2001:db8::5]'"),
        ("[::1]:80", "write '[::1]'"),
        ("*.customer.example", "write out each name"),
        ("*", "write out each name"),
        ("", "write it as in crm.customer.example"),
        (".", "write it as in crm.customer.example"),
        ("a..b", "write it as in crm.customer.example"),
        ("-a", "write it as in crm.customer.example"),
        ("a b", "write it as in crm.customer.example"),
        ("10.0.0.300", "write it as in crm.customer.example"),
        ("8080", "write it as in crm.customer.example"),
        ("::1", "write it as in crm.customer.example"),
        ("[::g]", "write it as in crm.customer.example"),
        ("[10.0.0.5]", "write it as in crm.customer.example"),
        ("a" * 64, "write it as in crm.customer.example"),
        (".".join(["a" * 60] * 5), "write it as in crm.customer.example"),
    ],
)
def test_no_hosts(text: str, expected: str) -> None:
    assert wrong(HOST, text) == f"is not a host name: {expected}"


def test_the_host_that_is_sent() -> None:
    assert good(HOST_SENT, "upstream") is HostSent.UPSTREAM
    assert good(HOST_SENT, "preserve") is HostSent.PRESERVE
    assert good(HOST_SENT, "crm.lan:8080") == "crm.lan:8080"
    assert good(HOST_SENT, "[::1]:8080") == "[::1]:8080"
    says = "is not upstream, preserve, or a host name"
    assert wrong(HOST_SENT, "https://CRM.lan:8443/x") == f"{says}: write crm.lan:8443"
    assert wrong(HOST_SENT, "crm.lan:http") == f"{says}: write crm.lan"
    assert wrong(HOST_SENT, "crm.lan:65536") == f"{says}: write it as in crm.lan"
    assert wrong(HOST_SENT, "a b") == f"{says}: write it as in crm.lan"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("127.0.0.1:9900", Address("127.0.0.1", 9900)),
        ("0.0.0.0:0", Address("0.0.0.0", 0)),  # noqa: S104 - nothing listens
        ("[::1]:65535", Address("::1", 65_535)),
        ("[::]:443", Address("::", 443)),
    ],
)
def test_addresses(text: str, expected: Address) -> None:
    assert good(ADDRESS, text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (":8080", "write 0.0.0.0:8080"),
        ("*:8080", "write 0.0.0.0:8080"),
        ("8080", "write 0.0.0.0:8080"),
        ("localhost:9900", "write 127.0.0.1:9900"),
        ("::1:9900", "write '[::1]:9900'"),
        ("[0:0::1]:9900", "write '[::1]:9900'"),
        ("[127.0.0.1]:9900", "write 127.0.0.1:9900"),
        ("crm.lan:8080", "write it as in 127.0.0.1:9900"),
        ("127.0.0.1", "write it as in 127.0.0.1:9900"),
        ("127.0.0.1:", "write it as in 127.0.0.1:9900"),
        ("127.0.0.1:65536", "write it as in 127.0.0.1:9900"),
        ("127.0.0.1:080", "write it as in 127.0.0.1:9900"),
    ],
)
def test_no_addresses(text: str, expected: str) -> None:
    assert wrong(ADDRESS, text) == f"is not an IP address and a port: {expected}"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("10.0.0.5", "10.0.0.5/32"),
        ("10.0.0.4/30", "10.0.0.4/30"),
        ("::1", "::1/128"),
        ("2001:DB8::/32", "2001:db8::/32"),
    ],
)
def test_proxies(text: str, expected: str) -> None:
    assert good(PROXY, text) == ip_network(expected)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("proxy.lan", "is not an IP address or network: write it as in 10.0.0.5"),
        ("10.0.0.5:80", "is not an IP address or network: write it as in 10.0.0.5"),
        ("10.0.0.5/33", "is not an IP address or network: write it as in 10.0.0.5"),
        ("0.0.0.0/0", "is a part of the internet: anyone could forge addresses: write the proxy's own, as in 10.0.0.5"),
        ("::/0", "is a part of the internet: anyone could forge addresses: write the proxy's own, as in 10.0.0.5"),
        (
            "128.0.0.0/1",
            "is a part of the internet: anyone could forge addresses: write the proxy's own, as in 10.0.0.5",
        ),
        (
            "10.0.0.5/24",
            "is no network: write 10.0.0.5 for the proxy itself, 10.0.0.0/24 for the network it is in",
        ),
    ],
)
def test_no_proxies(text: str, expected: str) -> None:
    assert wrong(PROXY, text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("http://127.0.0.1:8080", UpstreamUrl("http", "127.0.0.1", 8080)),
        ("http://127.0.0.1:8080/", UpstreamUrl("http", "127.0.0.1", 8080)),
        ("https://crm.lan", UpstreamUrl("https", "crm.lan", 443)),
        ("http://crm.lan:80", UpstreamUrl("http", "crm.lan", 80)),
        ("https://[::1]:8443/vtenext", UpstreamUrl("https", "::1", 8443, b"/vtenext")),
        ("https://crm.lan/vtenext/", UpstreamUrl("https", "crm.lan", 443, b"/vtenext")),
    ],
)
def test_upstream_urls(text: str, expected: UpstreamUrl) -> None:
    assert good(UPSTREAM_URL, text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("127.0.0.1:8080", "write http://127.0.0.1:8080"),
        ("crm.lan", "write http://crm.lan"),
        ("HTTPS://CRM.lan/x", "write https://crm.lan"),
        ("https://CRM.lan/x", "write https://crm.lan/x"),
        ("htp://crm.lan", "write http://crm.lan"),
        ("ftp://crm.lan", "write http://crm.lan"),
        ("http://user:secret@crm.lan/", "write http://crm.lan"),
        ("http://crm.lan/?a=b", "write http://crm.lan"),
        ("http://crm.lan/#a", "write http://crm.lan"),
        ("http://crm.lan:99999", "write it as in http://127.0.0.1:8080"),
        ("http://crm.lan:0", "write it as in http://127.0.0.1:8080"),
        ("http://crm.lan:", "write http://crm.lan"),
        ("http://", "write it as in http://127.0.0.1:8080"),
        ("http://a b", "write it as in http://127.0.0.1:8080"),
        ("", "write it as in http://127.0.0.1:8080"),
    ],
)
def test_no_upstream_urls(text: str, expected: str) -> None:
    assert wrong(UPSTREAM_URL, text) == f"is not the URL of an upstream: {expected}"


def test_the_path_of_an_upstream_is_a_path() -> None:
    assert wrong(UPSTREAM_URL, "http://crm.lan/a/../b").startswith("has more than one reading")


def test_a_socket_file_is_no_upstream() -> None:
    expected = "is a socket file, which cannot be an upstream here: let it listen on 127.0.0.1"
    assert wrong(UPSTREAM_URL, "unix:/run/php.sock") == expected


def test_a_password_is_not_repeated() -> None:
    notes = Notes()
    with pytest.raises(Unread):
        UPSTREAM_URL.read(text_scalar("http://user:secret@crm.lan/"), notes)
    assert "secret" not in notes.mistakes[0].text


@pytest.mark.parametrize("text", ["/", "/restapi/", "/webservice.php", "/a%20b/(c);d=e,f@g~", "/.well-known/x"])
def test_paths(text: str) -> None:
    assert good(PATH, text) == text.encode()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("restapi/", "is not a path: write /restapi/"),
        ("", "is not a path: write /"),
        ("https://crm.example/restapi/", "is not a path: write /restapi/"),
        ("/a?b=c", "is more than a path, and queries are not looked at: write /a"),
        ("/a#b", "is more than a path, and queries are not looked at: write /a"),
        ("/restapi/*", "has a *, and what ends in / stands for all below it: write /restapi/"),
        ("/ä b", "is not as it is sent: write /%C3%A4%20b"),
        ("a/../b", "is not a path: write it as in /restapi/"),
        ("/a//b", "has more than one reading, and requests for it are refused: write it without //, dots and %"),
        ("/a/../b", "has more than one reading, and requests for it are refused: write it without //, dots and %"),
        ("/a%2fb", "has more than one reading, and requests for it are refused: write it without //, dots and %"),
        ("/%61", "has more than one reading, and requests for it are refused: write it without //, dots and %"),
    ],
)
def test_no_paths(text: str, expected: str) -> None:
    assert wrong(PATH, text) == expected


@pytest.mark.parametrize("reader", [FILE, FOLDER])
def test_files(reader: Value[str]) -> None:
    assert good(reader, "/etc/x") == "/etc/x"
    assert wrong(reader, "tls/x") == "is not a path from the root: write /etc/cors-gateway/x"
    assert wrong(reader, "") == "is not a path from the root: write /etc/cors-gateway/"


@pytest.mark.parametrize("reader", [FILE, FOLDER])
def test_files_on_windows(reader: Value[str], monkeypatch: pytest.MonkeyPatch) -> None:
    drives = ("C:/ProgramData/x.pem", r"C:\ProgramData\x.pem", r"\\server\share\x.pem")
    for drive in drives:
        assert wrong(reader, drive).startswith("is not a path from the root")
    monkeypatch.setattr(values, "Path", PureWindowsPath)
    monkeypatch.setattr(values, "CONFIG_FOLDER", "C:/ProgramData/cors-gateway")
    for drive in drives:
        assert good(reader, drive) == drive
        assert re.search(str(reader.shape["pattern"]), drive)
    assert wrong(reader, "C:x.pem") == "is not a path from the root: write C:/ProgramData/cors-gateway/x.pem"
    assert wrong(reader, "/etc/x.pem") == "is not a path from the root: write C:/ProgramData/cors-gateway/x.pem"
    for relative in ("x.pem", "tls/x.pem", "C:x.pem"):
        assert not re.search(str(reader.shape["pattern"]), relative)


def test_pins() -> None:
    pin = "sha256/47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="
    assert good(PIN, pin) == pin
    remedy = "is not a pin: write sha256/ and the 44 characters of the SHA-256 of its public key in Base64"
    for text in (pin.replace("256", "1"), pin[:-2], "sha256/AAAA", "sha256/!", ""):
        assert wrong(PIN, text) == remedy


def test_cookie_domains() -> None:
    for text in ("customer.example", ".customer.example", ""):
        assert good(COOKIE_DOMAIN, text) == text
    assert wrong(COOKIE_DOMAIN, "A b") == "is not a domain, or '': write it as in customer.example"


def test_origins() -> None:
    assert good(ORIGIN, "https://*.addins.example") == Origin("https", "addins.example", None, wildcard=True)
    assert good(ORIGIN, "null") == Origin("null", "")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        # What jub0bs/cors refuses (facts E30), and the allow-list entries that never match.
        pytest.param("https://a.example/", "write https://a.example", id="slash"),
        pytest.param("https://a.example/x", "write https://a.example", id="path"),
        pytest.param("https://a.example?x", "write https://a.example", id="query"),
        pytest.param("https://user@a.example", "write https://a.example", id="user"),
        pytest.param("HTTPS://a.example", "write https://a.example", id="capitals-in-the-scheme"),
        pytest.param("https://A.example", "write https://a.example", id="capitals"),
        pytest.param("https://a.example:443", "write https://a.example", id="default-port"),
        pytest.param("https://a.example:0", "a port is a number from 1 to 65535", id="port-0"),
        pytest.param("https://a.example:65536", "a port is a number from 1 to 65535", id="port-over"),
        pytest.param("a.example", "write https://a.example", id="no-scheme"),
        pytest.param("file:///x", "an origin begins with https://", id="file"),
        pytest.param("ftp://a.example", "an origin begins with https://", id="ftp"),
        pytest.param("https://bücher.example", "write https://xn--bcher-kva.example", id="unicode"),
        pytest.param(
            "https://" + "a" * 64 + ".example",
            "a host name is made of labels of 1 to 63 letters, digits and inner hyphens",
            id="long-label",
        ),
        pytest.param("https://" + ".".join(["a" * 50] * 6), "a host name has at most 253 characters", id="long-host"),
        pytest.param(
            "https://127.1", "an IPv4 address is four numbers from 0 to 255, without leading zeros", id="ipv4"
        ),
        pytest.param("https://[0:0::1]", "write https://[::1]", id="ipv6"),
        pytest.param("https://[fe80::1%eth0]", "an origin has no IPv6 zone", id="zone"),
        pytest.param("https://[::ffff:10.0.0.5]", "write the IPv4 address itself, 10.0.0.5", id="mapped"),
        pytest.param(
            "https://*.10.0.0.5", "an IP address has no names below it: write it without `*.`", id="wildcard-and-ip"
        ),
        pytest.param(
            "*",
            "name each origin: `*` is never sent, and https://*.example.com stands for one label only",
            id="star",
        ),
        pytest.param(
            "https://a.*.example",
            "`*` stands only for the whole first label, as in https://*.example.com",
            id="inner-star",
        ),
        pytest.param(
            "https://*a.example",
            "`*` stands only for the whole first label, as in https://*.example.com",
            id="part-star",
        ),
        pytest.param("https://a.example:*", "an origin is a scheme, a host and perhaps a port", id="port-star"),
    ],
)
def test_no_origins(text: str, expected: str) -> None:
    assert wrong(ORIGIN, text).startswith(f"is not an origin: {expected}")


@pytest.mark.parametrize("text", ["GET", "POST", "PROPFIND", "M-SEARCH", "custom"])
def test_methods(text: str) -> None:
    assert good(METHOD, text) == text.encode()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("get", "is not a method, for case counts: write GET"),
        ("Patch", "is not a method, for case counts: write PATCH"),
        ("CONNECT", "is a method that no browser sends: take it out"),
        ("trace", "is a method that no browser sends: take it out"),
        ("TRACK", "is a method that no browser sends: take it out"),
        ("*", "is not a method, and `*` is never sent: name each, as in [GET, POST]"),
        ("GET POST", "is not a method: write it as in POST"),
        ("GÉT", "is not a method: write it as in POST"),
        ("", "is not a method: write it as in POST"),
    ],
)
def test_no_methods(text: str, expected: str) -> None:
    assert wrong(METHOD, text) == expected


@pytest.mark.parametrize("text", ["authorization", "Content-Type", "X-Foo", "x-http-method-override"])
def test_request_headers(text: str) -> None:
    assert good(REQUEST_HEADER, text) == text.lower().encode()


BROWSER = "is set by the browser, never by a page: "


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("*", "is not a header, and `*` is never sent: name each, or write headers: any"),
        ("any", "stands for all headers only by itself: write headers: any"),
        ("a b", "is not a header: write it as in content-type"),
        ("Content-Type: text/plain", "is not a header: write it as in content-type"),
        ("größe", "is not a header: write it as in content-type"),
        (
            "Content-Length",
            f"{BROWSER}take it out: classic Outlook asks for it in preflights, which is not held against it",
        ),
        ("Cookie", f"{BROWSER}take it out: cookies: relay lets cookies pass"),
        *(
            (name, f"{BROWSER}take it out")
            for name in [
                "accept-charset",
                "accept-encoding",
                "access-control-request-headers",
                "access-control-request-method",
                "connection",
                "cookie2",
                "date",
                "dnt",
                "expect",
                "host",
                "keep-alive",
                "origin",
                "referer",
                "set-cookie",
                "te",
                "trailer",
                "transfer-encoding",
                "upgrade",
                "via",
                "proxy-authorization",
                "sec-fetch-mode",
            ]
        ),
        ("access-control-allow-origin", "is a header of answers, and the gateway writes it: take it out"),
        ("Access-Control-Expose-Headers", "is a header of answers, and the gateway writes it: take it out"),
    ],
)
def test_no_request_headers(text: str, expected: str) -> None:
    assert wrong(REQUEST_HEADER, text) == expected


@pytest.mark.parametrize("text", ["ETag", "content-disposition", "cache-control"])
def test_response_headers(text: str) -> None:
    assert good(RESPONSE_HEADER, text) == text.lower().encode()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("*", "is not a header, and `*` is never sent: name each, as in [content-disposition]"),
        ("a b", "is not a header: write it as in content-disposition"),
        ("Set-Cookie", "is never shown to a page: take it out: cookies: relay lets cookies pass"),
        ("set-cookie2", "is never shown to a page: take it out: cookies: relay lets cookies pass"),
        *(
            (name, "belongs to CORS, and is not for a page to read: take it out")
            for name in [
                "origin",
                "access-control-request-method",
                "access-control-request-headers",
                "access-control-allow-methods",
                "access-control-allow-headers",
                "access-control-max-age",
                "access-control-allow-origin",
            ]
        ),
    ],
)
def test_no_response_headers(text: str, expected: str) -> None:
    assert wrong(RESPONSE_HEADER, text) == expected
