"""The one site that most tests of the relay use."""

from gateway.cors.origin import OriginTable, parse_origin
from gateway.policy.model import EVERYTHING, Rule, Site, Upstream, UpstreamUrl

ADDIN = b"https://addin.vendor.example"
HOST = b"crm.customer.example"

RULE = Rule(
    origin=parse_origin(ADDIN.decode()),
    methods=frozenset({b"GET", b"HEAD", b"POST", b"PUT"}),
    headers=frozenset({b"authorization", b"content-type"}),
    expose=(b"touch-session-id",),
    credentials=True,
    place="sites[0].origins[0], test.yaml:5",
)

SITE = Site(
    names=(HOST.decode(),),
    upstream=Upstream((UpstreamUrl("http", "127.0.0.1", 1),)),
    paths=EVERYTHING,
    rules=OriginTable([(RULE.origin, RULE)]),
    place="sites[0], test.yaml:2",
)
