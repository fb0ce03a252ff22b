"""A department objects to a dispatch with a reason; a manager decides: the call goes on, or the dispatch stands."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from routing.cases.deadlines import objection_until
from routing.cases.service import OnRoster, check_first_round, check_reason, note, take_on, tell
from routing.cases.store import locked_undertaking, own_undertaking, queries
from routing.cases.terms import BY_OBJECTION, OBJECTION_REASONS
from routing.errors import ConsentRequired, IllegalTransition, InvalidRequest, ReasonRequired, UndertakingNotFound
from routing.police_returns.service import check_declined
from routing.policy.decision import DESTINATIONS, Destination
from routing.policy.settings import Policy
from routing.sealing import Vault
from routing.transfers.departments.service import Choice, check_department, departments_for
from routing.transfers.moving.service import move, overrule
from routing.transfers.store import locked_call, stored_decision, violence_heard
from routing.transfers.store import queries as transfer_queries


@dataclass(frozen=True, slots=True)
class Said:
    """What a department says against a dispatch."""

    reason: str
    """A code of :data:`OBJECTION_REASONS`."""
    words: str | None = None
    suggested: str | None = None
    """The destination the department names; None: it does not say."""

    def check(self) -> None:
        """Raises InvalidRequest or ReasonRequired."""
        check_reason(self.reason, self.words, OBJECTION_REASONS)
        if self.suggested is not None and self.suggested not in DESTINATIONS:
            raise InvalidRequest(f"suggested：只能是 {'、'.join(DESTINATIONS)}。")


@dataclass(frozen=True, slots=True)
class Ruling:
    """How an objection is decided."""

    upheld: bool
    destination: Destination | None = None
    """Where the call goes, where it is upheld."""
    words: str | None = None
    """Why not, where it is rejected: the department reads it."""
    consent: bool = False
    """The victim was asked alone and agrees to mediation; only needed where violence or control was heard."""
    new_danger: bool = False
    """The caller told of danger since the police desk sent the call back; only needed then."""
    department: int | None = None
    """The organisation that gets it first, where it goes to the departments; None: whoever answers for the field."""

    def check(self) -> None:
        """Raises InvalidRequest or ReasonRequired."""
        if self.upheld and self.destination not in DESTINATIONS:
            raise InvalidRequest(f"destination：异议成立时请选去向，可选 {'、'.join(DESTINATIONS)}。")
        if not self.upheld and not (self.words or "").strip():
            raise ReasonRequired("驳回异议请写明理由，承办单位会看到。")


async def object_to_item(
    pool: Any,
    vault: Vault,
    policy: Policy,
    item_id: int,
    user_id: int,
    *,
    queues: Collection[str],
    on_roster: OnRoster,
    said: Said,
) -> dict[str, Any]:
    """Object to a dispatch that nobody has accepted yet: ``{undertaking_id, objection_id, call_id}``.

    Raises as ``accept`` does, and as ``object_to``.
    """
    said.check()
    async with pool.acquire() as connection, connection.transaction():
        taken = await take_on(
            connection, policy, item_id, user_id, queues=queues, on_roster=on_roster, state="objected"
        )
        row = await locked_undertaking(connection, taken["undertaking_id"])
        objection_id = await _objected(connection, vault, policy, row, user_id, said=said)
        return {
            "undertaking_id": taken["undertaking_id"],
            "objection_id": objection_id,
            "call_id": taken["call_id"],
        }


async def object_to(
    pool: Any,
    vault: Vault,
    policy: Policy,
    undertaking_id: int,
    user_id: int,
    *,
    said: Said,
) -> dict[str, Any]:
    """Object to the dispatch of a case that was accepted: ``{undertaking_id, objection_id, call_id}``.

    Raises UndertakingNotFound, HeldByOther, IllegalTransition (too late, or objected before), ReasonRequired or
    InvalidRequest.
    """
    said.check()
    async with pool.acquire() as connection, connection.transaction():
        row = await own_undertaking(connection, undertaking_id, user_id, desk="departments")
        await queries.set_state(connection, undertaking_id=undertaking_id, state="objected")
        objection_id = await _objected(connection, vault, policy, row, user_id, said=said)
        await tell(connection, row, user_id, "objected")
        return {"undertaking_id": undertaking_id, "objection_id": objection_id, "call_id": row["call_id"]}


async def _objected(
    connection: Any,
    vault: Vault,
    policy: Policy,
    row: Any,
    user_id: int,
    *,
    said: Said,
) -> int:
    if row["desk"] != "departments":
        raise UndertakingNotFound("只有承办单位可以对派单提出异议。")
    check_first_round(row)
    until = objection_until(row["dispatched_at"], policy.calendar)
    if row["read_at"] > until:
        raise IllegalTransition("派单超过 2 个工作日，不能再提异议；请办理，或请求延期。")
    if await queries.objections_of(connection, undertaking_id=row["id"]):
        raise IllegalTransition("对这次派单的异议已裁定过，请按裁定办理。")
    objection_id = await queries.insert_objection(
        connection,
        undertaking_id=row["id"],
        user_id=user_id,
        reason=said.reason,
        words=vault.seal((said.words or "").strip() or None, "objections.words"),
        suggested=said.suggested,
    )
    await note(connection, row, user_id, "objected")
    return int(objection_id)


async def decide(
    connection: Any, vault: Vault, policy: Policy, objection_id: int, *, user_id: int, ruling: Ruling
) -> dict[str, Any]:
    """Upheld, the call goes where the ruling says; rejected, the dispatch stands and the department handles it.

    In the caller's transaction. ``{objection_id, decision, call_id, queue}``.

    Raises UndertakingNotFound, IllegalTransition (decided already), InvalidRequest, ReasonRequired, ConsentRequired,
    PoliceDeclined or HeldByOther.
    """
    ruling.check()
    decision = "upheld" if ruling.upheld else "rejected"
    found = await queries.open_objection(connection, objection_id=objection_id)
    if found is None:
        raise UndertakingNotFound(f"没有编号为 {objection_id} 的异议。")
    row = await locked_undertaking(connection, found["undertaking_id"])
    # read again behind the lock: somebody else may have decided meanwhile
    found = await queries.open_objection(connection, objection_id=objection_id)
    if found["decision"] is not None:
        raise IllegalTransition("这件异议已由他人裁定；请刷新页面。")
    await queries.decide_objection(
        connection,
        objection_id=objection_id,
        user_id=user_id,
        decision=decision,
        words=vault.seal((ruling.words or "").strip() or None, "objections.decision_words"),
        destination=ruling.destination if ruling.upheld else None,
    )
    queue = str(row["queue"])
    if ruling.upheld:
        label = f"承办单位异议成立：{OBJECTION_REASONS[found['reason']]}"
        queue = await _send_on(connection, vault, policy, row, user_id=user_id, ruling=ruling, label=label)
    else:
        await queries.set_state(connection, undertaking_id=row["id"], state="handling")
    await note(connection, row, user_id, f"objection_{decision}", to=queue)
    await tell(connection, row, user_id, "handed_on" if ruling.upheld else "handling")
    return {"objection_id": objection_id, "decision": decision, "call_id": row["call_id"], "queue": queue}


async def departments_of(connection: Any, objection_id: int) -> list[Choice]:
    """To which departments the call of an objection may go by name. Raises UndertakingNotFound."""
    found = await queries.open_objection(connection, objection_id=objection_id)
    if found is None:
        raise UndertakingNotFound(f"没有编号为 {objection_id} 的异议。")
    row = await locked_undertaking(connection, found["undertaking_id"])
    return await departments_for(connection, row["call_id"])


async def _send_on(
    connection: Any, vault: Vault, policy: Policy, row: Any, *, user_id: int, ruling: Ruling, label: str
) -> str:
    """The call goes where the ruling says; the queue."""
    call = await locked_call(connection, row["call_id"])
    destination = ruling.destination or "operators"
    if destination == "mediators" and violence_heard(vault, call) and not ruling.consent:
        raise ConsentRequired("来电里说到暴力或控制，一般不作调解；确要调解须单独问过受害人本人（consent: true）。")
    if destination == "police" and not ruling.new_danger:
        await check_declined(connection, vault, call)
    await check_department(connection, row["call_id"], destination, ruling.department)
    await queries.hand_on(connection, undertaking_id=row["id"], reason=BY_OBJECTION, words=None)
    await queries.returned_transfer(
        connection,
        call_id=row["call_id"],
        item_id=row["queue_item_id"],
        reason=vault.seal(label, "transfers.return_reason"),
    )
    if row["role"] == "joint":
        await transfer_queries.cancel_item(connection, item_id=row["queue_item_id"])
        return str(row["queue"])
    item = await transfer_queries.lead_item(connection, call_id=row["call_id"])
    decision = stored_decision(vault, call)
    queue = policy.queue_for(destination).name
    await overrule(
        connection, vault, call, decision, destination=destination, queue=queue, user_id=user_id, reason=label
    )
    await move(connection, call, item, decision, queue=queue, user_id=user_id, department=ruling.department)
    return queue
