"""The process in which a worker's calls are read: ``python -P reading_child.py FD``.

A text that ends or stalls the reader ends this process and nothing else; its
worker (:mod:`hotline.worker.guarded`) notices, gives the calls back and
starts another.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys
from collections.abc import Callable
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

_PR_SET_PDEATHSIG = 1


def serve(descriptor: int, build: Callable[[], Any]) -> None:
    """Build the reader, then answer batches of ``(text, line)`` until the other end closes.

    The first message is ``("ready", model)`` or ``("unusable", sentence)``,
    each later one ``("read", classifications)`` or ``("raised", type name)``.
    """
    _die_with_parent()
    # what libraries print must not be taken for an answer, nor cost the worker its log
    os.dup2(2, 1)
    with Connection(descriptor) as line:
        try:
            reader = build()
        except Exception as error:  # noqa: BLE001 - told to the worker, which says it to the person
            line.send(("unusable", str(error)))
            return
        line.send(("ready", reader.model))
        while True:
            try:
                items = line.recv()
            except EOFError:
                return
            try:
                answer = ("read", reader.read_batch(items))
            except Exception as error:  # noqa: BLE001 - the worker reads one by one then, and names the call
                answer = ("raised", type(error).__name__)
            line.send(answer)


def _die_with_parent() -> None:
    """A reader in an endless loop would outlive a killed worker: the kernel ends it (Linux only)."""
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def main() -> None:
    """Serve the shipped reader."""
    beside = str(Path(__file__).resolve().parent.parent.parent)
    if beside not in sys.path:
        sys.path.append(beside)
    from config.files import ConfigFiles
    from config.settings import load_settings
    from nlp import load_reader

    serve(int(sys.argv[1]), lambda: load_reader(None, ConfigFiles(load_settings().config_dir)))


if __name__ == "__main__":
    main()
