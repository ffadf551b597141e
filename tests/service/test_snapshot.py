"""What several processes tell, as one."""

from dataclasses import replace

from gateway.policy.reason import Reason
from gateway.relay.record import Outcome
from gateway.service.snapshot import Snapshot, decode, encode, merged, past
from gateway.service.status import (
    CertificateStatus,
    ListenerStatus,
    RefusalStatus,
    ServerStatus,
    SiteStatus,
    Status,
    WorkerStatus,
)

URL, OTHER = "http://10.0.0.5:80", "http://10.0.0.6:80"


def snapshot(pid: int, *, draining: bool = False, up: bool = True, count: int = 1) -> Snapshot:
    refusals = tuple(RefusalStatus(f"2026-11-24T10:00:{pid + nth:02}+00:00", "r", str(pid)) for nth in range(15))
    site = SiteStatus(
        name="crm.example",
        in_flight=pid,
        streams=1,
        servers=(ServerStatus(URL, up), ServerStatus(OTHER, up=False)),
        outcomes={"allowed": count},
        oddities={"odd": 1},
        refusals=refusals,
    )
    status = Status(
        version="1",
        started="then",
        serving=True,
        draining=draining,
        workers=(WorkerStatus(pid, "then", draining, 7),),
        replaced=0,
        broken="",
        restart_helps=False,
        reloads=0,
        failed_reloads=0,
        outcomes={"head-timeout": 2},
        refusals=(),
        listeners=(ListenerStatus("http://a:1", 7, 100, (CertificateStatus("c.pem", "2027", 3.5),), ""),),
        sites=(site,),
    )
    return Snapshot(
        status, {Outcome("crm.example", Reason.ALLOWED, 2): count, Outcome(None, Reason.HEAD_TIMEOUT, 0): 2}
    )


FRAME = replace(
    snapshot(0).status,
    workers=(),
    outcomes={},
    listeners=(ListenerStatus("http://a:1", 0, 0, (), "why"), ListenerStatus("http://b:2", 0, 0, (), "")),
    sites=(
        SiteStatus("crm.example", 0, 0, (ServerStatus(URL, up=True), ServerStatus(OTHER, up=True)), {}, {}, ()),
        SiteStatus("new.example", 0, 0, (ServerStatus(URL, up=True),), {}, {}, ()),
    ),
)


def test_what_is_sent_is_what_comes() -> None:
    assert decode(encode(snapshot(3))) == snapshot(3)


def test_counts_add_up_and_a_server_is_up_where_one_worker_has_it_up() -> None:
    found = merged(FRAME, [snapshot(1, count=5), snapshot(2, up=False), snapshot(3, draining=True)])
    assert found.outcomes == {
        Outcome("crm.example", Reason.ALLOWED, 2): 7,
        Outcome(None, Reason.HEAD_TIMEOUT, 0): 6,
    }
    assert found.status.outcomes == {"head-timeout": 6}
    assert [each.pid for each in found.status.workers] == [1, 2, 3]
    # The limits of one that drains are nobody's; who is connected to it still is.
    assert found.status.listeners == (
        ListenerStatus("http://a:1", 21, 200, (), "why"),
        ListenerStatus("http://b:2", 0, 0, (), ""),
    )
    crm, new = found.status.sites
    assert (crm.in_flight, crm.streams, crm.outcomes, crm.oddities) == (6, 3, {"allowed": 7}, {"odd": 3})
    assert crm.servers == (ServerStatus(URL, up=True), ServerStatus(OTHER, up=False))
    assert new == FRAME.sites[1]
    assert len(crm.refusals) == 20
    assert crm.refusals[0] == RefusalStatus("2026-11-24T10:00:17+00:00", "r", "3")


def test_of_those_that_have_ended_stays_what_they_counted() -> None:
    sites = ("crm.example",)
    ended = past([past([snapshot(1, count=5)], sites), snapshot(2, count=3)], sites)
    (site,) = ended.status.sites
    assert (site.in_flight, site.streams, site.outcomes) == (0, 0, {"allowed": 8})
    assert (ended.status.workers, ended.status.listeners) == ((), ())
    found = merged(FRAME, [ended, snapshot(4)])
    assert found.status.sites[0].outcomes == {"allowed": 9}
    assert found.status.sites[0].servers[0].up
    assert found.outcomes[Outcome("crm.example", Reason.ALLOWED, 2)] == 9
    # Of a site that no configuration in force has, nothing does.
    without = past([ended], ("new.example",))
    assert without.outcomes == {Outcome(None, Reason.HEAD_TIMEOUT, 0): 4}
    assert [site.name for site in without.status.sites] == ["new.example"]
