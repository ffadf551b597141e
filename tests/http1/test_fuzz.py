"""The differential fuzz, as long as a test may take, and the corpus."""

import secrets
from dataclasses import replace

import pytest
from hypothesis import settings

from tests.http1.fuzz.judge import judge
from tests.http1.fuzz.message import Case, Message, Nothing, Reading
from tests.http1.fuzz.oracles import Oracle, read_with_h11
from tests.http1.fuzz.run import corpus, fuzz


@pytest.mark.parametrize(("case", "outcome"), [pytest.param(*kept, id=name) for name, kept in corpus().items()])
def test_corpus(case: Case, outcome: str) -> None:
    verdict = judge(case)
    assert verdict.outcome == outcome
    assert [str(difference) for difference in verdict.differences if not difference.excepted] == []


def test_the_corpus_is_there() -> None:
    assert len(corpus()) > 50


@pytest.mark.fuzz
@pytest.mark.parametrize("part", range(4))
def test_what_we_take_and_write_aiohttp_and_h11_read_as_the_same(part: int) -> None:
    profile = settings()
    seed = part if profile.derandomize else secrets.randbits(32)
    print(f"python -m tests.http1.fuzz --seed {seed}")  # noqa: T201 - pytest shows it with the failure
    figures = fuzz(100 * profile.max_examples, seed)
    assert figures.faults == []
    assert figures.ordinary > 0


def refuses_all(_: Case, __: bytes, *, eof: bool = False) -> Reading:
    del eof
    return Nothing.REFUSED


def loses_an_octet(case: Case, octets: bytes, *, eof: bool = False) -> Reading:
    message = read_with_h11(case, octets, eof=eof)
    return replace(message, body=message.body[:-1]) if isinstance(message, Message) else message


def wants_no_line_feed_at_the_end(case: Case, octets: bytes, *, eof: bool = False) -> Reading:
    return read_with_h11(case, octets + b"\n" if octets.endswith(b"\r") else octets, eof=eof)


def waits_for_more(case: Case, octets: bytes, *, eof: bool = False) -> Reading:
    return read_with_h11(case, octets[:-1], eof=eof)


@pytest.mark.parametrize("oracle", [refuses_all, loses_an_octet, wants_no_line_feed_at_the_end, waits_for_more])
def test_an_oracle_that_reads_otherwise_is_noticed(monkeypatch: pytest.MonkeyPatch, oracle: Oracle) -> None:
    monkeypatch.setattr("tests.http1.fuzz.judge.ORACLES", {"h11": oracle})
    assert fuzz(300, seed=1).faults != []
