"""To whom waiting items go first, and to which group or department an item belongs.

Mediators: a grid's group (``grids.mediator_group``, inherited from above) comes first while one of it is at work.
Departments: whoever owns the articles of the item's field comes first as long as somebody works there. Whom nobody
comes before gets what is next; choosing one item by hand is always open (``routing/queues/picking/``).
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from routing.policy.settings import QueueSettings
from routing.sql import load_queries

queries = load_queries(__file__)


@dataclass(frozen=True, slots=True)
class Department:
    """A department that answers for a field."""

    org_id: int
    name: str
    staffed: bool
    """Whether anybody works there who could take a ticket."""


async def first_of_items(connection: Any, settings: QueueSettings, roles: Sequence[str]) -> dict[int, frozenset[int]]:
    """Item id -> users it goes to first, for the waiting items of a queue that has such a rule; else nothing."""
    if settings.destination == "mediators":
        rows = await queries.first_mediators(connection, queue=settings.name, roles=roles)
    elif settings.destination == "departments":
        rows = await queries.first_departments(connection, queue=settings.name, roles=roles)
    else:
        return {}
    return {row["item_id"]: frozenset(row["user_ids"]) for row in rows}


async def kept_from(connection: Any, settings: QueueSettings, roles: Sequence[str], user_id: int) -> list[int]:
    """Items that ``user_id`` is not given as the next one while others come first."""
    first = await first_of_items(connection, settings, roles)
    return [item_id for item_id, users in first.items() if user_id not in users]


async def groups_of(connection: Any, codes: Collection[str]) -> dict[str, str]:
    """Grid code -> the group of mediators there; grids without one are left out."""
    rows = await queries.groups_of_grids(connection, codes=sorted(codes))
    return {row["code"]: row["committee"] for row in rows}


async def departments_of_fields(connection: Any) -> dict[str, tuple[Department, ...]]:
    """Topic code -> the departments that answer for it, by name."""
    found: dict[str, list[Department]] = {}
    for row in await queries.departments_of_fields(connection):
        found.setdefault(row["topic"], []).append(Department(row["org_id"], row["name"], row["staffed"]))
    return {topic: tuple(owners) for topic, owners in found.items()}
