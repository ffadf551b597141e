"""What a configuration came to, as it is told to a person."""

from collections.abc import Iterable, Iterator
from pathlib import Path

from gateway.config.chain import chain_in
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


def told_summary(loaded: Loaded, *, files: bool = True) -> str:
    """Return what the gateway will do: where it listens, what it shows, whom it trusts, which sites it has.

    `files` false: certificates are on another machine.
    """
    config = loaded.config
    read = f"{', '.join(map(str, loaded.files))} can be used."
    listeners = (line for listener in config.listeners for line in _listener(listener, files=files))
    return "\n".join([read, *listeners, _trusted(config), *map(_site, config.sites)])


def _listener(listener: Listener, *, files: bool) -> Iterator[str]:
    how = "https" if listener.certificates else "http, to lead to https" if listener.redirect_to_https else "http"
    yield f"listens on {_authority(listener.host, listener.port)}, {how}"
    for pair in listener.certificates if files else ():
        yield f"  shows {pair.chain}"
        for link in chain_in(Path(pair.chain)):
            yield f"    {link.subject}, by {link.issuer}, until {link.ends:%Y-%m-%d}"


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
