"""The police desk finds a call to be no police matter (非警务): one transaction, and what it means afterwards."""

from __future__ import annotations

from collections.abc import Callable, Collection
from datetime import datetime
from typing import Any

from routing.calls import store as calls
from routing.errors import HeldByOther, IllegalTransition, InvalidRequest, PoliceDeclined, ReasonRequired
from routing.police_returns.declined import KnownDanger, danger_in, is_new, queue_instead
from routing.police_returns.terms import REASONS
from routing.policy.settings import Policy
from routing.queues.store import queries as queue_queries
from routing.sealing import Vault, opened
from routing.sql import load_queries
from routing.transfers.moving.service import move, overrule
from routing.transfers.store import locked_call, stored_decision, violence_heard
from routing.transfers.store import queries as transfer_queries

queries = load_queries(__file__)

#: How many people are on duty for a queue at a time.
Duty = Callable[[str, datetime], int]


async def send_back_as_no_police_matter(
    connection: Any,
    vault: Vault,
    policy: Policy,
    call_id: int,
    *,
    user_id: int,
    queues: Collection[str],
    duty: Duty,
    reason: str,
    words: str | None,
) -> dict[str, Any]:
    """The call goes where the reason leads, in the caller's transaction: ``{call_id, queue, destination}``.

    ``queues`` are those of the police desk; both values are None where the police had only been brought in beside
    another desk, which goes on alone. Raises CallNotFound, HeldByOther naming who has it, IllegalTransition,
    InvalidRequest or ReasonRequired.
    """
    if reason not in REASONS:
        raise InvalidRequest(f"reason：只能是 {'、'.join(REASONS)}。")
    said = (words or "").strip() or None
    if reason == "other" and said is None:
        raise ReasonRequired("选“其他”时请写明理由（words）。")
    call = await locked_call(connection, call_id)
    if await queries.unacknowledged(connection, call_id=call_id):
        raise IllegalTransition("危险警报还没有人确认；请先确认（A），核实后再退回。")
    item = await queries.police_item(connection, call_id=call_id, queues=list(queues))
    _check(item, user_id)
    known = danger_in(vault.open_json(call["reading"], "triages.reading"))
    await queries.insert_return(
        connection,
        call_id=call_id,
        user_id=user_id,
        reason=reason,
        words=vault.seal(said, "police_returns.words"),
        level=known.level,
        kinds=sorted(known.kinds),
    )
    await queries.other_police_items(connection, call_id=call_id, queues=list(queues))
    queue: str | None = None
    if item["role"] == "joint":
        await _leave_joint(connection, item, user_id)
    else:
        queue = queue_instead(policy, reason, violence=violence_heard(vault, call))
        if call["live"] and duty(queue, await calls.queries.clock(connection)) == 0:
            queue = policy.queue_for("operators").name
        text = f"警务台退回（非警务）：{REASONS[reason]}" + (f"；{said}" if said else "")
        await _send(connection, vault, policy, call, item, user_id=user_id, queue=queue, text=text)
    await calls.queries.log(
        connection, call_id=call_id, action="no_police_matter", user_id=user_id, detail={"queue": queue}
    )
    await queue_queries.event(
        connection,
        kind="transfer_returned",
        call_id=call_id,
        queue=queue or item["queue"],
        user_id=user_id,
        data={"no_police_matter": True},
    )
    return {"call_id": call_id, "queue": queue, "destination": policy.queue(queue).destination if queue else None}


def _check(item: Any, user_id: int) -> None:
    if item is None:
        raise IllegalTransition("来电已不在警务台，可能已办结或已改派；请刷新页面。")
    if item["assigned_to"] not in (None, user_id):
        raise HeldByOther(f"来电已由{item['held_by_name']}接警，由接警人退回。")
    if item["state"] == "offered" and item["offered_to"] != user_id:
        raise HeldByOther(f"来电正在向{item['held_by_name']}振铃，请等振铃结束。")


async def _leave_joint(connection: Any, item: Any, user_id: int) -> None:
    """The police were brought in beside another desk, which goes on alone."""
    if item["assignment_id"] is not None:
        await _end_work(connection, item["assignment_id"], user_id)
    if item["state"] == "offered":
        await queue_queries.stop_ringing(connection, user_id=item["offered_to"])
    await transfer_queries.cancel_item(connection, item_id=item["id"])


async def _send(
    connection: Any,
    vault: Vault,
    policy: Policy,
    call: Any,
    item: Any,
    *,
    user_id: int,
    queue: str,
    text: str,
) -> None:
    newest = await transfer_queries.newest_transfer(connection, call_id=call["id"])
    if newest is not None:
        row = await transfer_queries.transfer(connection, transfer_id=newest)
        if row["queue_item_id"] == item["id"]:
            await transfer_queries.set_transfer_state(
                connection,
                transfer_id=newest,
                state="returned",
                return_reason=vault.seal(text, "transfers.return_reason"),
            )
    decision = stored_decision(vault, call)
    await overrule(
        connection,
        vault,
        call,
        decision,
        destination=policy.queue(queue).destination,
        queue=queue,
        user_id=user_id,
        reason=text,
    )
    joint = await queries.joint_at(connection, call_id=call["id"], queue=queue)
    if joint is None:
        lead = await transfer_queries.lead_item(connection, call_id=call["id"])
        await move(connection, call, lead, decision, queue=queue, user_id=user_id)
        return
    # the desk it belongs to has it in hand already, beside the police: it leads now
    if item["assignment_id"] is not None:
        await _end_work(connection, item["assignment_id"], user_id)
    if item["state"] == "offered":
        await queue_queries.stop_ringing(connection, user_id=item["offered_to"])
    await queries.lead_on(connection, item_id=item["id"], joint_id=joint)
    await queries.make_lead(connection, item_id=joint)
    if call["state"] == "offered":
        await calls.change_state(connection, call["id"], "queued", action="queued", detail={"queue": queue})
    if call["state"] != "claimed":
        await calls.change_state(connection, call["id"], "claimed", action="claimed", detail={"queue": queue})


async def _end_work(connection: Any, assignment_id: int, user_id: int) -> None:
    await queue_queries.end_assignment(
        connection, assignment_id=assignment_id, outcome="forwarded", disposition=None, notes=None, summary=None
    )
    await queue_queries.after_call(connection, user_id=user_id, wrap_up_s=0)


async def check_declined(connection: Any, vault: Vault, call: Any) -> None:
    """Refuse to send a call to the police that they sent back, while no new danger is known. Raises PoliceDeclined.

    ``call`` is a row of ``locked_call``.
    """
    row = await queries.newest(connection, call_id=call["id"])
    if row is None:
        return
    known = KnownDanger(row["danger_level"], frozenset(row["danger_kinds"]))
    if is_new(known, danger_in(vault.open_json(call["reading"], "triages.reading"))):
        return
    raise PoliceDeclined(
        f"警务台（{row['by_name']}）已核实为非警务：{REASONS[row['reason']]}。没有新的危险情况不再转警务台；"
        "来电人又说到新的危险时，请写明后转（new_danger: true）。"
    )


async def newest_return(connection: Any, vault: Vault, call_id: int) -> dict[str, Any] | None:
    """What the police desk found last of a call, opened; None where it sent nothing back. Raises SealBroken."""
    row = await queries.newest(connection, call_id=call_id)
    return None if row is None else opened(vault, row, "police_returns", ("words",))
