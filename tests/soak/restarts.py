"""Restarts under load: one instance after the other behind HAProxy, and one behind sockets that systemd keeps."""

import socket
from typing import Final

from tests.docs.markdown import ROOT, blocks
from tests.load.clients import NAME
from tests.real.processes import LOOPBACK, accepts, running, until
from tests.soak.gateway import Gateway
from tests.soak.place import listener, place, site
from tests.soak.told import Told
from tests.system import path_of

INSTANCES: Final = ("a", "b")
SCALING: Final = ROOT / "docs" / "scaling.md"


def balancer(outer: int, inner: list[int]) -> str:
    """Return the configuration of HAProxy in docs/scaling.md with these ports."""
    (text,) = [block.text for block in blocks(SCALING) if block.language == "haproxy"]
    for address, port in (("10.0.0.20:9900", inner[0]), ("10.0.0.21:9900", inner[1])):
        text = text.replace(address, f"{LOOPBACK}:{port}")
    return text.replace("bind :80", f"bind {LOOPBACK}:{outer}")


def rolling(*, rounds: int, workers: int, rate: float, pause: int) -> Told:
    """Restart two instances behind HAProxy, one after the other, so many times."""
    told = Told(f"rolling restart of two instances behind HAProxy, {rounds} times")
    with place() as made:
        outer, inner, crm = made.ports.take(), [made.ports.take() for _ in INSTANCES], made.crm()
        texts = [
            made.text(
                [listener(port, health="/healthz")],
                [site(crm.port)],
                admin={"address": f"{LOOPBACK}:{made.ports.take()}"},
                trusted_proxies=[LOOPBACK],
                workers=workers,
            )
            for port in inner
        ]
        gateways = [made.gateway(text, name) for name, text in zip(INSTANCES, texts, strict=True)]
        file = made.folder / "haproxy.cfg"
        file.write_text(balancer(outer, inner))
        command = (path_of("haproxy"), "-db", "-f", file)
        seconds: list[float] = []
        with running(command, made.folder / "haproxy.log", lambda: accepts(outer)), made.load(outer, rate) as load:
            for _ in range(rounds):
                for nth, name in enumerate(INSTANCES):
                    load.more(pause)
                    seconds.append(gateways[nth].stop())
                    load.more(pause)
                    gateways[nth] = made.gateway(texts[nth], name)
                    until(lambda: _has_served(gateways[nth]), "the balancer's requests")  # noqa: B023 - asked for at once
            load.more(pause)
        told.load(load)
        told.seconds("until an instance has ended", seconds)
    return told


def _has_served(gateway: Gateway) -> bool:
    """Return whether the balancer sends requests to an instance: then the other one may be stopped."""
    sites = gateway.admin("GET", "/status")["sites"]
    return any(each["name"] == NAME and each["outcomes"].get("allowed") for each in sites)


def activated(*, times: int, workers: int, rate: float, pause: int) -> Told:
    """Stop it and start it again so many times, its socket kept meanwhile, as systemd does with a socket unit."""
    told = Told(f"restart behind a socket that is kept, {times} times, {workers} workers")
    with place() as made, _listening() as sock:
        port = sock.getsockname()[1]
        text = made.text([listener(port)], [site(made.crm().port)], workers=workers)
        gateway = made.gateway(text, sockets=[sock])
        seconds: list[float] = []
        with made.load(port, rate) as load:
            for _ in range(times):
                load.more(pause)
                seconds.append(gateway.stop())
                gateway = made.gateway(text, sockets=[sock])
            load.more(pause)
        told.load(load)
        told.seconds("until it has ended", seconds)
    return told


def _listening() -> socket.socket:
    sock = socket.socket()
    sock.bind((LOOPBACK, 0))
    sock.listen(1024)
    return sock
