"""A program that is called as the gateway is: it listens, or does what the configuration's first word says.

What the demonstration does about a gateway that fails cannot be shown with one that works.
"""

import json
import signal
import socket
import sys
from pathlib import Path


def say(text: str) -> None:
    """Write one line at once."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def main() -> None:
    """Behave as told."""
    behaviour, port = Path(sys.argv[-1]).read_text(encoding="utf-8").split()
    say("starting")
    if behaviour == "fails":
        say("gateway.yaml:1:1: a mistake")
        sys.exit(1)
    if behaviour == "deaf":
        signal.pause()
    with socket.create_server(("127.0.0.1", int(port))) as server:
        if behaviour == "stubborn":
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
        say("[]")
        say(json.dumps({"event": "request.done", "request_id": "r2", "reason": "not-cors"}))
        say(json.dumps({"event": "request.done", "request_id": "r1", "reason": "allowed"}))
        server.accept()
        if behaviour == "ends":
            sys.exit(3)
        signal.pause()


if __name__ == "__main__":
    main()
