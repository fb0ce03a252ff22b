"""Calls enter the review queue, are claimed, judged, taken back; each function is one transaction of its own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from nlp.classification import ROUTES
from routing.errors import InvalidRequest, LeaseLost, ReviewNotFound
from routing.supervision.reasons import REASONS, Reason, reasons_of
from routing.supervision.rules import SupervisionRules
from routing.supervision.store import queries

_PAGE = 1000


@dataclass(frozen=True, slots=True)
class OpenReview:
    """A call in one supervisor's hands."""

    id: int
    call_id: int
    reasons: tuple[Reason, ...]
    sample_day: date | None
    leased_until: datetime


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a supervisor says of a call; None: as the machine has it."""

    route: str | None = None
    topic: str | None = None
    danger: int | None = None


async def enter_due(pool: Any, rules: SupervisionRules) -> int:
    """Let calls read or overruled since the last time enter the queue; how many did or have one reason more."""
    entered = 0
    while True:
        async with pool.acquire() as connection, connection.transaction():
            marks = {row["kind"]: row["mark"] for row in await queries.lock_marks(connection)}
            if len(marks) < 2:
                # another process is at it
                return entered
            read, more = await _enter_read(connection, rules, marks["readings"])
            decided, more_decided = await _enter_overruled(connection, marks["decisions"])
            entered += read + decided
        if not more and not more_decided:
            return entered


async def _enter_read(connection: Any, rules: SupervisionRules, mark: int) -> tuple[int, bool]:
    page = await queries.readings_until(connection, mark=mark, page=_PAGE)
    if page["until"] is None:
        return 0, False
    rows = []
    for row in await queries.readings_since(connection, mark=mark, until=page["until"]):
        reasons = reasons_of(
            rules,
            day=row["day"],
            call_key=f"{row['line']}:{row['external_id']}",
            confidence=row["confidence"],
            review=row["review"],
            closed_by_machine=row["closed_by_machine"],
        )
        if reasons:
            rows.append(_entry(row, reasons, row["day"].isoformat() if "sample" in reasons else None))
    entered = len(await queries.enter(connection, rows=rows)) if rows else 0
    await queries.set_mark(connection, kind="readings", mark=page["mark"])
    return entered, bool(page["mark"] == page["until"] and page["until"] > mark)


async def _enter_overruled(connection: Any, mark: int) -> tuple[int, bool]:
    page = await queries.decisions_until(connection, mark=mark, page=_PAGE)
    if page["until"] is None:
        return 0, False
    found = await queries.overruled_since(connection, mark=mark, until=page["until"])
    rows = [_entry(row, ["overruled"], None) for row in {row["call_id"]: row for row in found}.values()]
    entered = len(await queries.enter(connection, rows=rows)) if rows else 0
    await queries.set_mark(connection, kind="decisions", mark=page["mark"])
    return entered, bool(page["mark"] == page["until"] and page["until"] > mark)


def _entry(row: Mapping[str, Any], reasons: list[Any], day: str | None) -> dict[str, Any]:
    return {
        "call_id": row["call_id"],
        "triage_id": row["triage_id"],
        "reasons": reasons,
        "sample_day": day,
        "danger_level": row["danger_level"],
    }


async def claim_review(
    connection: Any, rules: SupervisionRules, user_id: int, *, reason: str | None = None
) -> OpenReview | None:
    """What this supervisor has open, else the next call of the queue; None when there is none.

    Call this in a transaction, so that the record of the opening stands or falls with it. Never gives a call to two.
    Raises InvalidRequest for a reason that does not exist.
    """
    if reason is not None and reason not in REASONS:
        raise InvalidRequest(f"reason：没有“{reason}”这一类，可选 {'、'.join(REASONS)}。")
    await queries.lock_supervisor(connection, user_id=user_id)
    row = await queries.own_review(connection, user_id=user_id)
    if row is None or (reason is not None and reason not in row["reasons"]):
        if row is not None:
            await queries.release_review(connection, review_id=row["id"])
        row = await queries.claim_review(connection, user_id=user_id, reason=reason, lease_s=rules.lease_s)
    if row is None:
        return None
    return OpenReview(row["id"], row["call_id"], tuple(row["reasons"]), row["sample_day"], row["leased_until"])


async def keep_review(pool: Any, rules: SupervisionRules, review_id: int, user_id: int) -> datetime:
    """Keep the lease; until when. Raises LeaseLost."""
    async with pool.acquire() as connection:
        until = await queries.keep_review(connection, review_id=review_id, user_id=user_id, lease_s=rules.lease_s)
    if until is None:
        raise LeaseLost("打开时间已过，这通来电回到了质检队列；请接下一通。")
    return until  # type: ignore[no-any-return]


async def pass_review(pool: Any, review_id: int, user_id: int) -> None:
    """Leave a call to somebody else. Raises LeaseLost."""
    async with pool.acquire() as connection:
        if await queries.pass_review(connection, review_id=review_id, user_id=user_id) is None:
            raise LeaseLost("这通来电已不在您手上。")


def check_verdict(verdict: Verdict, topics: Mapping[str, str]) -> Verdict:
    """``verdict`` itself; ``topics`` are the codes that exist. Raises InvalidRequest naming the field."""
    if verdict.route is not None and verdict.route not in ROUTES:
        raise InvalidRequest(f"route：没有“{verdict.route}”这一类别。")
    if verdict.topic is not None and verdict.topic not in topics:
        raise InvalidRequest(f"topic：没有“{verdict.topic}”这一主题。")
    if verdict.danger is not None and verdict.danger not in (0, 1, 2):
        raise InvalidRequest("danger：应为 0、1 或 2。")
    return verdict


async def decide_review(
    connection: Any, rules: SupervisionRules, review_id: int, user_id: int, verdict: Verdict
) -> dict[str, Any]:
    """Store a checked verdict, in the caller's transaction; ``{agreed, route, topic, danger, changed, call_id}``.

    Raises ReviewNotFound, and LeaseLost where somebody else has the call.
    """
    row = await _locked(connection, rules, review_id)
    if row["decided_at"] is not None:
        raise LeaseLost("这通来电已经判定过了；请接下一通。")
    if not row["leased"] or row["leased_by"] != user_id:
        name = row["leased_name"] if row["leased"] else None
        raise LeaseLost(f"这通来电现由 {name} 质检。" if name else "打开时间已过，请重新打开这通来电。")
    read = {"route": row["read_route"], "topic": (row["read_topics"] or [None])[0], "danger": row["read_danger"]}
    said = {
        "route": verdict.route or read["route"],
        "topic": verdict.topic or read["topic"],
        "danger": read["danger"] if verdict.danger is None else verdict.danger,
    }
    changed = [name for name in read if read[name] != said[name]]
    await queries.decide_review(connection, review_id=review_id, user_id=user_id, agreed=not changed, **said)
    return {**said, "agreed": not changed, "changed": changed, "call_id": row["call_id"]}


async def undo_review(connection: Any, rules: SupervisionRules, review_id: int, user_id: int) -> int:
    """Take one's own judgement back, in the caller's transaction; the call is open again. Its id.

    What else the supervisor has open goes back to the queue. Raises ReviewNotFound, LeaseLost when it is too late.
    """
    await queries.lock_supervisor(connection, user_id=user_id)
    row = await _locked(connection, rules, review_id)
    if row["decided_by"] != user_id or not row["may_undo"]:
        raise LeaseLost(f"只能在 {rules.undo_s // 60} 分钟之内撤销自己的判定。")
    open_one = await queries.own_review(connection, user_id=user_id)
    if open_one is not None:
        await queries.release_review(connection, review_id=open_one["id"])
    await queries.undo_review(connection, review_id=review_id, user_id=user_id, lease_s=rules.lease_s)
    return int(row["call_id"])


async def _locked(connection: Any, rules: SupervisionRules, review_id: int) -> Any:
    row = await queries.review_for_update(connection, review_id=review_id, undo_s=rules.undo_s)
    if row is None:
        raise ReviewNotFound(f"质检队列里没有编号为 {review_id} 的来电。")
    return row
