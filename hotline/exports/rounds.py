"""The worker's round of exports: one job at a time, its progress written as it goes."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import structlog

from config.audit_limits import AuditLimits, load_audit_limits
from hotline.access.errors import TooManyRows
from hotline.accounts.permissions import Permission, allowed
from hotline.accounts.store import Principal
from hotline.exports.errors import ExportTooLarge, ReportMissing
from hotline.exports.jobs import FILE_USE, queries
from hotline.exports.making import Made, Order, make
from hotline.published import Published
from routing.errors import InvalidRequest
from routing.sealing import Vault

log = structlog.get_logger(__name__)

#: A worker that has not said for so long how far it is has gone; another takes the job.
LEASE_S = 30.0
TELL_EVERY_S = 0.4
#: Tried so often; then the person who asked is told that it failed.
ATTEMPTS = 3
MAX_BYTES = 40 * 1024 * 1024


class _Progress:
    def __init__(self) -> None:
        self.done, self.steps = 0, 1

    def told(self, done: int, steps: int) -> None:
        self.done, self.steps = done, max(1, steps)


async def export_round(pool: Any, vault: Vault, published: Published) -> bool:
    """Make the oldest export that is due; False where none is."""
    async with pool.acquire() as connection:
        await queries.expire(connection)
        job = await queries.take(connection, lease_s=LEASE_S)
    if job is None:
        return False
    failure = await _attempt(pool, vault, published, load_audit_limits(published.files), job)
    if failure is not None:
        log.warning("export_failed", job=job["id"], failure=failure)
        async with pool.acquire() as connection:
            await queries.fail(connection, id=job["id"], failure=failure)
    return True


async def _attempt(
    pool: Any, vault: Vault, published: Published, limits: AuditLimits, job: Mapping[str, Any]
) -> str | None:
    """Code of why there is no file; None: there is."""
    if job["attempts"] > ATTEMPTS:
        return "interrupted"
    async with pool.acquire() as connection:
        row = await queries.asker(connection, user_id=job["asked_by"])
    permission: Permission = "calls.export" if job["what"] == "calls" else "statistics.export"
    if row is None or not allowed(row["role"], permission):
        return "asker"
    who = Principal(row["id"], row["name"], row["display_name"], row["role"], row["org_id"])
    progress = _Progress()
    at = datetime.now(UTC)
    making = asyncio.create_task(make(Order(pool, vault, published, limits, who, job, at, progress.told)))
    try:
        made = await _followed(pool, job, making, progress)
    except ExportTooLarge as error:
        return str(error)
    except ReportMissing:
        return "report"
    except TooManyRows:
        return "rows"
    except InvalidRequest:
        return "asked"
    if len(made.content) > MAX_BYTES:
        return "bytes"
    sealed = await asyncio.to_thread(vault.seal, base64.b64encode(made.content).decode(), FILE_USE)
    async with pool.acquire() as connection:
        await queries.finish(
            connection,
            id=job["id"],
            attempt=job["attempts"],
            rows=made.rows,
            bytes=len(made.content),
            file=sealed,
        )
    return None


async def _followed(pool: Any, job: Mapping[str, Any], making: asyncio.Task[Made], progress: _Progress) -> Made:
    """What ``making`` makes; meanwhile its progress is written down and the lease kept."""
    try:
        while not (await asyncio.wait([making], timeout=TELL_EVERY_S))[0]:
            async with pool.acquire() as connection:
                await queries.keep(
                    connection,
                    id=job["id"],
                    attempt=job["attempts"],
                    done=min(progress.done, progress.steps),
                    steps=progress.steps,
                    lease_s=LEASE_S,
                )
    finally:
        making.cancel()
    return await making
