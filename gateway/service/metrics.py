"""The status in Prometheus's text format (https://prometheus.io/docs/instrumenting/exposition_formats/)."""

from collections.abc import Iterator
from typing import Final

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from gateway.relay.record import Outcome
from gateway.service.snapshot import Snapshot
from gateway.service.status import Status

CONTENT_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"


def metrics_of(snapshot: Snapshot) -> bytes:
    """Return the metrics."""
    status = snapshot.status
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Once((*_whole(status), *_requests(snapshot.outcomes), *_sites(status), *_listeners(status))))
    return generate_latest(registry)


class _Once(Collector):
    """Hands on what is known at this moment."""

    def __init__(self, families: tuple[Metric, ...]) -> None:
        self._families = families

    def collect(self) -> Iterator[Metric]:
        """Return all of it."""
        yield from self._families


def _whole(status: Status) -> Iterator[Metric]:
    info = GaugeMetricFamily("cors_gateway_info", "Always 1; its label is the version.", labels=["version"])
    info.add_metric([status.version], 1)
    yield info
    reloads = CounterMetricFamily("cors_gateway_reloads", "Reloads of the configuration.", labels=["result"])
    reloads.add_metric(["good"], status.reloads)
    reloads.add_metric(["failed"], status.failed_reloads)
    yield reloads
    yield GaugeMetricFamily(
        "cors_gateway_configuration_broken",
        "1 while the configuration on disk is not in force since it cannot be used, or not before a restart.",
        value=bool(status.broken),
    )
    yield GaugeMetricFamily(
        "cors_gateway_workers",
        "Processes that serve, without those that only finish what is under way.",
        value=sum(not each.draining for each in status.workers),
    )
    yield CounterMetricFamily(
        "cors_gateway_workers_replaced", "Processes that ended unasked, or did not go on.", value=status.replaced
    )


def _requests(outcomes: dict[Outcome, int]) -> Iterator[Metric]:
    requests = CounterMetricFamily(
        "cors_gateway_requests",
        "Requests that have ended, by site, reason and class of status (0: nothing was answered).",
        labels=["site", "reason", "status_class"],
    )
    connections = CounterMetricFamily(
        "cors_gateway_connection_ends",
        "Connections, and requests without a site, that ended for a reason of their own.",
        labels=["reason"],
    )
    ends: dict[str, int] = {}
    for outcome, count in sorted(outcomes.items(), key=lambda item: (item[0].site or "", item[0][1:])):
        if outcome.site is None:
            ends[outcome.reason] = ends.get(outcome.reason, 0) + count
        else:
            requests.add_metric([outcome.site, outcome.reason, str(outcome.status_class)], count)
    for reason, count in ends.items():
        connections.add_metric([reason], count)
    yield requests
    yield connections


def _sites(status: Status) -> Iterator[Metric]:
    in_flight = GaugeMetricFamily("cors_gateway_in_flight", "Requests under way.", labels=["site"])
    streams = GaugeMetricFamily("cors_gateway_streams", "WebSockets and event streams open.", labels=["site"])
    up = GaugeMetricFamily(
        "cors_gateway_upstream_up", "1 unless a server of a site is passed over.", labels=["site", "upstream"]
    )
    odd = CounterMetricFamily(
        "cors_gateway_oddities",
        "Requests that came, or were answered, in an odd way that is taken: clients' origins with a slash, fields with"
        " an underscore (dropped), CORS fields of the upstream's own (dropped).",
        labels=["site", "oddity"],
    )
    for site in status.sites:
        for name, count in site.oddities.items():
            odd.add_metric([site.name, name], count)
        in_flight.add_metric([site.name], site.in_flight)
        streams.add_metric([site.name], site.streams)
        for server in site.servers:
            up.add_metric([site.name, server.url], server.up)
    yield in_flight
    yield streams
    yield up
    yield odd


def _listeners(status: Status) -> Iterator[Metric]:
    connections = GaugeMetricFamily("cors_gateway_connections", "Clients connected.", labels=["listener"])
    days = GaugeMetricFamily(
        "cors_gateway_certificate_days_left", "Days until a certificate ends.", labels=["listener", "chain"]
    )
    broken = GaugeMetricFamily(
        "cors_gateway_certificate_broken", "1 while the files on disk cannot be used.", labels=["listener"]
    )
    for listener in status.listeners:
        connections.add_metric([listener.address], listener.connections)
        if listener.certificates:
            broken.add_metric([listener.address], bool(listener.broken))
        for certificate in listener.certificates:
            days.add_metric([listener.address, certificate.chain], certificate.days_left)
    yield connections
    yield days
    yield broken
