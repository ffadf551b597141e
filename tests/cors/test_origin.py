import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.cors.origin import DEFAULT_PORTS, NULL, Match, Origin, OriginError, OriginTable, parse_origin

LONGEST_LABEL = "a" * 63
LONGEST_HOST = ".".join([LONGEST_LABEL, LONGEST_LABEL, LONGEST_LABEL, "a" * 61])  # 253 characters


@pytest.mark.parametrize(
    ("text", "origin"),
    [
        pytest.param("https://addin.example", Origin("https", "addin.example"), id="name"),
        pytest.param("http://addin.example", Origin("http", "addin.example"), id="http"),
        pytest.param("https://addin.example:8443", Origin("https", "addin.example", 8443), id="port"),
        pytest.param("https://addin.example:1", Origin("https", "addin.example", 1), id="first-port"),
        pytest.param("https://addin.example:65535", Origin("https", "addin.example", 65535), id="last-port"),
        pytest.param("https://addin.example:80", Origin("https", "addin.example", 80), id="the-other-default-port"),
        pytest.param(
            "http://addin.example:443", Origin("http", "addin.example", 443), id="the-other-default-port-http"
        ),
        pytest.param("https://localhost", Origin("https", "localhost"), id="one-label"),
        pytest.param("https://0.a-b.9c", Origin("https", "0.a-b.9c"), id="digits-and-inner-hyphens"),
        pytest.param("https://qa--addin.hoster.example", Origin("https", "qa--addin.hoster.example"), id="branch-name"),
        pytest.param("https://xn--bcher-kva.example", Origin("https", "xn--bcher-kva.example"), id="G12-punycode"),
        pytest.param("https://xn--strae-oqa.de", Origin("https", "xn--strae-oqa.de"), id="punycode-of-sharp-s"),
        pytest.param("https://192.0.2.7", Origin("https", "192.0.2.7"), id="ipv4"),
        pytest.param("https://255.249.199.0:8443", Origin("https", "255.249.199.0", 8443), id="ipv4-port"),
        pytest.param("https://[2001:db8::1]", Origin("https", "[2001:db8::1]"), id="ipv6"),
        pytest.param("https://[::1]:8443", Origin("https", "[::1]", 8443), id="ipv6-port"),
        pytest.param("https://*.apps.example", Origin("https", "apps.example", None, wildcard=True), id="wildcard"),
        pytest.param("https://*.b:8443", Origin("https", "b", 8443, wildcard=True), id="wildcard-port"),
        pytest.param("null", NULL, id="null"),
        pytest.param(f"https://{LONGEST_LABEL}.b", Origin("https", f"{LONGEST_LABEL}.b"), id="longest-label"),
        pytest.param(f"https://{LONGEST_HOST}", Origin("https", LONGEST_HOST), id="longest-host"),
        pytest.param(
            f"https://*.{LONGEST_HOST[2:]}", Origin("https", LONGEST_HOST[2:], wildcard=True), id="longest-wildcard"
        ),
    ],
)
def test_parse_origin(text: str, origin: Origin) -> None:
    assert parse_origin(text) == origin
    assert origin.text == text


@pytest.mark.parametrize(
    ("text", "instead"),
    [
        pytest.param("https://addin.example/", "https://addin.example", id="trailing-slash"),
        pytest.param("https://addin.example/taskpane.html", "https://addin.example", id="path"),
        pytest.param("https://addin.example?x", "https://addin.example", id="query"),
        pytest.param("https://addin.example#x", "https://addin.example", id="fragment"),
        pytest.param("https://addin.example/a@b:c\nd", "https://addin.example", id="all-kinds-of-things-behind"),
        pytest.param("https://user:pass@addin.example:8443/", "https://addin.example:8443", id="userinfo"),
        pytest.param("HTTPS://addin.example", "https://addin.example", id="scheme-in-upper-case"),
        pytest.param("https://xn--Bcher-KVA.example", "https://xn--bcher-kva.example", id="punycode-in-upper-case"),
        pytest.param("https://Addin.EXAMPLE", "https://addin.example", id="host-in-upper-case"),
        pytest.param("https://addin.example:443", "https://addin.example", id="default-port"),
        pytest.param("http://addin.example:80", "http://addin.example", id="default-port-http"),
        pytest.param("https://addin.example:08443", "https://addin.example:8443", id="port-with-a-leading-zero"),
        pytest.param("https://addin.example:", "https://addin.example", id="empty-port"),
        pytest.param("https://addin.example.", "https://addin.example", id="G11-trailing-dot"),
        pytest.param(" https://addin.example ", "https://addin.example", id="white-space"),
        pytest.param("addin.example", "https://addin.example", id="no-scheme"),
        pytest.param("addin.example:8443/x", "https://addin.example:8443", id="no-scheme-but-a-port"),
        pytest.param("https:/addin.example", "https://addin.example", id="one-slash"),
        pytest.param("https:///addin.example", "https://addin.example", id="three-slashes"),
        pytest.param("https:\\\\addin.example\\", "https://addin.example", id="backslashes"),
        pytest.param("https://bücher.example", "https://xn--bcher-kva.example", id="G12-unicode"),
        pytest.param("https://BÜCHER.example", "https://xn--bcher-kva.example", id="unicode-in-upper-case"),
        pytest.param("https://日本。jp", "https://xn--wgv71a.jp", id="ideographic-full-stop"),
        pytest.param("https://日本\uff0ejp\uff61jp", "https://xn--wgv71a.jp.jp", id="other-full-stops"),
        pytest.param("https://straße.de", "https://xn--strae-oqa.de", id="sharp-s-is-a-letter-of-its-own"),
        pytest.param("https://*.Apps.example/", "https://*.apps.example", id="wildcard"),
        pytest.param("https://[0:0::1]", "https://[::1]", id="ipv6-not-compressed"),
        pytest.param("https://[2001:DB8::1]:443", "https://[2001:db8::1]", id="ipv6-in-upper-case"),
        pytest.param("Null", "null", id="null-in-upper-case"),
    ],
)
def test_parse_origin_tells_what_to_write_instead(text: str, instead: str) -> None:
    with pytest.raises(OriginError) as error:
        parse_origin(text)
    assert str(error.value) == f"write {instead}"
    assert parse_origin(instead).text == instead


NAME = "a host name is made of labels of 1 to 63 letters, digits and inner hyphens"
SHAPE = "an origin is a scheme, a host and perhaps a port, as in https://addin.example.com:8443"
IPV4 = "an IPv4 address is four numbers from 0 to 255, without leading zeros"
STAR = "`*` stands only for the whole first label, as in https://*.example.com"
PUNYCODE = "a label that begins with xn-- is not the punycode of any that browsers know"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        pytest.param(
            "*",
            "name each origin: `*` is never sent, and https://*.example.com stands for one label only",
            id="any-origin",
        ),
        pytest.param("", "an origin begins with https://", id="empty"),
        pytest.param("file:///x", "an origin begins with https://", id="file-is-null-on-the-wire"),
        pytest.param("ftp://addin.example", "an origin begins with https://", id="another-scheme"),
        pytest.param("capacitor://localhost", "an origin begins with https://", id="an-app's-own-scheme"),
        pytest.param("https://", NAME, id="no-host"),
        pytest.param("https://a b", NAME, id="space"),
        pytest.param("https://a,b", NAME, id="comma"),
        pytest.param("https://a_b.example", NAME, id="underscore"),
        pytest.param("https://a%41.example", NAME, id="percent-encoding"),
        pytest.param("https://-a.example", NAME, id="leading-hyphen"),
        pytest.param("https://a-.example", NAME, id="trailing-hyphen"),
        pytest.param("https://a..example", NAME, id="empty-label"),
        pytest.param("https://.example", NAME, id="empty-first-label"),
        pytest.param(f"https://{LONGEST_LABEL}a.b", NAME, id="label-too-long"),
        pytest.param(f"https://{LONGEST_HOST}a", "a host name has at most 253 characters", id="host-too-long"),
        pytest.param(f"https://*.{LONGEST_HOST[1:]}", "a host name has at most 253 characters", id="wildcard-too-long"),
        pytest.param("https://a:b:c", SHAPE, id="two-colons"),
        pytest.param("https://a b://c", SHAPE, id="two-schemes"),
        pytest.param("https://a:+1", SHAPE, id="port-with-a-sign"),
        pytest.param("https://a:123456", SHAPE, id="port-of-six-digits"),
        pytest.param("https://[::1", SHAPE, id="bracket-not-closed"),
        pytest.param("https://[::1]x", SHAPE, id="behind-the-bracket"),
        pytest.param("https://*.[::1]", SHAPE, id="wildcard-and-ipv6"),
        pytest.param("https://a:0", "a port is a number from 1 to 65535", id="port-0"),
        pytest.param("https://a:65536", "a port is a number from 1 to 65535", id="port-too-high"),
        pytest.param("https://1.2.3", IPV4, id="three-numbers"),
        pytest.param("https://1.2.3.4.5", IPV4, id="five-numbers"),
        pytest.param("https://256.1.1.1", IPV4, id="number-too-high"),
        pytest.param("https://010.1.1.1", IPV4, id="octal"),
        pytest.param("https://1.1.1.0x1f", IPV4, id="hexadecimal"),
        pytest.param("https://0x", IPV4, id="browsers-take-this-for-zero"),
        pytest.param("https://2130706433", IPV4, id="one-number"),
        pytest.param("https://a.1", IPV4, id="ends-in-a-number"),
        pytest.param("https://[::1::2]", "this is not an IPv6 address", id="not-an-address"),
        pytest.param("https://[fe80::1%eth0]", "an origin has no IPv6 zone", id="zone"),
        pytest.param("https://[::ffff:192.0.2.7]", "write the IPv4 address itself, 192.0.2.7", id="ipv4-mapped"),
        pytest.param(
            "https://*.192.0.2.7",
            "an IP address has no names below it: write it without `*.`",
            id="wildcard-and-ipv4",
        ),
        pytest.param("https://*", STAR, id="only-a-wildcard"),
        pytest.param("https://a*.b", STAR, id="part-of-a-label"),
        pytest.param("https://*a.b", STAR, id="beginning-of-a-label"),
        pytest.param("https://a.*.b", STAR, id="second-label"),
        pytest.param("https://*.*.b", STAR, id="two-wildcards"),
        pytest.param("https://a:*", SHAPE, id="any-port"),
        pytest.param("https://xn--zz--9.example", PUNYCODE, id="not-punycode"),
        pytest.param("https://xn--abc-.example", NAME, id="punycode-of-ascii"),
        pytest.param("https://xn--bcher-2pa.example", PUNYCODE, id="punycode-of-a-capital-letter"),
    ],
)
def test_parse_origin_tells_what_is_wrong(text: str, message: str) -> None:
    with pytest.raises(OriginError) as error:
        parse_origin(text)
    assert str(error.value) == message


@given(st.text())
def test_parse_origin_raises_nothing_else(text: str) -> None:
    for spelling in (text, f"https://{text}", f"https://{text}.example:8443/"):
        try:
            origin = parse_origin(spelling)
        except OriginError:
            continue
        assert origin.text == spelling


@given(st.text(max_size=20), st.text(max_size=20))
def test_what_is_to_be_written_instead_can_be_read(host: str, rest: str) -> None:
    try:
        parse_origin(f"https://{host}{rest}")
    except OriginError as error:
        instead = str(error).removeprefix("write ")
        if instead.startswith(("https:", "http:", "null")):
            assert parse_origin(instead).text == instead


def test_the_opaque_origin() -> None:
    assert Origin("null", "") == NULL


def test_default_ports() -> None:
    assert DEFAULT_PORTS == {"https": 443, "http": 80}


ADDIN = "https://addin.example"
TABLE = OriginTable(
    [
        (parse_origin(ADDIN), "addin"),
        (parse_origin("https://*.apps.example"), "apps"),
        (parse_origin("https://one.apps.example"), "one"),
        (parse_origin("https://*.apps.example:8443"), "apps-8443"),
        (parse_origin("http://xn--bcher-kva.example:8080"), "books"),
    ]
)


@pytest.mark.parametrize(
    ("value", "match"),
    [
        pytest.param(b"https://addin.example", Match("addin", b"https://addin.example", slash=False), id="G1"),
        pytest.param(b"https://addin.example/", Match("addin", b"https://addin.example/", slash=True), id="G2"),
        pytest.param(b"https://addin.example//", None, id="G3-two-slashes"),
        pytest.param(b"https://addin.example/x", None, id="G3-path"),
        pytest.param(b"https://addin.example?", None, id="G3-query"),
        pytest.param(b"https://addin.example#", None, id="G3-fragment"),
        pytest.param(b"HTTPS://addin.example", None, id="G4-scheme-in-upper-case"),
        pytest.param(b"https://ADDIN.example", None, id="G4-host-in-upper-case"),
        pytest.param(b"https://addin.example:443", None, id="G4-default-port"),
        pytest.param(b"http://addin.example", None, id="G5-http"),
        pytest.param(b"https://addin.example:8443", None, id="G5-port"),
        pytest.param(b"https://addin.example.evil.net", None, id="G6-prefix"),
        pytest.param(b"https://evil-addin.example", None, id="G6-suffix"),
        pytest.param(b"https://addinXexample", None, id="G6-dot-is-no-joker"),
        pytest.param(b"https://addin.example_.evil.net", None, id="G7-underscore"),
        pytest.param(b"https://addin.example%60.evil.net", None, id="G7-percent-encoded"),
        pytest.param(b"https://addin.example`.evil.net", None, id="G7-backtick"),
        pytest.param(b"null", None, id="G8-null"),
        pytest.param(b"Null", None, id="G8-null-in-upper-case"),
        pytest.param(b"", None, id="G8-empty"),
        pytest.param(b"https://addin.example, https://evil.net", None, id="G9-list"),
        pytest.param(b"https://a.apps.example", Match("apps", b"https://a.apps.example", slash=False), id="G10"),
        pytest.param(b"https://a.apps.example/", Match("apps", b"https://a.apps.example/", slash=True), id="G10-slash"),
        pytest.param(b"https://b.a.apps.example", None, id="G10-two-labels"),
        pytest.param(b"https://apps.example", None, id="G10-no-label"),
        pytest.param(b"https://.apps.example", None, id="G10-empty-label"),
        pytest.param(b"https://*.apps.example", None, id="G10-the-wildcard-itself"),
        pytest.param(b"https://A.apps.example", None, id="G10-label-in-upper-case"),
        pytest.param(b"https://a_.apps.example", None, id="G10-underscore-in-the-label"),
        pytest.param(b"https://evil.net/a.apps.example", None, id="G10-slash-in-the-label"),
        pytest.param(b"https://u@a.apps.example", None, id="G10-userinfo"),
        pytest.param(b"https://a.apps.example//", None, id="G10-two-slashes"),
        pytest.param(b"http://a.apps.example", None, id="G10-http"),
        pytest.param(
            b"https://one.apps.example", Match("one", b"https://one.apps.example", slash=False), id="exact-first"
        ),
        pytest.param(
            b"https://a.apps.example:8443", Match("apps-8443", b"https://a.apps.example:8443", slash=False), id="port"
        ),
        pytest.param(b"https://a.apps.example:443", None, id="wildcard-default-port"),
        pytest.param(b"https://addin.example.", None, id="G11"),
        pytest.param(b"https://a.apps.example.", None, id="G11-wildcard"),
        pytest.param(
            b"http://xn--bcher-kva.example:8080",
            Match("books", b"http://xn--bcher-kva.example:8080", slash=False),
            id="G12",
        ),
        pytest.param("http://bücher.example:8080".encode(), None, id="G12-utf-8"),
        pytest.param(b"https://addin.example" + b"/" * 300, None, id="G13-long"),
        pytest.param(b"https://" + b"a." * 200 + b"apps.example", None, id="G13-long-name"),
        pytest.param(b"https://a\xff.apps.example", None, id="G13-octets-over-0x7f"),
        pytest.param(b"https://a\0.apps.example", None, id="G13-control-octet"),
        pytest.param(b"https://a\n.apps.example", None, id="G13-line-feed"),
        pytest.param(b"a.apps.example", None, id="no-scheme"),
    ],
)
def test_match(value: bytes, match: Match[str] | None) -> None:
    assert TABLE.match(value) == match


def test_a_label_may_be_as_long_as_labels_are() -> None:
    longest = b"https://" + b"a" * 63 + b".apps.example"
    assert TABLE.match(longest) == Match("apps", longest, slash=False)
    assert TABLE.match(b"https://a" + b"a" * 63 + b".apps.example") is None


def test_g13_nothing_longer_than_320_octets_is_looked_at() -> None:
    for length, expected in ((320, "long"), (321, None)):
        host = "b".ljust(length - len("https://a."), "c")  # longer than any that a rule can have
        match = OriginTable([(Origin("https", host, wildcard=True), "long")]).match(f"https://a.{host}".encode())
        assert (match and match.entry) == expected


def test_null_matches_only_where_it_is_listed_and_has_no_slash() -> None:
    table = OriginTable([(NULL, "opaque")])
    assert table.match(b"null") == Match("opaque", b"null", slash=False)
    assert table.match(b"null/") is None
    assert table.match(b"null://*.") is None


@pytest.mark.parametrize("text", [ADDIN, "https://*.apps.example", "null"])
def test_no_origin_is_there_twice(text: str) -> None:
    origin = parse_origin(text)
    with pytest.raises(ValueError, match="is there twice"):
        OriginTable([(origin, 1), (origin, 2)])


def test_tables_of_the_same_entries_are_equal() -> None:
    entries = [(parse_origin(ADDIN), 1), (parse_origin("https://*.apps.example"), 2)]
    assert OriginTable(entries) == OriginTable(iter(entries))
    assert hash(OriginTable(entries)) == hash(OriginTable(entries))
    assert OriginTable(entries) != OriginTable(entries[:1])
    assert OriginTable(entries) != entries
    assert OriginTable(entries).entries == tuple(entries)
    assert repr(OriginTable([(NULL, 1)])) == f"OriginTable((({NULL!r}, 1),))"


@given(st.binary(max_size=60))
def test_a_wildcard_matches_one_label_and_nothing_else(label: bytes) -> None:
    matched = TABLE.match(b"https://%b.apps.example" % label)
    if matched is None:
        return
    assert label.decode().replace("-", "").isalnum()
    assert matched.origin == b"https://%b.apps.example" % label
