"""Certificates that are followed: look by look, in this thread, with the time as it is told."""

import shutil
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

import pytest
import trustme

from gateway.config.model import CertificatePair, Listener
from gateway.service.listening import Place
from gateway.service.renewal import LOOKS, WARN_DAYS, Event, Outcome, Renewal, Shown
from gateway.service.tls import Identity, certificate_of, identity_of

CA: Final = trustme.CA()
NOW: Final = datetime(2026, 11, 24, tzinfo=UTC)
ENDS: Final = NOW + timedelta(days=90)
AT: Final[Place] = ("0.0.0.0", 443, 0)  # noqa: S104 - nobody listens


def put(folder: Path, name: str, *, ends: datetime = ENDS, key_of: str = "") -> CertificatePair:
    """Write a new certificate for `name.example`, or only its chain where another's key is beside it."""
    issued = CA.issue_cert(f"{name}.example", not_after=ends)
    (folder / name).mkdir(parents=True, exist_ok=True)
    pair = CertificatePair(str(folder / name / "fullchain.pem"), str(folder / name / "privkey.pem"))
    Path(pair.chain).write_bytes(issued.cert_chain_pems[0].bytes())
    Path(pair.key).write_bytes(
        (folder / key_of / "privkey.pem").read_bytes() if key_of else issued.private_key_pem.bytes()
    )
    return pair


class Clients:
    """What clients of one listener are shown, from look to look."""

    def __init__(self, *pairs: CertificatePair, folder: Path | None = None) -> None:
        self.renewal = Renewal()
        self.listener = Listener("0.0.0.0", 443, pairs, None if folder is None else str(folder))  # noqa: S104 - nobody listens
        self.identity: Identity = identity_of([certificate_of(pair) for pair in pairs])
        self.now = NOW

    @property
    def shown(self) -> Mapping[Place, Shown]:
        return {AT: Shown(self.listener, self.identity)}

    def look(self) -> tuple[Event, ...]:
        """Look once, show what is new, and return what is told."""
        found = self.renewal.look(self.shown, self.now)
        self.identity = found.renewed.get(AT, self.identity)
        return found.events

    def looks(self, number: int = LOOKS) -> list[str]:
        """Look some times, and return what is told, without what certificates hold."""
        return [event.name for _ in range(number) for event in self.look()]

    @property
    def names(self) -> str:
        """Return the names that certificates are shown for, in their order."""
        return " ".join(name.removesuffix(".example") for each in self.identity.certificates for name in each.names)


def test_what_has_not_changed_is_not_told(tmp_path: Path) -> None:
    clients = Clients(put(tmp_path, "a"))
    before = clients.identity
    assert clients.looks(3) == []
    assert clients.identity is before


def test_a_renewed_one_is_shown_and_told_once_and_the_other_stays_as_it_is(tmp_path: Path) -> None:
    clients = Clients(put(tmp_path, "a"), put(tmp_path, "b"))
    first, second = clients.identity.certificates
    pair = put(tmp_path, "b", ends=NOW + timedelta(days=80))
    details = {
        "listener": "0.0.0.0:443",
        "chain": pair.chain,
        "names": "b.example",
        "ends": (NOW + timedelta(days=80)).isoformat(),
    }
    assert clients.look() == (Event("certificate.renewed", "info", details),)
    assert clients.identity.certificates[0] is first
    assert clients.identity.certificates[1].context is not second.context
    assert clients.looks(2) == []


@pytest.mark.parametrize("lost", ["fullchain.pem", "privkey.pem", "both"])
def test_what_cannot_be_used_is_told_after_five_looks_once_and_shown_never(tmp_path: Path, lost: str) -> None:
    clients = Clients(put(tmp_path, "a"), put(tmp_path, "b"))
    before = clients.identity
    for name in ("fullchain.pem", "privkey.pem"):
        if lost in {name, "both"}:
            (tmp_path / "a" / name).unlink()
    assert clients.looks(LOOKS - 1) == []
    assert clients.renewal.broken == {}
    (event,) = clients.look()
    assert (event.name, event.level) == ("certificate.broken", "error")
    assert set(event.details) == {"listener", "chain", "error", "remedy"}
    assert clients.renewal.broken == {AT: event.details["error"]}
    assert clients.looks(3) == []
    assert clients.identity is before


def test_one_that_is_broken_keeps_no_other_from_being_renewed(tmp_path: Path) -> None:
    clients = Clients(put(tmp_path, "a"), put(tmp_path, "b"))
    former, _ = clients.identity.certificates
    put(tmp_path, "a", key_of="b")
    put(tmp_path, "b")
    assert clients.looks() == ["certificate.renewed", "certificate.broken"]
    assert clients.identity.certificates[0] is former
    put(tmp_path, "a")
    assert clients.looks() == ["certificate.renewed"]
    assert clients.renewal.broken == {}


def test_it_is_broken_until_it_is_good_and_told_again_once_it_is_broken_otherwise(tmp_path: Path) -> None:
    clients = Clients(put(tmp_path, "a"), put(tmp_path, "b"))
    put(tmp_path, "a", key_of="b")
    assert clients.looks() == ["certificate.broken"]
    (tmp_path / "a" / "privkey.pem").unlink()
    clients.look()
    assert AT in clients.renewal.broken
    assert clients.looks() == ["certificate.broken"]


# A folder.


def test_a_sub_folder_that_is_new_is_shown_at_its_place(tmp_path: Path) -> None:
    clients = Clients(put(tmp_path, "b"), put(tmp_path, "d"), folder=tmp_path)
    before = clients.identity.certificates
    (tmp_path / "lost+found").mkdir()
    assert clients.looks(2) == []
    pair = put(tmp_path, "c")
    details = {"listener": "0.0.0.0:443", "chain": pair.chain, "names": "c.example", "ends": ENDS.isoformat()}
    assert clients.look() == (Event("certificate.added", "info", details),)
    assert clients.names == "b c d"
    assert (*clients.identity.certificates[::2],) == before
    put(tmp_path, "a")
    put(tmp_path, "b-c")
    assert clients.looks(2) == ["certificate.added"] * 2
    assert clients.names == "a b b-c c d"


@pytest.mark.parametrize("lacks", ["fullchain.pem", "privkey.pem"])
def test_one_that_is_incomplete_is_waited_for_and_told_and_the_others_are_shown(tmp_path: Path, lacks: str) -> None:
    clients = Clients(put(tmp_path, "b"), folder=tmp_path)
    before = clients.identity
    put(tmp_path, "a")
    (tmp_path / "a" / lacks).unlink()
    assert clients.looks(LOOKS - 1) == []
    (event,) = clients.look()
    assert event.name == "certificate.broken"
    assert "the others" in str(event.details["remedy"])
    assert str(tmp_path / "a" / lacks) in clients.renewal.broken[AT]
    assert clients.identity is before
    put(tmp_path, "b")
    assert clients.looks() == ["certificate.renewed"]
    assert AT in clients.renewal.broken
    shutil.rmtree(tmp_path / "a")
    assert clients.look() == ()
    assert clients.renewal.broken == {}
    put(tmp_path, "a")
    assert clients.looks() == ["certificate.added"]


def test_one_that_is_gone_for_good_is_shown_no_more(tmp_path: Path) -> None:
    clients = Clients(put(tmp_path, "a"), put(tmp_path, "b"), put(tmp_path, "c"), folder=tmp_path)
    (tmp_path / "b").rename(tmp_path / ".b")
    assert clients.looks(LOOKS - 1) == []
    (tmp_path / ".b").rename(tmp_path / "b")
    assert clients.looks() == []
    assert clients.names == "a b c"
    shutil.rmtree(tmp_path / "a")
    assert clients.looks(LOOKS - 1) == []
    assert clients.names == "a b c"
    details = {"listener": "0.0.0.0:443", "chain": str(tmp_path / "a" / "fullchain.pem"), "names": "a.example"}
    assert clients.look() == (Event("certificate.removed", "info", details),)
    assert clients.names == "b c"


@pytest.mark.parametrize("whole", [True, False])
def test_the_last_ones_stay_until_there_is_another(tmp_path: Path, *, whole: bool) -> None:
    folder = tmp_path / "tls"
    clients = Clients(put(folder, "a"), put(folder, "b"), folder=folder)
    before = clients.identity
    for each in ["."] if whole else ["a", "b"]:
        shutil.rmtree(folder / each)
    assert clients.looks(LOOKS - 1) == []
    assert clients.renewal.broken == {}
    assert clients.looks() == ["certificate.broken"]
    says = "does not exist" if whole else "holds no sub-folder with fullchain.pem and privkey.pem: put one there"
    assert clients.renewal.broken == {AT: f"{folder} {says}"}
    assert clients.identity is before
    put(folder, "c")
    (folder / "c" / "privkey.pem").rename(folder / "privkey.pem")
    assert clients.looks() == ["certificate.broken"]
    assert clients.identity is before
    (folder / "privkey.pem").rename(folder / "c" / "privkey.pem")
    assert clients.looks() == ["certificate.added", "certificate.removed", "certificate.removed"]
    assert clients.names == "c"
    assert clients.renewal.broken == {}


def test_another_listener_at_the_address_begins_anew(tmp_path: Path) -> None:
    clients = Clients(put(tmp_path, "a"), put(tmp_path, "b"))
    put(tmp_path, "a", key_of="b")
    clients.looks()
    clients.listener = replace(clients.listener)
    assert clients.look() == ()
    assert clients.renewal.broken == {}
    clients.looks()
    assert AT in clients.renewal.broken
    plain: dict[Place, Shown] = {AT: Shown(replace(clients.listener, certificates=()), None)}
    assert clients.renewal.look(plain, NOW) == Outcome({}, ())
    assert clients.renewal.broken == {}
    clients.looks()
    clients.renewal.look({}, NOW)
    assert clients.renewal.broken == {}


def test_a_failure_of_ours_at_one_listener_leaves_the_others(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    clients, other = Clients(put(tmp_path, "a")), Clients(put(tmp_path, "b"))
    put(tmp_path, "b")
    good = certificate_of

    def odd(pair: CertificatePair) -> object:
        if "/a/" in pair.chain:
            raise RuntimeError
        return good(pair)

    put(tmp_path, "a")
    monkeypatch.setattr("gateway.service.renewal.certificate_of", odd)
    beside: Place = ("0.0.0.0", 444, 0)  # noqa: S104 - nobody listens
    found = clients.renewal.look({**clients.shown, beside: Shown(other.listener, other.identity)}, NOW)
    assert [event.name for event in found.events] == ["internal.error", "certificate.renewed"]
    assert list(found.renewed) == [beside]


def test_an_end_is_told_of_at_each_of_four_times_once(tmp_path: Path) -> None:
    clients = Clients(put(tmp_path, "a"), put(tmp_path, "b", ends=ENDS + timedelta(days=300)))
    told = list[int]()
    for hours in range(100 * 24):
        clients.now = NOW + timedelta(hours=hours)
        told += [int(str(event.details["days_left"])) for event in clients.look()]
    assert told == sorted(WARN_DAYS, reverse=True)
    put(tmp_path, "a", ends=clients.now + timedelta(days=90))
    assert [event.name for event in clients.look()] == ["certificate.renewed"]
