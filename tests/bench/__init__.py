"""The gateway beside the engines that people would take instead, in one run on one machine: `make bench`.

`systems` are measured under `workloads`, each configured by a file of its own in `configurations/`. `check` first asks
each system what it does right. `measure` starts one, loads it with wrk, and reads what it cost from /proc. `bounds`
holds what is promised; `report` and `chart` write docs/benchmarks.md.
"""
