"""Runs the table: every case with plain connections and with TLS, on both loops.

On uvloop alone, which is what serves, also with TLS on one side only where the upstream's octets are the point, and
with the client's octets one by one. Each run has a gateway of its own, so that nothing is left of the one before; that
costs a few milliseconds.
"""

import re
import ssl
from collections import Counter
from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest
import trustme

from tests.relay.conftest import RigMaker
from tests.relay.wire.case import Case, Reply
from tests.relay.wire.run import Certified, Mode, run
from tests.relay.wire.table import CLASSES

if TYPE_CHECKING:
    from _pytest.mark.structures import ParameterSet

NAME = "crm.customer.example"
SOURCE = re.compile(
    r"RFC [0-9]{4}, [0-9C]|CVE-[0-9]{4}-[0-9]+|GHSA-|https://|[\w.-]+/[\w.-]+#[0-9]+|facts/|docs/design\.md|PortSwigger"
)
"""What the source of a case may begin with."""
MODES = {"plain": Mode(), "tls": Mode(client_tls=True, upstream_tls=True)}
MIXED = {"client-tls": Mode(client_tls=True), "upstream-tls": Mode(upstream_tls=True)}
DRIP = {"drip": Mode(drip=True)}


def further_modes(case: Case) -> dict[str, Mode]:
    """Return how a case is run besides."""
    answered = any(reply != Reply() for reply in case.replies)
    return (MIXED if answered else {}) | (DRIP if case.dripped else {})


def runs(modes: Callable[[Case], dict[str, Mode]]) -> "list[ParameterSet]":
    """Return each case in each of its modes."""
    return [
        pytest.param(case, mode, id=f"{name}-{case.id}-{how}")
        for name, cases in CLASSES.items()
        for case in cases
        for how, mode in modes(case).items()
    ]


@pytest.fixture(scope="session")
def certified(tmp_path_factory: pytest.TempPathFactory) -> Certified:
    authority = trustme.CA()
    certificate = authority.issue_cert(NAME)
    listener, upstream = (ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER) for _ in range(2))
    for context in (listener, upstream):
        certificate.configure_cert(context)  # pyright: ignore[reportUnknownMemberType] - a bare str in it
    client = ssl.create_default_context()
    authority.configure_trust(client)  # pyright: ignore[reportUnknownMemberType] - as above
    ca = tmp_path_factory.mktemp("wire") / "ca.pem"
    authority.cert_pem.write_to_path(str(ca))
    return Certified((listener, client), upstream, str(ca))


@pytest.mark.parametrize(("case", "mode"), runs(lambda _: MODES))
async def test_both_sides_see_what_the_table_says(
    rig: RigMaker, certified: Certified, monkeypatch: pytest.MonkeyPatch, case: Case, mode: Mode
) -> None:
    await run(case, mode, rig, certified, monkeypatch)


@pytest.mark.asyncio(loop_factories=["uvloop"])
@pytest.mark.parametrize(("case", "mode"), runs(further_modes))
async def test_neither_tls_on_one_side_nor_octets_one_by_one_change_that(
    rig: RigMaker, certified: Certified, monkeypatch: pytest.MonkeyPatch, case: Case, mode: Mode
) -> None:
    await run(case, mode, rig, certified, monkeypatch)


def test_each_case_has_a_name_of_its_own_in_its_class() -> None:
    for cases in CLASSES.values():
        (_, times), *_ = Counter(case.id for case in cases).most_common(1)
        assert times == 1


@pytest.mark.parametrize("name", CLASSES)
def test_each_case_cites_a_clause_or_a_public_report(name: str) -> None:
    assert [case.id for case in CLASSES[name] if not SOURCE.match(case.source)] == []
