import pytest

from gateway.policy.cookies import rewrite_cookie
from gateway.policy.model import CookieRewrite

CROSS_SITE = CookieRewrite(secure=True, same_site="None", partitioned=True, domain="")


@pytest.mark.parametrize(
    ("value", "rewrite", "written"),
    [
        pytest.param(b"a=b", CookieRewrite(), b"a=b", id="nothing-named"),
        pytest.param(
            b"PHPSESSID=x; path=/; secure;HttpOnly ;SameSite=Lax; Domain=a; Partitioned; Foo=bar",
            CookieRewrite(),
            b"PHPSESSID=x; path=/; secure;HttpOnly ;SameSite=Lax; Domain=a; Partitioned; Foo=bar",
            id="nothing-named-nothing-changed",
        ),
        pytest.param(
            b"TOUCHSESSID=x; path=/; HttpOnly",
            CROSS_SITE,
            b"TOUCHSESSID=x; path=/; HttpOnly; Secure; SameSite=None; Partitioned",
            id="A16-what-a-framed-page-needs",
        ),
        pytest.param(
            b"a=b; SECURE; samesite=Strict; DOMAIN=.crm.lan;partitioned; Path=/",
            CROSS_SITE,
            b"a=b; Path=/; Secure; SameSite=None; Partitioned",
            id="what-was-there-is-replaced",
        ),
        pytest.param(
            b"a=b; Secure; Partitioned",
            CookieRewrite(secure=False, partitioned=False),
            b"a=b",
            id="taken-away",
        ),
        pytest.param(
            b"a=b; Domain=crm.lan",
            CookieRewrite(domain="customer.example"),
            b"a=b; Domain=customer.example",
            id="another-domain",
        ),
        pytest.param(
            b"a=b; Domain =x; \tSecure\t=y", CROSS_SITE, b"a=b; Secure; SameSite=None; Partitioned", id="blanks"
        ),
        pytest.param(b"Secure=1; x", CookieRewrite(secure=True), b"Secure=1; x; Secure", id="a-cookie-of-that-name"),
        pytest.param(b"", CookieRewrite(secure=True), b"; Secure", id="empty"),
        pytest.param(b"a=b; Path=/vtenext/; X", CookieRewrite(), b"a=b; Path=/; X", id="path-below-the-prefix"),
        pytest.param(b"a=b; path = /vtenext", CookieRewrite(), b"a=b; Path=/", id="path-of-the-prefix"),
        pytest.param(b"a=b;path=/vtenext/portal/", CookieRewrite(), b"a=b; Path=/portal/", id="path-further-below"),
        pytest.param(
            b"a=b;path=/vtenext/a=X \t;x", CookieRewrite(), b"a=b; Path=/a=X;x", id="path-with-an-equals-sign"
        ),
        pytest.param(b"a=b;SecureX", CookieRewrite(secure=False), b"a=b;SecureX", id="another-attribute"),
        pytest.param(b"a=b;path=/other/", CookieRewrite(), b"a=b;path=/other/", id="another-path"),
        pytest.param(b"a=b;path=", CookieRewrite(), b"a=b;path=", id="no-path"),
        pytest.param(b"path=/vtenext/;x", CookieRewrite(), b"path=/vtenext/;x", id="a-cookie-called-path"),
    ],
)
def test_rewrite_cookie(value: bytes, rewrite: CookieRewrite, written: bytes) -> None:
    assert rewrite_cookie(value, rewrite, (b"/vtenext",)) == written


def test_a_path_without_a_prefix_stays_as_it_came() -> None:
    assert rewrite_cookie(b"a=b;path=/x", CROSS_SITE, (b"",)) == b"a=b;path=/x; Secure; SameSite=None; Partitioned"
