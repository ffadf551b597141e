"""The conformance table: what a raw client sends, what a raw upstream answers, and what each of them then sees.

One module a class of cases (`table.py` lists them), each case a value that cites its clause or its public report
(`case.py`), one runner for all of them (`run.py`). `python -m tests.relay.wire` counts them.
"""
