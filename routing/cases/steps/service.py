"""Planning the next step of a case and writing down what came of it."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any

from routing.cases.service import note, tell
from routing.cases.store import own_undertaking
from routing.cases.terms import STEP_KINDS
from routing.errors import IllegalTransition, InvalidRequest, UndertakingNotFound
from routing.sealing import Vault, opened
from routing.sql import load_queries

queries = load_queries(__file__)

#: A step is planned at most so far ahead: a slip in the year would hide it.
FARTHEST = timedelta(days=366)


async def add_step(
    pool: Any, vault: Vault, undertaking_id: int, user_id: int, *, kind: str, due_at: datetime, words: str | None
) -> int:
    """Plan a step; its id. Raises UndertakingNotFound, HeldByOther, IllegalTransition or InvalidRequest."""
    check_kind(kind, STEP_KINDS)
    async with pool.acquire() as connection, connection.transaction():
        row = await own_undertaking(connection, undertaking_id, user_id)
        if not row["read_at"] - timedelta(minutes=5) <= due_at <= row["read_at"] + FARTHEST:
            raise InvalidRequest("due_at：时间要在现在之后、一年以内。")
        step_id = await queries.insert_step(
            connection,
            case_id=row["case_id"],
            undertaking_id=undertaking_id,
            kind=kind,
            due_at=due_at,
            note=vault.seal((words or "").strip() or None, "case_steps.note"),
            user_id=user_id,
        )
        await note(connection, row, user_id, "step_planned")
        await tell(connection, row, user_id, row["state"])
    return int(step_id)


async def finish_step(pool: Any, vault: Vault, step_id: int, user_id: int, *, result: str) -> None:
    """Write down what came of a step. Raises UndertakingNotFound, HeldByOther, IllegalTransition or InvalidRequest."""
    if not result.strip():
        raise InvalidRequest("result：请写明这一步的结果。")
    async with pool.acquire() as connection, connection.transaction():
        undertaking_id = await queries.undertaking_of(connection, step_id=step_id)
        if undertaking_id is None:
            raise UndertakingNotFound(f"没有编号为 {step_id} 的步骤。")
        row = await own_undertaking(connection, undertaking_id, user_id)
        done = await queries.finish_step(
            connection, step_id=step_id, user_id=user_id, result=vault.seal(result.strip(), "case_steps.result")
        )
        if done is None:
            raise IllegalTransition("这一步已登记过结果。")
        await note(connection, row, user_id, "step_done")
        await tell(connection, row, user_id, row["state"])


async def steps_of_case(connection: Any, vault: Vault, case_id: int) -> list[dict[str, Any]]:
    """Every step of a case, opened: those to be done by time, then those done, newest first. Raises SealBroken."""
    rows = await queries.steps_of_case(connection, case_id=case_id)
    return [opened(vault, row, "case_steps", ("note", "result")) for row in rows]


def check_kind(kind: str, known: Collection[str]) -> None:
    """Raises InvalidRequest for a kind that is not of the list."""
    if kind not in known:
        raise InvalidRequest(f"kind：只能是 {'、'.join(known)}。")
