import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from gateway.policy.location import Outside, looks_like_login, outside_of, outside_path, refresh_outside, true_outside
from gateway.policy.model import Upstream, UpstreamUrl

OUTSIDE = outside_of(
    Upstream((UpstreamUrl("https", "10.0.0.5", 8443, b"/vtenext"), UpstreamUrl("http", "::1", 80, b"/vtenext"))),
    b"crm.customer.example:8444",
    "https",
)
HERE = b"https://crm.customer.example:8444"

PLAIN = outside_of(
    Upstream((UpstreamUrl("http", "CRM.lan", 8080),), host=b"vte.lan:81"), b"crm.customer.example", "https"
)
PUBLIC = b"https://crm.customer.example"


def test_outside_of() -> None:
    names = (b"10.0.0.5", b"[::1]", b"crm.customer.example")
    own = frozenset(name + port for name in names for port in (b"", b":80", b":8443", b":8444"))
    assert Outside(HERE, own, b"crm.customer.example:8444", (b"/vtenext",)) == OUTSIDE
    names = (b"crm.lan", b"vte.lan", b"crm.customer.example")
    own = frozenset(name + port for name in names for port in (b"", b":8080", b":81"))
    assert Outside(PUBLIC, own, b"crm.customer.example", (b"",)) == PLAIN


def test_outside_of_a_client_that_named_no_host() -> None:
    outside = outside_of(Upstream((UpstreamUrl("http", "a", 80), UpstreamUrl("http", "a", 80, b"/b"))), None, "https")
    assert outside == Outside(b"", frozenset({b"a", b"a:80"}), b"", (b"/b", b""))
    assert true_outside(b"http://a/b/x?y", outside) == b"/x?y"
    assert true_outside(b"http://a/b//evil.net?y", outside) == b"/.//evil.net?y"


def test_the_port_that_a_scheme_implies_is_left_out() -> None:
    upstream = Upstream((UpstreamUrl("http", "a", 80),))
    assert outside_of(upstream, b"crm:443", "https").public == b"crm"
    assert outside_of(upstream, b"crm:443", "http").public == b"crm:443"
    assert outside_of(upstream, b"crm:80", "http").public == b"crm"


@pytest.mark.parametrize(
    ("path", "prefixes", "outside"),
    [
        (b"/x", (b"",), b"/x"),
        (b"", (b"",), b"/"),
        (b"/vtenext/x", (b"/vtenext",), b"/x"),
        (b"/vtenext/", (b"/vtenext",), b"/"),
        (b"/vtenext", (b"/vtenext",), b"/"),
        (b"/vtenextx", (b"/vtenext",), None),
        (b"/x", (b"/vtenext",), None),
        (b"/a/b/c", (b"/a/b", b"/a"), b"/c"),
        (b"/a/c", (b"/a/b", b"/a"), b"/c"),
        (b"/x", (), None),
    ],
)
def test_outside_path(path: bytes, prefixes: tuple[bytes, ...], outside: bytes | None) -> None:
    assert outside_path(path, prefixes) == outside


@pytest.mark.parametrize(
    ("location", "led"),
    [
        pytest.param(b"https://10.0.0.5:8443/vtenext/x?y#z", HERE + b"/x?y#z", id="G45-its-own-address"),
        pytest.param(b"http://10.0.0.5/vtenext/x", HERE + b"/x", id="the-other-scheme-without-a-port"),
        pytest.param(b"http://10.0.0.5:80/vtenext/x", HERE + b"/x", id="the-other-scheme's-port"),
        pytest.param(b"https://10.0.0.5:443/vtenext/x", HERE + b"/x", id="the-default-port"),
        pytest.param(b"HTTPS://10.0.0.5:8443/vtenext/X", HERE + b"/X", id="scheme-in-upper-case"),
        pytest.param(b"http://[::1]/vtenext", HERE + b"/", id="the-prefix-itself"),
        pytest.param(b"http://[::1]/vtenext?y", HERE + b"/?y", id="the-prefix-and-a-query"),
        pytest.param(
            b"http://Crm.customer.example/vtenext/themes/next/", HERE + b"/themes/next/", id="the-client's-host"
        ),
        pytest.param(b"http://crm.customer.example:8443/vtenext/x", HERE + b"/x", id="with-the-upstream's-port"),
        pytest.param(HERE + b"/x", HERE + b"/x", id="as-it-is-outside"),
        pytest.param(HERE, HERE + b"/", id="as-it-is-outside-without-a-path"),
        pytest.param(HERE + b"?y", HERE + b"/?y", id="as-it-is-outside-with-a-query"),
        pytest.param(b"http://crm.customer.example/x", None, id="another-name-and-nothing-outside-leads-there"),
        pytest.param(b"https://10.0.0.5:8443/other/x", None, id="nothing-outside-leads-there"),
        pytest.param(b"//10.0.0.5/vtenext/x", HERE + b"/x", id="without-a-scheme"),
        pytest.param(b"//evil.net/vtenext/x", None, id="another-host-without-a-scheme"),
        pytest.param(b"https://evil.net/", None, id="G45-another-origin"),
        pytest.param(b"https://10.0.0.5:9999/vtenext/", None, id="another-port"),
        pytest.param(b"https://10.0.0.5@evil.net/", None, id="userinfo"),
        pytest.param(b"https://u@10.0.0.5/vtenext/", None, id="its-own-with-userinfo"),
        pytest.param(b"https://10.0.0.5.evil.net/vtenext/", None, id="a-name-that-begins-with-it"),
        pytest.param(b"https://evil.net?//10.0.0.5/", None, id="query-behind-the-host"),
        pytest.param(b"https:///10.0.0.5/vtenext/", None, id="three-slashes"),
        pytest.param(b"https:/vtenext/x", None, id="one-slash"),
        pytest.param(b"https:vtenext", None, id="no-slash"),
        pytest.param(b"ftp://10.0.0.5/vtenext/", None, id="another-scheme"),
        pytest.param(b"javascript:alert(1)", None, id="no-authority"),
        pytest.param(b"///evil.net", None, id="slashes-that-browsers-skip"),
        pytest.param(b"/\\evil.net", None, id="backslash"),
        pytest.param(b"\\\\evil.net", None, id="backslashes"),
        pytest.param(b"/\t/evil.net", None, id="tab"),
        pytest.param(b"ht\ttps://evil.net", None, id="tab-in-the-scheme"),
        pytest.param(b"https:\\\\10.0.0.5\\vtenext\\x", HERE + b"/x", id="its-own-with-backslashes"),
        pytest.param(b"/vtenext/x?y", b"/x?y", id="path-below-the-prefix"),
        pytest.param(b"/vtenext", b"/", id="path-of-the-prefix"),
        pytest.param(b"/vtenext//evil.net/x", b"/.//evil.net/x", id="a-path-that-must-not-become-a-host"),
        pytest.param(b"/vtenext/\\evil.net", b"/.//evil.net", id="a-path-that-must-not-become-a-host-either"),
        pytest.param(b"https://10.0.0.5/vtenext//x", HERE + b"//x", id="nor-does-it-behind-one"),
        pytest.param(b"/other?/vtenext/", b"/other?/vtenext/", id="another-path"),
        pytest.param(b"index.php?module=Users", b"index.php?module=Users", id="relative"),
        pytest.param(b"vtenext/x", b"vtenext/x", id="relative-path"),
        pytest.param(b"../../hub/cinv.php?a=http://b", b"../../hub/cinv.php?a=http://b", id="dots"),
        pytest.param(b"?x", b"?x", id="query"),
        pytest.param(b"#x", b"#x", id="fragment"),
        pytest.param(b"", b"", id="empty"),
        pytest.param(b"a\\b\tc", b"a\\b\tc", id="relative-octets-as-they-came"),
        pytest.param(b"/caf\xc3\xa9", b"/caf\xc3\xa9", id="not-ascii"),
        pytest.param(b"1x:y", b"1x:y", id="no-scheme"),
    ],
)
def test_true_outside(location: bytes, led: bytes | None) -> None:
    assert true_outside(location, OUTSIDE) == led


@pytest.mark.parametrize(
    ("location", "led"),
    [
        pytest.param(b"http://crm.lan:8080/x?y", PUBLIC + b"/x?y", id="its-own-address"),
        pytest.param(b"http://vte.lan/x", PUBLIC + b"/x", id="the-host-sent-to-it"),
        pytest.param(b"http://vte.lan:81/x", PUBLIC + b"/x", id="the-host-sent-to-it-and-its-port"),
        pytest.param(b"http://crm.customer.example/themes/next/", PUBLIC + b"/themes/next/", id="crm-section-5"),
        pytest.param(b"http://crm.customer.example", PUBLIC + b"/", id="no-path"),
        pytest.param(b"/x", b"/x", id="path"),
        pytest.param(b"/a\\b", b"/a\\b", id="octets-as-they-came"),
        pytest.param(b"https://crm.customer.example:9/x", None, id="another-port"),
    ],
)
def test_true_outside_without_a_prefix(location: bytes, led: bytes | None) -> None:
    assert true_outside(location, PLAIN) == led


PIECES = st.sampled_from(
    [
        *(
            b"http",
            b"https",
            b":",
            b"/",
            b"//",
            b"\\",
            b"\t",
            b"@",
            b"?",
            b"#",
            b".",
            b"evil.net",
            b"10.0.0.5",
            b":8443",
        ),
        *(b"crm.customer.example", b":8444", b"/vtenext", b"x", b"[::1]", b"javascript"),
    ]
)


@given(st.lists(PIECES, max_size=10).map(b"".join))
@example(b"https://crm.customer.example:8444\\@evil.net/")
@example(b"/vtenext//evil.net")
def test_what_is_made_true_outside_stays_within_the_site(location: bytes) -> None:
    led = true_outside(location, OUTSIDE)
    if led is None or led == location.replace(b"\\", b"/"):
        return
    read = led.replace(b"\t", b"").replace(b"\\", b"/")
    assert read.startswith((HERE + b"/", b"/")) or read == location.replace(b"\t", b"").replace(b"\\", b"/")
    assert not read.startswith(b"//")


@pytest.mark.parametrize(
    ("value", "written"),
    [
        pytest.param(b"0; url=http://10.0.0.5/vtenext/x", b"0; url=" + HERE + b"/x", id="its-own"),
        pytest.param(b"5;URL = 'http://10.0.0.5/vtenext/x'", b"5;URL = '" + HERE + b"/x'", id="quotes"),
        pytest.param(b'5,\turl="/vtenext/x" ', b'5,\turl="/x" ', id="double-quotes-and-a-comma"),
        pytest.param(b"0; url=https://evil.net/", b"0; url=https://evil.net/", id="another-origin"),
        pytest.param(b"5", b"5", id="only-a-time"),
        pytest.param(b"0; http://10.0.0.5/vtenext/", b"0; http://10.0.0.5/vtenext/", id="without-its-name"),
        pytest.param(b"", b"", id="empty"),
    ],
)
def test_refresh_outside(value: bytes, written: bytes) -> None:
    assert refresh_outside(value, OUTSIDE) == written


@pytest.mark.parametrize(
    "location",
    [
        *(b"/login", b"/Login.php?x", b"index.php?module=Users&action=Login", b"/user/sign_in", b"/signin", b"/logon"),
        *(
            b"/sign-in?return=/x",
            b"/sso/start",
            b"/adfs/ls/",
            b"/oauth2/authorize?x",
            b"/authorise",
            b"/saml2",
            b"/cas?a",
        ),
        *(b"https://crm.lan/openid/x", b"//crm.lan/log_in", b"/oauth", b"/wp-login.php", b"/a/sso", b"/signon"),
    ],
)
def test_looks_like_login(location: bytes) -> None:
    assert looks_like_login(location)


@pytest.mark.parametrize(
    "location",
    [b"/", b"/lesson/1", b"/case/5", b"/logo.png", b"https://login.lan/x", b"/design", b"/logs/in", b"/casa", b""],
)
def test_does_not_look_like_login(location: bytes) -> None:
    assert not looks_like_login(location)
