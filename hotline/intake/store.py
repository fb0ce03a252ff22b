"""Stores batches of records in PostgreSQL, trying again where two senders met."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Sequence
from typing import Any

import asyncpg

from hotline.database import when_back
from routing.calls.record import CallRecord
from routing.calls.store import MAX_BATCH, Outcome, store_records
from routing.sealing import Vault

#: Two senders of the same keys can meet; the loser of a deadlock begins its batch again.
TRIES = 5

_MET = (asyncpg.DeadlockDetectedError, asyncpg.SerializationError, asyncpg.UniqueViolationError)


async def store_batch(
    pool: Any,
    records: Sequence[CallRecord],
    *,
    intake: str,
    vault: Vault,
    held_by: Sequence[int | None] | None = None,
) -> list[Outcome]:
    """Store ``records`` in transactions of at most 500; committed when this returns.

    Raises what PostgreSQL raises when the batch cannot be stored; batches
    before it stay stored, and sending all of it again finds them as duplicates.
    """
    outcomes: list[Outcome] = []
    for start in range(0, len(records), MAX_BATCH):
        part = records[start : start + MAX_BATCH]
        holders = held_by[start : start + MAX_BATCH] if held_by else None
        outcomes += await _store_part(pool, part, intake=intake, vault=vault, held_by=holders)
    return outcomes


async def _store_part(
    pool: Any, part: Sequence[CallRecord], *, intake: str, vault: Vault, held_by: Sequence[int | None] | None
) -> list[Outcome]:
    for attempt in range(TRIES):
        try:
            async with pool.acquire() as connection, connection.transaction():
                return await store_records(connection, part, intake=intake, vault=vault, held_by=held_by)
        except _MET:
            if attempt == TRIES - 1:
                raise
            await asyncio.sleep(random.uniform(0.01, 0.1) * (attempt + 1))  # noqa: S311 - jitter, no secret
    raise AssertionError("unreachable")


class PostgresSink:
    """The importer's sink: one batch at a time, patient while the database restarts."""

    def __init__(self, pool: Any, *, intake_as: str, vault: Vault, patience_s: float = 30.0) -> None:
        self._pool = pool
        self._intake = intake_as
        self._vault = vault
        self._patience_s = patience_s

    async def __call__(self, batch: list[CallRecord]) -> list[Outcome]:
        """Store ``batch``; the answers stand in its order."""
        # a batch that was committed before the connection broke is found again as duplicates
        return await when_back(
            lambda: store_batch(self._pool, batch, intake=self._intake, vault=self._vault), wait_s=self._patience_s
        )
