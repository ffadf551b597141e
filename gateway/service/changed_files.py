"""Whether the files that a configuration was read from have changed: looks, and no loop."""

from gateway.config.sources import as_they_are_now
from gateway.config.stamps import Sources


class ChangedFiles:
    """Looks at the files that were read last, each time it is told to."""

    def __init__(self) -> None:
        """Look at nothing yet."""
        self._read = self._seen = Sources()

    def were_read(self, sources: Sources) -> None:
        """Look at these from now on: this is how they were when a configuration was read, good or not."""
        self._read = sources

    def look(self) -> bool:
        """Tell whether they should be read again: they have changed since, and stayed the same from look to look.

        A change is told once. It is the second look alike that tells: editors and copies write in several steps.
        """
        found, former = as_they_are_now(self._read), self._seen
        self._seen = found
        if found == self._read or found != former:
            return False
        self._read = found
        return True
