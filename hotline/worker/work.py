"""The worker's loops. Everything they do is taken from PostgreSQL; signals only wake them earlier."""

from __future__ import annotations

import asyncio
import os
import secrets
import socket
from collections.abc import Awaitable, Callable
from typing import Any

import structlog

from hotline.accounts.store import queries as account_queries
from hotline.published import Published
from hotline.signals import Signals
from nlp.classification import Reader
from routing.events.store import KEPT_H
from routing.events.store import queries as event_queries
from routing.offers.service import close_completed, queue_round
from routing.triage.service import TriageContext, triage_round
from routing.triage.store import queries as triage_queries

log = structlog.get_logger(__name__)

#: Calls read and settled in one transaction: long enough to be cheap, short enough not to hold up the outbox.
BATCH = 100
#: Without a signal the database is asked this often.
POLL_S = 1.0
QUEUE_ROUND_S = 0.5
ALIVE_S = 3.0
#: A worker not seen for this long is gone; its jobs are due again.
GONE_S = 15.0
TIDY_S = 600.0
ERROR_PAUSE_S = 1.0


def worker_name() -> str:
    """A name no other worker has, also after a restart with the same process id."""
    return f"{socket.gethostname()}-{os.getpid()}-{secrets.token_hex(2)}"


async def _for_ever(name: str, every_s: float, step: Callable[[], Awaitable[object]]) -> None:
    """Repeat ``step``; the database may be restarting, so an error is logged and tried again."""
    while True:
        try:
            await step()
        except Exception as error:  # noqa: BLE001 - nothing was half done: every step is a transaction
            log.warning("step_failed", step=name, error=f"{type(error).__name__}: {error}"[:300])
            await asyncio.sleep(ERROR_PAUSE_S)
        await asyncio.sleep(every_s)


class Worker:
    """One worker process."""

    def __init__(self, pool: Any, signals: Signals, published: Published, reader: Reader) -> None:
        self._pool = pool
        self._signals = signals
        self._published = published
        self._reader = reader
        self.name = worker_name()

    async def run(self, stop: asyncio.Event) -> None:
        """Work until ``stop`` is set; a batch begun is finished."""
        await self._alive()
        await self._published.refresh(self._pool, force=True)
        log.info("worker_started", worker=self.name, model=self._reader.model)
        reading = asyncio.create_task(self._read_until(stop))
        tasks = [
            asyncio.create_task(_for_ever("queues", QUEUE_ROUND_S, self._queues)),
            asyncio.create_task(_for_ever("alive", ALIVE_S, self._alive)),
            asyncio.create_task(_for_ever("tidy", TIDY_S, self._tidy)),
        ]
        await stop.wait()
        await asyncio.wait([reading], timeout=2.0)
        for task in (*tasks, reading):
            task.cancel()
        await asyncio.gather(*tasks, reading, return_exceptions=True)
        async with self._pool.acquire(timeout=1) as connection:
            await triage_queries.worker_gone(connection, name=self.name)

    async def _read_until(self, stop: asyncio.Event) -> None:
        while not stop.is_set():
            try:
                done = await self._read()
            except Exception as error:  # noqa: BLE001 - jobs keep their lease and are due again
                log.warning("triage_round_failed", error=f"{type(error).__name__}: {error}"[:300])
                await asyncio.sleep(ERROR_PAUSE_S)
                continue
            if not done and not stop.is_set():
                await self._signals.wait_for_work(self.name, POLL_S)

    async def _read(self) -> int:
        await self._published.refresh(self._pool)
        context = TriageContext(self._reader, self._published.policy, self._published.duty, self.name)
        done = await triage_round(self._pool, context, limit=BATCH)
        if done:
            await self._signals.ring()
        return done

    async def _queues(self) -> None:
        if await queue_round(self._pool, self._published.policy):
            await self._signals.ring()

    async def _alive(self) -> None:
        async with self._pool.acquire() as connection:
            await triage_queries.worker_seen(connection, name=self.name, model=self._reader.model)
            await triage_queries.release_dead(connection, seconds=GONE_S)

    async def _tidy(self) -> None:
        async with self._pool.acquire() as connection:
            await account_queries.delete_expired(connection)
            await event_queries.prune(connection, hours=KEPT_H)
        if await close_completed(self._pool):
            await self._signals.ring()
