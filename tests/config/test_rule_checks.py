"""What is wrong or unwise about a rule: at least what jub0bs/cors refuses, and the traps of this job."""

from pathlib import Path

import pytest

from gateway.config.rule_checks import is_this_machine, public_suffixes
from tests.config.build import mistakes, warnings


def rule(text: str, preset: str = "") -> str:
    """Return a configuration with this rule, which stands in line 6, its mapping beginning at column 9."""
    return (
        f"sites:\n- names: [crm.example]\n  upstream: http://10.1.0.5\n  paths: everything{preset}\n  origins:\n      "
        f"- {text}\n"
    )


VTENEXT = "\n  preset: vtenext"


@pytest.mark.parametrize(
    "text",
    [
        "https://addin.example",
        "{origin: https://addin.example:8443, methods: [PUT], headers: [Authorization], expose: [etag], max_age: 2h}",
        "{origin: https://addin.example, credentials: true, cookies: relay, headers: []}",
        "{origin: https://*.addin.example}",
        "{origin: https://addin.example, headers: any}",
        "{origin: https://addin.example, max_age: 0s}",
    ],
)
def test_nothing_to_say(tmp_path: Path, text: str) -> None:
    assert mistakes(tmp_path, rule(text)) == []
    assert warnings(tmp_path, rule(text)) == {}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param(
            "http://addin.example:8080",
            "c.yaml:6:9: sites[0].origins[0]: 'http://addin.example:8080' is an http origin, which is whoever is on "
            "the network between: write https://addin.example:8080, or dangerously_allow_http_origins: true beside it",
            id="http",
        ),
        pytest.param(
            "{origin: http://*.addin.example}",
            "c.yaml:6:18: sites[0].origins[0].origin: 'http://*.addin.example' is an http origin, which is whoever is "
            "on the network between: write https://*.addin.example, or dangerously_allow_http_origins: true beside it",
            id="http-wildcard",
        ),
        pytest.param(
            "http://10.0.0.5",
            "c.yaml:6:9: sites[0].origins[0]: 'http://10.0.0.5' is an http origin, which is whoever is on the network "
            "between: write https://10.0.0.5, or dangerously_allow_http_origins: true beside it",
            id="http-on-the-lan",
        ),
        pytest.param(
            "'null'",
            "c.yaml:6:9: sites[0].origins[0]: 'null' is the origin of any page that wants it: write the add-in's own, "
            "or dangerously_allow_null_origin: true beside it",
            id="null",
        ),
        pytest.param(
            "https://*.azurewebsites.net",
            "c.yaml:6:9: sites[0].origins[0]: 'https://*.azurewebsites.net' is too wide, for anyone can get a name "
            "below azurewebsites.net: write out each origin, or dangerously_allow_public_suffix: true beside it",
            id="public-suffix",
        ),
        pytest.param(
            "https://*.com",
            "c.yaml:6:9: sites[0].origins[0]: 'https://*.com' is too wide, for anyone can get a name below com: write "
            "out each origin, or dangerously_allow_public_suffix: true beside it",
            id="top-level-domain",
        ),
        pytest.param(
            "{origin: https://*.addin.example, headers: any}",
            "c.yaml:6:52: sites[0].origins[0].headers: headers: any is for exact https origins only, and "
            "https://*.addin.example is none: write headers: [authorization, content-type]",
            id="any-for-a-wildcard",
        ),
        pytest.param(
            "{origin: http://addin.example, headers: any, dangerously_allow_http_origins: true}",
            "c.yaml:6:49: sites[0].origins[0].headers: headers: any is for exact https origins only, and "
            "http://addin.example is none: write headers: [authorization, content-type]",
            id="any-for-http",
        ),
        pytest.param(
            "{origin: 'null', headers: any, dangerously_allow_null_origin: true}",
            "c.yaml:6:35: sites[0].origins[0].headers: headers: any is for exact https origins only, and null is "
            "none: write headers: [authorization, content-type]",
            id="any-for-null",
        ),
        pytest.param(
            "{origin: https://addin.example, cookies: relay}",
            "c.yaml:6:50: sites[0].origins[0].cookies: relay needs credentials: true, or no browser sends and keeps "
            "cookies",
            id="cookies-without-credentials",
        ),
        pytest.param(
            "{origin: https://addin.example, max_age: 25h}",
            "c.yaml:6:50: sites[0].origins[0].max_age: '25h' is more than 24h: write 24h or less",
            id="max-age",
        ),
        pytest.param(
            "{origin: https://addin.example, methods: []}",
            "c.yaml:6:50: sites[0].origins[0].methods: is empty: no request could be made: write each method, as in "
            "[GET, POST]",
            id="no-methods",
        ),
        pytest.param(
            "{origin: https://addin.example, paths: []}",
            "c.yaml:6:48: sites[0].origins[0].paths: is empty: nothing could be reached: write each path, as in "
            "[/restapi/]",
            id="no-paths",
        ),
    ],
)
def test_what_is_wrong(tmp_path: Path, text: str, expected: str) -> None:
    assert mistakes(tmp_path, rule(text)) == [expected]


def test_any_that_a_preset_brings(tmp_path: Path) -> None:
    assert mistakes(tmp_path, rule("https://*.addin.example", VTENEXT)) == [
        (
            "c.yaml:7:9: sites[0].origins[0].headers: headers: any, which preset vtenext brings, is for exact https "
            "origins only, and https://*.addin.example is none: write headers: [authorization, content-type]"
        )
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("http://localhost:3000", ["origin-localhost"]),
        ("https://localhost", ["origin-localhost"]),
        ("http://127.0.0.1:8000", ["origin-localhost"]),
        ("http://[::1]:8000", ["origin-localhost"]),
        ("http://app.localhost", ["origin-localhost"]),
        ("{origin: http://localhost, headers: any}", ["origin-localhost"]),
        ("{origin: http://addin.example, dangerously_allow_http_origins: true}", ["origin-http"]),
        ("{origin: 'null', dangerously_allow_null_origin: true}", ["origin-null"]),
        ("{origin: https://*.github.io, dangerously_allow_public_suffix: true}", ["origin-public-suffix"]),
        ("{origin: https://*.addin.example, credentials: true}", ["wildcard-credentials"]),
        ("{origin: https://addin.example, headers: [content-type]}", ["authorization-not-listed"]),
        ("{origin: https://addin.example, headers: []}", ["authorization-not-listed"]),
        ("{origin: https://addin.example, max_age: 3h}", ["max-age-long"]),
        ("{origin: https://addin.example, expose: [etag, Content-Length]}", ["expose-needless"]),
        ("{origin: https://addin.example, expose: [x-request-id]}", ["expose-needless"]),
    ],
)
def test_what_is_unwise(tmp_path: Path, text: str, expected: list[str]) -> None:
    assert mistakes(tmp_path, rule(text)) == []
    assert list(warnings(tmp_path, rule(text))) == expected


def test_the_texts_of_warnings(tmp_path: Path) -> None:
    text = rule("{origin: https://addin.example, expose: [etag, Content-Length], headers: [x-a], max_age: 3h}")
    assert warnings(tmp_path, text) == {
        "expose-needless": (
            "c.yaml:6:56: sites[0].origins[0].expose[1]: a page may always read content-length: take it out"
        ),
        "authorization-not-listed": "c.yaml:6:82: sites[0].origins[0].headers: authorization is "
        "not in it: a page cannot "
        "log in",
        "max-age-long": "c.yaml:6:98: sites[0].origins[0].max_age: Chromium keeps no preflight "
        "for longer than 2h, and a "
        "change of this rule is seen as late by others",
    }


def test_public_suffixes() -> None:
    suffixes = public_suffixes.__wrapped__()
    assert [suffixes.is_public(name) for name in ("co.uk", "github.io", "lan", "vendor.example")] == [True] * 3 + [
        False
    ]


def test_a_wrong_origin_is_told_once(tmp_path: Path) -> None:
    assert len(mistakes(tmp_path, rule("{origin: http//addin.example, headers: any, credentials: true}"))) == 1


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("localhost", True),
        ("a.localhost", True),
        ("127.0.0.53", True),
        ("[::1]", True),
        ("127.example", False),
        ("localhost.example", False),
        ("10.0.0.1", False),
    ],
)
def test_this_machine(host: str, expected: bool) -> None:
    assert is_this_machine(host) is expected
