"""The JSON Schema of the configuration, for editors: generated from the keys, so that it cannot say anything else."""

import json
from inspect import cleandoc
from typing import Final

from gateway.config.document import plain
from gateway.config.keys import SECTIONS, GatewaySettings, SiteDefaults, SiteSettings
from gateway.config.reader import REFERENCE, Schema
from gateway.config.settings import Key, Settings

DIALECT: Final = "http://json-schema.org/draft-07/schema#"
"""The one that editors know (yaml-language-server)."""


def schema() -> Schema:
    """Return the JSON Schema."""
    definitions = {section.title: _mapping(section) for path, section in SECTIONS.items() if path}
    definitions[SiteDefaults.title] = _mapping(SiteSettings, without="names", required=False)
    definitions[REFERENCE] = {
        "description": "${NAME} is an environment variable, ${file:/run/secrets/name} what stands in a file.",
        "type": "string",
        "pattern": r"\$\{[^{}]+\}",
    }
    return {
        "$schema": DIALECT,
        "title": "cors-gateway",
        **_mapping(GatewaySettings),
        "definitions": definitions,
    }


def schema_text() -> str:
    """Return the JSON Schema as it is shipped."""
    return json.dumps(schema(), indent=2, ensure_ascii=False) + "\n"


def _mapping(section: type[Settings], *, without: str = "", required: bool = True) -> Schema:
    keys = [key for key in section.keys.values() if key.name != without]
    needed = [key.name for key in keys if key.write and not key.shared] if required else []
    return {
        "description": cleandoc(section.__doc__ or ""),
        "type": "object",
        "properties": {key.name: _property(key) for key in keys},
        **({"required": needed} if needed else {}),
        "additionalProperties": False,
    }


def _property(key: Key[object]) -> Schema:
    said: Schema = {"description": key.doc}
    if key.default is not None:
        said["default"] = plain(key.default)
    # In draft 07 nothing beside a $ref counts, and an editor shows nothing of it.
    reader = key.reader.schema()
    return {**said, **({"allOf": [reader]} if "$ref" in reader else reader)}
