"""Moving a call's lead item, and a person's decision in the place of the proposed one; in the caller's transaction."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from routing.calls import store as calls
from routing.errors import HeldByOther
from routing.policy.decision import Decision, Destination
from routing.queues.store import queries as queue_queries
from routing.sealing import Vault
from routing.transfers.store import queries

#: Where a call waits that nobody else has.
OPERATORS = "operators"


async def overrule(
    connection: Any,
    vault: Vault,
    call: Any,
    proposed: Decision,
    *,
    destination: Destination,
    queue: str,
    user_id: int,
    reason: str | None,
) -> int:
    """The person's decision takes the place of the proposed one; both stay on record and become training labels."""
    decision = replace(
        proposed,
        destination=destination,
        queue=queue,
        target_queue=queue,
        mode="auto",
        rule="person",
        reasons=(f"人工改派：{reason}",),
    )
    decision_id = await queries.insert_decision(
        connection,
        call_id=call["id"],
        destination=destination,
        queue=queue,
        priority=decision.priority,
        deadline=decision.deadline,
        policy_version=decision.policy_version,
        outcome=decision.outcome,
        body=vault.seal_json(decision.to_dict(), "decisions.body"),
        user_id=user_id,
    )
    await queries.set_decision(connection, call_id=call["id"], decision_id=decision_id)
    return int(decision_id)


async def move(
    connection: Any,
    call: Any,
    item: Any,
    decision: Decision,
    *,
    queue: str,
    user_id: int,
    joint: Sequence[str] = (),
    department: int | None = None,
) -> int:
    """The item stands in ``queue`` afterwards; its id. Each of the ``joint`` queues gets its own once.

    ``department``: the organisation a person named, whose people come first; whoever had it by name before has not.
    """
    call_id = call["id"]
    busy = await queries.joint_in(connection, call_id=call_id, queue=queue)
    if busy is not None:
        raise HeldByOther(f"{busy['display_name'] or '同事'}已在该队列协同处理这通来电，请直接联系。")
    await queries.drop_joint_in(connection, call_id=call_id, queue=queue)
    topics, grid = sought(call, queue)
    if item is None:
        await calls.queries.set_hold(connection, call_id=call_id, user_id=None)
        item_id = await queries.insert_item(
            connection,
            call_id=call_id,
            queue=queue,
            priority=decision.priority,
            deadline=decision.deadline,
            topics=topics,
            grid=grid,
            org_id=department,
        )
        await _bring_in(connection, call, decision, [q for q in joint if q != queue])
        await calls.change_state(
            connection, call_id, "queued", action="queued", user_id=user_id, detail={"queue": queue}
        )
        return int(item_id)
    if item["assignment_id"] is not None:
        await queue_queries.end_assignment(
            connection,
            assignment_id=item["assignment_id"],
            outcome="forwarded",
            disposition=None,
            notes=None,
            summary=None,
        )
        await queue_queries.after_call(connection, user_id=user_id, wrap_up_s=0)
    if item["state"] == "offered":
        await queue_queries.stop_ringing(connection, user_id=item["offered_to"])
    await queries.move_item(
        connection,
        item_id=item["id"],
        queue=queue,
        priority=decision.priority,
        topics=topics,
        grid=grid,
        org_id=department,
    )
    await _bring_in(connection, call, decision, [q for q in joint if q != queue])
    if call["state"] != "queued":
        await calls.change_state(
            connection, call_id, "queued", action="queued", user_id=user_id, detail={"queue": queue}
        )
    return int(item["id"])


async def _bring_in(connection: Any, call: Any, decision: Decision, queues: Sequence[str]) -> None:
    """Items in the joint queues of a call forwarded as proposed."""
    await queries.insert_joint(
        connection,
        call_id=call["id"],
        queues=list(queues),
        priority=decision.priority,
        deadline=decision.deadline,
        grid=call["grid"],
    )


def sought(call: Any, queue: str) -> tuple[list[str], str | None]:
    """Topics and grid by which ``queue`` seeks an agent: the first topic of the stored reading, where lawyers or
    mediators take the call; no grid where the operators do."""
    topics = (call["topics"] or [])[:1] if queue in ("lawyers", "mediators") else []
    return topics, call["grid"] if queue != OPERATORS else None
