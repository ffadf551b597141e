from gateway.http1.remembered import REMEMBERED, REMEMBERED_OCTETS, Remembered


def test_no_more_is_kept_than_it_says() -> None:
    remembered: Remembered[int, str] = Remembered()
    for number in range(REMEMBERED):
        remembered.keep(number, "an answer", REMEMBERED_OCTETS)
    assert len(remembered) == REMEMBERED
    remembered.keep(REMEMBERED, "another", 0)
    assert remembered == {REMEMBERED: "another"}


def test_what_is_long_is_not_kept() -> None:
    remembered: Remembered[int, str] = Remembered()
    remembered.keep(1, "an answer", REMEMBERED_OCTETS + 1)
    assert not remembered
