"""What a configuration came to, as it is told to a person."""

from collections.abc import Iterable

from gateway.config.load import Loaded
from gateway.config.model import Config, ConfigWarning, Listener, Mistake
from gateway.policy.model import Site, UpstreamUrl


def told_mistakes(mistakes: Iterable[Mistake]) -> str:
    """Return all mistakes in one text: which file cannot be used, then a line each."""
    files = dict.fromkeys(mistake.file for mistake in mistakes)
    return "\n".join([f"{', '.join(files)} cannot be used:", *map(str, mistakes)])


def told_warnings(warnings: Iterable[ConfigWarning]) -> str:
    """Return a line for each warning, with its id."""
    return "\n".join(f"warning {warning.id}: {warning}" for warning in warnings)


def told_summary(loaded: Loaded) -> str:
    """Return what the gateway will do: where it listens, whom it trusts, which sites it has."""
    config = loaded.config
    files = f"{', '.join(map(str, loaded.files))} can be used."
    return "\n".join([files, *map(_listener, config.listeners), _trusted(config), *map(_site, config.sites)])


def _listener(listener: Listener) -> str:
    how = "https" if listener.certificates else "http, to lead to https" if listener.redirect_to_https else "http"
    return f"listens on {_authority(listener.host, listener.port)}, {how}"


def _trusted(config: Config) -> str:
    trusted = ", ".join(str(network) for network in config.trusted_proxies)
    return (
        f"believes {trusted} about the client's address" if trusted else "believes no proxy about the client's address"
    )


def _site(site: Site) -> str:
    names = ", ".join(site.names) or "any Host"
    urls = ", ".join(map(_url, site.upstream.urls))
    origins = ", ".join(origin.text for origin, _ in site.rules.entries) or "no origin"
    return f"{names} leads to {urls}, for pages of {origins}"


def _url(url: UpstreamUrl) -> str:
    return f"{url.scheme}://{_authority(url.host, url.port)}{url.prefix.decode()}"


def _authority(host: str, port: int) -> str:
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
