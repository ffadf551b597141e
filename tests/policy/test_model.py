from dataclasses import replace
from enum import Enum

import pytest

from gateway.cors.origin import OriginTable
from gateway.policy.model import (
    EVERYTHING,
    NOTHING,
    Challenges,
    CookieHandling,
    LocationHandling,
    LoginRedirect,
    Paths,
    Policy,
    Rewrite,
    Rule,
    Site,
    SiteLimits,
    Timeouts,
    UnlistedOrigins,
    Upstream,
    UpstreamTls,
    UpstreamUrl,
)
from tests.policy.examples import OPEN, RULE, SITE


@pytest.mark.parametrize(
    ("paths", "path", "inside"),
    [
        pytest.param(EVERYTHING, b"/x", True, id="everything"),
        pytest.param(NOTHING, b"/", False, id="nothing"),
        pytest.param(Paths(frozenset({b"/a"})), b"/a", True, id="whole"),
        pytest.param(Paths(frozenset({b"/a"})), b"/a/", False, id="whole-is-not-below"),
        pytest.param(Paths(frozenset({b"/a"})), b"/A", False, id="case"),
        pytest.param(Paths(subtrees=(b"/a/", b"/b/")), b"/b/c", True, id="subtree"),
        pytest.param(Paths(subtrees=(b"/a/",)), b"/a/", True, id="subtree-itself"),
        pytest.param(Paths(subtrees=(b"/a/",)), b"/a", False, id="subtree-without-its-slash"),
        pytest.param(Paths(subtrees=(b"/a/",)), b"/x/a/", False, id="subtree-further-in"),
    ],
)
def test_paths(paths: Paths, path: bytes, inside: bool) -> None:
    assert (path in paths) == inside


@pytest.mark.parametrize(
    ("site", "reads"),
    [
        pytest.param(OPEN, False, id="everything"),
        pytest.param(replace(OPEN, paths=NOTHING), True, id="nothing"),
        pytest.param(replace(OPEN, paths=Paths(subtrees=(b"/a/",))), True, id="some"),
        pytest.param(replace(OPEN, form_posts=Paths(frozenset({b"/a"}))), True, id="some-forms"),
        pytest.param(replace(OPEN, form_posts=EVERYTHING, websocket=NOTHING), False, id="all-forms-and-no-sockets"),
        pytest.param(replace(OPEN, websocket=Paths(subtrees=(b"/a/",))), True, id="some-sockets"),
        pytest.param(replace(OPEN, websocket=EVERYTHING), False, id="all-sockets"),
        pytest.param(
            replace(OPEN, upstream=Upstream((UpstreamUrl("http", "a", 80), UpstreamUrl("http", "b", 80, b"/c")))),
            True,
            id="a-prefix",
        ),
    ],
)
def test_whether_a_site_reads_paths(site: Site, reads: bool) -> None:
    assert site.reads_paths is reads


def test_names_in_logs() -> None:
    assert SITE.name == "crm.customer.example"
    assert replace(SITE, names=()).name == "*"


@pytest.mark.parametrize(
    ("host", "site"),
    [
        (b"crm.example", SITE),
        (b"crm.example:443", SITE),
        (b"crm.example:", SITE),
        (b"[::1]", OPEN),
        (b"[::1]:443", OPEN),
        (b"other.example", None),
        (b"crm", None),
        (b"", None),
        (None, None),
    ],
)
def test_site_for(host: bytes | None, site: Site | None) -> None:
    policy = Policy({b"crm.example": SITE, b"[::1]": OPEN})
    assert policy.site_for(host) is site
    assert replace(policy, any_host=OPEN).site_for(host) is (site or OPEN)


def test_rules_and_sites_are_values() -> None:
    assert replace(RULE) == RULE
    assert hash(replace(RULE)) == hash(RULE)
    assert replace(RULE, max_age_seconds=5) != RULE
    assert replace(SITE) == SITE
    assert replace(SITE, place="") != SITE


def test_what_a_rule_comes_to_follows_from_it() -> None:
    assert RULE.compiled.listed.keys() == RULE.headers
    assert b"cookie" in RULE.compiled.request_change.dropped
    assert b"cookie" not in replace(RULE, cookies=CookieHandling.RELAY).compiled.request_change.dropped
    assert b"Access-Control-Max-Age: 5\r\n" in replace(RULE, max_age_seconds=5).compiled.answer_preflight(b"o", None)


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        (CookieHandling, ["drop", "relay"]),
        (UnlistedOrigins, ["refuse", "relay"]),
        (LocationHandling, ["rewrite", "keep"]),
        (LoginRedirect, ["keep", "401"]),
        (Challenges, ["drop", "keep"]),
    ],
)
def test_the_words_of_the_configuration(kind: type[Enum], words: list[str]) -> None:
    assert [value.value for value in kind] == words


def test_what_follows_from_the_rest_is_not_printed() -> None:
    assert "compiled" not in repr(RULE)
    assert "reads_paths" not in repr(SITE)


def test_defaults() -> None:
    assert UpstreamTls() == UpstreamTls(None, None, None, None, None, verify=True)
    bare = Site((), Upstream(()), NOTHING, OriginTable(()))
    assert (bare.place, bare.form_posts, bare.websocket, bare.unlisted) == (
        "",
        NOTHING,
        NOTHING,
        UnlistedOrigins.REFUSE,
    )
    assert Rule(RULE.origin, frozenset(), frozenset()).place == ""
    assert bare.rewrite == Rewrite(LocationHandling.REWRITE, LoginRedirect.KEEP, Challenges.DROP, None)
    assert (RULE.cookies, RULE.any_header) == (CookieHandling.DROP, False)
    assert Timeouts() == Timeouts(5, 60, 60, 4)
    assert SiteLimits() == SiteLimits(67_108_864, 128, 256)


@pytest.mark.parametrize(
    ("url", "authority"),
    [
        (UpstreamUrl("http", "10.0.0.5", 8080), "10.0.0.5:8080"),
        (UpstreamUrl("https", "::1", 443, b"/crm"), "[::1]:443"),
    ],
)
def test_the_authority_of_an_upstream(url: UpstreamUrl, authority: str) -> None:
    assert url.authority == authority
