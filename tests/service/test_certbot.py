"""certbot's deploy hook, run as certbot runs it, beside a gateway that serves."""

import grp
import os
import pwd
import subprocess
from pathlib import Path
from typing import Final

import pytest
import trustme

from tests.docs.markdown import ROOT, block
from tests.service.running import free_port, serving
from tests.service.test_reload import der, put, shown, text_of, told
from tests.system import needs, path_of

HOOK: Final = ROOT / "deploy" / "certbot" / "cors-gateway"
OWNER: Final = pwd.getpwuid(os.geteuid()).pw_name
GROUP: Final = grp.getgrgid(1 if os.geteuid() == 0 else os.getegid()).gr_name
"""Root may give a file to any group, others to their own."""


def hook(folder: Path) -> Path:
    """Return the hook, that copies into `folder/tls` with an owner and a group that are there."""
    text = HOOK.read_text("utf-8")
    for name, usual, here in (
        ("tls", "/etc/cors-gateway/tls", str(folder / "tls")),
        ("owner", "root", OWNER),
        ("group", "cors-gateway", GROUP),
    ):
        assert f"\n{name}={usual}\n" in text
        text = text.replace(f"\n{name}={usual}\n", f"\n{name}={here}\n")
    file = folder / "hook"
    file.write_text(text, "utf-8")
    file.chmod(0o755)
    return file


def run(command: Path, lineage: Path | None, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run the hook as certbot does."""
    renewed = {} if lineage is None else {"RENEWED_LINEAGE": str(lineage)}
    return subprocess.run(
        [command],
        env={"PATH": os.environ["PATH"], **renewed, **environment},
        umask=0o022,
        check=False,
        capture_output=True,
        text=True,
    )


async def test_what_certbot_has_renewed_is_served(tmp_path: Path) -> None:
    port, file, command = free_port(), tmp_path / "c.yaml", hook(tmp_path)
    authority, live = trustme.CA(), tmp_path / "live"
    first = put(authority, live / "crm.example")
    assert run(command, live / "crm.example").returncode == 0  # the first time, by hand
    file.write_text(
        text_of(f"{{address: '127.0.0.1:{port}', certificates: {tmp_path / 'tls'}}}", sites={"crm.example": 9})
    )
    async with serving("-c", str(file)) as running:
        assert await shown(port, authority) == der(first)
        second = put(authority, live / "crm.example")
        assert run(command, live / "crm.example").returncode == 0
        await told(running, {"certificate.renewed"})
        assert await shown(port, authority) == der(second)
        new = put(authority, live / "new.example", name="new.example")
        assert run(command, live / "new.example").returncode == 0
        await told(running, {"certificate.added"})
        assert await shown(port, authority, "new.example") == der(new)


def test_it_leaves_two_files_for_the_gateway_and_nobody_else(tmp_path: Path) -> None:
    lineage = tmp_path / "live" / "crm.example"
    put(trustme.CA(), lineage)
    assert run(hook(tmp_path), lineage).stderr == ""
    made = (tmp_path / "tls", *sorted((tmp_path / "tls").rglob("*")))
    assert [(file.name, file.stat().st_mode & 0o777, file.owner(), file.group()) for file in made] == [
        ("tls", 0o750, OWNER, GROUP),
        ("crm.example", 0o750, OWNER, GROUP),
        ("fullchain.pem", 0o640, OWNER, GROUP),
        ("privkey.pem", 0o640, OWNER, GROUP),
    ]


@pytest.mark.parametrize("lost", ["fullchain.pem", "privkey.pem"])
def test_with_half_a_certificate_both_files_stay_as_they_are(tmp_path: Path, lost: str) -> None:
    lineage, tls = tmp_path / "live" / "crm.example", tmp_path / "tls" / "crm.example"
    authority, command = trustme.CA(), hook(tmp_path)
    put(authority, lineage)
    run(command, lineage)
    before = {file.name: file.read_bytes() for file in tls.glob("*.pem")}
    put(authority, lineage)
    (lineage / lost).unlink()
    assert run(command, lineage).returncode != 0
    assert {file.name: file.read_bytes() for file in tls.glob("*.pem")} == before


def test_without_certbot_it_says_what_it_needs(tmp_path: Path) -> None:
    ended = run(hook(tmp_path), None)
    assert ended.returncode != 0
    assert "RENEWED_LINEAGE: is not set: certbot sets it, to /etc/letsencrypt/live/NAME" in ended.stderr
    assert not (tmp_path / "tls").exists()


@needs("shellcheck")
def test_nothing_is_wrong_with_it_as_posix_has_the_shell() -> None:
    assert HOOK.stat().st_mode & 0o111 == 0o111
    checked = subprocess.run((path_of("shellcheck"), HOOK), capture_output=True, text=True, check=False)
    assert checked.stdout == ""
    assert checked.returncode == 0


def test_the_page_installs_it_where_certbot_looks() -> None:
    install, first = block(ROOT / "docs" / "installation.md", "sh", "certbot").text.splitlines()
    installed = f"/etc/letsencrypt/renewal-hooks/deploy/{HOOK.name}"
    assert install == f"install -m 755 {HOOK.relative_to(ROOT)} {installed}"
    assert first == f"RENEWED_LINEAGE=/etc/letsencrypt/live/crm.customer.example {installed}"
    assert installed in HOOK.read_text("utf-8")
