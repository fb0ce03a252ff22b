"""Locks of the state folder, taken by flock on folders: the kernel drops them with the process."""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType

from hotline.embedded.errors import StateFolderError

POLL_S = 0.05


class FolderLock:
    """One process's lock on one folder; free after construction."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._descriptor: int | None = None

    def share(self) -> None:
        """Hold it together with others; never waits long, as holders alone use it only for a moment."""
        self._take(fcntl.LOCK_SH)

    def alone(self) -> bool:
        """Turn a shared hold into an exclusive one; False (and no hold any more) while others share it."""
        try:
            self._take(fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            self.release()
            return False
        return True

    def wait_alone(self, deadline: float, poll: Callable[[], None] = lambda: None) -> bool:
        """Hold it exclusively, waiting until ``deadline`` (monotonic seconds); False when that passed.

        ``poll`` is called while waiting and may raise to give up.
        """
        while True:
            try:
                self._take(fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                poll()
                if time.monotonic() >= deadline:
                    self.release()
                    return False
                time.sleep(POLL_S)
            else:
                return True

    def release(self) -> None:
        """Let go; harmless when not held."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    def __enter__(self) -> FolderLock:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()

    def _take(self, operation: int) -> None:
        if self._descriptor is None:
            self._descriptor = os.open(self._folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            fcntl.flock(self._descriptor, operation)
        except BlockingIOError:
            raise
        except OSError as error:
            self.release()
            raise StateFolderError(
                f"The folder {self._folder} has no file locks ({error.strerror}), as on network drives: "
                "set HOTLINE_STATE_DIR to a folder on a local disk."
            ) from error
