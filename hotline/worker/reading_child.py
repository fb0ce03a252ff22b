"""The process in which a worker's calls are read: ``python -P reading_child.py [--second] FD [MODEL] [--lexicon=DIR]``.

MODEL is the folder of a promoted model; without it the shipped one is read. DIR holds the lexicon files edited on this
installation. ``--second`` asks both readers.

It loads model and lexicons once and forks a reader. A text that ends or
stalls the reader ends that fork and nothing else: the next one is there
within milliseconds. :mod:`hotline.worker.guarded` is the other end of FD.
"""

from __future__ import annotations

import ctypes
import gc
import os
import signal
import sys
from collections.abc import Callable
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

_PR_SET_PDEATHSIG = 1
SECOND = "--second"
LEXICON = "--lexicon="


def serve(descriptor: int, build: Callable[[], Any]) -> None:
    """Build the reader, then answer batches until the other end closes.

    Each fork begins with ``("ready", pid, model)``; a reader that cannot be
    built says ``("unusable", 0, sentence)`` instead. A request is ``(number,
    [(text, line), ...])``, its answer ``("read", number, classifications)`` or
    ``("raised", number, type name)``. A request whose reader ended is not
    answered: "ready" comes again.
    """
    _die_with_parent()
    # what libraries print must not be taken for an answer, nor cost the worker its log
    os.dup2(2, 1)
    with Connection(descriptor) as line:
        try:
            reader = build()
        except Exception as error:  # noqa: BLE001 - told to the worker, which says it to the person
            line.send(("unusable", 0, str(error)))
            return
        # pages that the collector does not touch stay shared with the forks
        gc.freeze()
        while True:
            fork = os.fork()
            if fork == 0:
                _answer(line, reader)
                os._exit(0)
            if os.waitpid(fork, 0)[1] == 0:
                return


def _answer(line: Connection, reader: Any) -> None:
    """Answer requests until the other end closes."""
    _die_with_parent()
    try:
        line.send(("ready", os.getpid(), reader.model))
        while True:
            number, items = line.recv()
            try:
                answer = ("read", number, reader.read_batch(items))
            except Exception as error:  # noqa: BLE001 - the worker reads one by one then, and names the call
                answer = ("raised", number, type(error).__name__)
            line.send(answer)
    except (EOFError, ConnectionError):
        return


def _die_with_parent() -> None:
    """A reader in an endless loop would outlive a killed worker: the kernel ends it (Linux only)."""
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def main() -> None:
    """Serve the reader of the given model, or the shipped one."""
    beside = str(Path(__file__).resolve().parent.parent.parent)
    if beside not in sys.path:
        sys.path.append(beside)
    from config.files import ConfigFiles
    from config.settings import load_settings
    from nlp.deep.reader import load_live_reader
    from nlp.reader import load_reader

    arguments = [argument for argument in sys.argv[1:] if argument != SECOND and not argument.startswith(LEXICON)]
    edited = next((Path(each.removeprefix(LEXICON)) for each in sys.argv[1:] if each.startswith(LEXICON)), None)
    folder = Path(arguments[1]) if len(arguments) > 1 else None

    def build() -> Any:
        first = load_reader(folder, ConfigFiles(load_settings().config_dir, edited))
        return load_live_reader(first, folder) if SECOND in sys.argv else first

    serve(int(arguments[0]), build)


if __name__ == "__main__":
    main()
