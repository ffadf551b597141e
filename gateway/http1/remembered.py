"""What was worked out for octets that peers send again and again; bounded, since they choose them."""

from collections.abc import Collection
from typing import Final, TypeVar

REMEMBERED: Final = 512
"""Most answers that one memory keeps; then it begins anew."""
REMEMBERED_PARTS: Final = 40
REMEMBERED_OCTETS: Final = 1024
"""Most of what one answer is kept by that comes from a peer: so many pieces, and so long all together."""

_Asked = TypeVar("_Asked")
_Answer = TypeVar("_Answer")


class Remembered(dict[_Asked, _Answer]):
    """Answers by what was asked. To forget one changes nothing but the time it takes."""

    def keep(self, asked: _Asked, answer: _Answer, parts: Collection[bytes | None]) -> None:
        """Remember an answer, if the `parts` of what it is kept by are few and short."""
        if len(parts) > REMEMBERED_PARTS or sum(len(part) for part in parts if part is not None) > REMEMBERED_OCTETS:
            return
        if len(self) >= REMEMBERED:
            self.clear()
        self[asked] = answer
