"""The scanners that the relay uses: those of `http1.compiled` where they were built, else their twins.

This is the one place where that is chosen. `CORS_GATEWAY_NO_EXTENSIONS=1` keeps to Python.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Final

from gateway.extensions import NOT_BUILT, SWITCHED_OFF, WANTED
from gateway.http1 import framing, head, outgoing, target

if TYPE_CHECKING:
    from types import ModuleType

_compiled: "ModuleType | None" = None
why = SWITCHED_OFF
"""Why these ones, where they are not those one would want."""
if WANTED:
    try:
        _compiled = import_module("gateway.http1.compiled")
        why = ""
    except ImportError:
        why = NOT_BUILT

SCANNERS: Final = "python" if _compiled is None else "compiled"
"""Which ones these are."""

parse_request_head = head.parse_request_head if _compiled is None else _compiled.parse_request_head
parse_response_head = head.parse_response_head if _compiled is None else _compiled.parse_response_head
begin_request = head.begin_request if _compiled is None else _compiled.begin_request
begin_response = head.begin_response if _compiled is None else _compiled.begin_response
request_octets = outgoing.request_octets if _compiled is None else _compiled.request_octets
response_octets = outgoing.response_octets if _compiled is None else _compiled.response_octets
path_of = target.path_of if _compiled is None else _compiled.path_of
scan_chunks = framing.scan_chunks if _compiled is None else _compiled.scan_chunks


def body_reader(of: framing.Framing, *, extensions: bool) -> framing.BodyReader:
    """Return the reader for one body, as `gateway.http1.framing.body_reader` does."""
    return framing.body_reader(of, extensions=extensions, scan=scan_chunks)
