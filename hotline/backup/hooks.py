"""Backups of an outside PostgreSQL: by two commands of the operator's, sealed and kept by us.

``HOTLINE_BACKUP_HOOK`` writes a dump to its standard output, ``HOTLINE_RESTORE_HOOK`` takes it on its standard
input; both run by ``/bin/sh -c`` with this environment beside ours:

=============================  ==========================================================================
HOTLINE_DATABASE_URL           the database to dump, or to restore into (as the owner of the tables)
HOTLINE_BACKUP_ID              the backup's id
HOTLINE_BACKUP_SNAPSHOT        (backup) a snapshot to dump from: ``pg_dump --snapshot``
HOTLINE_RESTORE_TO             (restore) the moment asked for, ISO 8601, or empty
=============================  ==========================================================================

``deploy/backup/`` holds both for pg_dump. A hook that ends with another status than 0 has failed.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

import asyncpg
import structlog

from config.settings import Settings
from hotline.backup.archive import PIECE_BYTES, Archive, backup_id
from hotline.backup.base import Taken, open_archive
from hotline.backup.contents import connect, contents, queries
from hotline.backup.drill import Drilled, compare
from hotline.backup.errors import BackupError
from hotline.backup.key import BackupKey, read_key
from hotline.backup.manifest import Manifest, SealedFile, write_manifest
from hotline.backup.on_record import put_on_record
from hotline.backup.sealed import Sealer, opened, sync_folder
from hotline.backup.secret_keys import secret_key_ids
from hotline.backup.status import update_status
from hotline.embedded.servers import ServerUrls
from hotline.embedded.throwaway import embedded_postgres
from hotline.migrations.migrate import prepare_database

DUMP_FILE = "dump.sealed"

log = structlog.get_logger(__name__)


def _url(settings: Settings) -> str:
    url = settings.owner_database_url or settings.database_url
    if url is None:
        raise BackupError("There is no outside database: unset the hook, or set HOTLINE_DATABASE_URL.")
    return url


async def back_up_outside(settings: Settings, *, keep: int | None) -> Taken:
    """Run the backup hook and seal what it writes. Raises BackupError; then no backup of that name is there."""
    hook = settings.operation.backup.backup_hook
    if hook is None:
        raise BackupError(
            "This PostgreSQL is not ours to back up: set HOTLINE_BACKUP_HOOK to a command that dumps it, such as "
            "deploy/backup/dump.sh, or back it up by its own means."
        )
    archive, key, made = open_archive(settings)
    began = datetime.now(UTC)
    name = backup_id(began)
    final = archive.backup_folder(name)
    folder = final.with_name(f"{name}.part")
    connection = await connect(_url(settings))
    try:
        folder.mkdir(mode=0o700)
        async with connection.transaction(isolation="repeatable_read", readonly=True):
            snapshot = str(await connection.fetchval("select pg_export_snapshot()"))
            extra = {"HOTLINE_BACKUP_ID": name, "HOTLINE_BACKUP_SNAPSHOT": snapshot}
            file = await asyncio.to_thread(_dump, settings, hook, extra, folder, key)
            tables = await contents(connection, hashed=True)
            version = str(await connection.fetchval("show server_version"))
        manifest = Manifest(
            id=name,
            kind="hook",
            key=key.id,
            secret_keys=secret_key_ids(settings),
            postgres=version,
            started_at=began,
            finished_at=datetime.now(UTC),
            files=(file,),
            tables=tables,
        )
        write_manifest(folder, manifest, key)
        sync_folder(folder)
        folder.rename(final)
    except OSError as error:
        raise BackupError(
            f"The backup could not be written to {archive.folder} ({error.strerror or error}): make room or mount it."
        ) from error
    finally:
        await connection.close()
        if folder.exists():
            shutil.rmtree(folder)
    pruned, _ = archive.prune(keep, key) if keep else ([], 0)
    settings.state_dir.mkdir(parents=True, exist_ok=True)
    update_status(settings.state_dir, last_backup_s=manifest.finished_at.timestamp())
    await put_on_record(
        _url(settings),
        "backup_taken",
        name,
        kind="hook",
        rows=sum(one.rows for one in tables.values()),
        bytes=manifest.size,
        dropped=pruned,
    )
    return Taken(manifest, made, pruned)


async def restore_outside(
    settings: Settings, *, backup: str | None, to: datetime | None, replace_data: bool
) -> Manifest:
    """Hand the newest dump made by ``to`` to the restore hook. Raises BackupError.

    A dump knows its own moment only; a hook that also has the server's log may honour ``HOTLINE_RESTORE_TO``.
    A database with tables is refused unless ``replace_data``; what then becomes of them is the hook's.
    """
    hook = settings.operation.backup.restore_hook
    if hook is None:
        raise BackupError(
            "This PostgreSQL is not ours to restore: set HOTLINE_RESTORE_HOOK to a command that takes the dump on "
            "its standard input, such as deploy/backup/restore.sh."
        )
    key = read_key(settings.operation.backup)
    archive = Archive(settings.operation.backup.folder)
    chosen = _choose(archive, key, backup, to)
    if not replace_data and await _has_tables(_url(settings)):
        raise BackupError("The database has tables already: add --replace to let the hook replace them.")
    await asyncio.to_thread(_feed, hook, _url(settings), archive=archive, chosen=chosen, key=key, to=to)
    connection = await connect(_url(settings))
    try:
        # events bear transaction numbers of the server that was dumped (docs/adr/0016); consoles read their pages anew
        await queries.forget_events(connection)
    finally:
        await connection.close()
    if settings.database_url is not None:
        # what the service's role may do is not in a dump, and an older dump wants the migrations since
        await prepare_database(ServerUrls(settings.database_url, "", settings.owner_database_url))
    await put_on_record(
        _url(settings), "database_restored", chosen.id, asked_for=to and to.isoformat(), replaced=replace_data
    )
    return chosen


async def drill_outside(settings: Settings) -> Drilled:
    """Restore the newest dump to a scratch server, and compare it with what it was when it was dumped.

    Needs the wheel's or the machine's PostgreSQL for the scratch server. Raises BackupError.
    """
    hook = settings.operation.backup.restore_hook
    if hook is None:
        raise BackupError("Set HOTLINE_RESTORE_HOOK to the command that takes the dump on its standard input.")
    key = read_key(settings.operation.backup)
    archive = Archive(settings.operation.backup.folder)
    chosen = _choose(archive, key, None, None)
    rpo_s = (datetime.now(UTC) - chosen.started_at).total_seconds()
    with embedded_postgres() as scratch_url:
        began = time.monotonic()
        await asyncio.to_thread(_feed, hook, scratch_url, archive=archive, chosen=chosen, key=key, to=None)
        connection = await connect(scratch_url)
        try:
            rto_s = time.monotonic() - began
            restored = await contents(connection, hashed=True)
        finally:
            await connection.close()
    differences = compare(chosen.tables, restored)
    if not differences:
        update_status(settings.state_dir, last_drill_s=time.time())
    rows = sum(one.rows for one in chosen.tables.values())
    outcome = Drilled(chosen, rpo_s, rto_s, len(chosen.tables), rows, differences)
    await put_on_record(_url(settings), "backup_drilled", chosen.id, **outcome.on_record())
    return outcome


def _choose(archive: Archive, key: BackupKey, backup: str | None, to: datetime | None) -> Manifest:
    fitting = [
        one
        for one in archive.backups(key)
        if one.kind == "hook" and backup in (None, one.id) and (to is None or one.started_at <= to)
    ]
    if not fitting:
        raise BackupError(f"No such dump is in {archive.folder}; hotline backups lists what there is.")
    return fitting[-1]


async def _has_tables(url: str) -> bool:
    connection: asyncpg.Connection = await connect(url)
    try:
        return bool(await contents(connection, hashed=False))
    finally:
        await connection.close()


def _dump(settings: Settings, hook: str, extra: dict[str, str], folder: Path, key: BackupKey) -> SealedFile:
    with tempfile.TemporaryFile() as said:
        child = _run(hook, {**extra, "HOTLINE_DATABASE_URL": _url(settings)}, subprocess.DEVNULL, said.fileno())
        sealer = Sealer(folder / DUMP_FILE, key, settings.operation.backup.suite, {"kind": "dump"})
        try:
            with sealer:
                assert child.stdout is not None  # noqa: S101 - a pipe
                while piece := child.stdout.read(PIECE_BYTES):
                    sealer.write(piece)
                if child.wait() != 0:
                    said.seek(0)
                    raise BackupError(f"HOTLINE_BACKUP_HOOK failed (status {child.returncode}): {_last(said.read())}")
        finally:
            _end(child)
    written = sealer.written
    assert written is not None  # noqa: S101 - the block ended well
    if written.plain_size == 0:
        (folder / DUMP_FILE).unlink()
        raise BackupError("HOTLINE_BACKUP_HOOK wrote nothing to its standard output: correct the command.")
    return SealedFile(DUMP_FILE, written.size, written.sha256, written.plain_size)


def _feed(hook: str, url: str, *, archive: Archive, chosen: Manifest, key: BackupKey, to: datetime | None) -> None:
    path = archive.backup_folder(chosen.id) / DUMP_FILE
    # all of it is proven before the hook sees any: what was cut must not be restored half
    for _ in opened(path, key):
        continue
    extra = {
        "HOTLINE_DATABASE_URL": url,
        "HOTLINE_BACKUP_ID": chosen.id,
        "HOTLINE_RESTORE_TO": to.isoformat() if to else "",
    }
    with tempfile.TemporaryFile() as said:
        child = _run(hook, extra, subprocess.PIPE, said.fileno())
        try:
            assert child.stdin is not None  # noqa: S101 - a pipe
            try:
                for piece in opened(path, key):
                    child.stdin.write(piece)
                child.stdin.close()
            except BrokenPipeError:
                log.warning("hook_closed_its_input")
            if child.wait() != 0:
                said.seek(0)
                raise BackupError(f"HOTLINE_RESTORE_HOOK failed (status {child.returncode}): {_last(said.read())}")
        finally:
            _end(child)


def _run(hook: str, extra: dict[str, str], stdin: int, stderr: int) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        ["/bin/sh", "-c", hook],
        stdin=stdin,
        stdout=subprocess.PIPE if stdin == subprocess.DEVNULL else stderr,
        stderr=stderr,
        env={**os.environ, **extra},
    )


def _end(child: subprocess.Popen[bytes]) -> None:
    if child.poll() is None:
        child.kill()
        child.wait()
    for stream in (child.stdin, child.stdout):
        if stream is not None:
            try:
                stream.close()
            except BrokenPipeError:
                continue


def _last(said: bytes) -> str:
    lines = [line.strip() for line in said.decode("utf-8", "replace").splitlines() if line.strip()]
    errors = [line for line in lines if "error" in line.lower()]
    return next(iter(errors or reversed(lines)), "it said nothing")
