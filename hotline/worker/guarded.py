"""A reader in a process of its own, watched: no text can end or stall the worker."""

from __future__ import annotations

import contextlib
import socket
import struct
import subprocess
import sys
import threading
from collections.abc import Sequence
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import structlog

from hotline.errors import HotlineError
from nlp.classification import Classification
from routing.errors import ReaderLost

log = structlog.get_logger(__name__)

COMMAND = (sys.executable, "-P", str(Path(__file__).with_name("reading_child.py")))
#: Loading model and lexicons takes one to three seconds on a quiet machine.
START_LIMIT_S = 120.0


class ReaderUnusable(HotlineError):
    """Model, taxonomy or lexicon cannot be used; the message says what to mend."""


class ReadingFailed(Exception):
    """The reader raised on a text; named by the type of its error, never by what was said."""


class GuardedReader:
    """A ``nlp.classification.Reader`` whose work is done by a child process.

    ``limit_s`` is for one batch or one call. When the child ends or does not
    answer in time it is killed, ReaderLost is raised, and the next reading
    starts another. Blocking, for use in a thread; one reading at a time.
    """

    def __init__(self, limit_s: float, *, command: Sequence[str] = COMMAND) -> None:
        self._limit_s = limit_s
        self._command = tuple(command)
        self._turn = threading.Lock()
        self._child: subprocess.Popen[bytes] | None = None
        self._line: Connection | None = None
        self._model = ""

    @property
    def model(self) -> str:
        """Name and version of the model; starts the child where there is none yet. Raises ReaderUnusable."""
        if not self._model:
            with self._turn:
                self._started()
        return self._model

    def read(self, text: str, *, line: str | None = None) -> Classification:
        """Read one transcript. Raises ReaderLost, ReadingFailed."""
        return self.read_batch([(text, line)])[0]

    def read_batch(self, items: Sequence[tuple[str, str | None]]) -> list[Classification]:
        """Read many. Raises ReaderLost, ReadingFailed."""
        with self._turn:
            kind, answer = self._ask(list(items))
        if kind == "raised":
            raise ReadingFailed(str(answer))
        return list(answer)

    def close(self) -> None:
        """End the child; a later reading starts another."""
        if self._turn.acquire(timeout=0.5):
            try:
                self._end()
            finally:
                self._turn.release()
        elif self._child is not None:
            # in the middle of a batch: whoever waits for it is told that it is lost
            self._child.kill()

    def _ask(self, items: list[tuple[str, str | None]]) -> tuple[str, Any]:
        channel = self._started()
        try:
            channel.send(items)
            if channel.poll(self._limit_s):
                kind, answer = channel.recv()
                return str(kind), answer
            reason = f"超过 {self._limit_s:g} 秒没有读完，已中止"
        except (OSError, EOFError):
            reason = "研判进程意外退出"
        code = self._end()
        log.error("reader_lost", calls=len(items), exit_code=code)
        raise ReaderLost(reason)

    def _started(self) -> Connection:
        if self._line is not None and self._child is not None and self._child.poll() is None:
            return self._line
        self._end()
        ours, theirs = socket.socketpair()
        with theirs:
            # neither sending to a child that has stopped nor half an answer of it may hold us up for ever
            limit = struct.pack("ll", int(self._limit_s) + 1, 0)
            for option in (socket.SO_SNDTIMEO, socket.SO_RCVTIMEO):
                ours.setsockopt(socket.SOL_SOCKET, option, limit)
            self._child = subprocess.Popen(
                [*self._command, str(theirs.fileno())], stdin=subprocess.DEVNULL, pass_fds=(theirs.fileno(),)
            )
        channel = self._line = Connection(ours.detach())
        try:
            kind, said = channel.recv() if channel.poll(START_LIMIT_S) else ("unusable", "")
        except (OSError, EOFError):
            kind, said = "unusable", ""
        if kind != "ready":
            code = self._end()
            raise ReaderUnusable(
                said or f"The process that reads calls did not start (exit code {code}); see what it said above."
            )
        self._model = str(said)
        return channel

    def _end(self) -> int | None:
        """Kill the child; its exit code."""
        if self._line is not None:
            with contextlib.suppress(OSError):
                self._line.close()
            self._line = None
        if self._child is None:
            return None
        self._child.kill()
        code = self._child.wait()
        self._child = None
        return code
