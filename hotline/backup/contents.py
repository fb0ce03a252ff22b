"""What every table holds, counted and hashed; and a moment at which that can be compared."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import asyncpg

from hotline.backup.errors import BackupError
from hotline.backup.manifest import TableContent
from routing.sql import load_queries

queries = load_queries(str(Path(__file__)))

QUIET_LIMIT_S = 60.0


async def connect(database_url: str) -> asyncpg.Connection:
    """A connection whose statements may take their time, and whose values read the same on every server.

    Raises BackupError.
    """
    try:
        return await asyncpg.connect(
            database_url,
            timeout=10,
            server_settings={
                "application_name": "hotline-backup",
                "timezone": "UTC",
                "datestyle": "ISO, YMD",
                "intervalstyle": "iso_8601",
                "extra_float_digits": "1",
                "bytea_output": "hex",
                "jit": "off",
            },
        )
    except (OSError, asyncpg.PostgresError) as error:
        raise BackupError(f"PostgreSQL does not answer ({error}): start it and try again.") from error


async def contents(connection: asyncpg.Connection, *, hashed: bool) -> dict[str, TableContent]:
    """Rows of every table by name, with the sum of their hashes where asked for.

    The hash of a row is PostgreSQL's own 64-bit one over its text; the sum does not depend on the order of rows.
    Takes a fraction of a second for ten thousand calls, minutes for millions.
    """
    found = {}
    for row in await queries.tables(connection):
        table = row["quoted"]
        # the name comes from PostgreSQL's catalogue, quoted by it
        wanted = "count(*), sum(hashtextextended(t::text, 0)::numeric)::text" if hashed else "count(*), null"
        rows, total = await connection.fetchrow(f"select {wanted} from only {table} t")  # noqa: S608
        found[row["name"]] = TableContent(rows, (total or "0") if hashed else None)
    return found


@asynccontextmanager
async def quiet_moment(database_url: str) -> AsyncIterator[tuple[asyncpg.Connection, str]]:
    """A connection that sees exactly what was committed before a place in the log, and that place.

    Such a place is one at which nobody was in the middle of writing: the snapshot was taken, the place read,
    and by then no transaction with a number was open and none had ended since. Transactions are short, so a
    working service has such moments all the time; we look until we meet one. The connection stays in its
    snapshot until the block ends; it writes nothing and so holds up no event. Raises BackupError after a minute
    without such a moment.
    """
    reader, other = await connect(database_url), await connect(database_url)
    try:
        deadline = time.monotonic() + QUIET_LIMIT_S
        while True:
            transaction = reader.transaction(isolation="repeatable_read", readonly=True)
            await transaction.start()
            seen: Any = await queries.snapshot(reader)
            place: Any = await queries.place(reader)
            after: Any = await queries.snapshot(other)
            if place["open"] == 0 and seen["xmin"] == seen["xmax"] == after["xmin"] == after["xmax"]:
                break
            await transaction.rollback()
            if time.monotonic() > deadline:
                raise BackupError(
                    "There was no moment in a minute at which nobody was writing: "
                    "try again when no import runs, and look for a transaction that was left open."
                )
            await asyncio.sleep(0.01)
        try:
            yield reader, place["lsn"]
        finally:
            await transaction.rollback()
    finally:
        await reader.close()
        await other.close()
