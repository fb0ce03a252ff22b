"""Taking a case on, carrying it, feeding back, appraising; each function is one transaction of its own."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from datetime import datetime
from typing import Any

from routing.calls import store as calls
from routing.cases.deadlines import EXTENSION_WORKDAYS, again_due_at, due_at
from routing.cases.states import UndertakingState
from routing.cases.store import locked_undertaking, own_undertaking, queries
from routing.cases.terms import APPRAISALS, OUTCOMES, RETURN_REASONS, Desk
from routing.errors import HeldByOther, IllegalTransition, InvalidRequest, ReasonRequired, UndertakingNotFound
from routing.leavers.service import stay
from routing.policy.settings import Policy
from routing.queues.store import queries as queue_queries
from routing.sealing import Vault
from routing.transfers.moving.service import OPERATORS, move
from routing.transfers.store import locked_call, stored_decision
from routing.transfers.store import queries as transfer_queries

OnRoster = Callable[[str, int, datetime], bool]


async def accept(
    pool: Any, policy: Policy, item_id: int, user_id: int, *, queues: Collection[str], on_roster: OnRoster
) -> dict[str, Any]:
    """Take a waiting item, or one in hand, on as a case: ``{undertaking_id, call_id, code, due_at}``.

    ``queues`` are those the person may serve. The lease, if one runs, ends: a
    case is carried until it is fed back or handed on.

    Raises UndertakingNotFound, HeldByOther naming who has it, or IllegalTransition.
    """
    async with pool.acquire() as connection, connection.transaction():
        return await take_on(connection, policy, item_id, user_id, queues=queues, on_roster=on_roster, state="handling")


async def take_on(
    connection: Any,
    policy: Policy,
    item_id: int,
    user_id: int,
    *,
    queues: Collection[str],
    on_roster: OnRoster,
    state: UndertakingState,
) -> dict[str, Any]:
    """``accept`` inside the caller's transaction, beginning in ``state``."""
    await stay(connection, user_id)
    call_id = await queries.call_of_item(connection, item_id=item_id)
    if call_id is None:
        raise UndertakingNotFound(f"没有编号为 {item_id} 的队列项。")
    await locked_call(connection, call_id)
    item = await queries.item(connection, item_id=item_id, user_id=user_id)
    desk = _desk_of(policy, item, queues)
    if item["objected_before"]:
        raise IllegalTransition("您对这件派单的异议已成立，不再派给您。")
    assignment_id = await _taken(connection, item, user_id, on_roster)
    await queries.received(connection, item_id=item_id)
    case = await queries.open_case(connection, call_id=call_id)
    due = due_at(desk, item["entered_at"], item["deadline"], policy.calendar)
    undertaking_id = await queries.insert_undertaking(
        connection,
        case_id=case["id"],
        call_id=call_id,
        item_id=item_id,
        assignment_id=assignment_id,
        queue=item["queue"],
        desk=desk,
        role=item["role"],
        state=state,
        user_id=user_id,
        dispatched_at=item["entered_at"],
        due_at=due,
    )
    await calls.queries.log(
        connection, call_id=call_id, action="case_accepted", user_id=user_id, detail={"queue": item["queue"]}
    )
    await tell(connection, {"id": undertaking_id, "call_id": call_id, "queue": item["queue"]}, user_id, state)
    return {"undertaking_id": undertaking_id, "call_id": call_id, "code": case["code"], "due_at": due}


def _desk_of(policy: Policy, item: Any, queues: Collection[str]) -> Desk:
    destination = policy.queue(item["queue"]).destination
    if item["queue"] not in queues or destination not in ("mediators", "departments"):
        raise UndertakingNotFound("这件不在您的队列里，可能已改派；请刷新页面。")
    return destination


async def _taken(connection: Any, item: Any, user_id: int, on_roster: OnRoster) -> int:
    """The assignment under which the item is this person's; it has ended, no lease runs."""
    if item["undertaking_id"] is not None or item["assigned_to"] not in (None, user_id):
        raise HeldByOther(f"已由{item['held_by_name'] or '本席同事'}接办，请选下一件。")
    if item["state"] == "offered" and item["offered_to"] != user_id:
        raise HeldByOther(f"正在向{item['held_by_name']}振铃，请等振铃结束。")
    if item["state"] not in ("waiting", "offered", "claimed"):
        raise IllegalTransition("这件已办结、已撤回或已改派；请刷新页面。")
    if item["assignment_id"] is not None:
        await queue_queries.end_assignment(
            connection,
            assignment_id=item["assignment_id"],
            outcome="accepted",
            disposition=None,
            notes=None,
            summary=None,
        )
        await queue_queries.after_call(connection, user_id=user_id, wrap_up_s=0)
        return int(item["assignment_id"])
    if item["state"] == "offered":
        await queue_queries.stop_ringing(connection, user_id=user_id)
    now = await calls.queries.clock(connection)
    return int(
        await queries.take_on(
            connection, item_id=item["id"], user_id=user_id, off_roster=not on_roster(item["queue"], user_id, now)
        )
    )


async def take_over(pool: Any, undertaking_id: int, user_id: int, *, queues: Collection[str]) -> None:
    """A case whose holder has left is this person's now.

    Raises UndertakingNotFound, HeldByOther or IllegalTransition.
    """
    async with pool.acquire() as connection, connection.transaction():
        await stay(connection, user_id)
        row = await locked_undertaking(connection, undertaking_id)
        if row["queue"] not in queues:
            raise UndertakingNotFound("这件不在您的队列里；请刷新页面。")
        if row["holder"] is not None:
            raise HeldByOther(f"案件由{row['holder_name']}承办，请与其联系。")
        if row["state"] in ("appraised", "handed_on"):
            raise IllegalTransition("这件案件已结束，不用接手。")
        await queries.set_holder(connection, undertaking_id=undertaking_id, user_id=user_id)
        await calls.queries.log(
            connection,
            call_id=row["call_id"],
            action="case_taken_over",
            user_id=user_id,
            detail={"queue": row["queue"]},
        )
        await tell(connection, row, user_id, row["state"])


async def give_back(
    pool: Any, vault: Vault, undertaking_id: int, user_id: int, *, reason: str, words: str | None
) -> None:
    """A mediator returns a case with a reason: the call waits for the operators, who received it first.

    Raises UndertakingNotFound, HeldByOther, IllegalTransition, ReasonRequired or InvalidRequest.
    """
    check_reason(reason, words, RETURN_REASONS)
    async with pool.acquire() as connection, connection.transaction():
        row = await own_undertaking(connection, undertaking_id, user_id, desk="mediators")
        await leave_desk(connection, vault, row, user_id, reason=reason, words=words)


async def return_item(
    pool: Any,
    vault: Vault,
    policy: Policy,
    item_id: int,
    user_id: int,
    *,
    queues: Collection[str],
    on_roster: OnRoster,
    reason: str,
    words: str | None,
) -> dict[str, Any]:
    """A mediator returns what waits without taking it on first: on record as a case that was handed on.

    Raises as ``accept`` and ``give_back`` do.
    """
    check_reason(reason, words, RETURN_REASONS)
    async with pool.acquire() as connection, connection.transaction():
        taken = await take_on(
            connection, policy, item_id, user_id, queues=queues, on_roster=on_roster, state="handling"
        )
        row = await own_undertaking(connection, taken["undertaking_id"], user_id, desk="mediators")
        await leave_desk(connection, vault, row, user_id, reason=reason, words=words)
        return taken


async def leave_desk(connection: Any, vault: Vault, row: Any, user_id: int, *, reason: str, words: str | None) -> None:
    """The case leaves its desk; a lead call waits for the operators then. In the caller's transaction."""
    check_first_round(row)
    label = RETURN_REASONS[reason]
    await note(connection, row, user_id, "case_returned")
    await tell(connection, row, user_id, "handed_on")
    await queries.hand_on(
        connection,
        undertaking_id=row["id"],
        reason=reason,
        words=vault.seal(words or None, "undertakings.handed_on_words"),
    )
    await queries.returned_transfer(
        connection,
        call_id=row["call_id"],
        item_id=row["queue_item_id"],
        reason=vault.seal(f"{label}：{words}" if words else label, "transfers.return_reason"),
    )
    if row["role"] == "joint":
        await transfer_queries.cancel_item(connection, item_id=row["queue_item_id"])
        return
    call = await locked_call(connection, row["call_id"])
    item = await transfer_queries.lead_item(connection, call_id=row["call_id"])
    await move(connection, call, item, stored_decision(vault, call), queue=OPERATORS, user_id=user_id)


async def feed_back(
    pool: Any, vault: Vault, undertaking_id: int, user_id: int, *, outcome: str, text: str
) -> dict[str, Any]:
    """The desk has finished: a department with the reply the caller was given, a mediator with the agreement or what
    was told the parties; ``{call_id, outcome}``.

    Raises UndertakingNotFound, HeldByOther, IllegalTransition or InvalidRequest.
    """
    async with pool.acquire() as connection, connection.transaction():
        row = await own_undertaking(connection, undertaking_id, user_id)
        outcomes = OUTCOMES[row["desk"]]
        if outcome not in outcomes:
            raise InvalidRequest(f"outcome：只能是 {'、'.join(outcomes)}。")
        if not text.strip():
            raise InvalidRequest("text：请填写协议内容。" if outcome == "agreed" else "text：请填写给来电人的答复。")
        use = "agreement" if outcome == "agreed" else "reply"
        await queries.feed_back(
            connection,
            undertaking_id=undertaking_id,
            user_id=user_id,
            outcome=outcome,
            reply=None if use == "agreement" else vault.seal(text.strip(), "undertakings.reply"),
            agreement=vault.seal(text.strip(), "undertakings.agreement") if use == "agreement" else None,
            disposition=vault.seal(outcomes[outcome], "assignments.disposition"),
        )
        return {"call_id": row["call_id"], "outcome": outcome}


async def appraise(
    pool: Any,
    vault: Vault,
    policy: Policy,
    undertaking_id: int,
    user_id: int,
    *,
    appraisal: str,
    words: str | None,
    again: bool,
    resolved: bool | None = None,
) -> UndertakingState:
    """What the caller says of it, and what follows; the new state.

    ``again``: the caller was not satisfied, and the desk takes the matter up once more. ``resolved``: whether the
    caller says that the matter is settled; None: was not asked or did not say.

    Raises UndertakingNotFound, IllegalTransition or InvalidRequest.
    """
    if appraisal not in APPRAISALS:
        raise InvalidRequest(f"appraisal：只能是 {'、'.join(APPRAISALS)}。")
    if again and appraisal != "unsatisfied":
        raise InvalidRequest("again：只有来电人不满意时才重新办理。")
    if appraisal == "unreached" and resolved is not None:
        raise InvalidRequest("resolved：未联系上来电人，不能登记是否解决。")
    async with pool.acquire() as connection, connection.transaction():
        row = await locked_undertaking(connection, undertaking_id)
        if row["state"] != "fed_back":
            raise IllegalTransition("这件案件还没有反馈，或已评价；请刷新页面。")
        sealed = vault.seal((words or "").strip() or None, "undertakings.appraisal_words")
        state: UndertakingState = "handling" if again else "appraised"
        if again:
            due = again_due_at(row["desk"], row["read_at"], policy.calendar)
            await queries.take_up_again(
                connection,
                undertaking_id=undertaking_id,
                user_id=user_id,
                appraisal=appraisal,
                resolved=resolved,
                words=sealed,
                due_at=due,
            )
        else:
            await queries.appraise(
                connection,
                undertaking_id=undertaking_id,
                user_id=user_id,
                appraisal=appraisal,
                resolved=resolved,
                words=sealed,
            )
        await note(
            connection,
            row,
            user_id,
            "case_again" if again else "case_appraised",
            appraisal=appraisal,
            resolved=resolved,
        )
        await tell(connection, row, user_id, state)
    return state


async def extend(
    pool: Any, vault: Vault, policy: Policy, undertaking_id: int, user_id: int, *, workdays: int, reason: str
) -> datetime:
    """Put the deadline off, once, by working days; the new one.

    Raises UndertakingNotFound, HeldByOther, IllegalTransition, ReasonRequired or InvalidRequest.
    """
    if not 1 <= workdays <= EXTENSION_WORKDAYS:
        raise InvalidRequest(f"workdays：只能延期 1 到 {EXTENSION_WORKDAYS} 个工作日。")
    if not reason.strip():
        raise ReasonRequired("延期需要写明理由。")
    async with pool.acquire() as connection, connection.transaction():
        row = await own_undertaking(connection, undertaking_id, user_id)
        if row["extended_from"] is not None:
            raise IllegalTransition("已经延期过一次，不能再延期。")
        due = policy.calendar.add_workdays(max(row["due_at"], row["read_at"]), workdays)
        await queries.extend(
            connection,
            undertaking_id=undertaking_id,
            due_at=due,
            reason=vault.seal(reason.strip(), "undertakings.extension_reason"),
        )
        await note(connection, row, user_id, "case_extended", workdays=workdays)
        await tell(connection, row, user_id, row["state"])
    return due


def check_reason(reason: str, words: str | None, known: Collection[str]) -> None:
    """A reason of a short list; ``other`` needs own words. Raises InvalidRequest or ReasonRequired."""
    if reason not in known:
        raise InvalidRequest(f"reason：只能是 {'、'.join(known)}。")
    if reason == "other" and not (words or "").strip():
        raise ReasonRequired("选“其他”时请写明理由（words）。")


def check_first_round(row: Mapping[str, Any]) -> None:
    """A matter taken up once more is finished where it is: its call is completed, no queue would find it again.

    Raises IllegalTransition.
    """
    if row["item_state"] != "claimed":
        raise IllegalTransition("来电人不满意而重新办理的案件不能再退回或提异议；请办理后再反馈。")


async def note(connection: Any, row: Mapping[str, Any], user_id: int, action: str, **detail: Any) -> None:
    """An entry in the log of the call that the undertaking ``row`` is about."""
    await calls.queries.log(
        connection, call_id=row["call_id"], action=action, user_id=user_id, detail={"queue": row["queue"], **detail}
    )


async def tell(connection: Any, row: Mapping[str, Any], user_id: int, state: str) -> None:
    """One event for the consoles: the undertaking ``row`` (id, call_id, queue) is in ``state`` now."""
    await queue_queries.event(
        connection,
        kind="case_changed",
        call_id=row["call_id"],
        queue=row["queue"],
        user_id=user_id,
        data={"undertaking_id": row["id"], "state": state},
    )
