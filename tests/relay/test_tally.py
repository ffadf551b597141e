"""A limit is the whole gateway's, however its clients are spread over the processes."""

import os

from gateway.relay.tally import Tallies


def test_each_counts_by_itself_and_all_see_all() -> None:
    tallies = Tallies(2, 3)
    requests = [tallies.of(1, process)[0] for process in range(3)]
    for process, tally in enumerate(requests):
        for _ in range(process + 1):
            tally.more()
    requests[2].less()
    assert [tally.mine for tally in requests] == [1, 2, 2]
    assert {tally.whole for tally in requests} == {5}
    others = (*tallies.of(0, 0), *tallies.of(0, 2), tallies.of(1, 1)[1])
    assert [tally.whole for tally in others] == [0] * 5


def test_what_one_that_has_ended_had_is_forgotten() -> None:
    tallies = Tallies(2, 2)
    every = [tally for site in range(2) for process in range(2) for tally in tallies.of(site, process)]
    for tally in every:
        tally.more()
    tallies.forget(1)
    assert [tally.whole for tally in every] == [1] * 8
    successors = [tally for site in range(2) for tally in tallies.of(site, 1)]
    assert [tally.mine for tally in successors] == [0] * 4


def test_a_process_that_is_forked_later_counts_in_the_same_place() -> None:
    tallies = Tallies(1, 2)
    pid = os.fork()
    if not pid:
        tallies.of(0, 1)[1].more()
        os._exit(0)
    os.waitpid(pid, 0)
    assert (tallies.of(0, 0)[1].whole, tallies.of(0, 0)[1].mine) == (1, 0)


def test_who_is_alone_counts_the_same() -> None:
    requests, streams = Tallies(1).of(0, 0)
    assert [requests.more(), requests.more(), streams.more()] == [1, 2, 1]
    requests.less()
    assert [(each.mine, each.whole) for each in (requests, streams)] == [(1, 1), (1, 1)]


def test_without_sites_there_is_nothing_to_count() -> None:
    Tallies(0).forget(0)
