"""Seals finished log into the archive, all the time: a child of ``hotline run``, or ``hotline archive``."""

from __future__ import annotations

import asyncio
import shutil
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import asyncpg
import structlog

from config.settings import Settings, load_settings
from hotline.backup.archive import Archive
from hotline.backup.errors import BackupError
from hotline.backup.key import BackupKey, read_key
from hotline.backup.status import update_status
from hotline.backup.wal import SEGMENT
from hotline.embedded import archiving
from hotline.embedded.errors import EmbeddedError
from hotline.embedded.folders import StateFolder, prepare
from hotline.embedded.locks import FolderLock
from hotline.embedded.postgres import Postgres
from hotline.logs import configure_logs
from hotline.supervise.stopping import stop_event

LOOK_S = 0.5
#: How often the server is asked to finish its segment is the operator's setting; failures are tried again after this.
ERROR_PAUSE_S = 5.0
LOCK_LIMIT_S = 60.0
#: A commit's own time lies a little before its log is written out; the archive claims that much less than it holds.
CLOSED_MARGIN_S = 1.0

log = structlog.get_logger(__name__)


@dataclass(slots=True)
class Collector:
    """Seals what waits; commands and the archiver use it side by side, one at a time by a lock."""

    settings: Settings
    state: StateFolder
    key: BackupKey
    archive: Archive = field(init=False)

    def __post_init__(self) -> None:
        self.archive = Archive(self.settings.operation.backup.folder)

    @property
    def waiting_folder(self) -> Path:
        """Where finished segments wait."""
        return archiving.waiting_folder(self.state)

    def waiting(self) -> list[Path]:
        """Finished segments not sealed yet, in the order of the log."""
        folder = self.waiting_folder
        if not folder.is_dir():
            return []
        return sorted(one for one in folder.iterdir() if not one.name.endswith(".part"))

    def collect(self) -> int:
        """Seal all that waits and note how it stands; the number of files sealed.

        Raises BackupError or OSError; what was not sealed waits on, and the status says why.
        """
        if not self.waiting_folder.is_dir():
            return 0
        lock = FolderLock(self.waiting_folder)
        with lock:
            if not lock.wait_alone(time.monotonic() + LOCK_LIMIT_S):
                raise BackupError("Another command has been sealing for a minute: wait for it, and try again.")
            try:
                sealed = self._collect()
            except (BackupError, OSError) as error:
                self._note(error=f"{type(error).__name__}: {error}"[:300])
                raise
        return sealed

    def _collect(self) -> int:
        system = system_id(self.state.postgres / "data")
        sealed, until = 0, 0.0
        for path in self.waiting():
            written_s = path.stat().st_mtime - CLOSED_MARGIN_S
            closed_at = datetime.fromtimestamp(written_s, UTC)
            self.archive.seal_wal(system, path, self.key, self.settings.operation.backup.suite, closed_at)
            path.unlink()
            sealed += 1
            if SEGMENT.fullmatch(path.name):
                until = max(until, written_s)
        self._note(error="", **({"archived_until_s": until} if until else {}))
        return sealed

    def note_idle(self) -> None:
        """Nothing was written since the last segment: the archive is up to now."""
        self._note(archived_until_s=time.time(), error="")

    def _note(self, **changes: object) -> None:
        waiting_bytes = 0
        for path in self.waiting():
            try:
                waiting_bytes += path.stat().st_size
            except FileNotFoundError:
                continue
        gaps = len(archiving.dropped(self.state))
        if not changes.get("error"):
            changes["backup_free_bytes"] = shutil.disk_usage(self.archive.folder).free
        update_status(self.settings.state_dir, waiting_bytes=waiting_bytes, gaps=gaps, **changes)


def system_id(data: Path) -> str:
    """The server's own id, which its log bears, too: the first eight bytes of its control file."""
    try:
        with (data / "global" / "pg_control").open("rb") as file:
            return str(int.from_bytes(file.read(8), "little"))
    except OSError as error:
        raise BackupError(f"The data folder {data} cannot be read ({error.strerror}).") from error


async def finish_segment(connection: asyncpg.Connection) -> bool:
    """Let the server finish its segment of the log, so that it can be sealed; False: nothing was in it."""
    # at the very beginning of a segment there is nothing to finish, and its place is given back as it was
    before, after = await connection.fetchrow("select pg_current_wal_insert_lsn()::text, pg_switch_wal()::text")
    return bool(before != after)


class Archiver:
    """Runs until stopped; nothing that goes wrong ends it, everything that goes wrong is logged and in the metrics."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._state = prepare(settings.state_dir)
        self._postgres = Postgres(self._state)
        self._finish_at = 0.0
        self._failing = ""

    async def run(self, stop: asyncio.Event) -> None:
        """Seal what waits, again and again, and have segments finished in time."""
        while not stop.is_set():
            pause_s = LOOK_S
            if archiving.waiting_folder(self._state).is_dir():
                try:
                    await self._round()
                    if self._failing:
                        log.info("archiving works again")
                    self._failing = ""
                except (BackupError, EmbeddedError, OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
                    said = f"{type(error).__name__}: {error}"[:300]
                    if said != self._failing:
                        log.error("archiving_failed", error=said)
                        self._tell(said)
                    self._failing, pause_s = said, ERROR_PAUSE_S
            try:
                await asyncio.wait_for(stop.wait(), pause_s)
            except TimeoutError:
                continue

    def _tell(self, said: str) -> None:
        """So that the metrics show it whatever went wrong, the key or the server included."""
        try:
            update_status(self._settings.state_dir, error=said)
        except OSError as error:
            log.error("archiving_status_unwritable", error=str(error))

    async def _round(self) -> None:
        collector = Collector(self._settings, self._state, read_key(self._settings.operation.backup))
        if time.monotonic() >= self._finish_at:
            # also while sealing fails: what waits is bounded, and short segments are soon sealed
            self._finish_at = time.monotonic() + self._settings.operation.backup.wal_every_s
            connection = await asyncpg.connect(self._postgres.backup_url, timeout=5, command_timeout=10)
            try:
                busy = await finish_segment(connection)
            finally:
                await connection.close()
            if not busy and not collector.waiting():
                await asyncio.to_thread(collector.note_idle)
        if await asyncio.to_thread(collector.waiting):
            await asyncio.to_thread(collector.collect)


def main() -> None:
    """Run one archiver alone."""
    configure_logs("archiver")
    settings = load_settings()

    async def work() -> None:
        await Archiver(settings).run(stop_event())

    asyncio.run(work())


if __name__ == "__main__":
    main()
