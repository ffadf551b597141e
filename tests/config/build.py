"""Configurations for tests: from a text to what the loader says about it, without a file."""

from collections.abc import Mapping
from pathlib import Path
from textwrap import dedent

from gateway.config.document import compose
from gateway.config.expand import Expander
from gateway.config.load import Loaded, load
from gateway.config.model import ConfigError
from gateway.config.node import Node, Place, Scalar, Table
from gateway.config.notes import Notes

SITE = """
sites:
  - names: [crm.customer.example]
    upstream: http://10.1.0.5:8080
    paths: everything
    origins: [https://addin.vendor.example]
"""
"""The smallest configuration without a preset; mistakes and warnings in it: none."""


def node_of(text: str, environ: Mapping[str, str] | None = None) -> tuple[Node | None, Notes]:
    """Return the node of a YAML text, read as `c.yaml`, and what was noted."""
    notes = Notes()
    return compose(dedent(text), "c.yaml", notes, Expander(environ or {})), notes


def table_of(text: str) -> Table:
    """Return the mapping that a YAML text is."""
    node, notes = node_of(text)
    assert isinstance(node, Table)
    assert not notes.mistakes
    return node


def scalar(text: str) -> Scalar:
    """Return the scalar that a text in YAML is."""
    node, _ = node_of(text)
    assert isinstance(node, Scalar)
    return node


def text_scalar(text: str) -> Scalar:
    """Return a scalar with this very text."""
    return Scalar(Place("c.yaml", 1, 1), "key", text, text)


def loaded(folder: Path, text: str, environ: Mapping[str, str] | None = None, *, files: bool = False) -> Loaded:
    """Return what the loader makes of a text."""
    file = folder / "c.yaml"
    file.write_text(dedent(text), "utf-8")
    return load([file], environ or {}, files=files)


def mistakes(folder: Path, text: str, environ: Mapping[str, str] | None = None, *, files: bool = False) -> list[str]:
    """Return the mistakes that the loader finds in a text, the file's name cut off."""
    try:
        loaded(folder, text, environ, files=files)
    except ConfigError as error:
        return [str(mistake).replace(f"{folder}/", "") for mistake in error.mistakes]
    return []


def warnings(folder: Path, text: str, *, files: bool = False) -> dict[str, str]:
    """Return the warnings that the loader gives, id and text with its place."""
    found = loaded(folder, text, files=files).warnings
    return {warning.id: str(warning).replace(f"{folder}/", "") for warning in found}
