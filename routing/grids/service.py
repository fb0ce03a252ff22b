"""The tree of grids in PostgreSQL: read, and taken over from a sheet as a whole."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from routing.grids.tree import Grid, GridDifference, compare
from routing.sql import load_queries

queries = load_queries(__file__)


@dataclass(frozen=True, slots=True)
class StoredTree:
    """The grids in use, above before below, and how many calls name each."""

    grids: tuple[Grid, ...]
    calls: dict[str, int]


async def load_tree(connection: Any) -> StoredTree:
    """The tree as it stands."""
    rows = await queries.grids(connection)
    grids = tuple(
        Grid(row["code"], row["name"], row["parent"], row["level"], row["responsible"], row["mediator_group"])
        for row in rows
    )
    return StoredTree(grids, {row["code"]: row["calls"] for row in rows if row["calls"]})


async def difference(connection: Any, new: Sequence[Grid], *, keep_others: bool) -> GridDifference:
    """What taking ``new`` over would do; ``keep_others``: grids that it leaves out stay."""
    tree = await load_tree(connection)
    kept = frozenset(grid.code for grid in tree.grids) if keep_others else frozenset()
    return compare(new, tree.grids, kept=kept)


async def take_over(connection: Any, new: Sequence[Grid], *, keep_others: bool) -> GridDifference:
    """Put ``new`` in force; what it did. The caller's transaction; imports wait for one another."""
    await queries.lock_grids(connection)
    change = await difference(connection, new, keep_others=keep_others)
    for grid in (*change.added, *(each.after for each in change.changed)):
        await queries.put_grid(
            connection,
            code=grid.code,
            name=grid.name,
            parent=grid.parent,
            level=grid.level,
            responsible=grid.responsible,
            mediator_group=grid.mediator_group,
        )
    # level by level from below: a grid goes once nothing hangs below it
    depths = sorted({grid.code.count(".") for grid in change.removed}, reverse=True)
    for depth in depths:
        codes = [grid.code for grid in change.removed if grid.code.count(".") == depth]
        await queries.delete_unused(connection, codes=codes)
    await queries.retire(connection, codes=[grid.code for grid in change.removed])
    return change
