"""Seals everything stored by the newest key, in small batches beside the running service.

Used for rotation, and once for what a database of before sealing holds in
clear. It may be stopped at any time and goes on where values by other keys are
left. A batch locks its rows passing over those somebody else has; what was
passed over is found by the next pass.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from hotline.sealing.columns import SEALED, SealedTable
from hotline.sealing.vault import CLEAR, FileVault, key_id_of

#: Rows of one transaction: a few milliseconds, so that nobody waits for a row and the outbox is not held up.
BATCH = 200
#: Passes over one table before rows that are always locked are left to the next run.
PASSES = 20

Progress = Callable[[str, int], None]
"""Told table and rows after every batch."""


async def reseal(pool: Any, vault: FileVault, progress: Progress = lambda table, rows: None) -> dict[str, int]:
    """Seal what other keys have sealed by the active one; rows changed by table.

    ``pool`` gives a connection for each batch. Raises SealBroken where a value does not open.
    """
    changed: dict[str, int] = {}
    for table in SEALED:
        rows = 0
        for _ in range(PASSES):
            in_pass = await _pass(pool, vault, table, progress)
            rows += in_pass
            if not in_pass:
                break
        if rows:
            changed[table.name] = rows
    return changed


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


async def _pass(pool: Any, vault: FileVault, table: SealedTable, progress: Progress) -> int:
    rows, last = 0, None
    while True:
        async with pool.acquire() as connection, connection.transaction():
            found = await connection.fetch(_select(table, first=last is None), vault.ring.active.id, *(last or ()))
            if not found:
                return rows
            await _update(connection, table, [_sealed(vault, table, dict(row)) for row in found])
        last = tuple(found[-1][name] for name, _ in table.keys)
        rows += len(found)
        progress(table.name, len(found))


def _select(table: SealedTable, *, first: bool) -> str:
    """A batch of rows with values by other keys, behind the last one seen, in the order of the primary key."""
    keys = ", ".join(name for name, _ in table.keys)
    wanted = " or ".join(f"sealed_by({column}) <> $1" for column in table.columns)
    places = ", ".join(f"${number}::{kind}" for number, (_, kind) in enumerate(table.keys, start=2))
    behind = "" if first else f"and ({keys}) > ({places})"
    columns = ", ".join((keys, *_written(table)))
    return (
        f"select {columns} from {table.name} where ({wanted}) {behind} "  # noqa: S608 - names of the list
        f"order by {keys} limit {BATCH} for update skip locked"
    )


def _written(table: SealedTable) -> tuple[str, ...]:
    hashed = (table.number_hash[0],) if table.number_hash else ()
    return (*table.columns, *table.digests, *hashed)


def _sealed(vault: FileVault, table: SealedTable, row: dict[str, Any]) -> dict[str, Any]:
    """The row with its values sealed by the active key; digests of a row that stood in clear get their key."""
    sealed = [column for column in table.columns if row[column] is not None]
    was_clear = any(key_id_of(row[column]) == CLEAR for column in sealed)
    new = dict(row)
    for column in sealed:
        use = f"{table.name}.{column}"
        new[column] = vault.seal_bytes(vault.open_bytes(row[column], use), use)
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
