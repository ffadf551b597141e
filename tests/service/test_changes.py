"""What a reload changes, as it is told."""

from dataclasses import replace
from ipaddress import ip_network

import pytest

from gateway.config.model import CertificatePair, Config, Listener
from gateway.cors.origin import OriginTable
from gateway.policy.model import Policy, SiteLimits
from gateway.service.changes import changes
from tests.relay.policies import HOST, RULE, SITE

PAIR = CertificatePair("/tls/a/fullchain.pem", "/tls/a/privkey.pem")
BEFORE = Config(Policy({HOST: SITE}))
OTHER = replace(SITE, names=("other.example",))


@pytest.mark.parametrize(
    ("after", "told"),
    [
        pytest.param(BEFORE, (), id="nothing"),
        pytest.param(
            Config(
                Policy(
                    {
                        HOST: replace(
                            SITE,
                            place="sites[0], test.yaml:9",
                            rules=OriginTable([(RULE.origin, replace(RULE, place="elsewhere"))]),
                        )
                    }
                )
            ),
            (),
            id="a-line-above",
        ),
        pytest.param(
            replace(BEFORE, policy=Policy({HOST: replace(SITE, limits=SiteLimits(streams=1))})),
            ("site crm.customer.example changed",),
            id="a-limit",
        ),
        pytest.param(
            replace(BEFORE, policy=Policy({HOST: replace(SITE, rules=OriginTable([]))})),
            ("site crm.customer.example changed",),
            id="a-rule",
        ),
        pytest.param(
            replace(BEFORE, policy=Policy({b"other.example": OTHER})),
            ("site crm.customer.example removed", "site other.example added"),
            id="another-site",
        ),
        pytest.param(
            replace(BEFORE, listeners=(Listener("0.0.0.0", 80),)),  # noqa: S104 - nobody listens there
            ("listener 127.0.0.1:9900 removed", "listener 0.0.0.0:80 added"),
            id="another-listener",
        ),
        pytest.param(
            replace(BEFORE, listeners=(Listener("127.0.0.1", 9900, (PAIR,), "/tls"),)),
            ("listener 127.0.0.1:9900 changed",),
            id="tls",
        ),
        pytest.param(
            replace(BEFORE, listeners=(Listener("127.0.0.1", 9900, health="/up"),), drain_seconds=1),
            ("listener 127.0.0.1:9900 changed", "drain_seconds changed"),
            id="listener-and-drain",
        ),
        pytest.param(
            replace(BEFORE, trusted_proxies=(ip_network("10.0.0.5"),)), ("trusted_proxies changed",), id="trust"
        ),
    ],
)
def test_changes(after: Config, told: tuple[str, ...]) -> None:
    assert changes(BEFORE, after) == told


def test_what_is_found_in_a_folder_is_no_change_of_the_configuration() -> None:
    other = replace(PAIR, chain="/tls/b/fullchain.pem")
    configs = [replace(BEFORE, listeners=(Listener("::", 443, (pair,), "/tls"),)) for pair in (PAIR, other)]
    assert changes(*configs) == ()
    configs = [replace(BEFORE, listeners=(Listener("::", 443, (pair,)),)) for pair in (PAIR, other)]
    assert changes(*configs) == ("listener [::]:443 changed",)
