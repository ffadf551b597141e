"""Differential fuzz of whole exchanges: two other parsers read in what the relay writes exactly what it meant.

The relay's classes run unchanged between transports in memory, on a loop that runs when it is told to. A case is what
clients and upstreams send, in which pieces, and in which order that, the clock and all ends happen; each side is plain,
or TLS as asyncio or uvloop has it. Afterwards aiohttp's C parser and h11 read what was written on each connection: each
request and each response has to be whole, in order and its own, or cut off where the other side was. Behind a 101,
which has to be the right one, each side has what the other said.

`python -m tests.relay.fuzz --executions N --seed S` runs it and tells its figures; `--case S:I` replays one case.
"""
