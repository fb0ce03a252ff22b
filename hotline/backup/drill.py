"""``hotline drill``: proves that what is in the archive brings the service back, and how fast."""

from __future__ import annotations

import asyncio
import shutil
import tempfile
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import asyncpg

from config.settings import Settings
from hotline.audit.chain import audit_key
from hotline.audit.verify import Verdict, verify_chain
from hotline.backup.archiver import Collector, finish_segment
from hotline.backup.base import open_archive, until_sealed
from hotline.backup.contents import connect, contents, queries, quiet_moment
from hotline.backup.errors import BackupError
from hotline.backup.manifest import Manifest, TableContent
from hotline.backup.on_record import put_on_record
from hotline.backup.recovery import Goal, Plan, plan, recovered
from hotline.backup.status import read_status, update_status
from hotline.backup.wal import parse_lsn
from hotline.database import close_pool, open_pool
from hotline.embedded import archiving
from hotline.embedded.folders import prepare
from hotline.embedded.postgres import Postgres
from hotline.sealing.key_file import read_key_file
from hotline.sealing.vault import FileVault


@dataclass(frozen=True, slots=True)
class Difference:
    """One table that came back otherwise than it was."""

    table: str
    live: TableContent | None
    restored: TableContent | None


@dataclass(frozen=True, slots=True)
class Drilled:
    """The outcome of a drill."""

    manifest: Manifest
    rpo_s: float
    """Work of so many seconds was not in the archive when the drill began: it would have been lost."""
    rto_s: float
    """From the beginning of the restore until the restored server answered."""
    tables: int
    rows: int
    differences: list[Difference]
    audit: Verdict | None = None
    """What a walk over the restored audit chain found; None: it was not walked (no key at hand, outside server)."""

    @property
    def found_back(self) -> bool:
        """Whether everything came back as it was."""
        return not self.differences and (self.audit is None or self.audit.broken is None)

    def on_record(self) -> dict[str, Any]:
        """What the audit log keeps of it."""
        return {
            "found_back": self.found_back,
            "tables": self.tables,
            "rows": self.rows,
            "differ": [one.table for one in self.differences],
            "rpo_s": round(self.rpo_s, 1),
            "rto_s": round(self.rto_s, 1),
        }


async def drill(settings: Settings, owner_url: str) -> Drilled:
    """Restore the newest backup and all log up to this moment to a scratch folder, and compare every table.

    The service may work meanwhile. Raises BackupError; differences are no error here.
    """
    archive, key, made = open_archive(settings)
    if made:
        raise BackupError("There is no base backup yet: make one with hotline backup.")
    state = prepare(settings.state_dir)
    archiving.begin(state, settings.operation.backup.wal_waiting_mib)
    collector = Collector(settings, state, key)
    newest = plan(archive, key, backup=None, to=None, timeline=None)
    noted = datetime.fromtimestamp(read_status(settings.state_dir).archived_until_s, UTC)
    rpo_s = (datetime.now(UTC) - max(newest.until, noted)).total_seconds()
    async with quiet_moment(owner_url) as (reader, lsn):
        timeline = await _finish_log(settings, owner_url, lsn)
        # the archive is filled while we count
        live, _ = await asyncio.gather(
            contents(reader, hashed=True), until_sealed(collector, newest.manifest, parse_lsn(lsn), timeline)
        )
    planned = plan(archive, key, backup=newest.manifest.id, to=None, timeline=None)
    restored, rto_s, audit = await _restored(settings, collector, planned, lsn)
    rows = sum(one.rows for one in live.values())
    outcome = Drilled(planned.manifest, max(0.0, rpo_s), rto_s, len(live), rows, compare(live, restored), audit)
    if outcome.found_back:
        update_status(settings.state_dir, last_drill_s=time.time())
    await put_on_record(owner_url, "backup_drilled", planned.manifest.id, **outcome.on_record())
    return outcome


def compare(live: dict[str, TableContent], restored: dict[str, TableContent]) -> list[Difference]:
    """The tables that differ in rows or content, by name."""
    names = sorted({*live, *restored})
    return [
        Difference(name, live.get(name), restored.get(name)) for name in names if live.get(name) != restored.get(name)
    ]


async def _finish_log(settings: Settings, owner_url: str, lsn: str) -> int:
    """Have something follow the place in the log, and the segment with it finished; the server's timeline."""
    connection = await connect(owner_url)
    try:
        await queries.mark(connection, words=f"drill {lsn}")
    finally:
        await connection.close()
    maintenance = await asyncpg.connect(Postgres(prepare(settings.state_dir)).backup_url, timeout=10)
    try:
        timeline = int(await maintenance.fetchval("select left(pg_walfile_name(pg_current_wal_lsn()), 8)"), 16)
        await finish_segment(maintenance)
    finally:
        await maintenance.close()
    return timeline


async def _restored(
    settings: Settings, collector: Collector, planned: Plan, lsn: str
) -> tuple[dict[str, TableContent], float, Verdict | None]:
    """What the restored server holds, how long it took until it answered, and whether its audit chain is whole."""
    # beside the data: that is where there is room for a second copy, and where the servers' account may go
    scratch = Path(tempfile.mkdtemp(prefix="drill-", dir=collector.state.servers))
    state = None
    try:
        state = prepare(scratch)
        began = time.monotonic()
        async with recovered(
            state, collector.archive, collector.key, planned, Goal(lsn=lsn), pg_bin=settings.pg_bin
        ) as superuser_url:
            connection = await connect(superuser_url)
            try:
                await connection.fetchval("select 1")
                rto_s = time.monotonic() - began
                held = await contents(connection, hashed=True)
            finally:
                await connection.close()
            return held, rto_s, await _audit(settings, superuser_url)
    finally:
        if state is not None:
            state.drop_sockets()
        await asyncio.to_thread(shutil.rmtree, scratch)


async def _audit(settings: Settings, url: str) -> Verdict | None:
    """Walk the audit chain of the restored database, as ``hotline audit verify`` does."""
    ring = read_key_file(settings.secret_key_file)
    if ring is None:
        return None
    pool = await open_pool(url, 1)
    try:
        # no checkpoint from outside: the newest one is younger than the moment restored
        return await verify_chain(pool, audit_key(ring), FileVault(settings.secret_key_file, ring), None)
    finally:
        await close_pool(pool)
