"""What was worked out for octets that peers send again and again; bounded, since they choose them."""

from typing import Final, TypeVar

REMEMBERED: Final = 512
"""Most answers that one memory keeps; then it begins anew."""
REMEMBERED_OCTETS: Final = 1024
"""Longest of what one answer is kept by, all its parts together."""

_Asked = TypeVar("_Asked")
_Answer = TypeVar("_Answer")


class Remembered(dict[_Asked, _Answer]):
    """Answers by what was asked. To forget one changes nothing but the time it takes."""

    def keep(self, asked: _Asked, answer: _Answer, octets: int) -> None:
        """Remember an answer, if what it is kept by has no more `octets` than that."""
        if octets > REMEMBERED_OCTETS:
            return
        if len(self) >= REMEMBERED:
            self.clear()
        self[asked] = answer
