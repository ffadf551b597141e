"""The values a configuration comes to."""

import pytest

from gateway.config.model import CertificatePair, Config, ConfigError, ConfigWarning, Listener, Mistake
from gateway.cors.origin import OriginTable
from gateway.policy.model import EVERYTHING, Policy, Site, Upstream


@pytest.mark.parametrize(
    ("mistake", "expected"),
    [
        pytest.param(
            Mistake("c.yaml", 6, 9, "sites[0]", "names is missing"), "c.yaml:6:9: sites[0]: names is missing", id="all"
        ),
        pytest.param(Mistake("c.yaml", 0, 0, "", "is empty"), "c.yaml: is empty", id="the-file"),
        pytest.param(Mistake("--listen", 0, 0, "", "'x' is wrong"), "--listen: 'x' is wrong", id="an-option"),
    ],
)
def test_a_mistake_is_one_line(mistake: Mistake, expected: str) -> None:
    assert str(mistake) == expected


def test_an_error_is_all_its_mistakes() -> None:
    both = (Mistake("a", 0, 0, "", "is empty"), Mistake("b", 0, 0, "", "does not exist"))
    error = ConfigError(both)
    assert error.mistakes == both
    assert str(error) == "a: is empty\nb: does not exist"


def test_a_warning_has_an_id() -> None:
    assert ConfigWarning("c.yaml", 1, 1, "", "text", "port-any").id == "port-any"


def test_each_site_is_told_once() -> None:
    one, other = (Site((name,), Upstream(()), EVERYTHING, OriginTable(())) for name in "ab")
    assert Config(Policy({b"a": one, b"z": one, b"b": other})).sites == (one, other)
    assert Config(Policy({}, any_host=other)).sites == (other,)


@pytest.mark.parametrize(
    ("listener", "url"),
    [
        (Listener("127.0.0.1", 9900), "http://127.0.0.1:9900"),
        (Listener("::", 443, (CertificatePair("chain", "key"),)), "https://[::]:443"),
    ],
)
def test_where_a_listener_is_reached(listener: Listener, url: str) -> None:
    assert listener.url == url
    assert url.endswith(listener.authority)
