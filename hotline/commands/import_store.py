"""The database as ``hotline import`` needs it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from config.durability import DurabilitySettings
from config.files import ConfigFiles
from config.settings import Settings
from hotline.audit.machine import at_the_machine
from hotline.audit.store import record
from hotline.commands.import_ import IntakeAs
from hotline.database import close_pool, open_pool, when_back
from hotline.embedded.servers import embedded_servers
from hotline.intake.importer import ImportResult, Sink
from hotline.intake.line_profiles import LineProfiles
from hotline.intake.profile import Profile
from hotline.intake.store import PostgresSink
from hotline.lexicon.store import FOLDER, edited_lexicon
from hotline.models.store import unpacked
from hotline.published import Published
from hotline.sealing.opening import prepare_vault
from hotline.sealing.vault import FileVault
from hotline.signals import Signals
from hotline.worker.guarded import GuardedReader
from hotline.worker.work import BATCH, GONE_S, worker_name
from routing.triage.service import TriageContext, drop_leases, pending_count, suspect_round, triage_round
from routing.triage.store import queries as triage_queries


class DatabaseStore:
    """Stores batches and, when the files are in, triages what waits unless a worker does."""

    def __init__(
        self,
        pool: Any,
        signals: Signals,
        files: ConfigFiles,
        *,
        intake_as: str,
        vault: FileVault,
        limits: DurabilitySettings,
        models: Path,
    ) -> None:
        self._pool = pool
        self._signals = signals
        self._files = files
        self._limits = limits
        self._models = models
        self.vault = vault
        self._name = worker_name()
        self.sink: Sink = PostgresSink(pool, intake_as=intake_as, vault=vault, patience_s=limits.patience_s)

    async def profile_for(self, profile: Profile) -> Profile:
        """The version of ``profile`` that was published on this installation, else the file's."""
        profiles = LineProfiles(self._files)
        await profiles.refresh(self._pool, force=True)
        return next((e.profile for e in profiles.entries.values() if e.name == profile.path), profile)

    async def recorded(self, line: str, result: ImportResult) -> None:
        """Put the import on record, by who sits at the machine."""
        counts = {name: getattr(result, name) for name in ("accepted", "updated", "duplicates", "rejected")}
        async with self._pool.acquire() as connection:
            await record(
                connection, actor=at_the_machine(), action="calls_imported", subject=f"line:{line}", detail=counts
            )

    async def triage_pending(self) -> None:
        """Read every waiting call here, with a progress bar, unless a worker runs."""
        await when_back(self._triage_pending, wait_s=self._limits.patience_s)

    async def _triage_pending(self) -> None:
        await self._signals.work_added([0])
        # begun again after the database was away: what was in hand then is due
        await drop_leases(self._pool, self._name)
        async with self._pool.acquire() as connection:
            if await triage_queries.live_workers(connection, seconds=GONE_S, but=self._name):
                return
        waiting = await pending_count(self._pool)
        if not waiting:
            return
        published = Published(self._files)
        await published.refresh(self._pool, force=True)
        reader = GuardedReader(self._limits.read_limit_s)
        async with self._pool.acquire() as connection:
            promoted = await unpacked(connection, self._models)
            lexicon = await edited_lexicon(connection, self._files, self._models.parent / FOLDER)
        if promoted is not None or lexicon is not None:
            await asyncio.to_thread(reader.use, promoted, lexicon)
        context = TriageContext(reader, published.policy, published.duty, self.vault, self._name, self._limits.lease_s)
        columns = (TextColumn("研判"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
        try:
            await self._seen(reader)
            with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
                bar = progress.add_task("", total=waiting)
                while done := await self._round(context):
                    progress.advance(bar, done)
                    await self._seen(reader)
        finally:
            await asyncio.to_thread(reader.close)
            async with self._pool.acquire() as connection:
                await triage_queries.worker_gone(connection, name=self._name)
        await self._signals.ring()

    async def _round(self, context: TriageContext) -> int:
        return await triage_round(self._pool, context, limit=BATCH) or await suspect_round(self._pool, context)

    async def _seen(self, reader: GuardedReader) -> None:
        model = await asyncio.to_thread(lambda: reader.model)
        async with self._pool.acquire() as connection:
            await triage_queries.worker_seen(connection, name=self._name, model=model)


@asynccontextmanager
async def open_import_store(settings: Settings, intake_as: IntakeAs) -> AsyncIterator[DatabaseStore]:
    """Start or share the servers, bring the schema up to date, open a pool for one import."""
    async with embedded_servers(settings) as urls:
        vault = await prepare_vault(settings, urls)
        limits = settings.durability
        pool = await open_pool(
            urls.database_url, 4, statement_limit_s=limits.statement_limit_s, lock_limit_s=limits.lock_limit_s
        )
        signals = Signals(urls.redis_url)
        try:
            yield DatabaseStore(
                pool,
                signals,
                ConfigFiles(settings.config_dir),
                intake_as=intake_as,
                vault=vault,
                limits=limits,
                models=settings.state_dir / "models",
            )
        finally:
            await signals.close()
            await close_pool(pool)
