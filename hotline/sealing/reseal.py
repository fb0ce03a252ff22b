"""Seals everything stored by the newest key, in small batches beside the running service.

Used for rotation, and once for what a database of before sealing holds in
clear. It may be stopped at any time and goes on where values by other keys are
left. A batch locks its rows passing over those somebody else has; what was
passed over is found by the next pass.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import structlog

from hotline.sealing.columns import SEALED, SealedTable
from hotline.sealing.vault import CLEAR, FileVault, key_id_of
from routing.errors import SealBroken

log = structlog.get_logger(__name__)

#: Rows of one transaction: a few milliseconds, so that nobody waits for a row and the outbox is not held up.
BATCH = 200
#: Passes over one table before rows that are always locked are left to the next run.
PASSES = 20
LOCKED_PAUSE_S = 0.2

Progress = Callable[[str, int], None]
"""Told table and rows after every batch."""


@dataclass(frozen=True, slots=True)
class Resealed:
    """What a run has done, by table."""

    changed: dict[str, int]
    """Rows sealed by the active key now."""
    unreadable: dict[str, int]
    """Rows with a value that does not open: damaged, or its key is gone. They stay as they are."""


async def reseal(pool: Any, vault: FileVault, progress: Progress = lambda table, rows: None) -> Resealed:
    """Seal what other keys have sealed by the active one. ``pool`` gives a connection for each batch."""
    changed: dict[str, int] = {}
    unreadable: dict[str, int] = {}
    for table in SEALED:
        for _ in range(PASSES):
            rows, broken = await _pass(pool, vault, table, progress)
            if rows:
                changed[table.name] = changed.get(table.name, 0) + rows
            async with pool.acquire() as connection:
                left = await connection.fetchval(_count(table), vault.ring.active.id)
            if left <= broken:
                break
            # the rest was locked
            await asyncio.sleep(LOCKED_PAUSE_S)
        if broken:
            unreadable[table.name] = broken
            log.error("sealed_values_unreadable", table=table.name, rows=broken)
    return Resealed(changed, unreadable)


async def usage(connection: Any) -> dict[int, dict[str, int]]:
    """Stored values by key id and table."""
    counts: dict[int, dict[str, int]] = {}
    for table in SEALED:
        for column in table.columns:
            # names of tables and columns are those of the list
            sql = f"select sealed_by({column}) as id, count(*) as n from {table.name} where {column} is not null group by 1"  # noqa: S608, E501
            for row in await connection.fetch(sql):
                by_table = counts.setdefault(row["id"], {})
                by_table[table.name] = by_table.get(table.name, 0) + row["n"]
    return counts


async def _pass(pool: Any, vault: FileVault, table: SealedTable, progress: Progress) -> tuple[int, int]:
    """Once through the table: rows sealed anew, and rows that do not open."""
    rows, broken, last = 0, 0, None
    while True:
        async with pool.acquire() as connection, connection.transaction():
            found = await connection.fetch(_select(table, first=last is None), vault.ring.active.id, *(last or ()))
            if not found:
                return rows, broken
            sealed = [new for row in found if (new := _sealed(vault, table, dict(row))) is not None]
            await _update(connection, table, sealed)
        last = tuple(found[-1][name] for name, _ in table.keys)
        rows += len(sealed)
        broken += len(found) - len(sealed)
        progress(table.name, len(sealed))


def _wanted(table: SealedTable) -> str:
    return " or ".join(f"sealed_by({column}) <> $1" for column in table.columns)


def _count(table: SealedTable) -> str:
    return f"select count(*) from {table.name} where {_wanted(table)}"  # noqa: S608 - names of the list


def _select(table: SealedTable, *, first: bool) -> str:
    """A batch of rows with values by other keys, behind the last one seen, in the order of the primary key."""
    keys = ", ".join(name for name, _ in table.keys)
    places = ", ".join(f"${number}::{kind}" for number, (_, kind) in enumerate(table.keys, start=2))
    behind = "" if first else f"and ({keys}) > ({places})"
    columns = ", ".join((keys, *_written(table)))
    return (
        f"select {columns} from {table.name} where ({_wanted(table)}) {behind} "  # noqa: S608 - names of the list
        f"order by {keys} limit {BATCH} for update skip locked"
    )


def _written(table: SealedTable) -> tuple[str, ...]:
    hashed = (table.number_hash[0],) if table.number_hash else ()
    return (*table.columns, *table.digests, *hashed)


def _sealed(vault: FileVault, table: SealedTable, row: dict[str, Any]) -> dict[str, Any] | None:
    """The row with its values sealed by the active key; digests of a row that stood in clear get their key.

    None where a value does not open.
    """
    sealed = [column for column in table.columns if row[column] is not None]
    was_clear = any(key_id_of(row[column]) == CLEAR for column in sealed)
    new = dict(row)
    for column in sealed:
        use = f"{table.name}.{column}"
        try:
            new[column] = vault.seal_bytes(vault.open_bytes(row[column], use), use)
        except SealBroken:
            return None
    if was_clear:
        for digest in table.digests:
            new[digest] = vault.content_hash(row[digest])
        if table.number_hash and row[table.number_hash[0]] is not None:
            hashed, number = table.number_hash
            new[hashed] = vault.number_hash(vault.open(row[number], f"{table.name}.{number}"))
    return new


async def _update(connection: Any, table: SealedTable, rows: list[dict[str, Any]]) -> None:
    written = _written(table)
    names = [name for name, _ in table.keys] + list(written)
    kinds = [kind for _, kind in table.keys] + ["bytea"] * len(written)
    arrays = ", ".join(f"${number}::{kind}[]" for number, kind in enumerate(kinds, start=1))
    changes = ", ".join(f"{name} = v.{name}" for name in written)
    same = " and ".join(f"t.{name} = v.{name}" for name, _ in table.keys)
    sql = f"update {table.name} t set {changes} from unnest({arrays}) as v({', '.join(names)}) where {same}"  # noqa: S608
    await connection.execute(sql, *([row[name] for row in rows] for name in names))
