"""`check`: what it prints, for people and for programs, and how it exits."""

import json
from pathlib import Path

import pytest

from tests.cli.run import run
from tests.config.build import SITE
from tests.config.test_certificates import certificate, put

WARNED = SITE.replace("https://addin.vendor.example", "'http://localhost'")
WRONG = SITE.replace("https://addin.vendor.example", "https://addin.vendor.example/")


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return Path("c.yaml")


def test_a_configuration_that_can_be_used(file: Path) -> None:
    file.write_text(SITE)
    assert run("check", "c.yaml") == (
        0,
        (
            "c.yaml can be used.\n"
            "listens on 127.0.0.1:9900, http\n"
            "believes 127.0.0.0/8, ::1/128 about the client's address\n"
            "crm.customer.example leads to http://10.1.0.5:8080, for pages of https://addin.vendor.example\n"
        ),
        "",
    )


def test_where_it_listens_and_whom_it_trusts(file: Path) -> None:
    file.write_text(
        "listeners:\n- {address: '[::]:443', certificates: /tls}\n- {address: '[::]:80', redirect_to_https: true}\n"
        + SITE.replace("[https://addin.vendor.example]", "[]").replace("http://10.1.0.5:8080", "'http://[::1]:81/x'")
    )
    assert run("check", "--no-files", "c.yaml") == (
        0,
        (
            "c.yaml can be used.\n"
            "listens on [::]:443, https\n"
            "listens on [::]:80, http, to lead to https\n"
            "believes no proxy about the client's address\n"
            "crm.customer.example leads to http://[::1]:81/x, for pages of no origin\n"
            "warning origins-none: c.yaml:9:14: sites[0].origins: no add-in can use this site\n"
        ),
        "",
    )


def with_certificate(folder: Path) -> str:
    """Return a configuration with a certificate in `folder/tls`, whose chain lacks one."""
    above = certificate("R11", issuer="Root X1", alternatives=[]), certificate("Root X2", alternatives=[])
    chain = [certificate(issuer="R11"), *above]
    put(folder / "tls" / "crm", *chain)
    return f"listeners: [{{address: '127.0.0.1:443', certificates: {folder / 'tls'}}}]\n{SITE}"


def test_the_chain_as_clients_see_it(file: Path, tmp_path: Path) -> None:
    file.write_text(with_certificate(tmp_path))
    code, out, _ = run("check", "c.yaml")
    chain = tmp_path / "tls" / "crm" / "fullchain.pem"
    assert code == 0
    assert out.splitlines()[1:6] == [
        "listens on 127.0.0.1:443, https",
        f"  shows {chain}",
        "    crm.example, by R11, until 2026-07-31",
        "    R11, by Root X1, until 2026-07-31",
        "    Root X2, by ca, until 2026-07-31",
    ]
    assert f"{chain} lacks the certificate of Root X1, by whom that of R11 was made, right behind it" in out
    assert "shows" not in run("check", "--no-files", "c.yaml")[1]


def test_the_chain_for_programs(file: Path, tmp_path: Path) -> None:
    file.write_text(with_certificate(tmp_path))
    (listener,) = json.loads(run("check", "--output", "json", "c.yaml")[1])["listeners"]
    ends = "2026-07-31T00:00:00+00:00"
    sent = [
        {"subject": "crm.example", "issuer": "R11", "ends": ends},
        {"subject": "R11", "issuer": "Root X1", "ends": ends},
        {"subject": "Root X2", "issuer": "ca", "ends": ends},
    ]
    chain = str(tmp_path / "tls" / "crm" / "fullchain.pem")
    assert listener["certificates"] == [{"chain": chain, "sent": sent}]
    (listener,) = json.loads(run("check", "--output", "json", "--no-files", "c.yaml")[1])["listeners"]
    assert listener["certificates"] == []


def test_a_warning(file: Path) -> None:
    file.write_text(WARNED)
    code, out, _ = run("check", "c.yaml")
    assert code == 0
    assert out.splitlines()[-1] == (
        "warning origin-localhost: c.yaml:6:15: sites[0].origins[0]: http://localhost is any "
        "program on the user's machine"
    )


def test_a_mistake(file: Path) -> None:
    file.write_text(WRONG)
    assert run("check", "c.yaml") == (
        1,
        (
            "c.yaml cannot be used:\n"
            "c.yaml:6:15: sites[0].origins[0]: 'https://addin.vendor.example/' is not an origin: "
            "write https://addin.vendor.example\n"
        ),
        "",
    )


def test_without_a_path_it_is_etc(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("gateway.cli.check.DEFAULT_CONFIG", tmp_path / "cors-gateway")
    code, out, _ = run("check")
    assert (code, out.splitlines()[1]) == (1, f"{tmp_path}/cors-gateway: does not exist")


def test_the_environment_is_used(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file.write_text("drain: ${DRAIN}\n" + SITE)
    monkeypatch.setenv("DRAIN", "7s")
    assert run("check", "c.yaml")[0] == 0


def test_the_configuration_in_effect(file: Path) -> None:
    file.write_text(WARNED)
    code, out, err = run("check", "--print", "c.yaml")
    assert code == 0
    assert err.splitlines()[0] == "c.yaml can be used."
    assert "warning origin-localhost" in err
    assert out.startswith("listeners:\n  - address: 127.0.0.1:9900")
    file.write_text(out)
    assert run("check", "c.yaml")[0] == 0


def test_a_mistake_for_programs(file: Path) -> None:
    file.write_text(WRONG)
    code, out, err = run("check", "--output", "json", "c.yaml")
    assert (code, err) == (1, "")
    assert json.loads(out) == {
        "usable": False,
        "mistakes": [
            {
                "file": "c.yaml",
                "line": 6,
                "column": 15,
                "path": "sites[0].origins[0]",
                "text": "'https://addin.vendor.example/' is not an origin: write https://addin.vendor.example",
            }
        ],
        "warnings": [],
    }


def test_the_result_for_programs(file: Path) -> None:
    file.write_text("listeners: [{address: '[::1]:80'}]\ntrusted_proxies: [10.0.0.5]\n" + WARNED)
    code, out, err = run("check", "--output", "json", "c.yaml")
    assert (code, err) == (0, "")
    assert json.loads(out) == {
        "usable": True,
        "mistakes": [],
        "warnings": [
            {
                "file": "c.yaml",
                "line": 8,
                "column": 15,
                "path": "sites[0].origins[0]",
                "text": "http://localhost is any program on the user's machine",
                "id": "origin-localhost",
            }
        ],
        "files": ["c.yaml"],
        "listeners": [{"host": "::1", "port": 80, "tls": False, "certificates": []}],
        "trusted_proxies": ["10.0.0.5/32"],
        "sites": [
            {
                "names": ["crm.customer.example"],
                "upstreams": ["http://10.1.0.5:8080"],
                "origins": ["http://localhost"],
            }
        ],
    }


def test_the_configuration_in_effect_for_programs(file: Path) -> None:
    file.write_text(SITE)
    result = json.loads(run("check", "--output", "json", "--print", "c.yaml")[1])
    assert result["configuration"]["drain"] == {"value": "30s", "source": "default"}
    assert result["configuration"]["sites"][0]["names"]["value"] == ["crm.customer.example"]


@pytest.mark.parametrize("arguments", [("--nonsense",), ("--output", "xml"), ("--print=x",)])
def test_a_wrong_command_line(arguments: tuple[str, ...]) -> None:
    assert run("check", *arguments)[0] == 2
