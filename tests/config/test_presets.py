"""Presets: what each brings, read as a site."""

import pytest

from gateway.config.presets import PRESETS
from gateway.policy.model import CookieHandling
from tests.config.test_layers import site_of


@pytest.mark.parametrize("name", PRESETS)
def test_a_preset_makes_a_site_that_can_be_used(name: str) -> None:
    site = site_of(f"{{names: [a], upstream: 'http://a', preset: {name}, paths: preset, origins: ['https://b']}}")
    assert site.paths
    assert len(site.origins) == 1


def test_vtenext() -> None:
    site = site_of("{names: [a], upstream: 'http://a', preset: vtenext, paths: preset, origins: ['https://b']}")
    (rule,) = site.origins
    assert site.paths == (b"/restapi/", b"/webservice.php")
    assert (site.upstream.timeouts.response_head, site.upstream.timeouts.idle) == (600, 600)
    assert site.limits.request_body == 64 * 1024 * 1024
    assert rule.methods == (b"GET", b"POST")
    assert rule.headers is None
    assert rule.expose == (b"content-disposition", b"content-range", b"etag", b"touch-session-id")
    assert (rule.credentials, rule.cookies) == (True, CookieHandling.DROP)
    assert rule.max_age == 600
