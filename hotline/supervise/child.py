"""Runs one child of the supervisor: ``python -P child.py MODULE ARGUMENT...``, with MODULE as ``__main__``.

The supervisor holds the other end of a pipe whose number is in ``HOTLINE_SUPERVISOR_PIPE``. When it dies,
however that happens, the pipe ends, and this process stops as on SIGTERM, or for good a little later.
"""

from __future__ import annotations

import os
import runpy
import signal
import sys
import threading
import time
from pathlib import Path

PIPE_VARIABLE = "HOTLINE_SUPERVISOR_PIPE"
GRACE_S = 3.0


def watch(pipe: int) -> None:
    """Wait for the supervisor's end, then end this process."""
    while os.read(pipe, 1):
        pass
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(GRACE_S)
    os.killpg(os.getpgrp(), signal.SIGKILL)


def main() -> None:
    """Watch the supervisor and become the module."""
    pipe = int(os.environ.pop(PIPE_VARIABLE))
    os.set_inheritable(pipe, False)
    threading.Thread(target=watch, args=(pipe,), name="supervisor-watch", daemon=True).start()
    # The packages beside this one: those the supervisor runs, whatever the current folder holds.
    beside = str(Path(__file__).resolve().parent.parent.parent)
    if beside not in sys.path:
        sys.path.append(beside)
    module, *arguments = sys.argv[1:]
    sys.argv = [module, *arguments]
    runpy.run_module(module, run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
