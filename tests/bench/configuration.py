"""A system's configuration file: filled in with ports and paths, and with the lines that a run wants.

`@PLAIN@` stands for a value of the place. A line that ends in `#: tag` is there only for runs with that tag.
"""

import re
from collections.abc import Set as AbstractSet
from typing import Final

from tests.bench.place import CONFIGURATIONS, Place

APACHE_MODULES: Final = "/usr/lib/apache2/modules"

_TAGGED: Final = re.compile(r"^(.*?) *#: ([a-z-]+)$")
_VALUE: Final = re.compile(r"@([A-Z]+)@")


def configuration(name: str, place: Place, tags: AbstractSet[str]) -> str:
    """Return the text of a file in `configurations/` for a place, with the lines that have no tag or one of these."""
    text = (CONFIGURATIONS / name).read_text("utf-8")
    kept = (_line(line, tags) for line in text.splitlines())
    return filled("".join(f"{line}\n" for line in kept if line is not None), place)


def filled(text: str, place: Place) -> str:
    """Return text with each value of the place put in."""
    values: dict[str, object] = {
        "ADMIN": place.admin,
        "CHAIN": place.chain,
        "FOLDER": place.folder,
        "KEY": place.key,
        "MODULES": APACHE_MODULES,
        "PEM": place.pem,
        "PLAIN": place.plain,
        "TLS": place.tls,
        "UPSTREAM": place.upstream,
    }
    return _VALUE.sub(lambda match: str(values[match[1]]), text)


def _line(line: str, tags: AbstractSet[str]) -> str | None:
    tagged = _TAGGED.match(line)
    if tagged is None:
        return line
    return tagged[1] if tagged[2] in tags else None
