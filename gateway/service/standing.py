"""How the configuration in force came about, and whether the one on disk could take its place."""

import time
from typing import TYPE_CHECKING, Final, NamedTuple, Protocol

from gateway.service.changed_files import ChangedFiles
from gateway.service.changes import changes
from gateway.service.events import EVENTS

if TYPE_CHECKING:
    from gateway.config.load import Loaded
    from gateway.config.model import Config

REMINDER_SECONDS: Final = 3600.0
"""How often it is told again that the files on disk cannot be used: the next start would find out."""

NO_FILE: Final = "start with -c PATH: what the command line says stays"
"""Why nothing is read anew."""

STOPS: Final = "the gateway stops"
"""Why nothing is read anew any more."""


RESTART_FAILS: Final = "the former configuration stays in force: correct this, and reload again; a restart would fail"
RESTART_HELPS: Final = "the former configuration stays in force until the gateway is restarted"


class Reloaded(NamedTuple):
    """What came of a reload."""

    changes: tuple[str, ...]
    broken: str
    """Why the configuration on disk cannot be used; empty where it is in force now."""


class Log(Protocol):
    """What is told to the log, and how that changes."""

    def configured(self, config: "Config") -> None:
        """Go by what another configuration says of the log."""


class Standing:
    """What became of reloads; told when it happens, and told again while the files on disk are broken."""

    def __init__(self) -> None:
        """Begin with the configuration that the gateway was started with."""
        self.started = time.time()
        """In seconds since 1970."""
        self.reloads = self.failed_reloads = 0
        self.broken = ""
        """Why the configuration on disk cannot be used, as the last reload found; empty where it can."""
        self.restart_helps = False
        """It could be, after a restart."""
        self.files = ChangedFiles()
        """Those that a configuration was last read from, good or not."""
        self._remind_at = 0.0

    def begin(self, loaded: "Loaded") -> None:
        """Note which configuration the gateway is started with, and tell what is unwise in it."""
        self.files.were_read(loaded.sources)
        self._warn(loaded)

    def adopted(self, before: "Config", loaded: "Loaded") -> Reloaded:
        """Note and tell that another configuration is in force now."""
        self.restart_helps = False
        self.broken = ""
        self.reloads += 1
        self._warn(loaded)
        changed = changes(before, loaded.config)
        EVENTS.info("config.reloaded", changes="; ".join(changed) or "nothing changed")
        return Reloaded(changed, "")

    def failed(self, why: str, *, restart_helps: bool = False) -> Reloaded:
        """Note and tell that the one on disk cannot be used, or not before a restart."""
        self.broken = why
        self.restart_helps = restart_helps
        self.failed_reloads += 1
        self._tell_broken()
        return Reloaded((), why)

    def remind(self, now: float) -> None:
        """Tell again that the files are broken, where that was told long ago; `now` as of `time.monotonic`."""
        if self.broken and now >= self._remind_at:
            self._tell_broken()

    def line(self, sites: int) -> str:
        """Return how it is, for `systemctl status`."""
        if not self.broken:
            return f"serving {sites} sites"
        what = "IS NOT IN FORCE, it takes a restart" if self.restart_helps else "CANNOT BE USED, a restart would fail"
        return f"serving {sites} sites; THE CONFIGURATION ON DISK {what}"

    def _warn(self, loaded: "Loaded") -> None:
        for warning in loaded.warnings:
            EVENTS.warning("config.warning", id=warning.id, text=str(warning))

    def _tell_broken(self) -> None:
        self._remind_at = time.monotonic() + REMINDER_SECONDS
        EVENTS.error(
            "config.broken",
            text=self.broken,
            remedy=RESTART_HELPS if self.restart_helps else RESTART_FAILS,
        )


def no_file() -> Reloaded:
    """Tell that there is nothing to read anew."""
    EVENTS.warning("config.no_file", remedy=NO_FILE)
    return Reloaded((), NO_FILE)
