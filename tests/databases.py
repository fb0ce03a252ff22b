"""Throwing a test's database away."""

from __future__ import annotations

import asyncpg


async def drop_database(admin: asyncpg.Connection, name: str) -> None:
    """Drop ``name`` whoever is still in it, as the owner of the databases, who is no superuser.

    ``drop database … with (force)`` is refused while an autovacuum worker is in the database: ending one takes a
    superuser. A plain drop sends it away by itself and waits for it, so only our own connections are ended here.
    """
    await admin.fetch(
        "select pg_terminate_backend(pid) from pg_stat_activity where datname = $1 and backend_type = 'client backend'",
        name,
    )
    await admin.execute(f'drop database if exists "{name}"')
