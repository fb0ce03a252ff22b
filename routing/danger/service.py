"""Danger while a call goes on, each act one transaction: alarms that go on, answers, the shift leader, closing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from routing.danger.escalation import Escalation
from routing.danger.settings import DangerSettings
from routing.errors import AnswerChanged, ClosingLocked, IllegalTransition, InvalidRequest, ReasonRequired
from routing.sealing import Vault, opened
from routing.sql import load_queries
from routing.transfers.store import locked_call, self_harm_heard

queries = load_queries(__file__)

MAX_ANSWER = 500
#: Why a self-harm call may be closed has to say something.
MIN_REASON = 4


async def escalate(pool: Any, rules: Escalation) -> int:
    """Let alarms that nobody acknowledged go on to the stages that are due; how many stages began.

    What has been reached stands in the database and the time is the database's: a worker that takes over after a
    restart goes on where the last one stopped, and of several workers one sees to each alarm.
    """
    begun = 0
    async with pool.acquire() as connection, connection.transaction():
        for row in await queries.waiting_alarms(connection, first_after_s=rules.desk_after_s):
            stages = list(rules.due(row["stage"], row["raised_at"], row["read_at"]))
            if stages:
                await queries.reach_stage(connection, call_id=row["call_id"], stage=stages[-1], stages=stages)
                begun += len(stages)
    return begun


async def answer_question(
    pool: Any,
    vault: Vault,
    settings: DangerSettings,
    call_id: int,
    user_id: int,
    *,
    question: str,
    answer: str,
    seen: int,
) -> int:
    """Save what the panel holds of one question; its new version. Anybody who works on the call may type.

    ``seen`` is the version that stood before the writer, 0 for none: what somebody else wrote meanwhile is not
    overwritten unseen (AnswerChanged). Raises CallNotFound or InvalidRequest.
    """
    if settings.question(question) is None:
        raise InvalidRequest("question：没有这个问题，请刷新页面。")
    if len(answer) > MAX_ANSWER:
        raise InvalidRequest(f"answer：最多 {MAX_ANSWER} 个字。")
    async with pool.acquire() as connection, connection.transaction():
        call = await locked_call(connection, call_id)
        if call["state"] == "closed":
            raise IllegalTransition("来电已关闭，不能再记录。")
        before = await queries.lock_answer(connection, call_id=call_id, question=question)
        if before is not None and before["version"] != seen and before["answered_by"] != user_id:
            raise AnswerChanged(f"{before['by']}刚刚改了这一项，请看过再改；您填写的内容还在。")
        sealed = vault.seal(answer.strip(), "danger_answers.answer")
        saved = await queries.save_answer(
            connection, call_id=call_id, question=question, answer=sealed, user_id=user_id
        )
    return int(saved)


#: What ``panel`` gives of a call whose danger nobody has been asked about.
NOTHING_TOLD: Mapping[str, Any] = {"answers": {}, "leader": None, "release": None}


async def panel(connection: Any, vault: Vault, call_id: int) -> dict[str, Any]:
    """``{answers, leader, release}`` of a call: answers by question, the others None where there is none."""
    leader = await queries.leader(connection, call_id=call_id)
    release = await queries.release(connection, call_id=call_id)
    return {
        "answers": {
            row["question"]: opened(vault, row, "danger_answers", ("answer",))
            for row in await queries.answers(connection, call_id=call_id)
        },
        "leader": dict(leader) if leader else None,
        "release": dict(release) if release else None,
    }


async def ask_leader(pool: Any, call_id: int, user_id: int) -> None:
    """Ask the shift leader to join. Asking again is harmless. Raises CallNotFound or IllegalTransition."""
    async with pool.acquire() as connection, connection.transaction():
        call = await locked_call(connection, call_id)
        if call["state"] in ("completed", "closed"):
            raise IllegalTransition("来电已办结，班长不能再加入。")
        await queries.ask_leader(connection, call_id=call_id, user_id=user_id)


async def join_leader(pool: Any, call_id: int, user_id: int) -> None:
    """The shift leader joins the call, asked for or not. Raises CallNotFound or IllegalTransition."""
    async with pool.acquire() as connection, connection.transaction():
        call = await locked_call(connection, call_id)
        if call["state"] in ("completed", "closed"):
            raise IllegalTransition("来电已办结，不能再加入。")
        if await queries.join_leader(connection, call_id=call_id, user_id=user_id) is None:
            found = await queries.leader(connection, call_id=call_id)
            if found["joined_by"] != user_id:
                raise IllegalTransition(f"{found['joined_by_name']}已经加入这通来电。")


async def release_closing(connection: Any, vault: Vault, call_id: int, user_id: int, *, reason: str) -> None:
    """In the caller's transaction: say why a self-harm call may be closed. Raises ReasonRequired or others."""
    if len(reason.strip()) < MIN_REASON:
        raise ReasonRequired(f"reason：请写明为什么可以结束（至少 {MIN_REASON} 个字），如已由谁接手陪护。")
    call = await locked_call(connection, call_id)
    if call["held_by"] == user_id:
        raise IllegalTransition("要由另一个人确认：请班长或警务台解除锁定。")
    sealed = vault.seal(reason.strip(), "closing_releases.reason")
    if await queries.release_closing(connection, call_id=call_id, user_id=user_id, reason=sealed) is None:
        raise IllegalTransition("这通来电的锁定已经解除。")


async def check_closing(connection: Any, vault: Vault, call: Any) -> None:
    """Refuse to end a call (a row of ``locked_call``) in which self-harm was heard. Raises ClosingLocked."""
    if not self_harm_heard(vault, call):
        return
    if await queries.release(connection, call_id=call["id"]) is None:
        raise ClosingLocked("说到自伤，不能直接结束：请陪住来电人，请班长加入；班长或警务台确认安全后才能办结。")
