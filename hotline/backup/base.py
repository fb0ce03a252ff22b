"""Taking a base backup of the embedded server, and all that follows from one."""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import IO

import asyncpg
import structlog

from config.settings import Settings
from hotline.backup.archive import BASE_FILE, PIECE_BYTES, Archive, backup_id
from hotline.backup.archiver import Collector, finish_segment, system_id
from hotline.backup.contents import connect, contents
from hotline.backup.errors import BackupError
from hotline.backup.key import BackupKey, ensure_key
from hotline.backup.manifest import Manifest, SealedFile, write_manifest
from hotline.backup.on_record import put_on_record
from hotline.backup.sealed import Sealer, sync_folder
from hotline.backup.secret_keys import secret_key_ids
from hotline.backup.status import update_status
from hotline.backup.wal import Timeline, parse_lsn, segment_number
from hotline.embedded import archiving
from hotline.embedded.binaries import choose_postgres
from hotline.embedded.folders import StateFolder, prepare
from hotline.embedded.postgres import PORT, Postgres
from hotline.embedded.processes import plain_environment

#: For the segment that makes the backup whole to arrive in the archive.
SEALED_LIMIT_S = 120.0
LABEL_BYTES = 4096

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Taken:
    """A new backup, and what went for it."""

    manifest: Manifest
    key_made: bool
    """The key was made just now; somebody has to take a copy of it to another place."""
    pruned: list[str]


@dataclass(frozen=True, slots=True)
class _Streamed:
    """A base backup as it came from the server."""

    file: SealedFile
    start_lsn: str
    timeline: int


def open_archive(settings: Settings) -> tuple[Archive, BackupKey, bool]:
    """The backup folder, ready, with its key; whether the key was made. Raises BackupError."""
    archive = Archive(settings.operation.backup.folder)
    archive.prepare()
    base = archive.folder / "base"
    key, made = ensure_key(
        settings.operation.backup, settings.secret_key_file, has_backups=any(base.glob("*/manifest.json"))
    )
    return archive, key, made


async def take_base_backup(settings: Settings, owner_url: str, *, keep: int | None) -> Taken:
    """Back the embedded server up while it works, seal the log that belongs to it, and drop old backups.

    Raises BackupError; then no backup of that name is there.
    """
    archive, key, made = open_archive(settings)
    state = prepare(settings.state_dir)
    postgres = Postgres(state)
    archiving.begin(state, settings.operation.backup.wal_waiting_mib)
    dropped = archiving.dropped(state)
    collector = Collector(settings, state, key)
    began = datetime.now(UTC)
    name = backup_id(began)
    final = archive.backup_folder(name)
    if final.exists():
        raise BackupError(f"The backup {name} was begun in this very second: try again.")
    folder = final.with_name(f"{name}.part")
    try:
        folder.mkdir(mode=0o700)
        streamed = await asyncio.to_thread(_stream, settings, state, folder, key)
        maintenance = await asyncpg.connect(postgres.backup_url, timeout=10)
        try:
            stop_lsn = str(await maintenance.fetchval("select pg_current_wal_lsn()::text"))
            segment_bytes = int(await maintenance.fetchval("select pg_size_bytes(current_setting('wal_segment_size'))"))
            version = str(await maintenance.fetchval("show server_version"))
            await finish_segment(maintenance)
        finally:
            await maintenance.close()
        connection = await connect(owner_url)
        try:
            tables = await contents(connection, hashed=False)
        finally:
            await connection.close()
        manifest = Manifest(
            id=name,
            kind="base",
            key=key.id,
            secret_keys=secret_key_ids(settings),
            postgres=version,
            started_at=began,
            finished_at=datetime.now(UTC),
            files=(streamed.file,),
            tables=tables,
            system=system_id(postgres.data),
            timeline=streamed.timeline,
            start_lsn=streamed.start_lsn,
            stop_lsn=stop_lsn,
            segment_bytes=segment_bytes,
        )
        await until_sealed(collector, manifest, parse_lsn(stop_lsn) - 1, streamed.timeline)
        if archive.archived(manifest, Timeline(manifest.timeline)).until is None:
            raise BackupError(
                "Log of the backup was dropped while it was made, because too much waited: "
                "see that the backup folder has room, and try again."
            )
        write_manifest(folder, manifest, key)
        sync_folder(folder)
        folder.rename(final)
        sync_folder(final.parent)
    except OSError as error:
        raise BackupError(
            f"The backup could not be written to {archive.folder} ({error.strerror or error}): make room or mount it, "
            "and try again."
        ) from error
    finally:
        if folder.exists():
            shutil.rmtree(folder)
    archiving.forget_dropped(state, dropped)
    pruned, _ = archive.prune(keep, key) if keep else ([], 0)
    update_status(
        settings.state_dir, last_backup_s=manifest.finished_at.timestamp(), gaps=len(archiving.dropped(state)), error=""
    )
    await put_on_record(
        owner_url,
        "backup_taken",
        name,
        kind="base",
        rows=sum(one.rows for one in tables.values()),
        bytes=manifest.size,
        dropped=pruned,
    )
    log.info("backup_taken", backup=name, bytes=manifest.size, pruned=len(pruned))
    return Taken(manifest, made, pruned)


async def until_sealed(collector: Collector, manifest: Manifest, position: int, timeline: int) -> None:
    """Wait until the timeline's segment that holds ``position`` is in the archive, sealing it where nobody else does.

    Raises BackupError after two minutes.
    """
    number = position // manifest.segment_bytes
    deadline = time.monotonic() + SEALED_LIMIT_S
    while True:
        await asyncio.to_thread(collector.collect)
        names = [
            name
            for name in collector.archive.wal_names(manifest.system)
            if len(name) == 24 and int(name[:8], 16) == timeline
        ]
        if any(segment_number(name, manifest.segment_bytes) >= number for name in names):
            return
        if time.monotonic() > deadline:
            raise BackupError(
                f"The log of the backup did not arrive in {collector.waiting_folder} within two minutes: "
                f"see {collector.state.postgres / 'postgres.log'}."
            )
        await asyncio.sleep(0.1)


def _stream(settings: Settings, state: StateFolder, folder: Path, key: BackupKey) -> _Streamed:
    """pg_basebackup's one tar file, sealed as it comes; nothing of it touches a disk unsealed."""
    postgres = Postgres(state)
    binaries = choose_postgres(settings.pg_bin, postgres.data)
    password = state.backup_password_file.read_text(encoding="ascii").strip()
    command = [str(binaries.folder / "pg_basebackup"), "--pgdata=-", "--format=tar", "--wal-method=none"]
    command += ["--checkpoint=fast", "--no-password", f"--host={state.sockets()}", f"--port={PORT}"]
    command += [f"--username={archiving.ROLE}"]
    with tempfile.TemporaryFile() as said:
        child = subprocess.Popen(
            command,
            cwd="/",
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=said,
            env=plain_environment() | {"PGPASSWORD": password},
        )
        try:
            sealer = Sealer(folder / BASE_FILE, key, settings.operation.backup.suite, {"kind": "base"})
            with sealer:
                start = _copy(_stdout(child), sealer.write)
                if child.wait() != 0:
                    said.seek(0)
                    raise BackupError(f"pg_basebackup failed: {_reason(said.read())}")
        finally:
            if child.poll() is None:
                child.kill()
            _stdout(child).close()
            child.wait()
    written = sealer.written
    label = start[: LABEL_BYTES // 2].decode("utf-8", "replace")
    lsn = re.search(r"START WAL LOCATION: ([0-9A-F]+/[0-9A-F]+)", label)
    timeline = re.search(r"START TIMELINE: (\d+)", label)
    if written is None or lsn is None or timeline is None:
        raise BackupError("pg_basebackup's answer does not begin with its label: set HOTLINE_PG_BIN to another one.")
    file = SealedFile(BASE_FILE, written.size, written.sha256, written.plain_size)
    return _Streamed(file, lsn[1], int(timeline[1]))


def _stdout(child: subprocess.Popen[bytes]) -> IO[bytes]:
    assert child.stdout is not None  # noqa: S101 - opened as a pipe
    return child.stdout


def _copy(source: IO[bytes], write: Callable[[bytes], None]) -> bytes:
    """All of ``source`` to ``write``; its beginning."""
    start = b""
    while piece := source.read(PIECE_BYTES):
        if len(start) < LABEL_BYTES:
            start += piece[: LABEL_BYTES - len(start)]
        write(piece)
    return start


def _reason(said: bytes) -> str:
    lines = [line.strip() for line in said.decode("utf-8", "replace").splitlines() if line.strip()]
    return lines[-1] if lines else f"it said nothing (as user {os.geteuid()})"
