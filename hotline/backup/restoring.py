"""``hotline restore``: a state folder's database brought back to a moment."""

from __future__ import annotations

import shutil
import time
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import asyncpg
import structlog

from config.settings import Settings
from hotline.backup.archive import Archive
from hotline.backup.archiver import Collector
from hotline.backup.errors import BackupError
from hotline.backup.key import BackupKey, read_key
from hotline.backup.manifest import Manifest
from hotline.backup.on_record import put_on_record
from hotline.backup.recovery import Goal, plan, recovered
from hotline.backup.secret_keys import secret_key_ids
from hotline.embedded import archiving
from hotline.embedded.folders import StateFolder, prepare
from hotline.embedded.locks import FolderLock
from hotline.embedded.postgres import OWNER, SERVICE, Postgres

LOCK_LIMIT_S = 3.0
DRAFT = "data.restoring"

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Restored:
    """What a restore came to."""

    manifest: Manifest
    reached: datetime | None
    """The last transaction that is in it; None: only what the base backup held."""
    seconds: float
    folder: Path
    aside: Path | None
    """Where the data lie that were there before."""
    missing_keys: tuple[str, ...]
    """Keys the data need and the key file at hand does not hold."""


async def restore(
    settings: Settings,
    *,
    backup: str | None,
    to: datetime | None,
    into: Path | None,
    replace_data: bool,
    timeline: int | None,
) -> Restored:
    """Bring the embedded database back as it was at ``to`` (None: as far as the archive reaches).

    ``into``: another state folder. Data that are there already stay unless ``replace_data``, and are put aside
    then, never deleted. Raises BackupError; then nothing has changed.
    """
    began = time.monotonic()
    key = read_key(settings.operation.backup)
    archive = Archive(settings.operation.backup.folder)
    state = prepare(into or settings.state_dir)
    target = replace(settings, state_dir=state.root)
    data = state.postgres / "data"
    if data.exists() and not replace_data:
        raise BackupError(
            f"There are data in {data}: add --replace to put them aside, or --into another folder to leave them alone."
        )
    with FolderLock(state.servers) as starting, FolderLock(state.root) as using:
        if not starting.wait_alone(time.monotonic() + LOCK_LIMIT_S):
            raise BackupError("Servers are just being started in that folder: stop hotline and try again.")
        using.share()
        if not using.alone():
            raise BackupError(f"A hotline command runs on {state.root}: stop the service and try again.")
        if data.exists():
            # what a kill left running; its orderly end also hands over the last of its log
            Postgres(state).stop(30.0)
            _seal_rest(target, state, key)
        planned = plan(archive, key, backup=backup, to=to, timeline=timeline)
        draft = state.postgres / DRAFT
        _remove_leftover(state)
        async with recovered(
            state, archive, key, planned, Goal(to=to), pg_bin=settings.pg_bin, data=DRAFT
        ) as superuser_url:
            reached = await _finish(superuser_url, state)
            await put_on_record(
                superuser_url,
                "database_restored",
                planned.manifest.id,
                asked_for=to and to.isoformat(),
                reached=reached and reached.isoformat(),
                replaced=data.exists(),
            )
        aside = _aside(data)
        draft.rename(data)
        archiving.hand_over_history(state, data)
    log.info("restored", backup=planned.manifest.id, reached=reached and reached.isoformat())
    have = secret_key_ids(settings)
    missing = tuple(one for one in planned.manifest.secret_keys if one not in have)
    return Restored(planned.manifest, reached, time.monotonic() - began, data, aside, missing)


def _seal_rest(settings: Settings, state: StateFolder, key: BackupKey) -> None:
    """What the server still wrote belongs to what can be restored."""
    collector = Collector(settings, state, key)
    if collector.waiting_folder.is_dir():
        collector.collect()


def _remove_leftover(state: StateFolder) -> None:
    """What a restore that was killed left behind."""
    postgres = Postgres(state, data=DRAFT)
    if postgres.data.exists():
        postgres.stop()
        shutil.rmtree(postgres.data)


def _aside(data: Path) -> Path | None:
    if not data.exists():
        return None
    aside = data.with_name(f"data.before-restore-{datetime.now(UTC):%Y%m%dT%H%M%SZ}")
    data.rename(aside)
    return aside


async def _finish(superuser_url: str, state: StateFolder) -> datetime | None:
    """Give the roles the passwords this state folder has, and ask how far it came."""
    connection = await asyncpg.connect(superuser_url)
    try:
        reached = await connection.fetchval("select pg_last_xact_replay_timestamp()")
        files = {
            OWNER: state.password_file,
            SERVICE: state.service_password_file,
            archiving.ROLE: state.backup_password_file,
        }
        for role, path in files.items():
            if path.is_file():
                password = path.read_text(encoding="ascii").strip()
                known = await connection.fetchval("select true from pg_roles where rolname = $1", role)
                if known:
                    # made by us of letters that need no quoting
                    await connection.execute(f"alter role {role} password '{password}'")
                else:
                    # an older backup knows nothing of it: the next start makes it
                    path.unlink()
    finally:
        await connection.close()
    return reached  # type: ignore[no-any-return]
