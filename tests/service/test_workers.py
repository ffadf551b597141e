"""Several processes: one that ends is replaced, nobody is refused, and all of them are told of as one."""

import asyncio
import json
import os
import signal
import sys
import time
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
import trustme

from tests.relay.peers import connected
from tests.service.running import Running, free_port, ready, serving, started
from tests.service.test_admin import command, status, tell
from tests.service.test_reload import ADDIN, Crm, asked, get, put, reloaded, text_of, told, trusting

PATIENCE_SECONDS = 30.0


def children(running: Running) -> list[int]:
    """Return the processes that the supervisor has started, and that are there."""
    pid = running.process.pid
    return [int(each) for each in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


async def workers(admin: int) -> list[int]:
    """Return the workers that do not drain, as the status has them."""
    return [each["pid"] for each in (await status(admin))["workers"] if not each["draining"]]


async def whole(admin: int, count: int, without: int = 0) -> dict[str, Any]:
    """Return the status once there are so many workers, and none of them is `without`."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while True:
            found = await status(admin)
            there = [each["pid"] for each in found["workers"] if not each["draining"]]
            if len(there) == count and without not in there:
                return found


class Place:
    """A gateway with several workers, before a CRM."""

    def __init__(self, folder: Path) -> None:
        self.port, self.admin, self.file = free_port(), free_port(), folder / "c.yaml"
        self.crm = Crm(b"crm")

    def text(self, *more: str, workers: int = 2, extra: str = "") -> str:
        """Return its configuration."""
        return text_of(
            f"address: 127.0.0.1:{self.port}",
            *more,
            sites={"crm.example": self.crm.upstream.port},
            extra=f"admin: {{address: '127.0.0.1:{self.admin}'}}\n{extra}",
            workers=workers,
        )

    @asynccontextmanager
    async def serving(self, workers: int = 2, extra: str = "") -> AsyncGenerator[Running]:
        """Serve until the block ends."""
        async with self.crm.upstream:
            await asyncio.to_thread(self.file.write_text, self.text(workers=workers, extra=extra))
            async with serving("-c", str(self.file)) as running:
                yield running


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


async def test_a_burst_of_connections_spreads_over_the_workers(place: Place) -> None:
    async with place.serving() as running, AsyncExitStack() as stack:
        for _ in range(4):
            await asyncio.gather(*(stack.enter_async_context(connected(place.port)) for _ in range(16)))
        found = (await status(place.admin))["workers"]
        assert {each["pid"] for each in found} < set(children(running))
        assert sum(each["connections"] for each in found) == 64
        assert max(each["connections"] for each in found) <= 0.9 * 64


async def test_all_of_them_are_told_of_as_one(place: Place) -> None:
    async with place.serving():
        for _ in range(20):
            assert await get(place.port, "crm.example") == b"crm"
        async with connected(place.port) as client:
            await client.send(b"GET / HTTP/1.1\r\nHost: crm.example\r\nOrigin: https://other.example\r\n\r\n")
            assert (await client.response()).status == 403
            found = await status(place.admin)
            assert found["serving"]
            (site,) = found["sites"]
            assert site["outcomes"] == {"allowed": 20, "origin-not-allowed": 1}
            assert [each["reason"] for each in site["refusals"]] == ["origin-not-allowed"]
            assert [(each["connections"], each["limit"]) for each in found["listeners"]] == [(1, 4096)]
        metrics = (await tell(place.admin, "/metrics")).body
        said = b'cors_gateway_requests_total{reason="allowed",site="crm.example",status_class="2"} 20.0'
        assert said in metrics
        assert b"cors_gateway_workers 2.0" in metrics
        code, out, _ = await command("status", "-c", str(place.file))
        assert code == 0
        assert "2 workers" in out
        assert await command("healthcheck", "-c", str(place.file)) == (0, "ready\n", "")


async def test_a_worker_that_is_killed_is_replaced_and_what_it_had_counted_stays(place: Place) -> None:
    async with place.serving() as running:
        assert await get(place.port, "crm.example") == b"crm"
        await status(place.admin)  # each has told how it is
        for _ in range(3):
            before = await workers(place.admin)
            os.kill(before[0], signal.SIGKILL)
            ended = await told(running, {"process.ended"})
            assert (ended["pid"], ended["how"]) == (before[0], "killed by SIGKILL")
            assert await get(place.port, "crm.example") == b"crm"
            await whole(place.admin, 2, without=before[0])
        found = await status(place.admin)
        assert found["replaced"] == 3
        assert found["sites"][0]["outcomes"] == {"allowed": 4}


async def test_a_limit_of_a_site_is_that_of_all_workers_together(place: Place) -> None:
    place.crm.held.clear()
    async with place.serving() as running:
        text = place.text().replace("paths: everything", "paths: everything\n    limits: {in_flight: 3}")
        await reloaded(running, place.file, text)
        slow = [asyncio.create_task(get(place.port, "crm.example", "/slow")) for _ in range(3)]
        while place.crm.slow < 3:  # noqa: ASYNC110 - the state of a peer has no event
            await asyncio.sleep(0)
        assert await asyncio.gather(*(get(place.port, "crm.example") for _ in range(8))) == [b"503"] * 8
        for pid in await workers(place.admin):  # what was under way in them is over with them
            os.kill(pid, signal.SIGKILL)
            await whole(place.admin, 2, without=pid)
        assert await get(place.port, "crm.example") == b"crm"
        place.crm.held.set()
        await asyncio.gather(*slow, return_exceptions=True)


async def test_nobody_is_refused_while_every_worker_is_killed(place: Place) -> None:
    async with place.serving():
        for pid in await workers(place.admin):
            os.kill(pid, signal.SIGKILL)
        # They wait in the socket, which the supervisor has.
        assert await asyncio.gather(*(get(place.port, "crm.example") for _ in range(8))) == [b"crm"] * 8


async def test_the_admin_process_is_replaced_too(place: Place) -> None:
    async with place.serving() as running:
        there = await workers(place.admin)
        (admin,) = set(children(running)) - set(there)
        os.kill(admin, signal.SIGKILL)
        assert (await told(running, {"process.replaced"}))["what"] == "admin"
        assert len(await workers(place.admin)) == 2


async def test_a_worker_that_hangs_is_noticed(place: Place) -> None:
    changes = "import gateway.service.crew as crew; crew.STUCK_SECONDS = 2.0"
    async with place.crm.upstream, changed(place, changes) as running:
        hung, _ = await workers(place.admin)
        os.kill(hung, signal.SIGSTOP)
        assert (await told(running, {"process.stuck"}))["pid"] == hung
        assert (await told(running, {"process.ended"}))["pid"] == hung
        await whole(place.admin, 2, without=hung)
        assert await get(place.port, "crm.example") == b"crm"


async def test_an_admin_process_that_hangs_is_noticed(place: Place) -> None:
    changes = "import gateway.service.crew as crew; crew.STUCK_SECONDS, crew.TRACE_SECONDS = 2.0, 0.1"
    async with place.crm.upstream, changed(place, changes) as running:
        (admin,) = set(children(running)) - set(await workers(place.admin))
        os.kill(admin, signal.SIGSTOP)
        stuck = await told(running, {"process.stuck"})
        assert (stuck["what"], stuck["pid"]) == ("admin", admin)
        assert (await told(running, {"process.replaced"}))["what"] == "admin"
        assert (await status(place.admin))["replaced"] == 0


TELLS_OF_FREED_CHILDREN = """
import gc, weakref, gateway.service.crew as crew
from gateway.service.events import EVENTS
former = crew.Child.__init__
def init(self, name, *more):
    former(self, name, *more)
    weakref.finalize(self, lambda: EVENTS.info("child.freed", what=name)).atexit = False
crew.Child.__init__ = init
gc.disable()
"""


async def test_what_was_known_of_one_that_has_ended_is_freed_at_once(place: Place) -> None:
    async with place.crm.upstream, changed(place, TELLS_OF_FREED_CHILDREN) as running:
        first, second = await workers(place.admin)
        (admin,) = set(children(running)) - {first, second}
        for pid, what in ((first, "worker"), (admin, "admin")):
            os.kill(pid, signal.SIGKILL)
            assert (await told(running, {"child.freed"}))["what"] == what
        await whole(place.admin, 2, without=first)
        running.process.send_signal(signal.SIGHUP)
        for _ in range(2):
            assert (await told(running, {"child.freed"}))["what"] == "worker"


FAILS = """
import gateway.service.seats as seats, gateway.service.worker as worker
seats.PAUSES = (0.0, 0.1, 0.1)
from pathlib import Path
former = worker.Process.start
async def start(self, prepared):
    if Path({flag!r}).exists():
        raise RuntimeError("out of luck")
    await former(self, prepared)
worker.Process.start = start
"""
"""Workers that cannot start any more, once there is a file."""


async def test_one_that_cannot_start_is_not_tried_for_ever(place: Place, tmp_path: Path) -> None:
    flag = tmp_path / "flag"
    async with place.crm.upstream, changed(place, FAILS.format(flag=str(flag))) as running:
        first, second = await workers(place.admin)
        flag.touch()
        os.kill(first, signal.SIGKILL)
        given_up = await told(running, {"process.given_up"})
        assert (given_up["what"], given_up["how"]) == ("worker", "out of luck")
        assert await get(place.port, "crm.example") == b"crm"  # the other serves
        broken = await reloaded(running, place.file, place.text())
        assert broken["text"] == "a worker could not start: out of luck"
        assert await get(place.port, "crm.example") == b"crm"
        await asyncio.to_thread(flag.unlink)
        assert (await reloaded(running, place.file, place.text()))["event"] == "config.reloaded"
        await whole(place.admin, 2, without=second)
        flag.touch()
        for pid in await workers(place.admin):
            os.kill(pid, signal.SIGKILL)
        _, errors = await running.process.communicate()
        assert running.process.returncode == 3
        assert b"cannot go on: no worker can be started" in errors


async def test_after_a_fault_of_its_own_it_is_started_anew(place: Place) -> None:
    fault = "import gateway.service.supervisor as s\ns.Supervisor._look = lambda self: 1 / 0"
    async with place.crm.upstream:
        await asyncio.to_thread(place.file.write_text, place.text())
        process = await started(*script(fault), "serve", "-c", str(place.file))
        _, errors = await process.communicate()  # its workers end in order
    assert process.returncode == 3  # with 1 systemd would leave it at that
    assert b"ZeroDivisionError" in errors


async def test_a_start_that_fails_is_told(place: Place, tmp_path: Path) -> None:
    (tmp_path / "flag").touch()
    async with place.crm.upstream:
        await asyncio.to_thread(place.file.write_text, place.text())
        process = await started(*script(FAILS.format(flag=str(tmp_path / "flag"))), "serve", "-c", str(place.file))
        _, errors = await process.communicate()
    assert process.returncode == 3  # after which systemd tries again
    assert b"cors-gateway cannot start: a worker could not start: out of luck" in errors


SAYS_NOTHING_SENSIBLE = """
import gateway.service.crew as crew, gateway.service.link as link
hear, say = crew.Child.hear, link.say
def hear_and_say(self, word, octets):
    hear(self, word, octets)
    if word is link.Word.READY:
        self.link.say(99)
def say_more(writer, word, octets=b""):
    say(writer, word, octets)
    if word is link.Word.READY:
        say(writer, 99)
crew.Child.hear, link.say = hear_and_say, say_more
"""


async def test_what_means_nothing_is_told_and_ends_nobody(place: Place) -> None:
    async with place.crm.upstream:
        await asyncio.to_thread(place.file.write_text, place.text())
        running = Running(await started(*script(SAYS_NOTHING_SENSIBLE), "serve", "-c", str(place.file)))
        said = [(await told(running, {"internal.error", "process.ended"}))["error"] for _ in range(6)]
        assert sorted(each.split(" said UNKNOWN")[0] for each in said) == [
            *("the admin process", *3 * ("the supervisor",), *2 * ("the worker process",)),
        ]
        assert await get(place.port, "crm.example") == b"crm"
        found = await status(place.admin)
        assert (len(found["workers"]), found["replaced"]) == (2, 0)
        running.process.terminate()
        await running.process.communicate()


TELLS_WRONGLY = """
from pathlib import Path
import gateway.service.worker as worker
former = worker.encode
def encode(snapshot):
    if Path({flag!r}).exists():
        raise RuntimeError("cannot tell")
    return former(snapshot)
worker.encode = encode
"""


async def test_one_that_cannot_tell_how_it_is_is_replaced_and_that_is_told(place: Place, tmp_path: Path) -> None:
    flag = tmp_path / "flag"
    async with place.crm.upstream, changed(place, TELLS_WRONGLY.format(flag=str(flag))) as running:
        before = await workers(place.admin)
        flag.touch()
        ended = await told(running, {"process.ended", "process.stuck"})
        assert (ended["event"], ended.get("how"), ended["pid"] in before) == ("process.ended", "cannot tell", True)
        await asyncio.to_thread(flag.unlink)
        assert await get(place.port, "crm.example") == b"crm"


def script(changes: str) -> tuple[str, ...]:
    """Return how the gateway is run, with some of its code changed first."""
    return (sys.executable, "-c", f"{changes}\nfrom gateway.cli import main\nmain()")


@asynccontextmanager
async def changed(place: Place, changes: str) -> AsyncGenerator[Running]:
    """Serve with some of the code changed."""
    await asyncio.to_thread(place.file.write_text, place.text())
    process = await started(*script(changes), "serve", "-c", str(place.file))
    async with ready(Running(process)) as running:
        yield running
        if process.returncode is None:
            process.terminate()
            await process.wait()


# Reloads.


async def test_everything_may_change_and_nothing_does_by_a_mistake(place: Place) -> None:
    other = free_port()
    async with place.serving() as running:
        text = place.text(workers=3)
        assert (await reloaded(running, place.file, text))["changes"] == "workers changed"
        assert len(await workers(place.admin)) == 3
        more = place.text(f"address: 127.0.0.1:{other}", workers=1)
        event = await reloaded(running, place.file, more)
        assert event["changes"] == f"listener 127.0.0.1:{other} added; workers changed"
        assert await get(other, "crm.example") == b"crm"
        assert len(await workers(place.admin)) == 1
        broken = await reloaded(running, place.file, more.replace("origins", "orgins"))
        assert "did you mean origins?" in broken["text"]
        assert "did you mean origins?" in (await status(place.admin))["broken"]
        assert await get(other, "crm.example") == b"crm"
        taken = place.text(f"address: 127.0.0.1:{place.crm.upstream.port}").replace(
            f":{place.crm.upstream.port}\n    p", ":9\n    p"
        )
        assert "the port is in use" in (await reloaded(running, place.file, taken))["text"]
        assert (await reloaded(running, place.file, place.text()))["event"] == "config.reloaded"
        with pytest.raises(ConnectionRefusedError):
            await get(other, "crm.example")
        found = await status(place.admin)
        assert (found["broken"], found["reloads"], found["failed_reloads"]) == ("", 3, 2)


NO_ROOM = """
import errno, os, gateway.service.seats as seats
from pathlib import Path
seats.PAUSES = (0.0, 0.1, 0.1)
former = os.fork
def fork():
    flag = Path({flag!r})
    if flag.exists():
        left = int(flag.read_text())
        if not left:
            raise OSError(errno.EAGAIN, "no room")
        flag.write_text(str(left - 1))
    return former()
os.fork = fork
"""
"""Once there is a file, there is room for so many processes as stand in it."""


async def test_without_room_for_a_process_a_reload_changes_nothing_or_all(place: Place, tmp_path: Path) -> None:
    other, moved, flag = free_port(), free_port(), tmp_path / "flag"
    async with place.crm.upstream, changed(place, NO_ROOM.format(flag=str(flag))) as running:
        folder = Path(f"/proc/{running.process.pid}/fd")
        there, before = children(running), await asyncio.to_thread(os.listdir, folder)
        more = place.text(f"address: 127.0.0.1:{other}").replace(f":{place.admin}", f":{moved}")
        await asyncio.to_thread(flag.write_text, "1")  # the second worker cannot be had
        broken = await reloaded(running, place.file, more)
        assert broken["text"] == "a worker could not start: no further process can be had: no room"
        assert children(running) == there
        assert len(await asyncio.to_thread(os.listdir, folder)) == len(before)
        assert await get(place.port, "crm.example") == b"crm"
        with pytest.raises(ConnectionRefusedError):
            await get(other, "crm.example")
        await asyncio.to_thread(flag.write_text, "2")  # the new workers can, and the admin process cannot
        assert (await reloaded(running, place.file, more))["event"] == "config.reloaded"
        for port in (place.port, other):
            assert await get(port, "crm.example") == b"crm"
        await asyncio.to_thread(flag.unlink)
        async with asyncio.timeout(PATIENCE_SECONDS):
            while len(await asyncio.to_thread(children, running)) < 3:
                pass
        for pid in await workers(moved):
            os.kill(pid, signal.SIGKILL)
            await whole(moved, 2, without=pid)
        for port in (place.port, other):
            assert await get(port, "crm.example") == b"crm"


WAITS = """
import asyncio, gateway.service.worker as worker
from pathlib import Path
former = worker.Process.start
async def start(self, prepared):
    while Path({flag!r}).exists() and any(port == {port} for _, port, _ in prepared.listeners):
        await asyncio.sleep(0.01)
    await former(self, prepared)
worker.Process.start = start
"""
"""Workers with a listener at this port do not start as long as there is a file."""


async def test_while_a_reload_waits_each_generation_has_its_own_addresses_only(place: Place, tmp_path: Path) -> None:
    place.crm.held.clear()
    new, newer, flag = free_port(), free_port(), tmp_path / "flag"
    async with place.crm.upstream, changed(place, WAITS.format(flag=str(flag), port=new)) as running:
        there = children(running)
        await asyncio.to_thread(flag.touch)
        await asyncio.to_thread(place.file.write_text, place.text().replace(f":{place.port}", f":{new}"))
        running.process.send_signal(signal.SIGHUP)
        async with asyncio.timeout(PATIENCE_SECONDS):
            while len(await asyncio.to_thread(children, running)) < len(there) + 2:
                pass
        for pid in await workers(place.admin):  # those that take their places are forked beside new addresses
            os.kill(pid, signal.SIGKILL)
            await whole(place.admin, 2, without=pid)
        assert await get(place.port, "crm.example") == b"crm"
        slow = [asyncio.create_task(get(place.port, "crm.example", "/slow")) for _ in range(4)]
        while place.crm.slow < 4:  # noqa: ASYNC110 - the state of a peer has no event
            await asyncio.sleep(0)
        await asyncio.to_thread(flag.unlink)
        await told(running, {"config.reloaded"})
        assert await get(new, "crm.example") == b"crm"
        with pytest.raises(ConnectionRefusedError):
            await get(place.port, "crm.example")
        await reloaded(running, place.file, place.text().replace(f":{place.port}", f":{newer}"))
        with pytest.raises(ConnectionRefusedError):
            await get(new, "crm.example")
        place.crm.held.set()
        assert await asyncio.gather(*slow) == [b"crm"] * 4


async def test_a_request_under_way_ends_by_the_configuration_it_began_with(place: Place) -> None:
    place.crm.held.clear()
    async with place.serving() as running:
        slow = asyncio.create_task(get(place.port, "crm.example", "/slow"))
        while not place.crm.slow:  # noqa: ASYNC110 - the state of a peer has no event
            await asyncio.sleep(0)
        await reloaded(running, place.file, place.text().replace("[crm.example]", "[other.example]"))
        assert await get(place.port, "crm.example") == b"421"
        assert [each["draining"] for each in (await status(place.admin))["workers"]].count(True) == 1
        assert b"cors_gateway_workers 2.0" in (await tell(place.admin, "/metrics")).body
        assert ", 2 workers and 1 that drain, since" in (await command("status", "-c", str(place.file)))[1]
        place.crm.held.set()
        assert await slow == b"crm"


async def test_whoever_is_connected_is_told_to_come_again(place: Place) -> None:
    async with place.serving() as running, connected(place.port) as client:
        assert await asked(client, "crm.example") == b"crm"
        await reloaded(running, place.file, place.text())
        await client.send(f"GET / HTTP/1.1\r\nHost: crm.example\r\nOrigin: {ADDIN}\r\n\r\n".encode())
        response = await client.response()
        assert (response.body, response.values(b"connection")) == (b"crm", [b"close"])


async def test_the_reload_command_is_answered_though_the_admin_address_moves(place: Place) -> None:
    async with place.serving():
        moved = free_port()
        text = place.text().replace(f":{place.admin}", f":{moved}")
        await asyncio.to_thread(place.file.write_text, text)
        assert await command("reload", "--admin", f"127.0.0.1:{place.admin}") == (0, "admin changed\n", "")
        with pytest.raises(ConnectionRefusedError):
            await status(place.admin)
        assert len(await workers(moved)) == 2


async def test_counts_of_sites_that_stay_go_on_and_those_of_others_are_forgotten(place: Place) -> None:
    async with place.serving() as running:
        other = place.text().replace("[crm.example]", "[other.example]")
        both = place.text() + other.partition("sites:\n")[2]
        await reloaded(running, place.file, both)
        for name in ("crm.example", "other.example"):
            assert await get(place.port, name) == b"crm"
        both_counted = await whole_counts(place.admin, {"crm.example", "other.example"})
        assert both_counted == {"crm.example": 1.0, "other.example": 1.0}
        await reloaded(running, place.file, place.text())
        assert await get(place.port, "crm.example") == b"crm"
        assert await whole_counts(place.admin, {"crm.example"}) == {"crm.example": 2.0}
        await reloaded(running, place.file, both)
        assert await whole_counts(place.admin, {"crm.example"}) == {"crm.example": 2.0}


async def whole_counts(admin: int, names: set[str]) -> dict[str, float]:
    """Return how often each site's requests were counted, once former workers have ended and these are all sites."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while True:
            lines = (await tell(admin, "/metrics")).body.decode().splitlines()
            counts = [line.partition("{")[2] for line in lines if line.startswith("cors_gateway_requests_total{")]
            found = {each.partition('site="')[2].partition('"')[0]: float(each.split()[-1]) for each in counts}
            drain = [each for each in (await status(admin))["workers"] if each["draining"]]
            if not drain and found.keys() == names:
                return found


SAYS_WHEN_IT_TELLS = """
import os, time, gateway.service.worker as worker
from gateway.service.events import EVENTS
former = worker.link.say
def say(writer, word, octets=b""):
    former(writer, word, octets)
    EVENTS.info("child.said", pid=os.getpid(), at=time.monotonic())
worker.link.say = say
"""


async def test_a_supervisor_that_hung_and_was_killed_cuts_nobody(place: Place) -> None:
    place.crm.held.clear()
    async with place.crm.upstream, changed(place, SAYS_WHEN_IT_TELLS) as running:
        there = set(await workers(place.admin))  # the supervisor has answered: it writes no line any more
        slow = asyncio.create_task(get(place.port, "crm.example", "/slow"))
        while not place.crm.slow:  # noqa: ASYNC110 - the state of a peer has no event
            await asyncio.sleep(0)
        pid = running.process.pid
        os.kill(pid, signal.SIGSTOP)
        await asyncio.to_thread(os.waitid, os.P_PID, pid, os.WSTOPPED | os.WNOWAIT)
        stopped = time.monotonic()
        while there:  # until all have told what is not read any more
            said = await told(running, {"child.said"})
            if said["at"] > stopped:
                there.discard(said["pid"])
        os.kill(pid, signal.SIGKILL)
        place.crm.held.set()
        assert await slow == b"crm"
        _, errors = await running.process.communicate()
        assert errors == b""


async def test_all_workers_that_hang_at_once_are_replaced(place: Place) -> None:
    changes = "import gateway.service.crew as crew; crew.STUCK_SECONDS, crew.TRACE_SECONDS = 1.5, 0.1"
    async with place.crm.upstream, changed(place, changes) as running:
        for pid in await workers(place.admin):
            os.kill(pid, signal.SIGSTOP)
        for _ in range(2):
            assert (await told(running, {"process.ended"}))["how"] == "killed by SIGKILL"
        assert await get(place.port, "crm.example") == b"crm"


async def test_a_signal_without_a_name_ends_nobody_else(place: Place) -> None:
    async with place.serving() as running:
        first, _ = await workers(place.admin)
        os.kill(first, 40)
        assert (await told(running, {"process.ended"}))["how"] == "killed by signal 40"
        await whole(place.admin, 2, without=first)


async def test_without_standard_error_it_serves(place: Place) -> None:
    async with place.crm.upstream:
        await asyncio.to_thread(place.file.write_text, place.text())
        shell = 'exec "$0" -m gateway serve -c "$1" 2>&-'
        running = Running(await started("/bin/sh", "-c", shell, sys.executable, str(place.file)))
        await running.event("gateway.ready")
        assert await get(place.port, "crm.example") == b"crm"
        running.process.terminate()
        await running.process.communicate()
        assert running.process.returncode == 0


# Certificates.


async def test_a_worker_that_is_replaced_shows_what_the_others_show(place: Place, tmp_path: Path) -> None:
    first, second, folder = trustme.CA(), trustme.CA(), tmp_path / "tls" / "crm"
    put(first, folder)
    listener = f"{{address: '127.0.0.1:{free_port()}', certificates: {tmp_path / 'tls'}}}"
    port = int(listener.partition("127.0.0.1:")[2].partition("'")[0])
    async with place.crm.upstream:
        await asyncio.to_thread(place.file.write_text, place.text(listener))
        async with serving("-c", str(place.file)) as running:
            assert await get(port, "crm.example", tls=trusting(first)) == b"crm"
            put(second, folder)
            await told(running, {"certificate.renewed"})
            (folder / "privkey.pem").write_text("no key")  # from now on nothing can be had from the files
            for pid in await workers(place.admin):
                os.kill(pid, signal.SIGKILL)
                await whole(place.admin, 2, without=pid)
            for _ in range(6):
                assert await get(port, "crm.example", tls=trusting(second)) == b"crm"


# The end.


async def test_sigterm_finishes_what_is_under_way(place: Place) -> None:
    place.crm.held.clear()
    async with place.serving() as running, connected(place.port) as idle:
        assert await get(place.port, "crm.example", "/") == b"crm"
        slow = [asyncio.create_task(get(place.port, "crm.example", "/slow")) for _ in range(4)]
        while place.crm.slow < 4:  # noqa: ASYNC110 - the state of a peer has no event
            await asyncio.sleep(0)
        running.process.terminate()
        await told(running, {"gateway.draining"})
        assert (await tell(place.admin, "/readyz")).status == 503
        assert await asked(idle, "crm.example") == b"crm"
        with pytest.raises(ConnectionRefusedError):
            await get(place.port, "crm.example")
        place.crm.held.set()
        assert await asyncio.gather(*slow) == [b"crm"] * 4
        await told(running, {"gateway.stopped"})
        await running.process.communicate()
        assert running.process.returncode == 0


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_the_second_signal_cuts(place: Place, number: signal.Signals) -> None:
    place.crm.held.clear()
    async with place.serving() as running, connected(place.port) as client:
        await client.send(b"GET /slow HTTP/1.1\r\nHost: crm.example\r\n\r\n")
        while not place.crm.slow:  # noqa: ASYNC110 - the state of a peer has no event
            await asyncio.sleep(0)
        pids = children(running)
        for _ in range(2):
            # Ctrl-C reaches all processes of a terminal: that they hear of it must not cut what is under way.
            for pid in pids if number is signal.SIGINT else ():
                with suppress(ProcessLookupError):
                    os.kill(pid, number)
            running.process.send_signal(number)
            await told(running, {"gateway.draining", "gateway.stopped"})
        await running.process.communicate()
        assert running.process.returncode == 0
        assert await client.some() == b""


async def test_load_balancers_hear_first_that_it_goes(place: Place) -> None:
    async with place.serving(extra="drain_delay: 1h\n") as running:
        running.process.terminate()
        await told(running, {"gateway.leaving"})
        assert (await tell(place.admin, "/readyz")).status == 503
        assert await get(place.port, "crm.example") == b"crm"
        running.process.terminate()
        await running.process.communicate()
        assert running.process.returncode == 0


async def test_without_its_supervisor_nothing_stays(place: Place) -> None:
    place.crm.held.clear()
    async with place.serving() as running:
        slow = asyncio.create_task(get(place.port, "crm.example", "/slow"))
        while not place.crm.slow:  # noqa: ASYNC110 - the state of a peer has no event
            await asyncio.sleep(0)
        running.process.kill()
        async with asyncio.timeout(PATIENCE_SECONDS):
            while True:
                try:
                    await get(place.port, "crm.example")
                except ConnectionError:
                    break
        place.crm.held.set()
        assert await slow == b"crm"
        async with asyncio.timeout(PATIENCE_SECONDS):
            await running.process.communicate()  # its children had its output; it ends when all of them have


async def test_the_log_has_whole_lines(place: Place) -> None:
    long = "/" + "x" * 2000
    async with place.serving() as running:
        await asyncio.gather(*(get(place.port, "crm.example", long) for _ in range(200)))
        running.process.terminate()
        out, _ = await running.process.communicate()
    lines = [json.loads(line) for line in out.splitlines()]
    assert sum(line["event"] == "request.done" for line in lines) == 200
