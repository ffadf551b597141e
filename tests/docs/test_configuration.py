"""Every YAML block is what the gateway takes, without a mistake and without an unexpected warning."""

from pathlib import Path

import pytest
import yaml

from gateway.config.load import Loaded, load
from tests.docs.markdown import ROOT, Block, blocks, blocks_of

OURS = [pytest.param(block, id=block.place) for block in blocks_of("yaml") if not block.marks]
OTHERS = [pytest.param(block, id=block.place) for block in blocks_of("yaml") if block.marks]


def loaded(block: Block, folder: Path) -> Loaded:
    """Return a block as the gateway reads it; certificates and keys are on the reader's machine, not here."""
    file = folder / "crm.yaml"
    file.write_text(block.text, "utf-8")
    return load([file], {}, files=False)


@pytest.mark.parametrize("block", OURS)
def test_a_block_is_a_configuration_that_can_be_used(block: Block, tmp_path: Path) -> None:
    warnings = {warning.id for warning in loaded(block, tmp_path).warnings}
    # The third place is plain HTTP on an address that others can reach: its page says so, and so does the gateway.
    assert warnings == ({"listener-plain"} if "10.0.0.20:9900" in block.text else set())


@pytest.mark.parametrize("block", OTHERS)
def test_a_block_of_another_program_is_yaml(block: Block) -> None:
    assert block.marks == ("traefik",)
    assert isinstance(yaml.safe_load(block.text), dict)


def test_the_readme_has_the_smallest_file_and_the_three_places(tmp_path: Path) -> None:
    first, *rest = (loaded(block, tmp_path).config for block in blocks(ROOT / "README.md") if block.language == "yaml")
    assert [(listener.host, listener.port) for listener in first.listeners] == [("127.0.0.1", 9900)]
    assert [(each.listeners[0].host, each.listeners[0].port) for each in rest] == [("::", 443), ("10.0.0.20", 9900)]
