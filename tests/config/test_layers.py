"""What goes before what: the site, `defaults`, the preset."""

from typing import Any

import pytest

from gateway.config.keys import RuleSettings, SiteSettings, TimeoutSettings
from gateway.config.layers import effective
from gateway.config.node import Scalar, Table
from gateway.config.notes import Notes
from gateway.config.settings import Key, Settings
from tests.config.build import node_of, table_of


def site_of(text: str, defaults: str | None = None) -> SiteSettings:
    """Return a site in which nothing is wrong."""
    node = effective(table_of(text), table_of(defaults) if defaults else None)
    assert isinstance(node, Table)
    notes = Notes()
    settings = SiteSettings(node, notes)
    assert [str(mistake) for mistake in notes.mistakes] == []
    return settings


OWN = "names: [a], upstream: 'http://a', paths: [/a/], origins: ['https://a']"


def source(settings: Settings, key: Key[Any]) -> str:
    return str(settings.node_of(key).place)


def test_a_site_by_itself() -> None:
    site = site_of(f"{{{OWN}}}")
    assert site.upstream.timeouts.connect == 5
    assert source(site.upstream.timeouts, TimeoutSettings.connect) == "default"
    assert site.origins[0].headers == (b"authorization", b"content-type")


def test_a_site_over_defaults_over_a_preset() -> None:
    site = site_of(
        "{names: [a], upstream: 'http://a', paths: preset, limits: {streams: 1}}",
        "{preset: vtenext, upstream: {timeouts: {idle: 7s, connect: 8s}}, limits: {streams: 2, in_flight: 3}, "
        "origins: [https://a, {origin: https://b, headers: [x-b]}]}",
    )
    assert [url.host for url in site.upstream.urls] == ["a"]
    timeouts = site.upstream.timeouts
    assert (timeouts.response_head, timeouts.idle, timeouts.connect, timeouts.keep_alive) == (600, 7, 8, 4)
    assert source(timeouts, TimeoutSettings.response_head) == "preset vtenext"
    assert source(timeouts, TimeoutSettings.idle) == "c.yaml:1"
    assert source(site, SiteSettings.paths) == "preset vtenext"
    assert (site.limits.streams, site.limits.in_flight) == (1, 3)
    assert site.paths == (b"/restapi/", b"/webservice.php")
    first, second = site.origins
    assert (first.headers, first.credentials) == (None, True)
    assert (second.headers, second.credentials) == ((b"x-b",), True)
    assert source(first, RuleSettings.headers) == "preset vtenext"
    assert source(second, RuleSettings.headers) == "c.yaml:1"
    assert second.node_of(RuleSettings.credentials).path == "origins[1].credentials"


def test_lists_are_taken_as_a_whole() -> None:
    site = site_of(f"{{{OWN}}}", "{origins: ['https://b', 'https://c'], paths: everything}")
    assert [rule.origin.host for rule in site.origins] == ["a"]
    assert site.paths == (b"/a/",)


def test_paths_come_from_a_preset_only_where_that_is_said() -> None:
    assert site_of(f"{{{OWN}, preset: vtenext}}").paths == (b"/a/",)
    assert site_of("{names: [a], upstream: 'http://a', paths: preset, origins: []}").paths is None
    node = effective(table_of("{preset: vtenext}"), None)
    assert isinstance(node, Table)
    assert node.get("paths") is None
    assert node.get("origins") is None


def test_names_are_a_sites_own() -> None:
    node = effective(table_of("{}"), table_of("{names: [a], limits: {}}"))
    assert isinstance(node, Table)
    assert list(node.entries) == ["limits"]


@pytest.mark.parametrize("text", ["just text", "[a]"])
def test_what_is_no_site_stays(text: str) -> None:
    node, _ = node_of(text)
    assert node is not None
    assert effective(node, None) is node


def test_what_is_no_preset_and_no_rule_stays() -> None:
    node = effective(table_of("{preset: vtenxt, origins: [[a]]}"), None)
    assert node == table_of("{preset: vtenxt, origins: [[a]]}")
    node = effective(table_of("{preset: [vtenext], upstream: [a]}"), None)
    assert node == table_of("{preset: [vtenext], upstream: [a]}")
    node = effective(table_of("{preset: vtenext, origins: [[a], b]}"), None)
    assert isinstance(node, Table)
    origins = node.get("origins")
    assert origins is not None
    node = effective(table_of("{preset: vtenext, origins: a, paths: [preset]}"), node_of("just text")[0])
    assert isinstance(node, Table)
    assert isinstance(node.get("origins"), Scalar)
