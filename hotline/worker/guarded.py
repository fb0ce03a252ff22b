"""A reader in a process of its own, watched: no text can end or stall the worker."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import structlog

from hotline.errors import HotlineError
from hotline.worker.reading_child import LEXICON
from nlp.classification import Classification
from routing.errors import ReaderLost

log = structlog.get_logger(__name__)

COMMAND = (sys.executable, "-P", str(Path(__file__).with_name("reading_child.py")))
#: Loading model and lexicons takes one to three seconds on a quiet machine.
START_LIMIT_S = 120.0
#: Reason of a reading that was lost because the worker stops.
CLOSED = "研判进程已随工作进程停止"


class ReaderUnusable(HotlineError):
    """Model, taxonomy or lexicon cannot be used; the message says what to mend."""


class ReadingFailed(Exception):
    """The reader raised on a text; named by the type of its error, never by what was said."""


class GuardedReader:
    """A ``nlp.classification.Reader`` whose work is done by a child process.

    ``limit_s`` is for one batch or one call. When the reader ends or does not
    answer in time it is killed, ReaderLost is raised, and another takes its
    place. Blocking, for use in a thread; one reading at a time.
    """

    def __init__(self, limit_s: float, *, command: Sequence[str] = COMMAND) -> None:
        self._limit_s = limit_s
        self._command = tuple(command)
        self._turn = threading.Lock()
        self._child: subprocess.Popen[bytes] | None = None
        self._line: Connection | None = None
        self._fork = 0
        """The process that reads; a child of our child, which keeps the model loaded."""
        self._number = 0
        self._model = ""
        self._folder: Path | None = None
        """Of the model to read with; None: the shipped one."""
        self._lexicon: Path | None = None
        """Of the edited lexicon; None: the files as shipped."""
        self._closed = False

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

    def use(self, folder: Path | None, lexicon: Path | None = None) -> bool:
        """Read with the model and the edited lexicon in these folders (None: the shipped ones) from now on.

        False where it is so already. What is being read ends first. Raises ReaderUnusable when they cannot be used;
        those before are kept.
        """
        with self._turn:
            if (folder, lexicon) == (self._folder, self._lexicon):
                return False
            before = self._folder, self._lexicon
            self._folder, self._lexicon = folder, lexicon
            self._end()
            try:
                self._started()
            except ReaderUnusable:
                self._folder, self._lexicon = before
                raise
            return True

    def close(self) -> None:
        """End the child for good: a reading after this, and one that waits for its child to start, is lost."""
        self._closed = True
        child = self._child
        if child is not None:
            # whoever waits for an answer is told that it is lost, and tidies up
            child.kill()
        if self._turn.acquire(timeout=1.0):
            try:
                self._end()
            finally:
                self._turn.release()

    def _ask(self, items: list[tuple[str, str | None]]) -> tuple[str, Any]:
        line = self._started()
        self._number += 1
        reason = "研判进程意外退出"
        try:
            line.send((self._number, items))
            deadline = time.monotonic() + self._limit_s
            while line.poll(max(0.0, deadline - time.monotonic())):
                kind, number, answer = line.recv()
                if kind == "ready":
                    self._fork = number
                    break
                if number == self._number:
                    return str(kind), answer
            else:
                reason = f"超过 {self._limit_s:g} 秒没有读完，已中止"
                self._next_fork(line)
        except (OSError, EOFError):
            self._end()
        log.error("reader_lost", calls=len(items), reason=reason)
        raise ReaderLost(reason)

    def _next_fork(self, line: Connection) -> None:
        """Kill the reader that stalls and wait for the next one; answers that came too late are dropped."""
        with contextlib.suppress(ProcessLookupError):
            os.kill(self._fork, signal.SIGKILL)
        while line.poll(START_LIMIT_S):
            kind, number, _ = line.recv()
            if kind == "ready":
                self._fork = number
                return
        self._end()

    def _started(self) -> Connection:
        if self._line is not None and self._child is not None and self._child.poll() is None:
            return self._line
        self._end()
        if self._closed:
            raise ReaderLost(CLOSED)
        ours, theirs = socket.socketpair()
        with theirs:
            # neither sending to a reader that has stopped nor half an answer of it may hold us up for ever
            limit = struct.pack("ll", int(self._limit_s) + 1, 0)
            for option in (socket.SO_SNDTIMEO, socket.SO_RCVTIMEO):
                ours.setsockopt(socket.SOL_SOCKET, option, limit)
            model = [] if self._folder is None else [str(self._folder)]
            if self._lexicon is not None:
                model.append(f"{LEXICON}{self._lexicon}")
            self._child = subprocess.Popen(
                [*self._command, str(theirs.fileno()), *model],
                stdin=subprocess.DEVNULL,
                pass_fds=(theirs.fileno(),),
            )
        line = self._line = Connection(ours.detach())
        if self._closed:
            # closed while it was being made: whoever closes may not have seen the child
            self._end()
            raise ReaderLost(CLOSED)
        try:
            kind, number, said = line.recv() if line.poll(START_LIMIT_S) else ("unusable", 0, "")
        except (OSError, EOFError):
            kind, number, said = "unusable", 0, ""
        if kind != "ready":
            code = self._end()
            if self._closed:
                raise ReaderLost(CLOSED)
            raise ReaderUnusable(
                said or f"The process that reads calls did not start (exit code {code}); see what it said above."
            )
        self._fork, self._model = number, str(said)
        return line

    def _end(self) -> int | None:
        """Kill the child and with it the reader; its exit code."""
        if self._line is not None:
            with contextlib.suppress(OSError):
                self._line.close()
            self._line = None
        if self._child is None:
            return None
        if self._child.poll() is None:
            self._child.kill()
        code = self._child.wait()
        if self._fork:
            # the kernel ends it with its parent on Linux; elsewhere we do
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(self._fork, signal.SIGKILL)
        self._child, self._fork = None, 0
        return code
