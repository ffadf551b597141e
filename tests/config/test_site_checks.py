"""What is wrong or unwise about a site."""

from pathlib import Path

import pytest

from tests.config.build import mistakes, warnings


def site(
    more: str = "",
    *,
    paths: str = "[/restapi/, /webservice.php]",
    origins: str = "https://a.example",
    upstream: str = "http://10.1.0.5",
) -> str:
    """Return a configuration with one site; `more` stands from line 6 on."""
    return (
        f"sites:\n- names: [crm.example, crm2.example]\n  upstream: {upstream}\n  paths: {paths}\n  origins: "
        f"[{origins}]\n  {more}\n"
    )


@pytest.mark.parametrize(
    "text",
    [
        site(),
        site("websocket: [/restapi/push/, /restapi/]"),
        site("form_posts: [/webservice.php]"),
        site("websocket: [/push/]", paths="everything"),
        site("websocket: [/]"),
        site(origins="{origin: https://a.example, paths: [/restapi/v1/, /webservice.php]}"),
        site(origins="https://a.example, https://b.example, https://*.example.org, https://a.example:8443"),
        site(origins="https://crm.example:8443, https://*.crm.example"),
        site("rewrite: {cookies: {secure: true, same_site: None, partitioned: true, domain: ''}}"),
        site("rewrite: {cookies: {same_site: Lax, partitioned: false}}"),
        site(upstream="{urls: ['https://10.1.0.5'], tls: {name: crm.lan}, timeouts: {keep_alive: 4s}}"),
        site(upstream="{urls: ['http://10.1.0.5'], tls: {}}"),
    ],
)
def test_nothing_to_say(tmp_path: Path, text: str) -> None:
    assert mistakes(tmp_path, text) == []
    assert warnings(tmp_path, text) == {}


NEVER = "is outside the site's paths, so it is never reached: add it there, or take it out"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param(
            site(paths="preset"),
            [
                (
                    "c.yaml:4:10: sites[0].paths: 'preset' needs a preset: write preset: vtenext beside it, or a list "
                    "of paths"
                )
            ],
            id="preset",
        ),
        pytest.param(
            site("websocket: [/restapi/push/, /push/, /webservice.php/x]"),
            [
                f"c.yaml:6:31: sites[0].websocket[1]: '/push/' {NEVER}",
                f"c.yaml:6:39: sites[0].websocket[2]: '/webservice.php/x' {NEVER}",
            ],
            id="websocket",
        ),
        pytest.param(
            site("form_posts: [/Webservice.php]"),
            [f"c.yaml:6:16: sites[0].form_posts[0]: '/Webservice.php' {NEVER}"],
            id="form-posts-in-another-case",
        ),
        pytest.param(
            site(origins="{origin: https://a.example, paths: [/rest]}"),
            [f"c.yaml:5:49: sites[0].origins[0].paths[0]: '/rest' {NEVER}"],
            id="a-rule-that-is-never-reached",
        ),
        pytest.param(
            site(origins="https://a.example, {origin: https://a.example, methods: [GET]}"),
            [
                (
                    "c.yaml:5:41: sites[0].origins[1].origin: 'https://a.example' has a rule already, "
                    "sites[0].origins[0] in c.yaml:5: make them one"
                )
            ],
            id="a-second-rule",
        ),
        pytest.param(
            site(upstream="{urls: ['http://10.1.0.5'], tls: {ca: /etc/ca.pem}}"),
            [
                (
                    "c.yaml:3:46: sites[0].upstream.tls: is for https, and the upstream is http: write https:// "
                    "there, or take it out"
                )
            ],
            id="tls-for-http",
        ),
        pytest.param(
            site("rewrite: {cookies: {same_site: None, partitioned: true}}"),
            [
                (
                    "c.yaml:6:34: sites[0].rewrite.cookies.same_site: 'None' needs secure: true, or browsers drop the "
                    "cookie: write secure: true beside it"
                ),
                (
                    "c.yaml:6:53: sites[0].rewrite.cookies.partitioned: 'true' needs secure: true, or browsers drop "
                    "the cookie: write secure: true beside it"
                ),
            ],
            id="cookies-that-are-dropped",
        ),
        pytest.param(
            site("rewrite: {cookies: kep}"),
            [
                (
                    "c.yaml:6:22: sites[0].rewrite.cookies: 'kep' is not keep, or a mapping of attributes: did you "
                    "mean keep?"
                )
            ],
            id="no-cookies",
        ),
    ],
)
def test_what_is_wrong(tmp_path: Path, text: str, expected: list[str]) -> None:
    assert mistakes(tmp_path, text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param(
            site(origins="https://a.example, https://crm2.example"),
            {
                "origin-own-site": "c.yaml:5:32: sites[0].origins[1]: https://crm2.example is the "
                "site itself, whose own "
                "pages need no rule: take it out"
            },
            id="its-own-origin",
        ),
        pytest.param(
            site(origins=""),
            {"origins-none": "c.yaml:5:12: sites[0].origins: no add-in can use this site"},
            id="no-rules",
        ),
        pytest.param(
            site("unlisted_origins: relay"),
            {
                "unlisted-relayed": "c.yaml:6:21: sites[0].unlisted_origins: posts from any page "
                "on the web reach the CRM: "
                "for finding out only"
            },
            id="relay",
        ),
        pytest.param(
            site(upstream="{urls: ['https://10.1.0.5'], tls: {dangerously_skip_verification: true}}"),
            {
                "upstream-unverified": "c.yaml:3:79: "
                "sites[0].upstream.tls.dangerously_skip_verification: whoever is on the "
                "network between can be the CRM and read every password: write tls: {ca: FILE}"
            },
            id="unverified",
        ),
        pytest.param(
            site(upstream="{urls: ['http://10.1.0.5'], timeouts: {keep_alive: 5s}}"),
            {
                "keep-alive-long": "c.yaml:3:64: sites[0].upstream.timeouts.keep_alive: Apache "
                "closes after 5s by default, "
                "and a POST then sent on that connection is lost: write 4s"
            },
            id="keep-alive",
        ),
    ],
)
def test_what_is_unwise(tmp_path: Path, text: str, expected: dict[str, str]) -> None:
    assert mistakes(tmp_path, text) == []
    assert warnings(tmp_path, text) == expected


def test_what_could_not_be_read_is_left_out(tmp_path: Path) -> None:
    text = site(
        "websocket: push",
        origins=(
            "https://a.example/, {origin: https://b.example, paths: x}, {origin: https://a.example}, {origin: nothing}"
        ),
    )
    assert [mistake.split(": ")[1] for mistake in mistakes(tmp_path, text)] == [
        "sites[0].origins[0]",
        "sites[0].origins[1].paths",
        "sites[0].origins[3].origin",
        "sites[0].websocket",
    ]
