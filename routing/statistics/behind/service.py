"""The calls behind a figure: counted and listed by what each call is counted as (``call_figures``)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from routing.calls.store import calls_by_id
from routing.sealing import Vault
from routing.sql import load_queries
from routing.statistics.counts import KEYS
from routing.statistics.groups import Group, Groups, groups_of

queries = load_queries(__file__)

_FILTERS = tuple(key for key in KEYS if key != "day")


@dataclass(frozen=True, slots=True)
class Behind:
    """Which calls a figure stands for."""

    from_at: datetime
    to_at: datetime
    """Aware; inclusive and exclusive."""
    where: Mapping[str, tuple[Any, ...]]
    """Key -> values, of which a call has one; all of ``counts.KEYS`` but ``day``."""
    counted: tuple[str, ...] = ("calls",)
    """Names of ``counts.COUNTS``: a call counts as one of them at least."""
    uncounted: tuple[str, ...] = ()
    """Names of which a call counts as none."""


async def count_behind(connection: Any, wanted: Behind) -> tuple[int, int]:
    """How many calls, and how often they count: more than once for transfers and those sent back."""
    row = await queries.count_behind(connection, **_values(wanted))
    return int(row["calls"]), int(row["times"])


async def list_behind(
    connection: Any,
    vault: Vault,
    wanted: Behind,
    *,
    before_at: datetime | None = None,
    before_id: int | None = None,
    limit: int = 50,
) -> list[dict[str, Any]]:
    """The calls newest first, in the form of ``routing.calls.store.list_calls``; before a place where one is given."""
    found = await queries.list_behind(
        connection, **_values(wanted), before_at=before_at, before_id=before_id, limit=limit
    )
    return await calls_by_id(connection, vault, [row["id"] for row in found])


async def read_groups(connection: Any) -> Groups:
    """The organisations by the key that figures are split by; which of them are shown as one."""
    rows = await queries.organisations(connection)
    return groups_of(Group(str(row["id"]), row["name"], row["people"]) for row in rows)


def _values(wanted: Behind) -> dict[str, Any]:
    return {
        "from_at": wanted.from_at,
        "to_at": wanted.to_at,
        **{key: list(wanted.where[key]) if key in wanted.where else None for key in _FILTERS},
        "counted": list(wanted.counted),
        "uncounted": list(wanted.uncounted),
    }
