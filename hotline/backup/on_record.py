"""Backups, restores and drills in the audit log, with who sat at the machine."""

from __future__ import annotations

from typing import Any

from hotline.audit.machine import at_the_machine
from hotline.audit.store import record
from hotline.database import close_pool, open_pool


async def put_on_record(database_url: str, action: str, backup_id: str, **detail: Any) -> None:
    """Write ``action`` on backup ``backup_id`` into the audit log of the database at ``database_url``.

    A database that no migration has reached yet has no such log, and nothing is written: so it is with a server that
    was only just made, and with a backup from before there was one. Raises what the database raises.
    """
    pool = await open_pool(database_url, 1)
    try:
        async with pool.acquire() as connection:
            if await connection.fetchval("select to_regclass('public.audit_entries') is null"):
                return
            await record(
                connection, actor=at_the_machine(), action=action, subject=f"backup:{backup_id}", detail=detail
            )
    finally:
        await close_pool(pool)
