"""SIGTERM with a slow answer under way, and idle clients connected."""

import time
from contextlib import ExitStack

from tests.load.clients import NAME, PREFLIGHT, Client
from tests.real.processes import ENDED_WITHIN_SECONDS
from tests.soak.asking import Answer, slow, wrong
from tests.soak.place import listener, place, site
from tests.soak.told import Told


def stop(*, answer_seconds: float, idle: int, workers: int, rate: float, pause: int) -> Told:
    """Stop it so, under a load that is let go with its last connection."""
    told = Told(f"SIGTERM with a {answer_seconds:g} s answer under way and {idle} idle clients, {workers} workers")
    with place() as made, ExitStack() as stack:
        port = made.ports.take()
        gateway = made.gateway(made.text([listener(port)], [site(made.crm().port)], workers=workers))
        idlers = [stack.enter_context(made.client(port)) for _ in range(idle)]
        for client in idlers:
            assert client.ask(PREFLIGHT).status == 204
        with made.load(port, rate) as load:
            load.more(pause)
            load.no_more_connections()
            asked, client = slow(0, NAME.encode(), answer_seconds), stack.enter_context(made.client(port))
            client.sock.settimeout(answer_seconds + ENDED_WITHIN_SECONDS)
            client.send(asked.octets)
            began = time.monotonic()
            load.more(pause)  # by now it is under way
            gateway.process.terminate()
            while b"\r\nConnection: close\r\n" not in (late := idlers[0].ask(PREFLIGHT)).head:
                assert late.status == 204, late  # the signal is not seen yet
            assert late.status == 204, late
            load.until(lambda met: met["kept"] == 0, "the last connection's end")
            ends = sum(_is_let_go(each) for each in idlers)
            answer = client.answer()
            client.close()
            answered = time.monotonic()
            status = gateway.process.wait(ENDED_WITHIN_SECONDS)
            ended = time.monotonic()
        told.load(load)
        lines = tuple(answer.head[:-4].split(b"\r\n")[1:])
        error = wrong(asked, Answer(answer.status, lines, answer.body))
        told.faults += [f"wrong: the slow answer: {error}"] if error else []
        told.faults += [f"exit status {status}"] if status else []
        told.figure("idle clients that were let go in order", ends, "")
        told.faults += [f"{idle - ends} idle clients got octets they had not asked for"] if ends < idle else []
        told.figure("the slow answer took", answered - began, "s")
        told.figure("exit behind the end of the slow answer", ended - answered, "s", 1)
    return told


def _is_let_go(client: Client) -> bool:
    """Return whether the connection ends in order, with not an octet more; leave then, as a browser does."""
    rest = client.rest()
    client.close()
    return not rest
