"""Forward, take back, confirm, receive, return, answer directly: each one transaction."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from routing.calls import store as calls
from routing.errors import (
    ConsentRequired,
    HeldByOther,
    IllegalTransition,
    InvalidRequest,
    NoLiveChannel,
    ProposalChanged,
    ReasonRequired,
    TransferNotFound,
    TransferTaken,
)
from routing.police_returns.service import check_declined
from routing.policy.decision import DESTINATIONS, Decision
from routing.policy.settings import Policy
from routing.queues.store import queries as queue_queries
from routing.sealing import Vault
from routing.transfers.departments.service import check_department
from routing.transfers.exchange import TELEPHONE_MODES, TransferMode, mode_carried_out
from routing.transfers.moving.service import OPERATORS, move, overrule, sought
from routing.transfers.store import check_holder, locked_call, opened_transfer, queries, stored_decision, violence_heard

MODES: tuple[TransferMode, ...] = ("one_key", "blind", "attended", "conference", "manual", "ticket")


@dataclass(frozen=True, slots=True)
class ForwardOrder:
    """What a person asked for."""

    mode: TransferMode
    destination: str | None = None
    """None: the proposed one."""
    reason: str | None = None
    decision_id: int | None = None
    """The proposal the person saw; an outdated one is refused."""
    consent: bool = False
    """The victim was asked alone and agrees to mediation; only needed where violence or control was heard."""
    new_danger: bool = False
    """The caller told of danger since the police desk sent the call back; only needed then."""
    department: int | None = None
    """The organisation that gets it first, of those ``departments_for`` names; None: whoever answers for the field."""


async def forward(
    pool: Any,
    vault: Vault,
    policy: Policy,
    call_id: int,
    user_id: int,
    *,
    order: ForwardOrder,
    offered: frozenset[TransferMode] = frozenset(),
) -> dict[str, Any]:
    """Release the hold, insert or move the item (its enqueued_at kept), create the transfer, in one transaction.

    Raises CallNotFound, HeldByOther, ProposalChanged, ReasonRequired,
    ConsentRequired, PoliceDeclined, NoLiveChannel, IllegalTransition or InvalidRequest.
    """
    async with pool.acquire() as connection, connection.transaction():
        return await forward_in(connection, vault, policy, call_id, user_id, order=order, offered=offered)


async def forward_in(
    connection: Any,
    vault: Vault,
    policy: Policy,
    call_id: int,
    user_id: int,
    *,
    order: ForwardOrder,
    offered: frozenset[TransferMode],
) -> dict[str, Any]:
    """``forward`` inside the caller's transaction, so that an idempotency record can be part of it."""
    if order.mode not in MODES:
        raise InvalidRequest(f"mode：只能是 {'、'.join(MODES)}。")
    if order.destination is not None and order.destination not in DESTINATIONS:
        raise InvalidRequest(f"destination：只能是 {'、'.join(DESTINATIONS)}。")
    call = await locked_call(connection, call_id)
    item = await queries.lead_item(connection, call_id=call_id)
    check_holder(call, item, user_id)
    if call["decision"] is None:
        raise IllegalTransition("来电尚未研判，暂不能转办；请稍候几秒再试。")
    if order.decision_id is not None and order.decision_id != call["decision_id"]:
        raise ProposalChanged("分流建议已更新，请看过新的建议再转办。")
    if call["state"] not in ("proposed", "queued", "offered", "claimed"):
        raise IllegalTransition("来电已办结或已关闭，不能再转办。")
    proposed = stored_decision(vault, call)
    destination = order.destination or proposed.destination
    overruled = destination != proposed.destination
    reason = (order.reason or "").strip() or None
    if overruled and reason is None:
        raise ReasonRequired("改变去向需要填写理由（reason）；理由会作为改进研判的依据。")
    consented = destination == "mediators" and violence_heard(vault, call)
    if consented and not order.consent:
        raise ConsentRequired(
            "来电里说到暴力或控制，一般不作调解，请先考虑 110、保护令、法律援助、妇联或庇护；"
            "确要调解其他事项，须单独问过受害人本人并取得同意（consent: true）。"
        )
    if destination == "police" and not order.new_danger:
        await check_declined(connection, vault, call)
    if order.mode in TELEPHONE_MODES and not call["live"]:
        raise NoLiveChannel("这通来电已不在线，不能用电话方式转接；请用一键转办或人工转接。")
    stay_on = proposed.mode == "review" or "blind" in proposed.forbid
    mode = mode_carried_out(order.mode, live=call["live"], stay_on=stay_on, offered=offered)
    if "blind" in (mode, order.mode) and "blind" in proposed.forbid:
        raise InvalidRequest("mode：有自伤危险的来电不能直转，请用三方通话或咨询转。")
    if order.mode == "ticket" and call["live"] and "blind" in proposed.forbid:
        raise InvalidRequest("mode：有自伤危险的来电人还在线，不能改走工单；请用三方通话或咨询转。")
    await check_department(connection, call_id, destination, order.department)
    queue = policy.queue_for(destination).name if overruled else _proposed_queue(call, proposed)
    decision_id = call["decision_id"]
    if overruled:
        decision_id = await overrule(
            connection, vault, call, proposed, destination=destination, queue=queue, user_id=user_id, reason=reason
        )
    await queries.ended_transfers(connection, call_id=call_id)
    joint = [] if overruled else [policy.queue_for(j).name for j in proposed.joint if j in DESTINATIONS]
    item_id = await move(
        connection, call, item, proposed, queue=queue, user_id=user_id, joint=joint, department=order.department
    )
    settings = policy.queue(queue)
    now = await calls.queries.clock(connection)
    ticket = mode == "ticket" or (destination == "departments" and not call["live"])
    row = await queries.insert_transfer(
        connection,
        call_id=call_id,
        decision_id=decision_id,
        by_user=user_id,
        destination=destination,
        queue=queue,
        mode=mode,
        requested_mode=order.mode,
        overruled=overruled,
        reason=vault.seal(reason, "transfers.reason"),
        dial_number=settings.phone if call["live"] or mode == "manual" else None,
        from_queue=item["queue"] if item else None,
        from_priority=item["priority"] if item else None,
        from_hold=call["held_by"] or (None if item else user_id),
        queue_item_id=item_id,
        our_ticket=f"ZB{now:%Y%m%d}{call_id:08d}" if ticket else None,
        receipt_due_at=now + timedelta(hours=settings.ticket_receipt_limit_h) if ticket else None,
        org_id=order.department,
        from_org_id=item["org_id"] if item else None,
    )
    await calls.queries.log(
        connection,
        call_id=call_id,
        action="forwarded",
        user_id=user_id,
        detail={
            "transfer_id": row["id"],
            "destination": destination,
            "mode": mode,
            "overruled": overruled,
            **({"consent": True} if consented else {}),
            **({"new_danger": True} if order.new_danger else {}),
            **({"department": order.department} if order.department is not None else {}),
        },
    )
    await _tell(connection, "transfer_created", row, user_id)
    return opened_transfer(vault, row)


def _proposed_queue(call: Any, proposed: Decision) -> str:
    """Where a forward as proposed goes: for somebody on the line to the queue of the fallback chain that has people,
    unless that is the operators, who have the call already."""
    on_the_line = call["live"] and proposed.mode == "auto"
    return proposed.queue if on_the_line and proposed.queue != "operators" else proposed.target_queue


async def _tell(connection: Any, kind: str, transfer: Any, user_id: int) -> None:
    await queue_queries.event(
        connection,
        kind=kind,
        call_id=transfer["call_id"],
        queue=transfer["queue"],
        user_id=user_id,
        data={"transfer_id": transfer["id"], "destination": transfer["destination"], "mode": transfer["mode"]},
    )


async def _transfer(connection: Any, transfer_id: int) -> Any:
    row = await queries.lock_transfer(connection, transfer_id=transfer_id)
    if row is None:
        raise TransferNotFound(f"没有编号为 {transfer_id} 的转办。")
    return row


async def cancel(pool: Any, vault: Vault, transfer_id: int, user_id: int) -> dict[str, Any]:
    """Take a forward back while nobody has claimed it: the call stands where it came from, its wait kept.

    Raises TransferNotFound, TransferTaken.
    """
    async with pool.acquire() as connection, connection.transaction():
        row = await _transfer(connection, transfer_id)
        item = await queries.lead_item(connection, call_id=row["call_id"])
        if row["state"] not in ("pending", "confirmed") or item is None or item["id"] != row["queue_item_id"]:
            raise TransferTaken("转办已被接走或已结束，不能撤回；如需改派请联系对方退回。")
        if item["state"] == "claimed":
            raise TransferTaken("对方已接单，不能撤回。")
        if item["state"] == "offered":
            # a ring is no claim: it stops, and the agent is free
            await queue_queries.stop_ringing(connection, user_id=item["offered_to"])
            await queue_queries.item_back(
                connection, item_id=item["id"], action="offer_withdrawn", user_id=item["offered_to"]
            )
        await queries.set_transfer_state(connection, transfer_id=transfer_id, state="cancelled", return_reason=None)
        await _take_back(connection, row, item, user_id)
        await _tell(connection, "transfer_cancelled", row, user_id)
        return opened_transfer(vault, await queries.transfer(connection, transfer_id=transfer_id))


async def _take_back(connection: Any, row: Any, item: Any, user_id: int) -> None:
    """The call stands where it was before the forward."""
    call_id = row["call_id"]
    call = await locked_call(connection, call_id)
    if row["overruled"]:
        await _restore_decision(connection, row)
    await queries.cancel_joint(connection, call_id=call_id, forwarded_at=row["created_at"])
    if row["from_queue"] is None and call["live"]:
        await queries.cancel_item(connection, item_id=item["id"])
        await calls.queries.set_hold(connection, call_id=call_id, user_id=row["from_hold"])
        await calls.change_state(connection, call_id, "proposed", action="transfer_cancelled", user_id=user_id)
        return
    # from an operator's hold, and the caller has hung up meanwhile: the call waits for any operator
    queue = row["from_queue"] or OPERATORS
    priority = row["from_priority"] or item["priority"]
    topics, grid = sought(call, queue)
    await queries.move_item(
        connection,
        item_id=item["id"],
        queue=queue,
        priority=priority,
        topics=topics,
        grid=grid,
        org_id=row["from_org_id"],
    )
    await calls.queries.log(
        connection, call_id=call_id, action="transfer_cancelled", user_id=user_id, detail={"transfer_id": row["id"]}
    )


async def _restore_decision(connection: Any, row: Any) -> None:
    """The proposal that was overruled is in force again."""
    earlier = await queries.decision_before(connection, call_id=row["call_id"], decision_id=row["decision_id"])
    await queries.supersede(connection, decision_id=row["decision_id"])
    if earlier is not None:
        await queries.withdraw_decision(connection, call_id=row["call_id"], decision_id=earlier)


async def confirm(pool: Any, vault: Vault, transfer_id: int, user_id: int) -> dict[str, Any]:
    """The operator dialled and the other side answered (manual)."""
    async with pool.acquire() as connection, connection.transaction():
        row = await _transfer(connection, transfer_id)
        if row["state"] not in ("pending", "confirmed"):
            raise IllegalTransition("转办已结束，不能再确认。")
        await queries.set_transfer_state(connection, transfer_id=transfer_id, state="confirmed", return_reason=None)
        await _tell(connection, "transfer_confirmed", row, user_id)
        return opened_transfer(vault, await queries.transfer(connection, transfer_id=transfer_id))


async def receive(pool: Any, vault: Vault, transfer_id: int, user_id: int, their_ticket: str) -> dict[str, Any]:
    """The other system has the ticket, under its own number."""
    number = their_ticket.strip()
    if not number or len(number) > 64:
        raise InvalidRequest("ticket：请填写对方系统的工单号（1 到 64 个字符）。")
    async with pool.acquire() as connection, connection.transaction():
        row = await _transfer(connection, transfer_id)
        if row["our_ticket"] is None or row["state"] in ("cancelled", "returned"):
            raise IllegalTransition("这不是进行中的工单流转，不能登记签收。")
        await queries.set_receipt(connection, transfer_id=transfer_id, their_ticket=number)
        await _tell(connection, "ticket_received", row, user_id)
        return opened_transfer(vault, await queries.transfer(connection, transfer_id=transfer_id))


async def send_back(
    pool: Any, vault: Vault, policy: Policy, transfer_id: int, user_id: int, *, reason: str
) -> dict[str, Any]:
    """A reasoned return (wrong dispatch): the call goes to the operators, who received it first."""
    if not reason.strip():
        raise ReasonRequired("退回需要填写理由（reason）。")
    async with pool.acquire() as connection, connection.transaction():
        row = await _transfer(connection, transfer_id)
        item = await queries.lead_item(connection, call_id=row["call_id"])
        newest = await queries.newest_transfer(connection, call_id=row["call_id"])
        if newest != transfer_id or item is None or item["id"] != row["queue_item_id"]:
            raise IllegalTransition("转办已结束，不能退回。")
        if item["assigned_to"] not in (None, user_id):
            raise HeldByOther(f"来电已由{item['assigned_to_name']}接单，由接单人退回。")
        if item["state"] == "offered" and item["offered_to"] != user_id:
            raise HeldByOther("来电正在向另一位坐席振铃，请等振铃结束。")
        queue = policy.queue_for("operators").name
        call = await locked_call(connection, row["call_id"])
        await queries.set_transfer_state(
            connection,
            transfer_id=transfer_id,
            state="returned",
            return_reason=vault.seal(reason.strip(), "transfers.return_reason"),
        )
        await move(connection, call, item, stored_decision(vault, call), queue=queue, user_id=user_id)
        await calls.queries.log(
            connection, call_id=row["call_id"], action="returned", user_id=user_id, detail={"transfer_id": transfer_id}
        )
        await _tell(connection, "transfer_returned", row, user_id)
        return opened_transfer(vault, await queries.transfer(connection, transfer_id=transfer_id))
