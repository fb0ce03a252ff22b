"""The database as ``hotline import`` needs it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from config.files import ConfigFiles
from config.settings import Settings
from hotline.commands.import_ import IntakeAs
from hotline.database import open_pool, when_back
from hotline.embedded.servers import embedded_servers
from hotline.intake.importer import Sink
from hotline.intake.store import PostgresSink
from hotline.migrations.migrate import prepare_database
from hotline.published import Published
from hotline.secrets import lookup_key, read_secret_key
from hotline.signals import Signals
from hotline.worker.work import BATCH, GONE_S, worker_name
from nlp import load_reader
from routing.calls.lookup import LookupKey
from routing.triage.service import TriageContext, pending_count, triage_round
from routing.triage.store import queries as triage_queries


class DatabaseStore:
    """Stores batches and, when the files are in, triages what waits unless a worker does."""

    def __init__(self, pool: Any, signals: Signals, files: ConfigFiles, intake_as: str, key: LookupKey) -> None:
        self._pool = pool
        self._signals = signals
        self._files = files
        self.sink: Sink = PostgresSink(pool, intake_as=intake_as, key=key)

    async def triage_pending(self) -> None:
        """Read every waiting call here, with a progress bar, unless a worker runs."""
        await when_back(self._triage_pending)

    async def _triage_pending(self) -> None:
        await self._signals.work_added([0])
        async with self._pool.acquire() as connection:
            if await triage_queries.live_workers(connection, seconds=GONE_S):
                return
        waiting = await pending_count(self._pool)
        if not waiting:
            return
        published = Published(self._files)
        await published.refresh(self._pool, force=True)
        context = TriageContext(load_reader(None, self._files), published.policy, published.duty, worker_name())
        async with self._pool.acquire() as connection:
            await triage_queries.worker_seen(connection, name=context.worker, model=context.reader.model)
        columns = (TextColumn("研判"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
        try:
            with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
                bar = progress.add_task("", total=waiting)
                while done := await triage_round(self._pool, context, limit=BATCH):
                    progress.advance(bar, done)
                    async with self._pool.acquire() as connection:
                        await triage_queries.worker_seen(connection, name=context.worker, model=context.reader.model)
        finally:
            async with self._pool.acquire() as connection:
                await triage_queries.worker_gone(connection, name=context.worker)
        await self._signals.ring()


@asynccontextmanager
async def open_import_store(settings: Settings, intake_as: IntakeAs) -> AsyncIterator[DatabaseStore]:
    """Start or share the servers, bring the schema up to date, open a pool for one import."""
    key = lookup_key(read_secret_key(settings))
    async with embedded_servers(settings) as urls:
        await prepare_database(urls)
        pool = await open_pool(urls.database_url, 4)
        signals = Signals(urls.redis_url)
        try:
            yield DatabaseStore(pool, signals, ConfigFiles(settings.config_dir), intake_as, key)
        finally:
            await signals.close()
            await pool.close()
