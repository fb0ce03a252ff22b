"""Organisations in PostgreSQL: listed, added, changed, retired; people put into them. Inside the caller's transaction.

What somebody took before stays with the organisation they worked for then (``assignments.org_id``); what comes
afterwards counts for the new one.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from routing.errors import OrganisationInvalid, OrganisationNotFound, OrganisationStaffed
from routing.organisations.organisation import CITY, Organisation, checked_code
from routing.sql import load_queries

queries = load_queries(__file__)


async def locked(connection: Any, org_id: int) -> Any:
    """One organisation, locked with all changes to others. Raises OrganisationNotFound."""
    await queries.lock_all(connection)
    found = await queries.organisation(connection, org_id=org_id)
    if found is None:
        raise OrganisationNotFound(f"没有编号为 {org_id} 的单位，请回到单位列表核对。")
    return found


async def add(connection: Any, wanted: Organisation, code: str | None) -> int:
    """A new organisation; its id. Without ``code`` it gets one of its own. Raises OrganisationInvalid."""
    await queries.lock_all(connection)
    await _free_name(connection, wanted.name, 0)
    if code:
        code = checked_code(code)
        if await queries.by_code(connection, code=code) is not None:
            raise OrganisationInvalid(f"code：编码“{code}”已有单位在用，请换一个。")
    return int(
        await queries.insert(
            connection, code=code or None, name=wanted.name, kind=wanted.kind, aliases=list(wanted.aliases)
        )
    )


async def change(connection: Any, org_id: int, wanted: Organisation) -> None:
    """Another name, kind, or other names. Raises OrganisationNotFound or OrganisationInvalid."""
    found = await locked(connection, org_id)
    if found["retired_at"] is None:
        await _free_name(connection, wanted.name, org_id)
    await queries.change(connection, org_id=org_id, name=wanted.name, kind=wanted.kind, aliases=list(wanted.aliases))


async def retire(connection: Any, org_id: int) -> None:
    """Nobody can be sent there by name any more, and it comes first for no field; its past stays.

    Raises OrganisationNotFound, OrganisationInvalid, or OrganisationStaffed while people work there.
    """
    found = await locked(connection, org_id)
    if org_id == CITY:
        raise OrganisationInvalid(f"“{found['name']}”是运行热线的单位，不能停用。")
    if found["retired_at"] is not None:
        raise OrganisationInvalid(f"“{found['name']}”已经停用。")
    people = await queries.working_there(connection, org_id=org_id)
    if people:
        raise OrganisationStaffed(f"“{found['name']}”还有 {people} 人，请先把他们安排到别的单位。")
    await queries.set_retired(connection, org_id=org_id, retired=True)


async def restore(connection: Any, org_id: int) -> None:
    """It is there again. Raises OrganisationNotFound or OrganisationInvalid."""
    found = await locked(connection, org_id)
    if found["retired_at"] is None:
        raise OrganisationInvalid(f"“{found['name']}”没有停用。")
    await _free_name(connection, found["name"], org_id)
    await queries.set_retired(connection, org_id=org_id, retired=False)


async def assign(connection: Any, org_id: int, user_ids: Sequence[int], *, by: int) -> list[tuple[int, int]]:
    """These people work there from now on; (user, where they worked before) of those who did not already.

    Nobody moves themselves: whom somebody works for decides which complaints are kept from them.
    Raises OrganisationNotFound or OrganisationInvalid.
    """
    found = await locked(connection, org_id)
    if found["retired_at"] is not None:
        raise OrganisationInvalid(f"“{found['name']}”已经停用，不能再安排人；请先恢复。")
    wanted = set(user_ids)
    if by in wanted:
        raise OrganisationInvalid("user_ids：不能改自己的所属单位，请由另一名系统管理员办理。")
    people = await queries.lock_people(connection, user_ids=sorted(wanted))
    missing = wanted - {row["id"] for row in people}
    if missing:
        raise OrganisationInvalid(f"user_ids：没有编号为 {min(missing)} 的在用账号，请刷新后再选。")
    moved = [(row["id"], row["org_id"]) for row in people if row["org_id"] != org_id]
    await queries.assign(connection, org_id=org_id, user_ids=[user_id for user_id, _ in moved])
    return moved


async def _free_name(connection: Any, name: str, but: int) -> None:
    if await queries.by_name(connection, name=name, but=but) is not None:
        raise OrganisationInvalid(f"name：已有名为“{name}”的单位，请换一个名称或修改那一个。")
