"""The configuration in effect: written so that it would mean the same, each value with its source."""

from pathlib import Path

import pytest

from gateway.config.effective import Branch, Leaf, effective, effective_json, effective_text
from gateway.config.load import load
from tests.config.build import SITE, loaded
from tests.config.test_compile import EVERY
from tests.docs.markdown import ROOT

THIRTY = (ROOT / "config" / "thirty-crms.yaml").read_text("utf-8")
ODD = SITE.replace("everything", "['/a', '/it''s/', '/a,b/']").replace(
    "crm.customer.example", "'[::1]', 10.0.0.9, 'no'"
)


def printed(folder: Path, text: str, environ: dict[str, str] | None = None) -> str:
    """Return the effective configuration, paths beginning behind the folder."""
    found = loaded(folder, text, environ)
    return effective_text(effective(found.settings, found.config)).replace(f"{folder}/", "")


@pytest.mark.parametrize(
    "text",
    [
        SITE,
        EVERY,
        THIRTY,
        ODD,
        SITE.replace("everything", "preset\n    preset: vtenext"),
        f"trusted_proxies: [10.0.0.5]\n{SITE}",
    ],
    ids=["smallest", "every-key", "thirty", "odd", "preset", "trust"],
)
def test_what_is_printed_means_the_same(tmp_path: Path, text: str) -> None:
    first = loaded(tmp_path, text)
    (tmp_path / "again").mkdir()
    again = loaded(tmp_path / "again", printed(tmp_path, text))
    for one, other in zip(first.config.sites, again.config.sites, strict=True):
        assert one.names == other.names
        assert (one.upstream, one.paths, one.rewrite, one.limits) == (
            other.upstream,
            other.paths,
            other.rewrite,
            other.limits,
        )
        assert len(one.rules.entries) == len(other.rules.entries)
        for (origin, rule), (_, same) in zip(one.rules.entries, other.rules.entries, strict=True):
            assert rule.compiled == same.compiled
            assert rule.paths == same.paths
            assert origin == same.origin
    assert first.config.listeners == again.config.listeners
    assert first.config.trusted_proxies == again.config.trusted_proxies
    assert (first.config.admin, first.config.workers, first.config.log) == (
        again.config.admin,
        again.config.workers,
        again.config.log,
    )


def test_each_value_has_its_source(tmp_path: Path) -> None:
    text = printed(
        tmp_path,
        """
        defaults: {preset: vtenext, limits: {streams: 7}}
        sites:
          - names: [crm.example]
            upstream: http://10.1.0.5
            paths: preset
            origins: [https://addin.example]
        """,
    )
    lines = [line.strip() for line in text.splitlines()]
    squeezed = [" ".join(line.split()) for line in lines]
    for expected in (
        "- address: 127.0.0.1:9900 # default",
        "trusted_proxies: [127.0.0.0/8, '::1/128'] # default, and this machine by default",
        "- names: [crm.example] # c.yaml:4",
        "urls: [http://10.1.0.5] # c.yaml:5",
        "response_head: 600s # preset vtenext",
        "streams: 7 # defaults, c.yaml:2",
        "preset: vtenext # defaults, c.yaml:2",
        "paths: [/restapi/, /webservice.php] # preset vtenext",
        "headers: any # preset vtenext",
        "max_age: 10m # default",
    ):
        assert expected in squeezed
    assert not any(line.startswith("defaults:") for line in lines)


def test_secrets_stay_references(tmp_path: Path) -> None:
    environ = {"UPSTREAM": "http://10.1.0.5", "ORIGIN": "https://hidden.example", "WORKERS": "1"}
    text = "workers: ${WORKERS}\n" + SITE.replace("http://10.1.0.5:8080", "${UPSTREAM}").replace(
        "https://addin.vendor.example", "'${ORIGIN}'"
    )
    result = printed(tmp_path, text, environ)
    assert "urls: ['${UPSTREAM}']" in result
    assert "origin: '${ORIGIN}'" in result
    assert "workers: '${WORKERS}'" in result
    assert not any(value in result for value in environ.values() if len(value) > 1)


def test_comments_are_lined_up_within_reason() -> None:
    branch = Branch({"a": Leaf("1", "1", "default"), "b": Branch({}), "c": Leaf("x" * 99, "x" * 99, "here")})
    assert effective_text(branch) == f"a: 1{' ' * 60}  # default\nb: {{}}\nc: {'x' * 99}  # here\n"
    assert effective_text(Branch({"a": Leaf("1", "1", "x"), "b": (Branch({"c": Leaf("2", "2", "y")}),)})) == (
        "a: 1      # x\nb:\n  - c: 2  # y\n"
    )


def test_the_same_for_programs(tmp_path: Path) -> None:
    found = loaded(tmp_path, SITE)
    result = effective_json(effective(found.settings, found.config))
    assert result["drain"] == {"value": "30s", "source": "default"}
    sites = result["sites"]
    assert isinstance(sites, list)
    assert sites[0]["names"] == {"value": ("crm.customer.example",), "source": f"{tmp_path}/c.yaml:3"}
    assert sites[0]["origins"][0]["origin"]["value"] == "https://addin.vendor.example"
    assert sites[0]["upstream"]["timeouts"]["connect"] == {"value": "5s", "source": "default"}


def test_certificates_in_a_list(tmp_path: Path) -> None:
    text = f"listeners: [{{address: '127.0.0.1:443', certificates: [{{chain: /c, key: /k}}]}}]\n{SITE}"
    lines = [" ".join(line.split()) for line in printed(tmp_path, text).splitlines()]
    assert lines[1:4] == ["- address: 127.0.0.1:443 # c.yaml:1", "certificates:", "- chain: /c # c.yaml:1"]
    assert load([tmp_path / "c.yaml"], {}, files=False).config.listeners[0].certificates
