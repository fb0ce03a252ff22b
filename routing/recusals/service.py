"""Recording the other side of a call, and giving a call back for a conflict of interest without losing its place."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from routing.calls.store import queries as call_queries
from routing.errors import CallNotFound, HeldByOther, InvalidRequest
from routing.policy.settings import Policy
from routing.queues.service import roles_of_queue
from routing.queues.store import queries as queue_queries
from routing.recusals.counterparty import Counterparty, heard_in
from routing.sealing import Vault
from routing.sql import load_queries
from routing.transfers.moving.service import OPERATORS, move
from routing.transfers.store import locked_call, stored_decision
from routing.transfers.store import queries as transfer_queries

queries = load_queries(__file__)

DISPOSITION = "回避（利益冲突）"
NAME_LENGTH = 200


async def counterparties(connection: Any, vault: Vault, call_ids: Sequence[int]) -> dict[int, Counterparty]:
    """The other side of each of these calls: as asked, else as heard; calls without one have no names."""
    found = {}
    for row in await queries.named(connection, call_ids=list(call_ids)):
        found[row["call_id"]] = counterparty(vault, row["name"], row["told_by"], row["reading"])
    return found


def counterparty(vault: Vault, name: bytes | None, told_by: str | None, reading: bytes | None) -> Counterparty:
    """The other side of a call: ``name`` as asked, else as heard in its newest reading; both sealed."""
    asked = vault.open(name, "counterparties.name")
    heard = () if asked else heard_in(vault.open_json(reading, "triages.reading"))
    return Counterparty((asked,) if asked else heard, bool(asked), told_by)


async def name_counterparty(connection: Any, vault: Vault, call_id: int, user_id: int, name: str) -> None:
    """Keep who the other side is; an empty name takes it back. In the caller's transaction. Raises CallNotFound."""
    if len(name) > NAME_LENGTH:
        raise InvalidRequest(f"name：对方名称最多 {NAME_LENGTH} 个字。")
    if await call_queries.call(connection, call_id=call_id) is None:
        raise CallNotFound(f"没有编号为 {call_id} 的来电。")
    if name.strip():
        sealed = vault.seal(name.strip(), "counterparties.name")
        await queries.put_counterparty(connection, call_id=call_id, name=sealed, user_id=user_id)
    else:
        await queries.drop_counterparty(connection, call_id=call_id)
    await queue_queries.event(
        connection, kind="call_updated", call_id=call_id, queue=None, user_id=user_id, data={"counterparty": True}
    )


async def recuse(
    connection: Any, vault: Vault, policy: Policy, call_id: int, user_id: int, *, queues: Sequence[str]
) -> str:
    """The call is not this person's to advise; where it stands now: ``waiting``, or ``operators``.

    In hand or ringing it goes back to its place: queue, priority and wait kept, and no penalty for the agent. With
    nobody left who could be given it, it goes to the operators, who call in somebody from outside. In the caller's
    transaction. Raises CallNotFound, HeldByOther when the call is not open to this person.
    """
    item = await queries.own_item(connection, call_id=call_id, user_id=user_id, queues=list(queues))
    if item is None:
        if await call_queries.call(connection, call_id=call_id) is None:
            raise CallNotFound(f"没有编号为 {call_id} 的来电。")
        raise HeldByOther("来电已不在您的队列里，或已由他人接单；不用再登记回避。")
    await queries.recuse(connection, call_id=call_id, user_id=user_id)
    if item["state"] != "waiting":
        await _give_back(connection, vault, item, user_id)
    roles = roles_of_queue(policy, item["queue"])
    if item["role"] == "lead" and not await queries.others_left(connection, call_id=call_id, roles=roles):
        await _to_operators(connection, vault, policy, call_id, user_id)
        return OPERATORS
    return "waiting"


async def _give_back(connection: Any, vault: Vault, item: Any, user_id: int) -> None:
    if item["assignment_id"] is not None:
        await queue_queries.end_assignment(
            connection,
            assignment_id=item["assignment_id"],
            outcome="released",
            disposition=vault.seal(DISPOSITION, "assignments.disposition"),
            notes=None,
            summary=None,
        )
    await queue_queries.item_back(connection, item_id=item["id"], action="recused", user_id=user_id)
    if item["assignment_id"] is not None:
        await queue_queries.after_call(connection, user_id=user_id, wrap_up_s=0)
    else:
        await queue_queries.stop_ringing(connection, user_id=user_id)


async def _to_operators(connection: Any, vault: Vault, policy: Policy, call_id: int, user_id: int) -> None:
    call = await locked_call(connection, call_id)
    item = await transfer_queries.lead_item(connection, call_id=call_id)
    queue = policy.queue_for("operators").name
    await move(connection, call, item, stored_decision(vault, call), queue=queue, user_id=user_id)
    await call_queries.log(
        connection, call_id=call_id, action="nobody_left", user_id=None, detail={"queue": item["queue"]}
    )
    await queue_queries.event(
        connection, kind="queue_changed", call_id=call_id, queue=queue, user_id=None, data={"added": 1}
    )
