"""From files, and from options, to a configuration; broken files, and the exact text that each gives."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from gateway.cli.remarks import told_mistakes
from gateway.config.expand import Expander
from gateway.config.load import admin_address, load, without_file
from gateway.config.model import Address, ConfigError, Listener
from gateway.config.node import Table
from gateway.config.notes import Notes
from gateway.config.sources import read_file
from gateway.config.stamps import Sources, stamp_of
from gateway.cors.origin import Origin
from gateway.policy.model import EVERYTHING, Rule, UpstreamUrl
from tests.config.build import SITE, mistakes

BROKEN = Path(__file__).parent / "broken"
ENVIRON = {"HOST": "crm.lan", "NAME": "CRM.example", "ORIGIN": "http://secret.example"}


@pytest.mark.parametrize("text", sorted(BROKEN.glob("*.txt")), ids=lambda path: path.stem)
def test_a_broken_file_gives_this_text(text: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(BROKEN)
    folder = Path(text.stem)
    with pytest.raises(ConfigError) as caught:
        load([folder if folder.is_dir() else folder.with_suffix(".yaml")], ENVIRON, files=False)
    assert told_mistakes(caught.value.mistakes) + "\n" == text.read_text("utf-8")


def test_every_broken_file_has_its_text() -> None:
    assert {path.stem for path in BROKEN.iterdir() if path.suffix != ".txt"} == {
        path.stem for path in BROKEN.glob("*.txt")
    }


def test_files_and_values_from_files(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("http://10.1.0.5:8080\n")
    (tmp_path / "b.yaml").write_text(SITE.replace("http://10.1.0.5:8080", f"'${{file:{secret}}}'"))
    (tmp_path / "a.yaml").write_text("drain: ${DRAIN}\n")
    found = load([tmp_path], {"DRAIN": "7s"})
    assert found.files == (tmp_path / "a.yaml", tmp_path / "b.yaml", secret)
    assert found.sources == Sources((tmp_path,), {file: stamp_of(file) for file in found.files})
    assert found.config.drain_seconds == 7
    assert found.config.sites[0].upstream.urls == (UpstreamUrl("http", "10.1.0.5", 8080),)
    assert found.warnings == ()
    assert found.settings.sites[0].names == ("crm.customer.example",)


def test_warnings_are_in_order(tmp_path: Path) -> None:
    (tmp_path / "b.yaml").write_text("trusted_proxies: [10.0.0.0/8]\n")
    (tmp_path / "a.yaml").write_text(
        SITE.replace("[https://addin.vendor.example]", "['http://localhost', {origin: https://a.example, max_age: 3h}]")
    )
    found = load([tmp_path], {})
    assert [(warning.file, warning.id) for warning in found.warnings] == [
        (f"{tmp_path}/a.yaml", "origin-localhost"),
        (f"{tmp_path}/a.yaml", "max-age-long"),
        (f"{tmp_path}/b.yaml", "trusted-proxies-wide"),
    ]


def test_what_could_be_missing_because_a_file_could_not_be_read(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("drain: x\n")
    (tmp_path / "b.yaml").write_text("sites: [")
    with pytest.raises(ConfigError) as caught:
        load([tmp_path], {})
    files = [tmp_path / "a.yaml", tmp_path / "b.yaml"]
    assert [mistake.file for mistake in caught.value.mistakes] == [str(file) for file in files]
    assert caught.value.sources == Sources((tmp_path,), {file: stamp_of(file) for file in files})


def test_certificates_are_looked_at(tmp_path: Path) -> None:
    text = f"listeners: [{{address: '127.0.0.1:443', certificates: {tmp_path}/tls}}]\n{SITE}"
    says = "c.yaml:1:54: listeners[0].certificates: tls does not exist"
    assert mistakes(tmp_path, text, files=True) == [says]
    assert mistakes(tmp_path, text, files=False) == []


def test_nothing_to_read(tmp_path: Path) -> None:
    for paths in ([tmp_path / "x"], [tmp_path]):
        with pytest.raises(ConfigError) as caught:
            load(paths, {})
        assert caught.value.sources.paths == tuple(paths)


def test_the_stamp_of_a_file_is_from_before_it_was_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "c.yaml"
    file.write_text(SITE)
    before = stamp_of(file)

    def slowly(path: Path, notes: Notes, expander: Expander) -> Table:
        table = read_file(path, notes, expander)
        path.write_text("sites: [")
        return table

    monkeypatch.setattr("gateway.config.load.read_file", slowly)
    assert load([file], {}).sources.stamps == {file: before} != {file: stamp_of(file)}


@pytest.mark.parametrize("text", ["sites: ", "sites: {}", "sites: x", "sites: []"])
def test_sites_that_are_none(tmp_path: Path, text: str) -> None:
    assert len(mistakes(tmp_path, text)) == 1


def options(**changes: object) -> dict[str, object]:
    return {
        "upstream": "http://127.0.0.1:8080",
        "allow_origins": ["https://addin.example"],
        "names": ["crm.example"],
        "listen": None,
        **changes,
    }


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("admin: {address: '127.0.0.1:9901'}\n", Address("127.0.0.1", 9901), id="named"),
        pytest.param(
            "admin: {address: '[::1]:9901', addres: x}\nsites: [{nonsense: 1}]\n",
            Address("::1", 9901),
            id="in-a-broken-file",
        ),
        pytest.param("admin: {address: 9901}\n", None, id="no-address"),
        pytest.param("admin: {}\n", None, id="none-in-it"),
        pytest.param("sites: []\n", None, id="not-named"),
        pytest.param("{", None, id="no-yaml"),
    ],
)
def test_the_admin_address_is_read_whatever_else_is_wrong(tmp_path: Path, text: str, expected: Address | None) -> None:
    (tmp_path / "a.yaml").write_text("workers: 1\n")
    (tmp_path / "b.yaml").write_text(text)
    assert admin_address([tmp_path], {}) == expected


def test_without_a_file() -> None:
    found = without_file(
        upstream="http://127.0.0.1:8080",
        allow_origins=["https://addin.example"],
        names=["crm.example"],
        listen="127.0.0.1:8000",
    )
    (site,) = found.config.sites
    assert found.config.policy.sites == {b"crm.example": site}
    assert found.config.policy.any_host is None
    assert found.config.listeners == (Listener("127.0.0.1", 8000),)
    assert found.config.trusted_proxies == ()
    assert site.upstream.urls == (UpstreamUrl("http", "127.0.0.1", 8080),)
    assert site.paths == EVERYTHING
    ((origin, rule),) = site.rules.entries
    assert origin == Origin("https", "addin.example")
    assert rule == Rule(
        origin, frozenset({b"GET", b"HEAD", b"POST"}), frozenset({b"authorization", b"content-type"}), place=rule.place
    )
    assert (found.warnings, found.files, found.sources) == ((), (), Sources())


def test_without_a_file_and_a_name() -> None:
    found = without_file(upstream="https://crm.lan", allow_origins=["http://localhost:3000"], names=[], listen=None)
    assert found.config.policy.sites == {}
    assert found.config.sites == (found.config.policy.any_host,)
    assert found.config.sites[0].name == "*"
    assert [listener.port for listener in found.config.listeners] == [9900]
    assert len(found.config.trusted_proxies) == 2
    assert [str(warning) for warning in found.warnings] == [
        "--allow-origin: http://localhost:3000 is any program on the user's machine"
    ]


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"upstream": "crm"}, ["--upstream: 'crm' is not the URL of an upstream: write http://crm"]),
        (
            {"allow_origins": ["https://a/", "*"]},
            [
                "--allow-origin: 'https://a/' is not an origin: write https://a",
                (
                    "--allow-origin: '*' is not an origin: name each origin: `*` is never sent, and "
                    "https://*.example.com stands for one label only"
                ),
            ],
        ),
        ({"names": ["CRM.example"]}, ["--name: 'CRM.example' is not a host name: write crm.example"]),
        (
            {"listen": "localhost"},
            ["--listen: 'localhost' is not an IP address and a port: write it as in 127.0.0.1:9900"],
        ),
        (
            {"names": [], "listen": "0.0.0.0:80"},
            ["--listen: '0.0.0.0:80' is open to others, and without --name any Host is accepted: add --name HOST"],
        ),
        (
            {"names": [], "listen": "x", "upstream": "y"},
            [
                "--listen: 'x' is not an IP address and a port: write it as in 127.0.0.1:9900",
                "--upstream: 'y' is not the URL of an upstream: write http://y",
            ],
        ),
    ],
)
def test_options_that_cannot_be_used(changes: Mapping[str, object], expected: list[str]) -> None:
    with pytest.raises(ConfigError) as caught:
        without_file(**options(**changes))  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    assert [str(mistake) for mistake in caught.value.mistakes] == expected
