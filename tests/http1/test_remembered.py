import pytest

from gateway.http1.remembered import REMEMBERED, REMEMBERED_OCTETS, REMEMBERED_PARTS, Remembered


def test_no_more_is_kept_than_it_says() -> None:
    remembered: Remembered[int, str] = Remembered()
    for number in range(REMEMBERED):
        remembered.keep(number, "an answer", [b"a" * REMEMBERED_OCTETS, None])
    assert len(remembered) == REMEMBERED
    remembered.keep(REMEMBERED, "another", [b""] * REMEMBERED_PARTS)
    assert remembered == {REMEMBERED: "another"}


@pytest.mark.parametrize("parts", [[b"a" * REMEMBERED_OCTETS, b"a"], [b""] * (REMEMBERED_PARTS + 1)])
def test_what_is_long_or_in_many_parts_is_not_kept(parts: list[bytes]) -> None:
    remembered: Remembered[int, str] = Remembered()
    remembered.keep(1, "an answer", parts)
    assert not remembered
