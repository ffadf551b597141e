"""Windows, where what is different cannot be seen by looking whether something is there."""

import os
from typing import Final

WINDOWS: Final = os.name == "nt"
"""Whether this is Windows. Where `hasattr` or an exception tells, that is asked instead."""

FOLDER: Final = (
    f"{os.environ.get('PROGRAMDATA', 'C:/ProgramData')}/cors-gateway".replace("\\", "/")
    if WINDOWS
    else "/etc/cors-gateway"
)
"""Where the configuration is looked for, as it is written in YAML too: `\\` begins an escape in its double quotes."""

MAX_SOCKETS: Final = 512
"""Sockets that an event loop can wait for on Windows (docs.python.org/3/library/asyncio-platforms.html#windows)."""
CONNECTIONS: Final = 150
"""Clients of a listener that says nothing else, on Windows: as many as 512 sockets are enough for. Each may need one to
an upstream besides, and so may 64 that are told that there is no room."""
