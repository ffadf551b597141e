"""What is found wrong or unwise while a configuration is read: noted, and reading goes on."""

from gateway.config.model import ConfigWarning, Mistake
from gateway.config.node import Node, Place, Scalar
from gateway.config.unwise import Unwise


class Unread(Exception):  # noqa: N818 - no error: the mistake is noted, and whoever needs the value is left out
    """A value could not be read, and that has been told."""


class Wrong(ValueError):  # noqa: N818 - half a mistake: the reader adds the value and its place
    """A text is not what it should be."""

    def __init__(self, says: str = "", remedy: str = "", *, meant: str = "") -> None:
        """Say what is wrong, "is longer than a day", and what to do, "write 10m", or which text was probably meant.

        What is left out, the reader says: that it "is not a duration", and an example.
        """
        super().__init__(says, remedy, meant)
        self.says = says
        self.remedy = remedy
        self.meant = meant


class Notes:
    """Collects mistakes and warnings; what is said twice of one place is kept once."""

    def __init__(self) -> None:
        """Start with nothing noted."""
        self._mistakes: dict[Mistake, None] = {}
        self._warnings: dict[ConfigWarning, None] = {}

    @property
    def mistakes(self) -> tuple[Mistake, ...]:
        """All mistakes, in the order they were noted."""
        return tuple(self._mistakes)

    @property
    def warnings(self) -> tuple[ConfigWarning, ...]:
        """All warnings, in the order they were noted."""
        return tuple(self._warnings)

    def take(self, other: "Notes") -> None:
        """Note all that others have noted."""
        self._mistakes |= dict.fromkeys(other.mistakes)
        self._warnings |= dict.fromkeys(other.warnings)

    def mistake(self, place: Place, path: str, text: str) -> Unread:
        """Note that something is wrong; what comes back can be raised."""
        self._mistakes.setdefault(Mistake(place.file, place.line, place.column, path, text))
        return Unread()

    def wrong(self, node: Node, says: str, remedy: str = "") -> Unread:
        """Note that a value is wrong, repeating it as it was given; what comes back can be raised."""
        if isinstance(node, Scalar) and node.told:
            return Unread()
        if isinstance(node, Scalar) and node.expanded:
            remedy = "correct what ${…} stands for"  # the remedy would repeat a value that may be secret
        return self.mistake(node.place, node.path, f"{node.shown} {says}" + (f": {remedy}" if remedy else ""))

    def warn(self, node: Node, unwise: Unwise, text: str) -> None:
        """Note that something is allowed, and unwise."""
        self.unwise(node.place, node.path, unwise, text)

    def unwise(self, place: Place, path: str, unwise: Unwise, text: str) -> None:
        """Note that something is allowed, and unwise, at a place where no value stands."""
        self._warnings.setdefault(ConfigWarning(place.file, place.line, place.column, path, text, unwise.value))
