"""Has each Python process of a gateway tell, at SIGUSR2, how many tasks its event loop has.

This folder is put on PYTHONPATH, from where Python imports a module of this name at its start. The number goes into a
file named after the process, in the folder that SOAK_TASKS names.
"""

import asyncio
import os
import signal
from pathlib import Path


def _tell(*_: object) -> None:
    try:
        tasks = len(asyncio.all_tasks())  # of the loop that runs in this thread, which signals interrupt
    except RuntimeError:
        tasks = 0
    new = Path(os.environ["SOAK_TASKS"]) / f".{os.getpid()}"
    new.write_text(str(tasks))
    new.rename(new.with_name(str(os.getpid())))


signal.signal(signal.SIGUSR2, _tell)
