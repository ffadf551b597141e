import string
from pathlib import Path

import pytest

from gateway.policy.reason import EXPLANATIONS, PUBLIC_REMEDIES, UNSAID, Reason, remedy_for, shown

GOOD = {
    Reason.ALLOWED,
    Reason.NOT_CORS,
    Reason.SAME_ORIGIN,
    Reason.FORM_POST,
    Reason.PREFLIGHT_ALLOWED,
    Reason.HEALTH,
}
"""Ends that nobody wants changed."""


def test_each_reason_is_explained() -> None:
    assert list(EXPLANATIONS) == list(Reason)


@pytest.mark.parametrize("reason", Reason)
def test_explanations(reason: Reason) -> None:
    explanation = EXPLANATIONS[reason]
    assert reason == reason.name.lower().replace("_", "-")
    assert explanation.status in {None, 200, 204, 308, *range(400, 432), *range(500, 512)}
    assert explanation.sentence[0].isupper()
    assert explanation.sentence.endswith(".")
    assert bool(explanation.remedy) == (reason not in GOOD)
    assert not explanation.remedy.endswith(".")
    fields = {field for _, field, _, _ in string.Formatter().parse(explanation.remedy) if field is not None}
    assert fields <= UNSAID.keys()


STATUSES = {
    None: {
        *["allowed", "not-cors", "same-origin", "form-post", "origin-unlisted", "client-gone", "client-stalled"],
        *["handshake-failed", "handshake-timeout", "proxy-header-malformed", "upstream-unhealthy"],
    },
    200: {"health"},
    204: {"preflight-allowed", "header-not-allowed"},
    308: {"plain-http"},
    400: {"origin-repeated", "path-ambiguous", "request-malformed", "body-malformed"},
    401: {"login-required"},
    403: {"origin-not-allowed", "path-not-allowed"},
    404: {"path-not-served"},
    405: {"method-not-allowed", "method-not-served"},
    408: {"head-timeout", "body-timeout"},
    413: {"body-too-large"},
    414: {"target-too-long"},
    417: {"expectation-failed"},
    421: {"host-unknown"},
    431: {"head-too-large"},
    500: {"internal"},
    502: {
        *[
            "upstream-name-unresolved",
            "upstream-refused",
            "upstream-unreachable",
            "upstream-certificate",
            "upstream-tls",
        ],
        *["upstream-closed", "upstream-malformed", "upstream-cut-off", "upstream-redirect", "upstream-misdirected"],
        "authentication-connection-bound",
    },
    503: {"site-busy", "gateway-busy", "shutdown"},
    504: {"upstream-connect-timeout", "upstream-timeout"},
    505: {"version-not-supported"},
    508: {"loop-detected"},
}


def test_statuses() -> None:
    found: dict[int | None, set[str]] = {}
    for reason, explanation in EXPLANATIONS.items():
        found.setdefault(explanation.status, set()).add(reason)
    assert found == STATUSES


def test_remedy_for() -> None:
    assert remedy_for(Reason.ORIGIN_NOT_ALLOWED) == "add the page's origin to origins of the site in the configuration"
    known = remedy_for(Reason.ORIGIN_NOT_ALLOWED, place="sites[0], a.yaml:2", origin=b"https://b")
    assert known == "add https://b to origins of sites[0], a.yaml:2"
    unknown = remedy_for(Reason.ORIGIN_NOT_ALLOWED, place="sites[0]", origin=None)
    assert unknown == "add the page's origin to origins of sites[0]"
    assert (
        remedy_for(Reason.PATH_NOT_SERVED, path=b"/{place}") == "add /{place} to paths of the site in the configuration"
    )
    assert remedy_for(Reason.ALLOWED) == ""


def test_public_remedies_name_nothing_but_what_everyone_knows() -> None:
    assert {reason: remedy_for(reason) for reason in Reason} == PUBLIC_REMEDIES


def test_what_is_unsaid() -> None:
    assert UNSAID == {
        "place": "the site in the configuration",
        "origin": "the page's origin",
        "method": "the method",
        "header": "the header field",
        "path": "the path",
        "host": "the host name",
    }


@pytest.mark.parametrize(
    ("octets", "text"),
    [
        (b"https://a.example", "https://a.example"),
        (b"a\xffb", "a\\xffb"),
        (b"a\tb\x1b[31m", "a\\tb\\x1b[31m"),
        (b"\\x", "\\x"),
        (b"a" * 200, "a" * 200),
        (b"a" * 201, "a" * 200),
        (b"", ""),
    ],
)
def test_shown(octets: bytes, text: str) -> None:
    assert shown(octets) == text


def page() -> str:
    """Return docs/reasons.md as the explanations have it."""
    rows = [
        f"| `{reason}` | {explanation.status or '-'} | {explanation.sentence} | {PUBLIC_REMEDIES[reason] or '-'} |"
        for reason, explanation in EXPLANATIONS.items()
    ]
    return "\n".join(rows)


def test_the_page_says_the_same() -> None:
    text = Path(__file__).parent.parent.parent.joinpath("docs", "reasons.md").read_text(encoding="utf-8")
    table = "\n".join(line for line in text.splitlines() if line.startswith("| `"))
    assert table == page(), f"docs/reasons.md should have these rows:\n{page()}"
