"""The JSON Schema of the configuration, for editors."""

import json


def schema_text() -> str:
    """Return the JSON Schema as it is shipped."""
    return json.dumps({"$schema": "http://json-schema.org/draft-07/schema#"}, indent=2) + "\n"
