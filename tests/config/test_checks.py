"""What is wrong or unwise about the whole: listeners, trust, sites that overlap, circles."""

from pathlib import Path

import pytest

from gateway.config import checks
from tests.config.build import SITE, mistakes, warnings


def whole(more: str, site: str = SITE) -> str:
    """Return a configuration; `more` stands first."""
    return f"{more}\n{site}"


def upstream(url: str, more: str = "", name: str = "crm.customer.example") -> str:
    return whole(more, SITE.replace("http://10.1.0.5:8080", f"'{url}'").replace("crm.customer.example", name))


TLS = "certificates: [{chain: /c.pem, key: /k.pem}]"


@pytest.mark.parametrize(
    "text",
    [
        SITE,
        whole("listeners: [{address: '127.0.0.1:80'}, {address: '[::1]:80'}, {address: '127.0.0.1:81'}]"),
        whole(f"listeners: [{{address: '0.0.0.0:443', {TLS}}}, {{address: '0.0.0.0:80', redirect_to_https: true}}]"),
        whole("trusted_proxies: [10.0.0.5, 10.0.0.64/28, '2001:db8::1', 127.0.0.0/8, '::1/128', '2001:db8::/96']"),
        whole("workers: auto"),
        whole("workers: 4"),
        upstream("http://127.0.0.1:9901"),
        upstream("http://localhost:9901", "listeners: [{address: '127.0.0.1:9900'}]"),
        upstream("http://10.0.0.5:9900"),
        upstream("http://crm.lan:9900"),
        upstream("http://127.0.0.1:8000", name="127.0.0.1"),
    ],
)
def test_nothing_to_say(tmp_path: Path, text: str) -> None:
    assert mistakes(tmp_path, text) == []
    assert warnings(tmp_path, text) == {}


CIRCLES = "requests would go round in circles: write the CRM's own address"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param(
            whole("listeners: []"),
            ["c.yaml:1:12: listeners: is empty: leave the key out to listen on 127.0.0.1:9900, or write an address"],
            id="no-listeners",
        ),
        pytest.param(
            whole(f"listeners: [{{address: '127.0.0.1:443', redirect_to_https: true, {TLS}}}]"),
            [
                (
                    "c.yaml:1:59: listeners[0].redirect_to_https: is for plain HTTP, and this listener has "
                    "certificates: take one out"
                )
            ],
            id="redirect-from-https",
        ),
        pytest.param(
            whole("listeners: [{address: '127.0.0.1:80', proxy_protocol: true}]"),
            ["c.yaml:1:55: listeners[0].proxy_protocol: needs the proxy's address in trusted_proxies: write it there"],
            id="proxy-protocol-from-nobody",
        ),
        pytest.param(
            whole("listeners: [{address: '127.0.0.1:80'}, {address: '127.0.0.1:80'}]"),
            [
                (
                    "c.yaml:1:50: listeners[1].address: '127.0.0.1:80' is taken by listeners[0].address in c.yaml:1: "
                    "write another port"
                )
            ],
            id="an-address-twice",
        ),
        pytest.param(
            whole("listeners: [{address: '127.0.0.1:80'}]\nadmin: {address: '0.0.0.0:80'}"),
            [
                (
                    "c.yaml:2:18: admin.address: '0.0.0.0:80' is taken by listeners[0].address in c.yaml:1: write "
                    "another port"
                )
            ],
            id="every-address",
        ),
        pytest.param(
            whole("listeners: [{address: '[::]:80'}, {address: '10.0.0.1:80'}]"),
            [
                (
                    "c.yaml:1:45: listeners[1].address: '10.0.0.1:80' is taken by listeners[0].address in c.yaml:1: "
                    "write another port"
                )
            ],
            id="every-address-of-both-kinds",
        ),
        pytest.param(
            upstream("http://127.0.0.1:9900"),
            [
                (
                    "c.yaml:5:15: sites[0].upstream: 'http://127.0.0.1:9900' is the gateway itself, "
                    f"listeners[0].address: {CIRCLES}"
                )
            ],
            id="a-circle",
        ),
        pytest.param(
            upstream("http://localhost:9900"),
            [
                (
                    "c.yaml:5:15: sites[0].upstream: 'http://localhost:9900' is the gateway itself, "
                    f"listeners[0].address: {CIRCLES}"
                )
            ],
            id="a-circle-by-name",
        ),
        pytest.param(
            upstream("http://[::1]:443", f"listeners: [{{address: '[::]:443', {TLS}}}]"),
            [
                (
                    "c.yaml:5:15: sites[0].upstream: 'http://[::1]:443' is the gateway itself, listeners[0].address: "
                    f"{CIRCLES}"
                )
            ],
            id="a-circle-through-every-address",
        ),
        pytest.param(
            upstream("http://0.0.0.0:443", f"listeners: [{{address: '0.0.0.0:443', {TLS}}}]"),
            [
                (
                    "c.yaml:5:15: sites[0].upstream: 'http://0.0.0.0:443' is the gateway itself, "
                    f"listeners[0].address: {CIRCLES}"
                )
            ],
            id="a-circle-to-no-address",
        ),
        pytest.param(
            upstream("http://127.0.0.1:9901", "admin: {address: 127.0.0.1:9901}"),
            [
                (
                    "c.yaml:5:15: sites[0].upstream: 'http://127.0.0.1:9901' is the gateway itself, admin.address: "
                    f"{CIRCLES}"
                )
            ],
            id="the-admin-address",
        ),
        pytest.param(
            "sites: [{names: [a.lan, b.lan], upstream: 'http://c.lan', paths: everything, origins: "
            "['https://a.example']},\n  {names: [c, b.lan], upstream: 'http://d.lan', paths: everything, origins: "
            "['https://a.example']}]",
            [
                (
                    "c.yaml:2:15: sites[1].names[1]: 'b.lan' leads to another site already, sites[0].names[1] in "
                    "c.yaml:1: take one out"
                )
            ],
            id="a-name-twice",
        ),
        pytest.param(
            whole("trusted_proxies: [0.0.0.0/0, 10.0.0.5/24]"),
            [
                (
                    "c.yaml:1:19: trusted_proxies[0]: '0.0.0.0/0' is a part of the internet: anyone could forge "
                    "addresses: write the proxy's own, as in 10.0.0.5"
                ),
                (
                    "c.yaml:1:30: trusted_proxies[1]: '10.0.0.5/24' is no network: write 10.0.0.5 for the proxy "
                    "itself, 10.0.0.0/24 for the network it is in"
                ),
            ],
            id="trust-in-everybody",
        ),
    ],
)
def test_what_is_wrong(tmp_path: Path, text: str, expected: list[str]) -> None:
    assert mistakes(tmp_path, text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param(
            whole("listeners: [{address: '0.0.0.0:80'}]"),
            {
                "listener-plain": "c.yaml:1:23: listeners[0].address: plain HTTP, that others can listen to: write "
                "certificates beside it, or 127.0.0.1 if the proxy is on this machine"
            },
            id="plain",
        ),
        pytest.param(
            whole("listeners: [{address: '127.0.0.1:0'}, {address: '127.0.0.1:0'}]"),
            {"port-any": "c.yaml:1:49: listeners[1].address: port 0 is another one at each start"},
            id="any-port",
        ),
        pytest.param(
            whole("admin: {address: '0.0.0.0:9901'}"),
            {
                "admin-exposed": "c.yaml:1:18: admin.address: whoever reaches it reads names, "
                "origins and figures: write "
                "127.0.0.1",
            },
            id="admin",
        ),
        pytest.param(
            whole("listeners: [{address: '127.0.0.1:80', proxy_protocol: true}]\ntrusted_proxies: [10.0.0.5]"),
            {},
            id="a-proxy-that-announces",
        ),
        pytest.param(
            whole("trusted_proxies: [10.0.0.0/24]"),
            {
                "trusted-proxies-wide": "c.yaml:1:19: trusted_proxies[0]: 256 addresses may say they are any "
                "client: write "
                "the proxy's own"
            },
            id="trust-in-a-lan",
        ),
        pytest.param(
            whole("trusted_proxies: ['fd00::/64']"),
            {
                "trusted-proxies-wide": "c.yaml:1:19: trusted_proxies[0]: 18446744073709551616 addresses may say "
                "they are any "
                "client: write the proxy's own"
            },
            id="trust-in-an-ipv6-lan",
        ),
        pytest.param(
            upstream("https://crm.customer.example"),
            {
                "upstream-is-site": "c.yaml:5:15: sites[0].upstream: crm.customer.example is a "
                "name of a site too: if it "
                "leads here, requests go round in circles: write the CRM's inner address"
            },
            id="the-outer-name",
        ),
    ],
)
def test_what_is_unwise(tmp_path: Path, text: str, expected: dict[str, str]) -> None:
    assert mistakes(tmp_path, text) == []
    assert warnings(tmp_path, text) == expected


def test_what_could_not_be_read_is_left_out(tmp_path: Path) -> None:
    text = whole(
        "listeners: [{address: x}, {address: '127.0.0.1:80', certificates: y}, {address: '127.0.0.1:80'}]\nadmin: "
        "{address: z}\ntrusted_proxies: t\nworkers: w\n",
        "sites: [{names: u, upstream: v, paths: [], origins: w}, {names: [a], upstream: 'http://127.0.0.1:80'}, text]",
    )
    assert [mistake.split(": ")[1] for mistake in mistakes(tmp_path, text)] == [
        "listeners[0].address",
        "listeners[1].certificates",
        "listeners[2].address",
        "admin.address",
        "trusted_proxies",
        "workers",
        "sites[0].names",
        "sites[0].upstream",
        "sites[0].paths",
        "sites[0].origins",
        "sites[1]",
        "sites[1]",
        "sites[1].upstream",
        "sites[2]",
    ]


def test_nothing_is_left_when_sites_and_listeners_are_no_lists(tmp_path: Path) -> None:
    text = "sites: x\nlisteners: y\nadmin: z\nworkers: 1\n"
    assert [mistake.split(": ")[1] for mistake in mistakes(tmp_path, text)] == ["sites", "listeners", "admin"]


@pytest.mark.parametrize(("workers", "expected"), [("auto", {}), ("1", {}), ("2", {"workers-windows"})])
def test_there_is_one_process_on_windows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, workers: str, expected: set[str]
) -> None:
    monkeypatch.setattr(checks, "WINDOWS", True)
    assert warnings(tmp_path, whole(f"workers: {workers}")).keys() == set(expected)
