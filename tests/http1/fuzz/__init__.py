"""Differential fuzz: aiohttp's C parser and h11 read what `gateway.http1` takes as it does, and as nothing else.

Request smuggling is two servers that read the same octets differently. Two parsers that share nothing with ours
are given generated and damaged messages: where ours takes one, both have to take it as the same message, which ends at
the same octet; and what the gateway writes has to be, for both, exactly the one message it meant.

`python -m tests.http1.fuzz --executions N --seed S` runs it and tells its figures. What may differ, and why, is in
`exceptions.py`; messages worth keeping are in `corpus/`.
"""
