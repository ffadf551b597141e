"""What it does for years, in half an hour or a few seconds: reloads, renewals, deaths and restarts under steady load.

`python -m tests.soak` (`make soak`) runs all of it long and prints figures; the tests here run each scenario short. A
scenario is a function of a module of its own, the same for both. Beside them: `asking` has what the load asks and what
makes an answer right, `driver` and `upstream` are the load and the CRM, each a process of its own, `load`, `gateway`
and `place` start them and listen to them, `proc` reads /proc, `watch` keeps what it reads over time.
"""
