"""From a base backup and the log after it to a running server at a chosen moment."""

from __future__ import annotations

import asyncio
import io
import os
import shutil
import subprocess
import tarfile
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path
from urllib.parse import quote

import structlog

from hotline.backup.archive import BASE_FILE, Archive
from hotline.backup.errors import BackupError, DamagedBackup
from hotline.backup.feeding import RESTORE_COMMAND, Feeder
from hotline.backup.key import BackupKey
from hotline.backup.manifest import Manifest
from hotline.backup.sealed import opened
from hotline.backup.wal import Timeline, parse_lsn
from hotline.embedded.binaries import choose_postgres
from hotline.embedded.errors import EmbeddedError
from hotline.embedded.folders import StateFolder
from hotline.embedded.postgres import PORT, Postgres
from hotline.embedded.processes import plain_environment

#: Lets us in as anybody while the server recovers: its socket lies in a folder of the account's own (0700).
HBA = "local all all trust\n"
HBA_FILE = "recovery-hba.conf"
ENDED_BEFORE = "recovery ended before configured recovery target was reached"

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Goal:
    """Where recovery ends: at a time, at a place in the log, or (neither) where the archive ends."""

    to: datetime | None = None
    lsn: str | None = None


@dataclass(frozen=True, slots=True)
class Plan:
    """What a restore will use, checked before anything is written."""

    manifest: Manifest
    timeline: Timeline
    until: datetime
    """The archive reaches so far."""


def plan(archive: Archive, key: BackupKey, *, backup: str | None, to: datetime | None, timeline: int | None) -> Plan:
    """Choose the backup and check that the archive reaches the goal without a gap.

    ``backup`` None: the newest that was whole by ``to``. ``timeline`` None: the newest, which is what the
    service wrote last. Raises BackupError, DamagedBackup, BackupKeyError.
    """
    known = [one for one in archive.backups(key) if one.kind == "base"]
    if not known:
        raise BackupError(f"There is no base backup in {archive.folder}: make one with hotline backup.")
    named = [one for one in known if backup in (None, one.id)]
    if not named:
        raise BackupError(f"There is no base backup {backup}; hotline backups lists them.")
    ways = {one.system: _way(archive.timelines(one.system, key), timeline) for one in named}
    fitting = [
        one
        for one in named
        if ways[one.system].holds(one.timeline, parse_lsn(one.stop_lsn)) and (to is None or one.finished_at <= to)
    ]
    if not fitting:
        raise BackupError(
            f"No base backup was whole by then: the oldest that fits ended at {named[0].finished_at.isoformat()}."
            if to is not None
            else "The backup does not lie on that timeline: leave out --timeline, or choose another backup."
        )
    manifest = fitting[-1]
    way = ways[manifest.system]
    archived = archive.archived(manifest, way)
    if archived.until is None:
        raise DamagedBackup(
            f"Backup {manifest.id} cannot be used: of its log in {archive.wal_folder(manifest.system)} the segment "
            f"{archived.missing or 'that makes it whole'} is missing."
        )
    until = archived.until
    gap = f", because the segment {archived.missing} is missing" if archived.missing else ""
    if to is not None and to > until:
        raise BackupError(
            f"From backup {manifest.id} the archive reaches until {until.isoformat()}{gap}: "
            "give --to a time before that."
        )
    if to is None and archived.missing:
        raise DamagedBackup(
            f"After {until.isoformat()} the segment {archived.missing} is missing from "
            f"{archive.wal_folder(manifest.system)}: bring it back, or restore with --to that time or before."
        )
    size = archive.backup_folder(manifest.id) / BASE_FILE
    wanted = next(file.size for file in manifest.files if file.name == BASE_FILE)
    if not size.is_file() or size.stat().st_size != wanted:
        raise DamagedBackup(f"The backup file {size} is missing or not of the size it had: use another backup.")
    return Plan(manifest, way, until)


def _way(timelines: list[Timeline], wanted: int | None) -> Timeline:
    if wanted is None:
        return timelines[-1]
    found = next((one for one in timelines if one.id == wanted), None)
    if found is None:
        raise BackupError(f"There is no timeline {wanted} in the archive: they are 1 to {timelines[-1].id}.")
    return found


@asynccontextmanager
async def recovered(
    state: StateFolder,
    archive: Archive,
    key: BackupKey,
    planned: Plan,
    goal: Goal,
    *,
    pg_bin: Path | None = None,
    data: str = "data",
) -> AsyncIterator[str]:
    """The restored server, running at the goal and writable; gives its URL as its superuser.

    The data folder ``data`` below ``state`` is made (it must not exist), and stays when the block ends well; the
    server is stopped then, orderly. It is removed when anything fails. Raises BackupError, EmbeddedError.
    """
    folder = state.postgres / data
    if folder.exists():
        raise BackupError(f"{folder} is there already: remove it and try again.")
    state.make_own(state.postgres)
    postgres = Postgres(state, pg_bin=pg_bin, data=data)
    manifest = planned.manifest
    done = False
    try:
        await asyncio.to_thread(_unpack, archive, key, manifest, folder)
        await asyncio.to_thread(_verify, pg_bin, folder, archive, manifest)
        (folder / "recovery.signal").touch(mode=0o600)
        await asyncio.to_thread(_give_to, state, folder)
        hba = state.postgres / HBA_FILE
        hba.write_text(HBA, encoding="ascii")
        state.account.own(hba)
        with Feeder(state, archive, manifest, planned.timeline, key) as feeder:
            await asyncio.to_thread(_start, postgres, feeder, partial(_options, hba, planned.timeline), goal)
        try:
            yield f"postgresql://postgres@/hotline?host={quote(str(state.sockets()))}&port={PORT}"
            done = True
        finally:
            await asyncio.to_thread(postgres.stop, 30.0)
            hba.unlink()
    finally:
        if not done and folder.exists():
            await asyncio.to_thread(shutil.rmtree, folder)


def _start(postgres: Postgres, feeder: Feeder, options: Callable[[Goal], list[str]], goal: Goal) -> None:
    try:
        postgres.recover(options(goal), feeder.check)
    except EmbeddedError as error:
        feeder.check()
        if goal.to is None or ENDED_BEFORE not in str(error):
            raise BackupError(f"The restored server did not come up: {error}") from error
        log.info("recovery_ends_with_the_archive", goal=goal.to.isoformat())
    else:
        return
    # the archive reaches the goal and nothing was committed between it and the archive's end
    try:
        postgres.recover(options(Goal()), feeder.check)
    except EmbeddedError as error:
        feeder.check()
        raise BackupError(f"The restored server did not come up: {error}") from error


def _options(hba: Path, timeline: Timeline, goal: Goal) -> list[str]:
    settings = {
        "hot_standby": "off",
        "hba_file": str(hba),
        "restore_command": RESTORE_COMMAND,
        # a restore that is given up must leave no timeline in the archive
        "archive_mode": "off",
        "recovery_target_timeline": str(timeline.id),
        "recovery_target_action": "promote",
        # with the recovery's progress in the log, one sees how far it came
        "log_startup_progress_interval": "10s",
    }
    if goal.to is not None:
        settings["recovery_target_time"] = goal.to.isoformat(sep=" ")
    if goal.lsn is not None:
        settings["recovery_target_lsn"] = goal.lsn
        settings["recovery_target_inclusive"] = "off"
    return [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]


class _Stream(io.RawIOBase):
    """The pieces of a sealed file as something tarfile can read."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces = pieces
        self._rest = memoryview(b"")

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]
        while not self._rest:
            try:
                self._rest = memoryview(next(self._pieces))
            except StopIteration:
                return 0
        count = min(len(buffer), len(self._rest))
        buffer[:count] = self._rest[:count]
        self._rest = self._rest[count:]
        return count


def _unpack(archive: Archive, key: BackupKey, manifest: Manifest, folder: Path) -> None:
    """Everything of the base backup into ``folder``; the last chunk is seen before this returns."""
    path = archive.backup_folder(manifest.id) / BASE_FILE
    folder.mkdir(mode=0o700)
    pieces = opened(path, key)
    try:
        with tarfile.open(fileobj=io.BufferedReader(_Stream(pieces), 1024 * 1024), mode="r|") as tar:
            tar.extractall(folder, filter="data")
    except tarfile.TarError as error:
        raise DamagedBackup(f"The backup file {path} does not unpack ({error}): use another backup.") from error
    except OSError as error:
        raise BackupError(
            f"{folder} could not be filled ({error.strerror or error}): it needs "
            f"{sum(file.plain_size for file in manifest.files) // 1_000_000:,} MB; make room and try again."
        ) from error
    for _ in pieces:
        continue
    folder.chmod(0o700)


def _verify(pg_bin: Path | None, folder: Path, archive: Archive, manifest: Manifest) -> None:
    """PostgreSQL's own check of every file against the list it made when it was backed up."""
    program = choose_postgres(pg_bin, folder).folder / "pg_verifybackup"
    if not program.is_file():
        log.warning("no_pg_verifybackup", folder=str(program.parent))
        return
    answer = subprocess.run(
        [program, "--no-parse-wal", "--exit-on-error", folder],
        cwd="/",
        capture_output=True,
        text=True,
        check=False,
        env=plain_environment(),
    )
    if answer.returncode != 0:
        said = answer.stderr.strip().splitlines() or ["it said nothing"]
        raise DamagedBackup(
            f"Backup {manifest.id} in {archive.folder} unpacks to something else than was backed up ({said[-1]}): "
            "use another backup."
        )


def _give_to(state: StateFolder, folder: Path) -> None:
    """Everything to the account the server runs as."""
    state.account.own(folder)
    for at, folders, files in os.walk(folder):
        for name in (*folders, *files):
            state.account.own(Path(at) / name)
