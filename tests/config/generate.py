"""What is generated from the keys, and kept: `python -m tests.config.generate` writes it anew.

The JSON Schema in config/, and the reference in docs/configuration.md.
"""

from collections.abc import Iterator
from typing import Final

from gateway.config.keys import SECTIONS
from gateway.config.presets import PRESETS
from gateway.config.schema import schema_text
from gateway.config.settings import Key
from tests.docs.markdown import ROOT

SCHEMA: Final = ROOT / "config" / "cors-gateway.schema.json"
PAGE: Final = ROOT / "docs" / "configuration.md"

BEGIN: Final = "<!-- From here on generated: python -m tests.config.generate -->\n"


def reference() -> str:
    """Return the reference of all keys."""
    return BEGIN + "\n" + "\n".join([*_sections(), *_presets()])


def _sections() -> Iterator[str]:
    for path, section in SECTIONS.items():
        yield f"### {f'`{path}`' if path else 'The whole'}\n"
        yield " ".join((section.__doc__ or "").split()) + "\n"
        yield "| Key | Takes | Left out | |"
        yield "|---|---|---|---|"
        for key in section.keys.values():
            yield f"| `{key.name}` | {key.reader.wants} | {_left_out(key)} | {key.doc} |"
        yield ""


def _left_out(key: Key[object]) -> str:
    if key.write:
        return "must be there, or in `defaults`" if key.shared else "must be there"
    return "" if key.default is None else f"`{key.default}`"


def _presets() -> Iterator[str]:
    for name, preset in PRESETS.items():
        yield f"### `preset: {name}`\n"
        yield "Stands below what a site and `defaults` say:\n"
        yield f"- `paths: preset` is `{preset.paths}`"
        yield f"- the site: `{preset.site}`"
        yield f"- each of its rules: `{preset.rule}`"
        yield ""


def page() -> str:
    """Return docs/configuration.md with its reference made anew."""
    written, _, _ = PAGE.read_text("utf-8").partition(BEGIN)
    return written + reference()


if __name__ == "__main__":
    SCHEMA.write_text(schema_text(), "utf-8")
    PAGE.write_text(page(), "utf-8")
