"""Hands sealed segments to a server that recovers: opened one by one as it asks for them.

The server's account has no key, and all the log of weeks opened at once could fill the disk. So its
``restore_command`` asks by a file, waits for the answer beside it, and takes it away.
"""

from __future__ import annotations

import threading
import time
from pathlib import Path
from types import TracebackType

from hotline.backup.archive import Archive
from hotline.backup.errors import BackupError
from hotline.backup.key import BackupKey
from hotline.backup.manifest import Manifest
from hotline.backup.sealed import opened
from hotline.backup.wal import SEGMENT, Timeline, segment_name, segment_number
from hotline.embedded.folders import StateFolder

FOLDER = "wal-feed"
POLL_S = 0.01
#: Segments opened before they are asked for.
AHEAD = 2

#: $1 is the name the server wants, $2 the path where it wants it; a status above 125 ends its recovery.
SCRIPT_TEXT = f"""\
feed=../{FOLDER}
: > "$feed/$1.want" || exit 200
tries=0
while [ "$tries" -lt 6000 ]; do
    if [ -f "$feed/$1" ]; then mv "$feed/$1" "$2" && exit 0; exit 200; fi
    if [ -f "$feed/$1.none" ]; then rm -f "$feed/$1.none"; exit 1; fi
    if [ -f "$feed/stopped" ]; then exit 200; fi
    sleep 0.02
    tries=$((tries + 1))
done
exit 200
"""
RESTORE_COMMAND = f"/bin/sh ../{FOLDER}/feed.sh %f %p"


class Feeder:
    """A thread that answers; :meth:`check` raises what went wrong in it."""

    def __init__(
        self, state: StateFolder, archive: Archive, manifest: Manifest, timeline: Timeline, key: BackupKey
    ) -> None:
        """For a recovery from the backup of ``manifest`` along ``timeline``."""
        self._state = state
        self._archive = archive
        self._system = manifest.system
        self._timeline = timeline
        self._key = key
        self._segment_bytes = manifest.segment_bytes
        self._folder = state.postgres / FOLDER
        self._stop = threading.Event()
        self._error: BackupError | None = None
        self._thread = threading.Thread(target=self._run, name="wal-feeder", daemon=True)
        self.served = 0
        """Segments handed over."""

    def __enter__(self) -> Feeder:
        self._state.make_own(self._folder)
        for left in self._folder.iterdir():
            left.unlink()
        self._put("feed.sh", SCRIPT_TEXT.encode())
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.set()
        self._thread.join()
        for left in self._folder.iterdir():
            left.unlink()
        self._folder.rmdir()

    def check(self) -> None:
        """Raise what the thread met: DamagedBackup naming the file, BackupKeyError, BackupError."""
        if self._error is not None:
            raise self._error

    def _run(self) -> None:
        while not self._stop.is_set():
            wanted = [one for one in self._folder.iterdir() if one.name.endswith(".want")]
            if not wanted:
                time.sleep(POLL_S)
                continue
            for asked in wanted:
                try:
                    self._answer(asked)
                except BackupError as error:
                    self._error = error
                except OSError as error:
                    self._error = BackupError(f"The log could not be handed to the server: {error}.")
                if self._error is not None:
                    self._put("stopped", b"")
                    return

    def _answer(self, asked: Path) -> None:
        name = asked.name.removesuffix(".want")
        asked.unlink()
        found = (self._folder / name).exists() or self._open(name)
        if not found:
            self._put(f"{name}.none", b"")
            return
        self.served += 1
        if SEGMENT.fullmatch(name):
            number = segment_number(name, self._segment_bytes)
            for ahead in range(number + 1, number + 1 + AHEAD):
                later = segment_name(int(name[:8], 16), ahead, self._segment_bytes)
                if not (self._folder / later).exists():
                    self._open(later)

    def _open(self, name: str) -> bool:
        path = self._archive.wal_path(self._system, name)
        if not path.exists() or not self._on_the_way(name):
            return False
        self._put(name, b"".join(opened(path, self._key)))
        return True

    def _on_the_way(self, name: str) -> bool:
        """Segments an earlier timeline wrote after it was left are not for this recovery."""
        if not SEGMENT.fullmatch(name):
            return True
        number = segment_number(name, self._segment_bytes)
        return int(name[:8], 16) in self._timeline.of_segment(number, self._segment_bytes)

    def _put(self, name: str, data: bytes) -> None:
        """Whole or not at all, and the server's own."""
        draft = self._folder / f"{name}.new"
        draft.write_bytes(data)
        draft.chmod(0o600)
        self._state.account.own(draft)
        draft.replace(self._folder / name)
