"""Settings to the values that the gateway works with: `Config`, and the `Policy` in it."""

from collections.abc import Iterable, Mapping
from ipaddress import ip_network
from types import MappingProxyType
from typing import Final

from gateway.config.keys import (
    CookieSettings,
    GatewaySettings,
    ListenerLimitSettings,
    ListenerSettings,
    RewriteSettings,
    RuleSettings,
    SiteSettings,
    UpstreamSettings,
    UpstreamTlsSettings,
)
from gateway.config.model import CertificatePair, Config, Listener, ListenerLimits, Log
from gateway.config.settings import Settings
from gateway.config.values import HostSent
from gateway.cors.fields import ALWAYS_EXPOSED
from gateway.cors.origin import DEFAULT_PORTS, OriginTable
from gateway.http1.head import HeadLimits
from gateway.policy.model import (
    EVERYTHING,
    CookieRewrite,
    Health,
    Paths,
    Policy,
    Rewrite,
    Rule,
    Site,
    SiteLimits,
    Timeouts,
    Upstream,
    UpstreamTls,
    UpstreamUrl,
)

ALWAYS_READABLE: Final = frozenset(
    {
        b"cache-control",
        b"content-language",
        b"content-length",
        b"content-type",
        b"expires",
        b"last-modified",
        b"pragma",
        *ALWAYS_EXPOSED,
    }
)
"""What a page may read without being told (https://fetch.spec.whatwg.org/#cors-safelisted-response-header-name), and
what the gateway exposes in any case."""

LOOPBACK: Final = (ip_network("127.0.0.0/8"), ip_network("::1/128"))
"""Trusted when nobody said where to listen: only this machine can connect then."""


def compile_config(
    settings: GatewaySettings, certificates: Mapping[int, tuple[CertificatePair, ...]], *, any_host: bool = False
) -> Config:
    """Return what `settings` mean; `certificates` holds those found, by listener."""
    trusted = settings.trusted_proxies
    if listens_by_default(settings):
        trusted = (*trusted, *(network for network in LOOPBACK if network not in trusted))
    return Config(
        policy=_policy(settings.sites, any_host=any_host),
        listeners=tuple(_listener(item, certificates.get(index, ())) for index, item in enumerate(settings.listeners)),
        admin=settings.admin.address if settings.admin else None,
        trusted_proxies=trusted,
        workers=settings.workers,
        reload_on_change=settings.reload_on_change,
        drain_delay_seconds=settings.drain_delay,
        drain_seconds=settings.drain,
        log=Log(settings.log.format, settings.log.level),
    )


def listens_by_default(settings: GatewaySettings) -> bool:
    """Tell whether nobody said where to listen."""
    return settings.node_of(GatewaySettings.listeners).place.source == "default"


def _listener(settings: ListenerSettings, certificates: tuple[CertificatePair, ...]) -> Listener:
    address = settings.address
    return Listener(
        address.host,
        address.port,
        certificates=certificates,
        certificate_folder=settings.certificates if isinstance(settings.certificates, str) else None,
        redirect_to_https=settings.redirect_to_https,
        proxy_protocol=settings.proxy_protocol,
        health=None if settings.health is None else settings.health.decode(),
        limits=_listener_limits(settings.limits),
    )


def _listener_limits(settings: ListenerLimitSettings) -> ListenerLimits:
    return ListenerLimits(
        connections=settings.connections,
        connections_per_address=settings.connections_per_address,
        handshake_seconds=settings.handshake,
        head_seconds=settings.head,
        head=HeadLimits(
            octets=int(settings.head_size),
            line=int(settings.line_size),
            target=int(settings.target_size),
            lines=settings.lines,
        ),
        keep_alive_seconds=settings.keep_alive,
        body_idle_seconds=settings.body_idle,
        body_rate=int(settings.body_rate),
        write_stall_seconds=settings.write_stall,
        linger_seconds=settings.linger,
    )


def _policy(settings: Iterable[SiteSettings], *, any_host: bool) -> Policy:
    sites = [_site(item, any_host=any_host) for item in settings]
    return Policy(
        MappingProxyType({name.encode(): site for site in sites for name in site.names}),
        any_host=sites[0] if any_host else None,
    )


def _site(settings: SiteSettings, *, any_host: bool) -> Site:
    """Return the site; without its names when any Host is to lead to it."""
    paths = settings.paths
    return Site(
        names=() if any_host else settings.names,
        upstream=_upstream(settings.upstream),
        paths=paths if isinstance(paths, Paths) else path_set(paths or ()),
        rules=OriginTable((item.origin, _rule(item)) for item in settings.origins),
        form_posts=path_set(settings.form_posts),
        websocket=path_set(settings.websocket),
        unlisted=settings.unlisted_origins,
        rewrite=_rewrite(settings.rewrite),
        limits=SiteLimits(
            request_body=int(settings.limits.request_body),
            in_flight=settings.limits.in_flight,
            streams=settings.limits.streams,
            access_control_request_headers=int(settings.limits.access_control_request_headers),
        ),
        place=_place(settings),
    )


def _place(settings: Settings) -> str:
    return f"{settings.node.path}, {settings.node.place.file}:{settings.node.place.line}"


def path_set(paths: Iterable[bytes]) -> Paths:
    """Return the set of `paths`: those that end in `/` with all below them."""
    listed = tuple(paths)
    return Paths(
        exact=frozenset(path for path in listed if not path.endswith(b"/")),
        subtrees=tuple(path for path in listed if path.endswith(b"/")),
    )


def _rule(settings: RuleSettings) -> Rule:
    methods = frozenset(settings.methods)
    headers = settings.headers
    return Rule(
        origin=settings.origin,
        methods=methods | {b"HEAD"} if b"GET" in methods else methods,
        headers=frozenset(headers or ()),
        any_header=headers is None,
        expose=tuple(name for name in settings.expose if name not in ALWAYS_READABLE),
        credentials=settings.credentials,
        cookies=settings.cookies,
        max_age_seconds=int(settings.max_age),
        paths=EVERYTHING if settings.paths is None else path_set(settings.paths),
        place=_place(settings),
    )


def _rewrite(settings: RewriteSettings) -> Rewrite:
    return Rewrite(
        location=settings.location,
        login_redirect=settings.login_redirect,
        challenges=settings.challenges,
        cookies=None if settings.cookies is None else _cookies(settings.cookies),
    )


def _cookies(settings: CookieSettings) -> CookieRewrite:
    return CookieRewrite(
        secure=settings.secure,
        same_site=settings.same_site,
        partitioned=settings.partitioned,
        domain=settings.domain,
    )


def _upstream(settings: UpstreamSettings) -> Upstream:
    timeouts, health = settings.timeouts, settings.health
    return Upstream(
        urls=settings.urls,
        host=host_sent(settings),
        tls=_tls(settings.tls),
        timeouts=Timeouts(
            connect=timeouts.connect,
            response_head=timeouts.response_head,
            idle=timeouts.idle,
            keep_alive=timeouts.keep_alive,
            stream=timeouts.stream,
        ),
        health=None if health is None else Health(health.path, health.every),
    )


def _tls(settings: UpstreamTlsSettings) -> UpstreamTls:
    client = settings.client
    return UpstreamTls(
        ca=settings.ca,
        name=settings.name,
        client_chain=None if client is None else client.chain,
        client_key=None if client is None else client.key,
        pin=settings.pin,
        verify=not settings.dangerously_skip_verification,
    )


def host_sent(settings: UpstreamSettings) -> bytes | None:
    """Return the Host that the upstream is sent, None for the client's."""
    host, url = settings.host, settings.urls[0]
    if host is None:
        host = HostSent.UPSTREAM if url.scheme == "https" else HostSent.PRESERVE
    if host is HostSent.PRESERVE:
        return None
    return (authority(url) if host is HostSent.UPSTREAM else host).encode()


def authority(url: UpstreamUrl) -> str:
    """Return host and port as a Host field has them, the default port left out."""
    host = f"[{url.host}]" if ":" in url.host else url.host
    return host if url.port == DEFAULT_PORTS[url.scheme] else f"{host}:{url.port}"
