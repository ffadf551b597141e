"""What can still be read of a request head that was refused (promise 3 in docs/design.md)."""

import re
from dataclasses import dataclass
from typing import Final

from gateway.http1.buffer import HEAD_END
from gateway.http1.errors import MalformedError
from gateway.http1.grammar import VALUE, is_token
from gateway.http1.target import lower_host

_WHOLE_LINE: Final = {
    name: re.compile(rb"\r\n" + name + rb":(" + VALUE + rb")(?=\r\n(?![ \t]))", re.IGNORECASE)
    for name in (b"host", b"origin")
}
_CLAIMED_LINE: Final = {
    name: re.compile(rb"[\r\n][ \t]*+" + name + rb"(?![0-9A-Za-z_-])", re.IGNORECASE) for name in (b"host", b"origin")
}


@dataclass(frozen=True, slots=True)
class Salvaged:
    """What can still be read of a request head that was refused."""

    method: bytes | None
    host: bytes | None
    """As in a RequestHead, when exactly one whole line has it."""
    origin: bytes | None
    """The Origin value when exactly one whole line has it."""


def salvage(octets: bytes) -> Salvaged:
    """Read Host and a single Origin from a refused or unfinished head, only from whole, well-formed lines.

    Never raises. So that a page of an allowed origin can read even a 431 or a 408.
    """
    head, empty_line, _ = octets.removeprefix(b"\r\n").partition(HEAD_END)
    head += empty_line
    start_line, line_end, _ = head.partition(b"\r\n")
    method = start_line.partition(b" ")[0]
    return Salvaged(
        method=method if line_end and is_token(method) else None,
        host=_host(_single_value(head, b"host")),
        origin=_single_value(head, b"origin"),
    )


def _host(value: bytes | None) -> bytes | None:
    try:
        return None if value is None else lower_host(value)
    except MalformedError:
        return None


def _single_value(head: bytes, name: bytes) -> bytes | None:
    """Return the value of `name` if exactly one line has it, and that line is whole and well-formed.

    Behind a bare CR or LF, after white space, or with white space before the colon a name counts as another one.
    """
    match = _WHOLE_LINE[name].search(head)
    if match is None or len(_CLAIMED_LINE[name].findall(head)) != 1:
        return None
    value: bytes = match[1]
    return value.strip(b" \t")
