"""Forwards in PostgreSQL: the call they are made on, and their rows opened."""

from __future__ import annotations

from typing import Any

from routing.errors import CallNotFound, HeldByOther
from routing.policy.decision import Decision
from routing.policy.rails import SELF_HARM, VIOLENCE_CUE, VIOLENT_KINDS
from routing.sealing import Vault, opened
from routing.sql import load_queries

queries = load_queries(__file__)


async def locked_call(connection: Any, call_id: int) -> Any:
    """The call with the decision in force, locked. Raises CallNotFound."""
    if await queries.lock_call(connection, call_id=call_id) is None:
        raise CallNotFound(f"没有编号为 {call_id} 的来电。")
    return await queries.call_for_forward(connection, call_id=call_id)


def opened_transfer(vault: Vault, row: Any) -> dict[str, Any]:
    """A row of ``transfers`` with its reasons opened. Raises SealBroken."""
    return opened(vault, row, "transfers", ("reason", "return_reason"))


def violence_heard(vault: Vault, call: Any) -> bool:
    """Whether the reading of a row of ``locked_call`` holds violence or control between people. Raises SealBroken."""
    reading = vault.open_json(call["reading"], "triages.reading")
    if reading is None:
        return False
    cues = {cue["kind"] for cue in reading.get("cues", [])}
    kinds = {signal["kind"] for signal in reading["danger"]["signals"]}
    return VIOLENCE_CUE in cues or not VIOLENT_KINDS.isdisjoint(kinds)


def self_harm_heard(vault: Vault, call: Any) -> bool:
    """Whether the reading of a row of ``locked_call`` holds danger of self-harm. Raises SealBroken."""
    reading = vault.open_json(call["reading"], "triages.reading")
    return reading is not None and any(signal["kind"] == SELF_HARM for signal in reading["danger"]["signals"])


def stored_decision(vault: Vault, call: Any) -> Decision:
    """The decision in force of a row of ``locked_call``. Raises SealBroken."""
    return Decision.from_dict(vault.open_json(call["decision"], "decisions.body"))


def check_holder(call: Any, item: Any, user_id: int) -> None:
    """One person holds a call at a time; what somebody has just forwarded is theirs until it is taken or decided anew.

    Raises HeldByOther, which names them.
    """
    if call["held_by"] not in (None, user_id):
        raise HeldByOther(f"来电正由{call['held_by_name']}处理，不能同时操作。")
    if item is None:
        return
    if item["assigned_to"] not in (None, user_id):
        raise HeldByOther(f"来电已由{item['assigned_to_name']}接单，不能同时操作。")
    if item["undertaking_state"] == "objected":
        raise HeldByOther("承办单位对派单提出了异议，正等待裁定；请等裁定后再处理。")
    if item["undertaking_id"] is not None and item["assigned_to"] is None:
        raise HeldByOther("案件的承办人已离岗，正等本席同事接手；请接手后再处理。")
    if item["state"] == "offered" and item["offered_to"] != user_id:
        raise HeldByOther("来电正在向另一位坐席振铃，请等振铃结束。")
    # waiting: at whom it rings already was passed above
    forwarded = item["state"] == "waiting" and item["forwarded_on"] == call["decision_id"]
    if forwarded and item["forwarded_by"] not in (None, user_id):
        # two operators with the same call open: the second must not have the caller rung through to somebody else too
        raise HeldByOther(f"来电已由{item['forwarded_by_name']}转出，不能同时操作；要改去向，请其先撤回。")
