"""What is found wrong or unwise while a configuration is read: noted, and reading goes on."""

from gateway.config.model import ConfigWarning, Mistake
from gateway.config.node import Node, Place, Scalar
from gateway.config.unwise import Unwise


class Unread(Exception):  # noqa: N818 - not an error of the program: the mistake is noted, whoever needs the value is skipped
    """A value could not be read, and that has been told."""


class Wrong(ValueError):  # noqa: N818 - what is wrong with a value, for a mistake; the reader knows whose
    """A text is not what it should be."""

    def __init__(self, says: str, remedy: str = "") -> None:
        """Say what is wrong, "is not a duration", and what to do: "write 10m"."""
        super().__init__(f"{says}: {remedy}" if remedy else says)
        self.says = says
        self.remedy = remedy


class Notes:
    """Collects mistakes and warnings; what is said twice of one place is kept once."""

    def __init__(self) -> None:
        """Start with nothing noted."""
        self._mistakes: dict[Mistake, None] = {}
        self._warnings: dict[ConfigWarning, None] = {}

    def mistake(self, place: Place, path: str, text: str) -> Unread:
        """Note that something is wrong; the return value can be raised."""
        self._mistakes.setdefault(Mistake(place.file, place.line, place.column, path, text))
        return Unread()

    def wrong(self, node: Node, says: str, remedy: str = "") -> Unread:
        """Note that a value is wrong, repeating it as it was given."""
        if isinstance(node, Scalar) and node.expanded:
            remedy = "correct what ${…} stands for"  # the remedy would repeat the value
        return self.mistake(node.place, node.path, f"{node.shown} {says}" + (f": {remedy}" if remedy else ""))

    def warn(self, node: Node, unwise: Unwise, text: str) -> None:
        """Note that something is allowed, and unwise."""
        place = node.place
        warning = ConfigWarning(place.file, place.line, place.column, node.path, text, unwise.value)
        self._warnings.setdefault(warning)

    def mistakes(self) -> tuple[Mistake, ...]:
        """Return all mistakes in the order they were noted."""
        return tuple(self._mistakes)

    def warnings(self) -> tuple[ConfigWarning, ...]:
        """Return all warnings in the order they were noted."""
        return tuple(self._warnings)
