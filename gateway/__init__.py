"""cors-gateway: stands in front of a web application, owns CORS, and relays everything else untouched.

Packages, from the top: `cli`, `service`, `relay`, `config`, `policy`, `cors`, `http1`. Imports go down only.
Here is only what all of them may know: the version, and what is compiled.
"""

from gateway.extensions import choose

__version__ = "0.1.0"

choose()
