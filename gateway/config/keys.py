"""Every key there is: what it means, what it takes, what it is when left out.

Reading, the JSON Schema, the reference in `docs/configuration.md` and `check --print` all come from here. A class is
a mapping in YAML; its keys stand in the order in which they are best written.
"""

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Final

from gateway.config.document import our_own_table
from gateway.config.node import Node, Table, over, with_node, without
from gateway.config.notes import Notes
from gateway.config.presets import PRESETS
from gateway.config.reader import SWITCH, ListOf, Schema, ValueOr, WordOr, choice
from gateway.config.settings import Section, Sections, Settings, defaulted, optional, required
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
    duration,
    integer,
    size,
)
from gateway.config.windows import CONNECTIONS, WINDOWS
from gateway.policy.model import (
    EVERYTHING,
    Challenges,
    CookieHandling,
    LocationHandling,
    LoginRedirect,
    UnlistedOrigins,
)

PATHS: Final = ListOf("a list of paths", PATH)
SERVED_PATHS: Final = ListOf(
    "a list of paths", PATH, empty="nothing could be reached: write each path, as in [/restapi/]"
)


class RuleSettings(Settings):
    """What the pages of one origin may do on a site. An origin by itself stands for a rule with every default."""

    origin = required(
        ORIGIN,
        "Scheme, host and port of the add-in's page, exactly as a browser sends it. `https://*.addins.vendor.example` "
        "stands for exactly one label in place of the `*`; an exact origin goes before it.",
        write="origin: https://addin.vendor.example",
    )
    methods = defaulted(
        "[GET, POST]",
        ListOf("a list of methods", METHOD, empty="no request could be made: write each method, as in [GET, POST]"),
        "Methods that may be used; GET includes HEAD. An `OPTIONS` that is no preflight needs OPTIONS here.",
    )
    headers = defaulted(
        "[authorization, content-type]",
        WordOr({"any": None}, ListOf("a list of headers", REQUEST_HEADER)),
        "Request headers a page may set. `any`: each that a preflight asks for is answered by its name, for exact "
        "https origins only.",
    )
    expose = defaulted(
        "[]",
        ListOf("a list of headers", RESPONSE_HEADER),
        "Response headers a page may read, besides those it always may; `retry-after` and `x-request-id` are always "
        "among them.",
    )
    credentials = defaulted(
        "false",
        SWITCH,
        "Whether a page may send its requests with `credentials: include`. Decides "
        "`Access-Control-Allow-Credentials`, nothing else.",
    )
    cookies = defaulted(
        "drop",
        choice({word.value: word for word in CookieHandling}),
        "Whether the CRM's cookies pass, both ways, on this origin's requests. `relay` needs `credentials: true`.",
    )
    max_age = defaulted(
        "10m",
        duration("0s", "24h"),
        "How long a browser may remember a preflight's answer. Chromium keeps none over 2 h, WebKit none over 10 min, "
        "Firefox none over a day.",
    )
    paths = optional(SERVED_PATHS, "Paths this origin may use, where they are fewer than the site's.")
    dangerously_allow_http_origins = defaulted(
        "false", SWITCH, "Allows an `http://` origin: whoever is on the network between can be that page."
    )
    dangerously_allow_null_origin = defaulted(
        "false", SWITCH, "Allows the origin `null`: any page can be it, by a sandboxed frame."
    )
    dangerously_allow_public_suffix = defaulted(
        "false",
        SWITCH,
        "Allows a wildcard under a public suffix such as `azurewebsites.net`: anyone can get a name there.",
    )


class ClientCertificateSettings(Settings):
    """The certificate the gateway shows to an upstream that asks for one."""

    chain = required(FILE, "PEM file with the certificate, and what is between it and its root.", write="chain: FILE")
    key = required(FILE, "PEM file with its private key, unencrypted.", write="key: FILE")


class UpstreamTlsSettings(Settings):
    """How an https upstream is verified."""

    ca = optional(FILE, "PEM file of the authorities to trust; left out, the system's.")
    name = optional(HOST, "Name the certificate must have, sent as SNI; left out, the Host that is sent.")
    client = optional(Section("a mapping with chain and key", ClientCertificateSettings), "Certificate to show.")
    pin = optional(PIN, "SHA-256 of the certificate's public key, which must be this one besides.")
    dangerously_skip_verification = defaulted(
        "false",
        SWITCH,
        "Takes any certificate: whoever is on the network between can be the CRM, and read every password.",
    )


class TimeoutSettings(Settings):
    """Deadlines towards an upstream."""

    connect = defaulted("5s", duration(most="5m"), "For a connection, TLS included.")
    response_head = defaulted(
        "60s", duration(most="1h"), "From the request's last octet to the end of the response's head."
    )
    idle = defaulted("60s", duration(most="1h"), "Between two reads of a response.")
    keep_alive = defaulted(
        "4s", duration(most="10m"), "How long an unused connection is kept: less than the upstream does."
    )
    stream = defaulted(
        "1h", duration(most="24h"), "How long a WebSocket or an event stream may be silent: more than its heartbeat."
    )


class HealthSettings(Settings):
    """How the gateway finds out by itself whether the upstream is up."""

    path = defaulted("/", PATH, "What is asked for, with GET; any answer below 500 is a good one.")
    every = defaulted("10s", duration("1s", "1h"), "How often, each of `urls`.")


class UpstreamSettings(Settings):
    """The server behind a site. A URL by itself stands for `urls` with that one."""

    urls = required(
        ListOf("a list of URLs", UPSTREAM_URL, empty="write where the CRM is, as in [http://127.0.0.1:8080]"),
        "Where it is, `http://` or `https://`. A path is put before every target.",
        write="urls: [http://127.0.0.1:8080]",
        shared=True,
    )
    host = optional(
        HOST_SENT,
        "The Host that is sent: `upstream` for that of the URL, `preserve` for the client's, or a name. Left out: "
        "`upstream` for https, `preserve` for http.",
    )
    tls = defaulted("{}", Section("a mapping", UpstreamTlsSettings), "How an https upstream is verified.")
    health = optional(
        Section("a mapping", HealthSettings),
        "Asks each of `urls` from time to time, and passes over those that are down. Left out, one that cannot be "
        "connected to is passed over for 4 s.",
    )
    timeouts = defaulted("{}", Section("a mapping", TimeoutSettings), "Deadlines.")


class SiteLimitSettings(Settings):
    """Bounds of one site, over all workers."""

    request_body = defaulted("64MiB", size(), "Longest request body; a longer one is answered 413.")
    in_flight = defaulted("128", integer(1, 100_000), "Requests under way at a time; more are answered 503.")
    streams = defaulted(
        "256", integer(1, 100_000), "WebSockets and event streams open at a time; more are answered 503."
    )
    access_control_request_headers = defaulted(
        "4KiB",
        size("256B", "64KiB"),
        "What a preflight may ask for in `Access-Control-Request-Headers`, with one name for each 64 octets; more is "
        "not allowed.",
    )


class CookieSettings(Settings):
    """Attributes set on each cookie that is relayed; one left out stays as it came."""

    secure = optional(SWITCH, "Sets or removes `Secure`. Cookies of a page in another site's frame need it.")
    same_site = optional(
        choice({word: word for word in ("None", "Lax", "Strict")}),
        "Sets `SameSite`. `None` lets the cookie be sent from an add-in's page, and needs `secure: true`.",
    )
    partitioned = optional(SWITCH, "Sets or removes `Partitioned`, which needs `secure: true`.")
    domain = optional(COOKIE_DOMAIN, "Sets `Domain`; '' removes it.")


class RewriteSettings(Settings):
    """What is changed in the responses to a rule's requests. The CRM's own pages get theirs as they are."""

    location = defaulted(
        "rewrite",
        choice({word.value: word for word in LocationHandling}),
        "`rewrite`: redirects to the upstream's own address are made true outside, those to elsewhere become 502 "
        "`upstream-redirect`.",
    )
    cookies = defaulted(
        "keep",
        WordOr({"keep": None}, Section("a mapping of attributes", CookieSettings)),
        "Attributes set on cookies that are relayed.",
    )
    challenges = defaulted(
        "drop",
        choice({word.value: word for word in Challenges}),
        "Whether `WWW-Authenticate` reaches a page: some browsers open a sign-in dialog for it.",
    )
    login_redirect = defaulted(
        "keep",
        choice({word.value: word for word in LoginRedirect}),
        "`401`: a redirect to a login page becomes an answer that a page can read.",
    )


UPSTREAM: Final = Section("a URL, or a mapping with urls", UpstreamSettings, "urls")
RULE: Final = Section("an origin, or a mapping with origin", RuleSettings, "origin")


def spelt_out(site: Table) -> Table:
    """Return `site`, or `defaults`, with its upstream as a mapping."""
    upstream = site.get("upstream")
    return site if upstream is None else with_node(site, "upstream", UPSTREAM.spelt_out(upstream))


class SiteSettings(Settings):
    """What one set of host names leads to."""

    names = required(
        ListOf("a list of host names", HOST, empty="write each name that clients use, as in [crm.customer.example]"),
        "Host names as clients send them, without a port.",
        write="names: [crm.customer.example]",
    )
    upstream = required(UPSTREAM, "The server behind it.", write="upstream: http://127.0.0.1:8080", shared=True)
    preset = optional(choice({name: name for name in PRESETS}), "What a CRM is known to need.")
    paths = required(
        WordOr({"preset": None, "everything": EVERYTHING}, SERVED_PATHS),
        "What is reachable at all: `preset`, `everything`, or a list. A path that ends in `/` stands for all below "
        "it, another for exactly itself; case counts. Anything else is answered 404.",
        write="paths: preset, paths: everything, or a list such as paths: [/restapi/]",
        shared=True,
    )
    websocket = defaulted("[]", PATHS, "Paths where a WebSocket may be opened; they are among `paths`.")
    form_posts = defaulted(
        "[]",
        PATHS,
        "Paths that take POSTs from any page: web-to-lead forms, SAML, OpenID's form_post; they are among `paths`.",
    )
    unlisted_origins = defaulted(
        "refuse",
        choice({word.value: word for word in UnlistedOrigins}),
        "What becomes of requests from an origin without a rule: `refuse` answers 403, `relay` lets them pass without "
        "fields. Either is recorded.",
    )
    rewrite = defaulted("{}", Section("a mapping", RewriteSettings), "What is changed in responses.")
    limits = defaulted("{}", Section("a mapping", SiteLimitSettings), "Bounds.")
    origins = required(
        Sections("a list of origins", RULE),
        "The rules, one for an origin.",
        write="origins: [https://addin.vendor.example]",
        shared=True,
    )


class SiteDefaults:
    """Reads what sites have in common: any key of a site but its names, none of which must be there."""

    title: Final = "Defaults"

    @property
    def wants(self) -> str:
        """What is read."""
        return "a mapping of keys of a site"

    _REST: Final = "{names: [a.invalid], upstream: {urls: ['http://a.invalid']}, paths: everything, origins: []}"
    """Lets the keys that are there be read as a site."""

    def read(self, node: Node, notes: Notes) -> Table:
        """Return the mapping, having noted what would be wrong with it in a site."""
        if not isinstance(node, Table):
            raise notes.wrong(node, f"is not {self.wants}")
        if names := node.entries.get("names"):
            notes.mistake(names.key, names.node.path, "is a site's own: write it there")
        rest = our_own_table(self._REST, replace(node.place, source="default"), node.path)
        SiteSettings(over(spelt_out(without(node, "names")), rest), notes)
        return node

    def schema(self) -> Schema:
        """Return a reference to its definition."""
        return {"$ref": f"#/definitions/{self.title}"}


class CertificateSettings(Settings):
    """A certificate and its key."""

    chain = required(FILE, "PEM file: the certificate, then those between it and its root.", write="chain: FILE")
    key = required(FILE, "PEM file with its private key, unencrypted.", write="key: FILE")


class ListenerLimitSettings(Settings):
    """Bounds and deadlines towards clients."""

    connections = defaulted(
        str(CONNECTIONS) if WINDOWS else "4096",
        integer(1, 1_000_000),
        f"Connections at a time; when full, the longest idle goes first. Left out, {CONNECTIONS} on Windows.",
    )
    connections_per_address = defaulted(
        "1024",
        integer(1, 1_000_000),
        "Of these, from one IPv4 address or one IPv6 /64; those of `trusted_proxies` are not counted.",
    )
    handshake = defaulted("10s", duration(most="5m"), "For a TLS handshake, with the PROXY header before it.")
    head = defaulted("10s", duration(most="5m"), "For a whole request head, from its first octet.")
    head_size = defaulted("32KiB", size("1KiB", "1MiB"), "A whole request head; a longer one is answered 431.")
    line_size = defaulted("16KiB", size("1KiB", "1MiB"), "A line of it.")
    target_size = defaulted("16KiB", size("1KiB", "1MiB"), "Path and query; a longer one is answered 414.")
    lines = defaulted("128", integer(8, 10_000), "Header lines of a request.")
    keep_alive = defaulted(
        "65s", duration(most="1h"), "How long an idle connection is kept: more than a proxy in front does."
    )
    body_idle = defaulted("30s", duration(most="1h"), "Between two reads of a request body.")
    body_rate = defaulted("500B", size("1B", "1MiB"), "Least octets a second of a request body, once 30 s have passed.")
    write_stall = defaulted("60s", duration(most="1h"), "For a client that takes nothing of its response.")
    linger = defaulted(
        "30s", duration(most="5m"), "For reading on after an answer that came before the request had ended."
    )


class ListenerSettings(Settings):
    """One address the gateway accepts on."""

    address = required(ADDRESS, "IP address and port.", write="address: 0.0.0.0:8443")
    certificates = optional(
        ValueOr(
            FOLDER, Sections("a list of {chain, key}", Section("a mapping with chain and key", CertificateSettings))
        ),
        "A folder whose sub-folders hold `fullchain.pem` and `privkey.pem`, as certbot writes them, or a list of "
        "{chain, key}. Chosen by the name a client asks for; the first is for those who ask for none. Followed: what "
        "changes in them, or comes and goes in the folder, needs no reload. Left out: plain HTTP.",
    )
    redirect_to_https = defaulted(
        "false", SWITCH, "Sends every request to the same address with https, and does nothing else."
    )
    proxy_protocol = defaulted(
        "false", SWITCH, "Expects a PROXY header, version 1 or 2, from each of `trusted_proxies`."
    )
    health = optional(PATH, "Path that is answered 200 here, for a load balancer; it is never relayed.")
    limits = defaulted("{}", Section("a mapping", ListenerLimitSettings), "Bounds and deadlines.")


class AdminSettings(Settings):
    """Where the gateway tells about itself."""

    address = required(
        ADDRESS, "IP address and port: loopback, for it asks nobody's name.", write="address: 127.0.0.1:9901"
    )


class LogSettings(Settings):
    """How the log is written, on standard output."""

    format = optional(choice({word: word for word in ("json", "text")}), "Left out: text on a terminal, else json.")
    level = defaulted(
        "info", choice({word: word for word in ("debug", "info", "warning", "error")}), "What is left out below."
    )


class GatewaySettings(Settings):
    """The whole configuration.

    `sites` and `listeners` of all files are joined; any other key stands in one file only.
    """

    listeners = defaulted(
        "[{address: '127.0.0.1:9900'}]",
        Sections(
            "a list of listeners",
            Section("a mapping with address", ListenerSettings),
            empty="leave the key out to listen on 127.0.0.1:9900, or write an address",
        ),
        "Where clients are accepted. Left out: plain HTTP for the web server on this machine, which is then trusted.",
    )
    admin = optional(
        Section("a mapping with address", AdminSettings), "Where metrics and status are told; left out, nowhere."
    )
    trusted_proxies = defaulted(
        "[]",
        ListOf("a list of IP addresses", PROXY),
        "The proxies in front, each by its address: whoever is in here is believed about the client's address and "
        "scheme.",
    )
    workers = defaulted(
        "auto",
        WORKERS,
        "Processes that serve; `auto` for one a core. From 1 to more takes a restart. On Windows it is always 1.",
    )
    reload_on_change = defaulted(
        "false",
        SWITCH,
        "Whether the YAML files, and those that values come from, are looked at each second, and read again once they "
        "have changed and then stayed as they are for a second. A mistake in them changes nothing, and is told once.",
    )
    drain_delay = defaulted(
        "0s",
        duration("0s", "1h"),
        "How long clients are served as before once the gateway is told to stop, while `/readyz` and `health` say 503 "
        "already: a load balancer turns away first. Whoever stops it has to wait for this and `drain`: "
        "`TimeoutStopSec`, `terminationGracePeriodSeconds`.",
    )
    drain = defaulted("30s", duration("0s", "1h"), "How long requests under way may take when the gateway is stopped.")
    log = defaulted("{}", Section("a mapping", LogSettings), "The log.")
    defaults = optional(SiteDefaults(), "What each site takes that says nothing else: any key of a site but `names`.")
    sites = defaulted(
        "[]", Sections("a list of sites", Section("a mapping with names and upstream", SiteSettings)), "The sites."
    )


SECTIONS: Final[Mapping[str, type[Settings]]] = MappingProxyType(
    {
        "": GatewaySettings,
        "listeners[]": ListenerSettings,
        "listeners[].certificates[]": CertificateSettings,
        "listeners[].limits": ListenerLimitSettings,
        "admin": AdminSettings,
        "log": LogSettings,
        "sites[]": SiteSettings,
        "sites[].upstream": UpstreamSettings,
        "sites[].upstream.tls": UpstreamTlsSettings,
        "sites[].upstream.tls.client": ClientCertificateSettings,
        "sites[].upstream.health": HealthSettings,
        "sites[].upstream.timeouts": TimeoutSettings,
        "sites[].limits": SiteLimitSettings,
        "sites[].rewrite": RewriteSettings,
        "sites[].rewrite.cookies": CookieSettings,
        "sites[].origins[]": RuleSettings,
    }
)
"""Every mapping there is, by its path."""
