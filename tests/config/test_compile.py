"""Settings to the values that the gateway works with, compared as a whole."""

from ipaddress import ip_network
from pathlib import Path

import pytest

from gateway.config.compile import path_set
from gateway.config.model import Address, CertificatePair, Config, Listener, ListenerLimits, Log
from gateway.cors.origin import Origin, OriginTable
from gateway.http1.head import HeadLimits
from gateway.policy.model import (
    EVERYTHING,
    Challenges,
    CookieHandling,
    CookieRewrite,
    Health,
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
from tests.config.build import SITE, loaded

LOOPBACK = (ip_network("127.0.0.0/8"), ip_network("::1/128"))


def test_the_smallest(tmp_path: Path) -> None:
    addin = Origin("https", "addin.vendor.example")
    rule = Rule(
        addin,
        methods=frozenset({b"GET", b"HEAD", b"POST"}),
        headers=frozenset({b"authorization", b"content-type"}),
        place=f"sites[0].origins[0], {tmp_path}/c.yaml:6",
    )
    site = Site(
        ("crm.customer.example",),
        Upstream((UpstreamUrl("http", "10.1.0.5", 8080),)),
        EVERYTHING,
        OriginTable([(addin, rule)]),
        place=f"sites[0], {tmp_path}/c.yaml:3",
    )
    assert loaded(tmp_path, SITE).config == Config(
        Policy({b"crm.customer.example": site}), listeners=(Listener("127.0.0.1", 9900),), trusted_proxies=LOOPBACK
    )


def test_the_preset(tmp_path: Path) -> None:
    site = loaded(tmp_path, SITE.replace("everything", "preset\n    preset: vtenext")).config.sites[0]
    assert site.paths == Paths(frozenset({b"/webservice.php"}), (b"/restapi/",))
    assert site.upstream.timeouts == Timeouts(response_head=600, idle=600)
    ((_, rule),) = site.rules.entries
    assert rule == Rule(
        Origin("https", "addin.vendor.example"),
        methods=frozenset({b"GET", b"HEAD", b"POST"}),
        headers=frozenset(),
        any_header=True,
        expose=(b"content-disposition", b"content-range", b"etag", b"touch-session-id"),
        credentials=True,
        place=rule.place,
    )


EVERY = """
listeners:
  - address: '[::]:8443'
    certificates: /tls
    proxy_protocol: false
    health: /healthy
    limits: {connections: 1, connections_per_address: 2, handshake: 2s, head: 3s, head_size: 4KiB, line_size: 5KiB,
             target_size: 6KiB, lines: 8, keep_alive: 7s, body_idle: 9s, body_rate: 10B, write_stall: 11s, linger: 12s}
  - {address: 127.0.0.1:8080, redirect_to_https: true}
admin: {address: 127.0.0.1:9901}
trusted_proxies: [10.0.0.5]
workers: 3
reload_on_change: true
drain_delay: 5s
drain: 1m
log: {format: text, level: debug}
defaults:
  preset: vtenext
sites:
  - names: [a.example, b.example]
    upstream:
      urls: [https://10.0.0.5:8443/x, 'https://[::1]']
      host: crm.lan
      tls:
        {ca: /ca, name: c.lan, client: {chain: /c, key: /k}, pin: sha256/47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=}
      timeouts: {connect: 1s, response_head: 2s, idle: 3s, keep_alive: 4s, stream: 5s}
      health: {path: /up, every: 6s}
    limits: {request_body: 1MiB, in_flight: 2, streams: 3, access_control_request_headers: 1KiB}
    paths: [/a/, /b]
    websocket: [/a/ws]
    form_posts: [/b]
    unlisted_origins: relay
    rewrite:
      location: keep
      challenges: keep
      login_redirect: 401
      cookies: {secure: true, same_site: None, partitioned: false, domain: ''}
    origins:
      - origin: https://*.c.example
        methods: [PUT]
        headers: [X-A]
        expose: [ETag, Content-Type]
        credentials: true
        cookies: relay
        max_age: 1s
        paths: [/a/]
"""


def test_every_key(tmp_path: Path) -> None:
    origin = Origin("https", "c.example", None, wildcard=True)
    rule = Rule(
        origin,
        methods=frozenset({b"PUT"}),
        headers=frozenset({b"x-a"}),
        expose=(b"etag",),
        credentials=True,
        cookies=CookieHandling.RELAY,
        max_age_seconds=1,
        paths=Paths(subtrees=(b"/a/",)),
        place=f"sites[0].origins[0], {tmp_path}/c.yaml:39",
    )
    site = Site(
        ("a.example", "b.example"),
        Upstream(
            (UpstreamUrl("https", "10.0.0.5", 8443, b"/x"), UpstreamUrl("https", "::1", 443)),
            host=b"crm.lan",
            tls=UpstreamTls(
                ca="/ca",
                name="c.lan",
                client_chain="/c",
                client_key="/k",
                pin="sha256/47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=",
            ),
            timeouts=Timeouts(1, 2, 3, 4, 5),
            health=Health(b"/up", 6),
        ),
        Paths(frozenset({b"/b"}), (b"/a/",)),
        OriginTable([(origin, rule)]),
        form_posts=Paths(frozenset({b"/b"})),
        websocket=Paths(frozenset({b"/a/ws"})),
        unlisted=UnlistedOrigins.RELAY,
        rewrite=Rewrite(
            LocationHandling.KEEP,
            LoginRedirect.UNAUTHORIZED,
            Challenges.KEEP,
            CookieRewrite(secure=True, same_site="None", partitioned=False, domain=""),
        ),
        limits=SiteLimits(1 << 20, 2, 3, 1024),
        place=f"sites[0], {tmp_path}/c.yaml:20",
    )
    limits = ListenerLimits(1, 2, 2, 3, HeadLimits(4096, 5120, 6144, 8), 7, 9, 10, 11, 12)
    assert loaded(tmp_path, EVERY).config == Config(
        Policy({b"a.example": site, b"b.example": site}),
        listeners=(
            Listener(
                "::",
                8443,
                (CertificatePair("/tls/*/fullchain.pem", "/tls/*/privkey.pem"),),
                "/tls",
                health="/healthy",
                limits=limits,
            ),
            Listener("127.0.0.1", 8080, redirect_to_https=True),
        ),
        admin=Address("127.0.0.1", 9901),
        trusted_proxies=(ip_network("10.0.0.5"),),
        workers=3,
        reload_on_change=True,
        drain_delay_seconds=5,
        drain_seconds=60,
        log=Log("text", "debug"),
    )


@pytest.mark.parametrize(
    ("upstream", "expected"),
    [
        ("http://10.1.0.5", None),
        ("https://10.1.0.5", b"10.1.0.5"),
        ("https://10.1.0.5:8443", b"10.1.0.5:8443"),
        ("'https://[::1]:443'", b"[::1]"),
        ("{urls: ['http://10.1.0.5:8080'], host: upstream}", b"10.1.0.5:8080"),
        ("{urls: ['https://10.1.0.5'], host: preserve}", None),
        ("{urls: ['https://10.1.0.5'], host: 'crm.lan:8080'}", b"crm.lan:8080"),
        ("{urls: ['https://10.1.0.5', 'https://10.1.0.6']}", b"10.1.0.5"),
    ],
)
def test_the_host_that_is_sent(tmp_path: Path, upstream: str, expected: bytes | None) -> None:
    config = loaded(tmp_path, SITE.replace("http://10.1.0.5:8080", upstream)).config
    assert config.sites[0].upstream.host == expected


def test_verification_can_be_skipped(tmp_path: Path) -> None:
    upstream = "{urls: ['https://10.1.0.5'], tls: {dangerously_skip_verification: true}}"
    config = loaded(tmp_path, SITE.replace("http://10.1.0.5:8080", upstream)).config
    assert config.sites[0].upstream.tls == UpstreamTls(verify=False)


def test_loopback_is_trusted_where_nobody_said_where_to_listen(tmp_path: Path) -> None:
    proxy, own = ip_network("10.0.0.5"), ip_network("127.0.0.0/8")
    listeners = "listeners: [{address: '127.0.0.1:80'}]"
    for text, expected in (
        ("trusted_proxies: [10.0.0.5]", (proxy, *LOOPBACK)),
        ("trusted_proxies: [127.0.0.0/8]", (own, LOOPBACK[1])),
        (listeners, ()),
        (f"{listeners}\ntrusted_proxies: [10.0.0.5]", (proxy,)),
    ):
        assert loaded(tmp_path, f"{text}\n{SITE}").config.trusted_proxies == expected


def test_paths_that_end_in_a_slash_are_subtrees() -> None:
    assert path_set((b"/a/", b"/a", b"/")) == Paths(frozenset({b"/a"}), (b"/a/", b"/"))
