"""What is allowed, and unwise: each warning's id, with its section in docs/warnings.md."""

from enum import StrEnum


class Unwise(StrEnum):
    """Ids of warnings. They are stable: people search for them, and monitoring counts them."""

    ADMIN_EXPOSED = "admin-exposed"
    AUTHORIZATION_NOT_LISTED = "authorization-not-listed"
    CERTIFICATE_BROKEN = "certificate-broken"
    CERTIFICATE_CHAIN_SHORT = "certificate-chain-short"
    CERTIFICATE_EXPIRED = "certificate-expired"
    CERTIFICATE_EXPIRES_SOON = "certificate-expires-soon"
    CERTIFICATE_NAME = "certificate-name"
    EXPOSE_NEEDLESS = "expose-needless"
    KEEP_ALIVE_LONG = "keep-alive-long"
    KEY_EXPOSED = "key-exposed"
    LISTENER_PLAIN = "listener-plain"
    MAX_AGE_LONG = "max-age-long"
    ORIGIN_HTTP = "origin-http"
    ORIGIN_LOCALHOST = "origin-localhost"
    ORIGIN_NULL = "origin-null"
    ORIGIN_OWN_SITE = "origin-own-site"
    ORIGIN_PUBLIC_SUFFIX = "origin-public-suffix"
    ORIGINS_NONE = "origins-none"
    PORT_ANY = "port-any"
    SERVICE_CANNOT_READ = "service-cannot-read"
    TRUSTED_PROXIES_WIDE = "trusted-proxies-wide"
    UNLISTED_RELAYED = "unlisted-relayed"
    UPSTREAM_IS_SITE = "upstream-is-site"
    UPSTREAM_UNVERIFIED = "upstream-unverified"
    WILDCARD_CREDENTIALS = "wildcard-credentials"
    WORKERS_WINDOWS = "workers-windows"
