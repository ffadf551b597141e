"""One of the gateways of the scenario in which all is mixed, and who calls it."""

from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Final

from tests.real.processes import LOOPBACK, until
from tests.soak.deaths import Deaths
from tests.soak.load import Load
from tests.soak.place import CRM_NAME, OTHER, Crm, Place, Section, listener, site
from tests.soak.reloads import BROKEN
from tests.soak.told import Told
from tests.soak.watch import rest, tell_rest

SHARES: Final = (0.6, 0.3, 0.1)
"""Of the rate: the plain load, that on TLS, and that to the site whose CRM comes and goes."""
IN_FLIGHT: Final = (128, 136)
"""All workers count together: one may have every client, for a while, after another one has died."""


@dataclass
class Half:
    """A gateway with so many workers, two listeners, and two sites."""

    made: Place
    workers: int
    crm: Crm
    other: Crm
    died: Deaths = field(default_factory=Deaths)
    loads: dict[str, Load] = field(default_factory=dict[str, Load])
    """Those that are on."""
    called: list[tuple[str, Load]] = field(default_factory=list[tuple[str, Load]])
    """All there were."""

    def __post_init__(self) -> None:
        """Begin to serve."""
        self.name, self.at_first = f"workers: {self.workers}", self.workers
        self.plain, self.tls, self.extra, self.admin = (self.made.ports.take() for _ in range(4))
        self.has_extra = False
        self.in_flight = IN_FLIGHT[0]
        self.gateway = self.made.gateway(self.text(), f"gateway-{self.workers}", names=self.made.names)
        self.before = rest(self.gateway)

    def text(self) -> str:
        """Return its configuration."""
        listeners: list[Section] = [listener(self.plain), listener(self.tls, certificates=str(self.made.certificates))]
        if self.has_extra:
            listeners.append(listener(self.extra))
        sites = [
            site(self.crm.port, limits={"in_flight": self.in_flight}),
            site(self.other.port, name=OTHER, upstream=CRM_NAME),
        ]
        admin = {"address": f"{LOOPBACK}:{self.admin}"}
        return self.made.text(listeners, sites, admin=admin, workers=self.workers)

    def call(self, stack: ExitStack, rate: float, part: str) -> None:
        """Have the load on, in a part of the time."""
        plain, tls, other = (share * rate for share in SHARES)
        self.loads = {
            "plain": stack.enter_context(self.made.load(self.plain, plain)),
            "TLS": stack.enter_context(self.made.load(self.tls, tls, tls=True)),
            "other site": stack.enter_context(self.made.load(self.plain, other, host=OTHER)),
        }
        self.called += [(f"{name}, {part}", load) for name, load in self.loads.items()]

    def kill(self) -> None:
        """Kill a worker, where there is one."""
        if self.workers > 1:
            self.died.kill(self.gateway, self.plain, self.tls)

    def break_file(self) -> None:
        """Have the file be one that cannot be used, and be read."""
        self.gateway.file.write_text(self.text().replace('"origins"', f'"{BROKEN}"'))
        assert BROKEN in self.gateway.reload(by_signal=False)

    def change(self, step: str) -> None:
        """Have another configuration be read."""
        match step:
            case "limits":
                self.in_flight = IN_FLIGHT[self.in_flight == IN_FLIGHT[0]]
            case "listener" | "no listener":
                self.has_extra = step == "listener"
            case "one worker more" | "one worker less" if self.workers > 1:
                self.workers += 1 if step == "one worker more" else -1
            case "as at first":
                self.has_extra, self.in_flight, self.workers = False, IN_FLIGHT[0], self.at_first
            case _:
                pass  # one process stays one
        self.gateway.file.write_text(self.text())
        assert not self.gateway.reload(by_signal=True)
        until(lambda: len(self.gateway.workers()) == self.workers, f"{self.workers} workers")

    def tell(self, told: Told) -> None:
        """Add what its load met."""
        for name, load in self.called:
            told.load(load, f", {self.name}, {name}", inside=self.died.is_inside if self.died.seconds else None)
        if self.died.seconds:
            told.seconds(f"until another worker accepts, {self.name}", self.died.seconds, 1)

    def tell_rest(self, told: Told) -> None:
        """Add what is left, by the configuration that it began with."""
        self.change("as at first")
        tell_rest(told, self.gateway, self.before, f", {self.name}")
