"""Errors on the way, for real: the add-in's page reads which one it was, and what to look for in the log."""

import ssl
from dataclasses import replace

import pytest

from tests.real import calls, raw
from tests.real.chromium import Chromium, Readable, Unreadable
from tests.real.everything import Running
from tests.real.gateway import FAILING, FAILING_SILENTLY, LIMITED, SMALL, STOPPED
from tests.real.judge import problem
from tests.real.mistakes import SMALL_BODIES, Blocked, Call, Server
from tests.real.names import ADDIN, OTHER, crm_host, gateway_host
from tests.real.servers import Servers
from tests.system import needs

pytestmark = [
    needs("apache2", "libapache2-mod-php", "php-fpm", "nginx-light", "chromium", "chromium-driver"),
    pytest.mark.xdist_group("real"),
]

UPLOAD_OCTETS = 40_000_000
SLOW_BYTES_PER_SECOND = 8_000_000

each_call = pytest.mark.parametrize("call", Call)


@each_call
def test_a_page_of_a_refused_origin_reads_nothing_not_even_why(call: Call, chromium: Chromium) -> None:
    chromium.open(OTHER)
    (outcome,) = chromium.ask([calls.table(gateway_host(STOPPED))[call]])
    assert isinstance(outcome, Unreadable)
    assert outcome.why is Blocked.NO_ORIGIN


@each_call
def test_the_crm_is_stopped(call: Call, chromium: Chromium) -> None:
    chromium.open(ADDIN)
    (outcome,) = chromium.ask([calls.table(gateway_host(STOPPED))[call]])
    assert problem(outcome) == (502, "upstream-refused")


def test_the_crm_fails_and_says_how(chromium: Chromium) -> None:
    chromium.open(ADDIN)
    (outcome,) = chromium.ask([calls.to(gateway_host(FAILING), calls.EXCEPTION)])
    assert isinstance(outcome, Readable)
    assert outcome.status == 500
    assert outcome.body == b'{"error":"DatabaseException","message":"MySQL server has gone away"}'
    assert dict(outcome.fields)["x-request-id"]


def test_the_crm_fails_and_says_nothing(chromium: Chromium) -> None:
    chromium.open(ADDIN)
    (outcome,) = chromium.ask([calls.to(gateway_host(FAILING_SILENTLY), calls.MAINTENANCE)])
    assert isinstance(outcome, Readable)
    assert outcome.status == 500
    assert outcome.body == b""
    assert dict(outcome.fields)["x-request-id"]


def test_the_server_in_front_of_the_crm_takes_small_bodies_only(chromium: Chromium) -> None:
    chromium.open(ADDIN)
    upload = replace(calls.UPLOAD, zeros=UPLOAD_OCTETS)
    with chromium.slowed_upload(SLOW_BYTES_PER_SECOND):
        direct, through = chromium.ask(
            [calls.to(crm_host(SMALL_BODIES), upload), calls.to(gateway_host(SMALL), upload)]
        )
    assert isinstance(direct, Unreadable)
    assert isinstance(through, Readable)
    assert through.status == 413
    assert b"413 Request Entity Too Large" in through.body


def test_an_upload_is_too_large_and_the_link_is_slow(chromium: Chromium, servers: Servers) -> None:
    chromium.open(ADDIN)
    upload = replace(calls.to(gateway_host(LIMITED), calls.UPLOAD), zeros=UPLOAD_OCTETS)
    with chromium.slowed_upload(SLOW_BYTES_PER_SECOND):
        (outcome,) = chromium.ask([upload])
    assert problem(outcome) == (413, "body-too-large")
    assert not servers.reached(Server.MODULE, gateway_host(LIMITED))


@pytest.mark.parametrize("is_tls", [False, True], ids=["plain", "tls"])
def test_the_connection_stays_until_the_body_of_a_refused_upload_has_come(*, is_tls: bool, running: Running) -> None:
    # Chromium on Linux reads an answer that came before a reset; elsewhere the system throws it away.
    trusting = ssl.create_default_context(cafile=running.servers.place.authority)
    trusting.check_hostname = False  # the port is asked for, not the name
    port, context = (running.gateway.tls, trusting) if is_tls else (running.gateway.plain, None)
    fields = [("Host", gateway_host(LIMITED)), ("Origin", ADDIN), ("Content-Type", "application/octet-stream")]
    answer = raw.upload(port, calls.UPLOAD.target, fields, UPLOAD_OCTETS // len(raw.PIECE), context)
    assert answer.status == 413
    assert answer.values("access-control-allow-origin") == [ADDIN]
