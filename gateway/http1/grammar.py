"""Building blocks of the grammar as regular expressions over octets (RFC 9110, 5.6.2 and 5.5; RFC 9112, 5).

A repetition of octets is possessive (`++`, `*+`): what it took it never gives back, so that no input makes a match
slower than linear. A repeated group is not: before Python 3.11.5 a possessive one goes on behind the part of it that
matched (https://github.com/python/cpython/issues/106052). Each group begins with octets that nothing behind it begins
with, so that going back finds nothing to try.
"""

import re
from typing import Final

TOKEN: Final = rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]++"
"""token (RFC 9110, 5.6.2)."""

VALUE: Final = rb"[\t -~\x80-\xff]*+"
"""OWS field-value OWS: visible octets, obs-text, space and tab; no other control octet (RFC 9110, 5.5)."""

FIELD_LINE: Final = TOKEN + rb":" + VALUE
"""field-line: no white space before the colon, no obs-fold (RFC 9112, 5.1 and 5.2)."""

FIELD_LINES: Final = rb"(?:" + FIELD_LINE + rb"\r\n)*"
"""A whole section of field lines, each with its CRLF, in one match."""

find_names: Final = re.compile(rb"\n(" + TOKEN + rb"):" + VALUE + rb"\r(?=\n)").findall
"""Return the names of field lines: of each whose line begins behind an LF, obeys the grammar, and ends with CRLF.

Where there are as many as there are LF with a line behind them, all lines do. Validity and names come of one search.
"""

TOKEN_OCTETS: Final = frozenset(b"!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz")
"""The octets a token is made of."""

is_token: Final = re.compile(TOKEN).fullmatch
"""Match a whole token, or nothing."""

is_field_line: Final = re.compile(FIELD_LINE).fullmatch
"""Match one whole field line without its CRLF, or nothing."""
