"""What is counted of requests (R19)."""

from gateway.policy.reason import Reason
from gateway.relay.record import Counts


def test_each_site_reason_and_class_of_status_is_counted_by_itself() -> None:
    counts: Counts[Reason] = Counts()
    met = [
        ("a", Reason.ALLOWED, 2),
        ("b", Reason.ALLOWED, 2),
        (None, Reason.ALLOWED, 2),
        ("a", Reason.NOT_CORS, 2),
        ("a", Reason.ALLOWED, 5),
    ]
    for times, each in enumerate(met, 1):
        for _ in range(times):
            counts.more(*each)
    for each in (*met, *met[::-1]):
        counts.more(*each)
    found = {(each.site, each.what, each.status_class): each.times for each in counts.each()}
    assert found == {each: times + 2 for times, each in enumerate(met, 1)}


def test_equal_names_of_a_site_are_one() -> None:
    counts: Counts[Reason] = Counts()
    for name in (b"crm", b"crm", b"other", b"crm"):
        counts.more(name.decode(), Reason.ALLOWED)
    assert [(each.site, each.times) for each in counts.each()] == [("crm", 3), ("other", 1)]
