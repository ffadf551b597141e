"""The classes of cases, by name."""

from collections.abc import Mapping
from typing import Final

from tests.relay.wire import abuse, bodies, field_syntax, hosts, request_framing, request_line, responses, rules
from tests.relay.wire.case import Case

CLASSES: Final[Mapping[str, tuple[Case, ...]]] = {
    "methods": request_line.METHODS,
    "versions": request_line.VERSIONS,
    "request-lines": request_line.LINES,
    "targets": request_line.TARGETS,
    "field-syntax": field_syntax.CASES,
    "hosts": hosts.CASES,
    "request-length-and-coding": request_framing.LENGTH_AND_CODING,
    "request-chunks": request_framing.CHUNKS,
    "short-uploads": request_framing.SHORT_UPLOADS,
    "head-limits": bodies.HEAD_LIMITS,
    "body-limits": bodies.BODY_LIMITS,
    "expect": bodies.EXPECT,
    "early-answers": bodies.EARLY,
    "content-codings": bodies.CODINGS,
    "upgrades": bodies.UPGRADES,
    "pipelines": abuse.PIPELINES,
    "hop-by-hop": abuse.HOP_BY_HOP,
    "forwarding": abuse.FORWARDING,
    "origins": rules.ORIGINS,
    "preflights": rules.PREFLIGHTS,
    "paths": rules.PATHS,
    "cors-fields-of-the-upstream": rules.FIELDS_OF_THE_UPSTREAM,
    "response-heads": responses.HEADS,
    "response-splitting": responses.SPLITTING,
    "response-length-and-coding": responses.FRAMING,
    "response-chunks": responses.CHUNKS,
    "response-lengths": responses.LENGTHS,
    "interim-responses": responses.INTERIM,
    "unasked-responses": responses.UNASKED,
}
