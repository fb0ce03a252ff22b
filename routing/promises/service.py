"""A call-back promised at a time: the call stays open and its item waits, out of sight of queues, until then."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from routing.calls.contact_rules import WINDOW, callback_window
from routing.calls.store import contact_rules_of
from routing.calls.store import queries as call_queries
from routing.errors import InvalidRequest
from routing.policy.settings import Policy
from routing.queues.service import own_open
from routing.sealing import Vault
from routing.sql import load_queries
from routing.transfers.store import queries as transfer_queries

queries = load_queries(__file__)

#: What is promised for later than this is a slip of the pen.
LATEST = timedelta(days=60)


def promised_window(at: datetime, until: datetime | None, now: datetime) -> tuple[datetime, datetime]:
    """The window of a call-back, checked. Raises InvalidRequest."""
    if at <= now:
        raise InvalidRequest("callback_at：回拨时间已经过去，请改到以后。")
    if at > now + LATEST:
        raise InvalidRequest(f"callback_at：回拨时间最多约到 {LATEST.days} 天以后。")
    end = until or at + WINDOW
    if end <= at:
        raise InvalidRequest("callback_until：结束要晚于开始。")
    return at, end


async def promise(
    pool: Any,
    vault: Vault,
    policy: Policy,
    assignment_id: int,
    user_id: int,
    *,
    at: datetime,
    until: datetime | None,
    disposition: str,
    notes: str | None = None,
    summary: str | None = None,
    summary_approved: bool | None = None,
) -> None:
    """End the work for now with a call-back at ``at``; wrap-up begins. The caller's window is recorded beside.

    Raises AssignmentNotFound, LeaseLost, InvalidRequest, OutsideSafeHours.
    """
    async with pool.acquire() as connection, connection.transaction():
        promised_window(at, until, await call_queries.clock(connection))
        found = await own_open(connection, assignment_id, user_id)
        start, end = callback_window(await contact_rules_of(connection, vault, found["call_id"]), at, until)
        settings = policy.queue(found["queue"])
        await queries.hush(connection, item_id=found["queue_item_id"])
        await queries.promise(
            connection,
            assignment_id=assignment_id,
            user_id=user_id,
            at=start,
            reserve_s=settings.callback_reserve_s,
            wrap_up_s=settings.wrap_up_s,
            disposition=vault.seal(disposition.strip(), "assignments.disposition"),
            notes=vault.seal(notes, "assignments.notes"),
            summary=vault.seal(summary, "assignments.summary"),
            approved=summary_approved,
        )
        await transfer_queries.insert_choice(
            connection,
            call_id=found["call_id"],
            choice="callback",
            expected_wait_s=None,
            window_start=start,
            window_end=end,
            message=None,
            user_id=user_id,
        )


async def tell_due(pool: Any) -> int:
    """Tell the consoles of call-backs that have come due; how many. Safe in several processes at once."""
    async with pool.acquire() as connection:
        return len(await queries.tell_due(connection))
