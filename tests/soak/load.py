"""The load as a scenario has it: begun, told things, waited for, ended and counted."""

import json
import subprocess
import sys
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

from tests.real.processes import end
from tests.soak.driver import Met, Settings
from tests.soak.lines import PATIENCE_SECONDS, Lines

Check = Callable[[dict[str, Any]], bool]
"""Of what the driver has met."""


class Load:
    """A driver's process, and what it has met so far."""

    def __init__(self, settings: Settings, errors: Path) -> None:
        """Begin."""
        self.met: dict[str, Any] = asdict(Met())
        with errors.open("ab") as output:
            self._process = subprocess.Popen(
                (sys.executable, "-m", "tests.soak.driver", json.dumps(asdict(settings))),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=output,
                start_new_session=True,
            )
        self._lines = Lines(self._process, self._take)
        self._errors = errors

    def _take(self, met: dict[str, Any]) -> None:
        self.met = met

    def tell(self, line: str) -> None:
        """Tell the driver something."""
        assert self._process.stdin is not None
        self._process.stdin.write(line.encode() + b"\n")
        self._process.stdin.flush()

    def more(self, answers: int) -> None:
        """Return once so many requests more were sent and are over, well or not."""
        before = _over(self.met)
        self.until(lambda met: _over(met) >= before + answers, f"{answers} answers more")

    def trouble(self, *, is_right: bool) -> None:
        """Say whether problems that say that the CRM is away are right from now on."""
        self.tell(f"trouble {'on' if is_right else 'off'}")

    def no_more_connections(self) -> None:
        """Return once no further connection is made."""
        self.tell("no more connections")
        self.until(lambda met: bool(met["is_last"]), "the last connection")

    def until(self, is_so: Check, what: str, seconds: float = PATIENCE_SECONDS) -> None:
        """Return once what the driver has met is so."""
        try:
            self._lines.until(lambda: is_so(self.met), what, seconds)
        except TimeoutError as error:
            met = self.met | {"errors": self.met["errors"][:3], "losses": self.met["losses"][:3]}
            raise TimeoutError(f"{error}: {met}; {self._errors.read_text()[-2000:]}") from None

    def end(self) -> None:
        """Offer nothing more, and wait for the last answers."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        self.until(lambda met: bool(met["ended"]), "the end of the load", 2 * PATIENCE_SECONDS)
        self._process.wait()
        met = self.met
        assert met["sent"] == _over(met), met

    def close(self) -> None:
        """End the process, however it is."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        end(self._process)
        self._lines.close()

    def faults(self, is_excused: Callable[[dict[str, Any]], bool] = lambda _: False) -> list[str]:
        """Return what was lost, wrong, or never offered, but for losses that are excused."""
        met = self.met
        losses = [one for one in met["losses"] if not is_excused(one)]
        found = [f"lost: {one['kind']} {one['number']}, {one['why']}" for one in losses]
        found += [f"wrong: {error}" for error in met["errors"]]
        if met["lost"] > len(met["losses"]):
            found.append(f"lost: {met['lost']} in all")
        closures = [one for one in met["closures"] if not is_excused(one)]
        if closures:
            found.append(f"{len(closures)} connections were closed without a word")
        if met["withheld"]:
            found.append(f"{met['withheld']} turns were not offered: too many waited")
        return found


def _over(met: dict[str, Any]) -> int:
    return int(met["good"] + met["wrong"] - met["unasked"] + met["lost"] + sum(met["trouble"].values()))


@contextmanager
def loaded(folder: Path, settings: Settings) -> Generator[Load]:
    """Have the load on while the block runs, and its last answers in at the end of it."""
    settings.seed = 1 + len(list(folder.glob("driver-*")))
    load = Load(settings, folder / f"driver-{settings.seed}.log")
    try:
        load.until(lambda met: _over(met) > 0, "the first answer")
        yield load
        load.end()
    finally:
        load.close()
