"""A process that prints lines of JSON, and whoever waits for one of them."""

import json
import subprocess
import threading
import time
from collections.abc import Callable
from typing import Any, Final

PATIENCE_SECONDS: Final = 60.0
"""How long anything is waited for: to fail is better than to hang."""


class Lines:
    """What a process prints, read as it comes, so that its pipe is never full."""

    def __init__(self, process: subprocess.Popen[bytes], take: Callable[[dict[str, Any]], None]) -> None:
        """Begin to read; `take` hears of each line."""
        self._process = process
        self._take = take
        self._changed = threading.Condition()
        self._ended = False
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            with self._changed:
                self._take(json.loads(line))
                self._changed.notify_all()
        with self._changed:
            self._ended = True
            self._changed.notify_all()

    def until(self, is_so: Callable[[], bool], what: str, seconds: float = PATIENCE_SECONDS) -> None:
        """Return once a line has made it so.

        Raises:
            TimeoutError: none did in this time, or the process has ended.
        """
        deadline = time.monotonic() + seconds
        with self._changed:
            while not is_so():
                left = deadline - time.monotonic()
                if left <= 0 or self._ended:
                    raise TimeoutError(f"{what}; the process {'has ended' if self._ended else 'runs'}")
                self._changed.wait(left)

    def close(self) -> None:
        """Read to the end."""
        self._thread.join(PATIENCE_SECONDS)
        assert self._process.stdout is not None
        self._process.stdout.close()
