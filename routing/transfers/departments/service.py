"""To which department a person sends a call by name: which there are, which is proposed, which may not have it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from routing.errors import InvalidRequest
from routing.queues.first.service import departments_of_fields
from routing.sql import load_queries

queries = load_queries(__file__)


@dataclass(frozen=True, slots=True)
class Choice:
    """A department as the operator chooses it."""

    id: int
    name: str
    aliases: tuple[str, ...]
    staffed: bool
    """Whether anybody works there who could take a ticket; where nobody does, any department may."""
    proposed: bool
    """It answers for the call's field."""


async def departments_for(connection: Any, call_id: int) -> list[Choice]:
    """Departments in use, those that answer for the call's first topic before the others', then by name.

    A department that the call complains about is left out.
    """
    rows = await queries.choices(connection, call_id=call_id)
    fields = await departments_of_fields(connection)
    rank: dict[int, int] = {}
    for place, topic in enumerate(rows[0]["topics"] or [] if rows else []):
        for owner in fields.get(topic, ()):
            rank.setdefault(owner.org_id, place)
    found = [
        Choice(row["id"], row["name"], tuple(row["aliases"]), row["staffed"], rank.get(row["id"]) == 0) for row in rows
    ]
    return sorted(found, key=lambda each: (rank.get(each.id, len(rank) + 1), each.name))


async def check_department(connection: Any, call_id: int, destination: str, org_id: int | None) -> None:
    """Refuse a department that cannot be named here; None names nobody. Raises InvalidRequest."""
    if org_id is None:
        return
    if destination != "departments":
        raise InvalidRequest("department：只有转 12345 承办单位时才能指定单位。")
    found = await queries.named(connection, call_id=call_id, org_id=org_id)
    if found is None:
        raise InvalidRequest("department：没有这个承办单位，或已停用；请重新选择。")
    if found["concerned"]:
        raise InvalidRequest(f"department：来电投诉的正是“{found['name']}”，不能派给它，请另选。")
