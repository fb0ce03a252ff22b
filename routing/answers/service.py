"""What an operator settles without handing on: direct answers, a hold on a live call, the caller's choice."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from routing.calls import store as calls
from routing.calls.contact_rules import callback_window
from routing.danger.service import check_closing
from routing.errors import IllegalTransition, InvalidRequest
from routing.knowledge.service import Citation, check_citation
from routing.leavers.service import stay
from routing.policy.settings import Policy
from routing.queues.service import Claim
from routing.queues.store import queries as queue_queries
from routing.sealing import Vault
from routing.transfers.store import check_holder, locked_call, queries


async def answer_directly(
    pool: Any,
    vault: Vault,
    call_id: int,
    user_id: int,
    answer: str,
    *,
    citation: Citation | None = None,
    no_article_reason: str | None = None,
) -> None:
    """直接答复: the operator closes the call with the text used, and the article it rests on or why none fits.

    Raises InvalidRequest, HeldByOther, IllegalTransition, ArticleNotFound or ArticleNotCitable.
    """
    if not answer.strip():
        raise InvalidRequest("answer：请填写答复内容。")
    if citation is not None and no_article_reason:
        raise InvalidRequest("no_article_reason：已引用条目，不必再写无适用条目的理由。")
    async with pool.acquire() as connection, connection.transaction():
        call = await locked_call(connection, call_id)
        if citation is not None:
            await check_citation(connection, citation)
        item = await queries.lead_item(connection, call_id=call_id)
        check_holder(call, item, user_id)
        if call["state"] not in ("proposed", "queued", "claimed"):
            raise IllegalTransition("来电正在振铃、已办结或已关闭，不能直接答复。")
        await check_closing(connection, vault, call)
        if item is not None:
            if item["assignment_id"] is not None:
                await queue_queries.end_assignment(
                    connection,
                    assignment_id=item["assignment_id"],
                    outcome="completed",
                    disposition=vault.seal("直接答复", "assignments.disposition"),
                    notes=None,
                    summary=None,
                )
                await queue_queries.after_call(connection, user_id=user_id, wrap_up_s=0)
            await queries.finish_item(connection, item_id=item["id"])
        await queries.ended_transfers(connection, call_id=call_id)
        sealed = vault.seal(answer.strip(), "direct_answers.answer")
        await queries.insert_answer(
            connection,
            call_id=call_id,
            user_id=user_id,
            answer=sealed,
            article_id=citation.article_id if citation else None,
            article_version=citation.version if citation else None,
            no_article_reason=vault.seal(no_article_reason, "direct_answers.no_article_reason"),
        )
        await calls.queries.set_hold(connection, call_id=call_id, user_id=None)
        await calls.change_state(
            connection, call_id, "completed", action="answered_directly", user_id=user_id, detail={}
        )
        await queue_queries.event(
            connection, kind="call_completed", call_id=call_id, queue=None, user_id=user_id, data={}
        )


async def hold(
    pool: Any, policy: Policy, call_id: int, user_id: int, *, on_roster: Callable[[str, int, datetime], bool]
) -> Claim | None:
    """An operator takes this call, so that nobody else works on it.

    A live one is held; a recorded one that waits at the operators' table is claimed, and the claim given back.

    Raises CallNotFound, HeldByOther when somebody has it, or IllegalTransition.
    """
    async with pool.acquire() as connection, connection.transaction():
        await stay(connection, user_id)
        call = await locked_call(connection, call_id)
        item = await queries.lead_item(connection, call_id=call_id)
        check_holder(call, item, user_id)
        if call["live"] and call["state"] in ("received", "triaged", "proposed"):
            await calls.queries.set_hold(connection, call_id=call_id, user_id=user_id)
            await queue_queries.event(
                connection, kind="call_held", call_id=call_id, queue=None, user_id=user_id, data={}
            )
            return None
        queue = policy.queue_for("operators")
        if item is None or item["state"] != "waiting" or item["queue"] != queue.name:
            raise IllegalTransition("只有在线未转办的来电，或在话务台等待的记录可以接起。")
        await queue_queries.ensure_agent(connection, user_id=user_id)
        taken = await queue_queries.take_item(
            connection,
            item_id=item["id"],
            user_id=user_id,
            lease_s=queue.lease_s,
            off_roster=not on_roster(queue.name, user_id, await calls.queries.clock(connection)),
        )
        return Claim(taken["id"], taken["call_id"], taken["lease_expires_at"])


async def record_choice(
    pool: Any,
    vault: Vault,
    call_id: int,
    user_id: int,
    *,
    choice: str,
    expected_wait_s: int | None,
    window_start: datetime | None,
    window_end: datetime | None,
    message: str | None,
) -> None:
    """What the caller chose when few people are on duty: wait, a call-back window or a message.

    Raises CallNotFound, InvalidRequest, OutsideSafeHours for a window the caller cannot speak in.
    """
    if choice not in ("wait", "callback", "message"):
        raise InvalidRequest("choice：只能是 wait（等待）、callback（回拨）或 message（留言）。")
    if choice == "callback" and (window_start is None or window_end is None or window_end <= window_start):
        raise InvalidRequest("window_start、window_end：请填写回拨时段，结束要晚于开始。")
    if choice == "message" and not (message or "").strip():
        raise InvalidRequest("message：请记录留言内容。")
    async with pool.acquire() as connection, connection.transaction():
        await locked_call(connection, call_id)
        if window_start is not None and choice == "callback":
            callback_window(await calls.contact_rules_of(connection, vault, call_id), window_start, window_end)
        await queries.insert_choice(
            connection,
            call_id=call_id,
            choice=choice,
            expected_wait_s=expected_wait_s,
            window_start=window_start,
            window_end=window_end,
            message=vault.seal(message, "caller_choices.message"),
            user_id=user_id,
        )
        await calls.queries.log(
            connection, call_id=call_id, action="caller_choice", user_id=user_id, detail={"choice": choice}
        )
