"""The JSON Schema: it is one, and it takes what the loader takes."""

from pathlib import Path
from typing import TYPE_CHECKING, cast

import pytest
import yaml
from jsonschema import Draft7Validator, ValidationError

from gateway.config.load import load
from gateway.config.schema import DIALECT, schema, schema_text
from tests.config.build import SITE
from tests.config.test_compile import EVERY
from tests.docs.markdown import ROOT, Block, blocks

if TYPE_CHECKING:
    from collections.abc import Iterable

EXAMPLES = sorted((ROOT / "config").glob("*.yaml"))
PAGES = (ROOT / "docs" / "configuration.md", ROOT / "README.md", ROOT / "docs" / "placement.md")
BLOCKS = [block for page in PAGES for block in blocks(page) if block.language == "yaml" and not block.marks]

VALIDATOR = Draft7Validator(schema())


def said(text: str) -> list[str]:
    """Return what the schema says against a text."""
    found = cast("Iterable[ValidationError]", VALIDATOR.iter_errors(yaml.safe_load(text)))  # pyright: ignore[reportUnknownMemberType] - its stubs
    return [error.message for error in found]


def test_it_is_a_schema() -> None:
    Draft7Validator.check_schema(schema())
    assert schema()["$schema"] == DIALECT
    assert schema_text().endswith("}\n")


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.name)
def test_an_example(example: Path) -> None:
    text = example.read_text("utf-8")
    assert text.splitlines()[0] == "# yaml-language-server: $schema=cors-gateway.schema.json"
    assert said(text) == []
    assert load([example], {}, files=False).warnings == ()


def test_thirty_are_thirty() -> None:
    assert len(load([ROOT / "config" / "thirty-crms.yaml"], {}, files=False).config.sites) == 30


@pytest.mark.parametrize("block", BLOCKS, ids=lambda block: block.place)
def test_a_block_of_the_documentation(block: Block, tmp_path: Path) -> None:
    (tmp_path / "c.yaml").write_text(block.text, "utf-8")
    assert said(block.text) == []
    load([tmp_path / "c.yaml"], {}, files=False)


@pytest.mark.parametrize("text", [SITE, EVERY, SITE.replace("everything", "'${PATHS}'"), "defaults: {paths: [/a/]}"])
def test_what_it_takes(text: str) -> None:
    assert said(text) == []


@pytest.mark.parametrize(
    "text",
    [
        "sites: {}",
        "site: []",
        "sites: [{upstream: http://a}]",
        "sites: [{names: [a], paths: all}]",
        "sites: [{names: [a], origins: [{methods: [GET]}]}]",
        "sites: [{names: [a], origins: [https://a.example/]}]",
        "sites: [{names: [a], limits: {request_body: 64}}]",
        "defaults: {names: [a]}",
        "drain: 30",
        "workers: some",
    ],
)
def test_what_it_does_not_take(text: str) -> None:
    assert said(text)
