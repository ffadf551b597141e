"""The gateway under load, as users run it: its own process, with clients and an upstream in others, all on loopback.

`python -m tests.load` (`make load`) measures: one line a figure, with its bound. The tests here hold what does not
depend on how fast a machine is: that memory is bounded, and that every answer comes and is right. Modules: `place` has
the processes, `clients` a blocking raw client, `memory` reads /proc; `crowd`, `bodies`, `distinct` and `held` have one
kind of load each.
"""
