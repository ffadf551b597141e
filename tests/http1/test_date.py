"""Dates as header fields have them."""

from email.utils import formatdate

from hypothesis import example, given
from hypothesis import strategies as st

from gateway.http1.date import imf_fixdate


@given(st.integers(0, 253_402_300_799))
@example(784_111_777)
@example(253_402_300_799)
def test_it_is_the_date_that_mail_has(seconds: int) -> None:
    assert imf_fixdate(seconds).decode() == formatdate(seconds, usegmt=True)


def test_the_example_of_the_standard() -> None:
    assert imf_fixdate(784_111_777) == b"Sun, 06 Nov 1994 08:49:37 GMT"
