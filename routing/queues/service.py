"""Claiming, keeping, giving back and completing calls; each function is one transaction of its own."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from routing.errors import AssignmentNotFound, IllegalTransition, InvalidRequest, LeaseLost
from routing.policy.settings import Policy, QueueSettings
from routing.queues.agents import PRESENCES
from routing.queues.first.service import kept_from
from routing.queues.store import agent_view, claims, queries
from routing.queues.tiers import TierRules, open_levels
from routing.sealing import Vault

#: What is typed after a call ended is kept this long: somebody who writes past the end of the wrap-up loses nothing.
LATE_NOTES_S = 3600.0


@dataclass(frozen=True, slots=True)
class Claim:
    """A call in somebody's hands."""

    assignment_id: int
    call_id: int
    lease_expires_at: datetime


def queue_settings(policy: Policy, queue: str) -> QueueSettings:
    """The queue's settings; raises QueueNotFound."""
    return policy.queue(queue)


async def claim(
    pool: Any, policy: Policy, queue: str, user_id: int, *, on_roster: Callable[[str, int, datetime], bool]
) -> Claim | None:
    """The agent's own offer first, else the best eligible item; None when there is none.

    Never gives the same item twice: item and call are locked with SKIP LOCKED.
    Claiming off the roster is allowed and recorded. Raises QueueNotFound.
    """
    settings = queue_settings(policy, queue)
    off_roster = not on_roster(queue, user_id, datetime.now(UTC))
    async with pool.acquire() as connection:
        kept = await kept_from(connection, settings, roles_of_queue(policy, queue), user_id)

        async def take(open_after_s: float | None = None) -> Any:
            return await claims.claim_next(
                connection,
                user_id=user_id,
                queue=queue,
                open_after_s=open_after_s,
                kept=kept,
                kept_s=settings.tier_wait_s,
                lease_s=settings.lease_s,
                off_roster=off_roster,
            )

        taken = await take()
        if taken is None:
            # the first claim of all
            await queries.ensure_agent(connection, user_id=user_id)
            taken = await take()
        if taken is None:
            raise InvalidRequest("此账号已停用，不能接单；请联系管理员。")
        if taken["assignment_id"] is None and taken["level"] > 1:
            taken = await take(await _opens_after_s(connection, policy, settings, taken))
        if taken is None or taken["assignment_id"] is None:
            return None
        if off_roster == on_roster(queue, user_id, taken["read_at"]):
            # rosters go by the database's clock, and this machine's stands on the other side of a change of shift
            await claims.other_shift(connection, assignment_id=taken["assignment_id"])
    return Claim(taken["assignment_id"], taken["call_id"], taken["lease_expires_at"])


async def _opens_after_s(connection: Any, policy: Policy, settings: QueueSettings, agent: Any) -> float:
    """How long an item must have waited before this agent's level may take it; tiers with nobody free take no share."""
    level: int = agent["level"]
    rows = await queries.queue_agents(connection, queue=settings.name, roles=roles_of_queue(policy, settings.name))
    views = [agent_view(row) for row in rows]
    rules = TierRules(settings.tier_wait_s, settings.tier_no_agent_no_wait)
    for step in range(level + 1):
        waited_s = float(step * settings.tier_wait_s)
        if level in open_levels(views, waited_s, agent["read_at"], rules, fair_limit=settings.fair_limit):
            return waited_s
    return float(level * settings.tier_wait_s)


def roles_of_queue(policy: Policy, queue: str) -> list[str]:
    """The roles that may serve a queue."""
    return [role for role, queues in policy.roles.items() if queue in queues]


async def heartbeat(pool: Any, policy: Policy, assignment_id: int, user_id: int) -> datetime:
    """Keep the lease; the new end. Raises AssignmentNotFound, or LeaseLost when it ran out."""
    async with pool.acquire() as connection, connection.transaction():
        found = await queries.assignment(connection, assignment_id=assignment_id)
        if found is None or found["user_id"] != user_id:
            raise AssignmentNotFound("没有这张接单，或它属于别人；请刷新页面。")
        expires = await queries.heartbeat(
            connection,
            assignment_id=assignment_id,
            user_id=user_id,
            lease_s=policy.queue(found["queue"]).lease_s,
        )
        if expires is None:
            raise LeaseLost("租约已到期，来电已回到队列原位；可重新接单。")
        return expires["lease_expires_at"]  # type: ignore[no-any-return]


async def own_open(connection: Any, assignment_id: int, user_id: int) -> Any:
    """The agent's open assignment, locked. Raises AssignmentNotFound, LeaseLost."""
    found = await queries.lock_assignment(connection, assignment_id=assignment_id)
    _own_and_open(found, user_id)
    return found


def _own_and_open(found: Any, user_id: int) -> None:
    if found is None or found["user_id"] != user_id:
        raise AssignmentNotFound("没有这张接单，或它属于别人；请刷新页面。")
    if found["ended_at"] is not None:
        raise LeaseLost("这张接单已经结束（办结、退回或租约到期）；请刷新页面。")


async def release(
    pool: Any, vault: Vault, policy: Policy, assignment_id: int, user_id: int, *, reason: str | None = None
) -> None:
    """Give a call back: it stands in its old place with its wait kept, and the agent gets no offers for a while."""
    async with pool.acquire() as connection, connection.transaction():
        found = await own_open(connection, assignment_id, user_id)
        settings = policy.queue(found["queue"])
        await queries.end_assignment(
            connection,
            assignment_id=assignment_id,
            outcome="released",
            disposition=vault.seal(reason, "assignments.disposition"),
            notes=None,
            summary=None,
        )
        await queries.item_back(connection, item_id=found["queue_item_id"], action="released", user_id=user_id)
        await queries.after_call(connection, user_id=user_id, wrap_up_s=0)
        await queries.penalise(connection, user_id=user_id, penalty_s=settings.refuse_penalty_s)


async def complete(
    pool: Any,
    vault: Vault,
    policy: Policy,
    assignment_id: int,
    user_id: int,
    *,
    disposition: str,
    notes: str | None = None,
    summary: str | None = None,
    summary_approved: bool | None = None,
) -> None:
    """Close a call in hand with its disposition and notes; wrap-up begins.

    ``summary_approved``: the caller agreed that others see the summary; None leaves it as it was.
    """
    if not disposition or not disposition.strip():
        raise InvalidRequest("disposition：请填写处理结果。")
    async with pool.acquire() as connection:
        found = await claims.complete(
            connection,
            assignment_id=assignment_id,
            user_id=user_id,
            disposition=vault.seal(disposition.strip(), "assignments.disposition"),
            notes=vault.seal(notes, "assignments.notes"),
            summary=vault.seal(summary, "assignments.summary"),
            approved=summary_approved,
            wrap_ups={name: settings.wrap_up_s for name, settings in policy.queues.items()},
        )
    _own_and_open(found, user_id)


async def save_notes(
    pool: Any,
    vault: Vault,
    assignment_id: int,
    user_id: int,
    *,
    notes: str | None = None,
    summary: str | None = None,
    summary_approved: bool | None = None,
) -> None:
    """Autosave while the call goes on and is wrapped up; None keeps what is there. Raises AssignmentNotFound."""
    async with pool.acquire() as connection:
        saved = await queries.save_notes(
            connection,
            assignment_id=assignment_id,
            user_id=user_id,
            notes=vault.seal(notes, "assignments.notes"),
            summary=vault.seal(summary, "assignments.summary"),
            approved=summary_approved,
            late_s=LATE_NOTES_S,
        )
    if saved is None:
        raise AssignmentNotFound("这张接单已经结束，笔记未保存；请先复制再刷新页面。")


async def extend_wrap_up(pool: Any, policy: Policy, user_id: int) -> datetime:
    """More time after a call, once for each call; the new end. Raises IllegalTransition when it cannot be extended."""
    async with pool.acquire() as connection, connection.transaction():
        queue = await queries.wrapped_queue(connection, user_id=user_id)
        settings = policy.queues.get(queue) if queue else None
        extended = None
        if settings is not None and settings.wrap_up_extension_s:
            extended = await queries.extend_wrap_up(
                connection, user_id=user_id, extension_s=settings.wrap_up_extension_s
            )
    if extended is None:
        raise IllegalTransition("整理时间已经结束，或已经延长过一次；笔记照常保存。")
    return extended["wrap_up_until"]  # type: ignore[no-any-return]


async def set_presence(pool: Any, user_id: int, presence: str) -> None:
    """What an agent may say of themselves: available, paused or offline."""
    if presence not in ("available", "paused", "offline"):
        allowed = "、".join(p for p in PRESENCES if p in ("available", "paused", "offline"))
        raise InvalidRequest(f"presence：只能设为 {allowed}。")
    async with pool.acquire() as connection, connection.transaction():
        await queries.ensure_agent(connection, user_id=user_id)
        await queries.set_presence(connection, user_id=user_id, presence=presence)


async def queue_states(pool: Any, policy: Policy, since: datetime) -> list[dict[str, Any]]:
    """Every queue: waiting, longest_wait_s, agents_available, service_level since ``since`` (None: none answered)."""
    async with pool.acquire() as connection:
        counts = {row["queue"]: row for row in await queries.queue_counts(connection)}
        free = {row["role"]: row["available"] for row in await queries.available_by_role(connection)}
        levels = {
            row["queue"]: row
            for row in await queries.service_levels(
                connection,
                queues=list(policy.queues),
                limits_s=[float(q.service_level_s) for q in policy.queues.values()],
                since=since,
            )
        }
    states = []
    for name, settings in policy.queues.items():
        count, level = counts.get(name), levels.get(name)
        states.append(
            {
                "queue": name,
                "label": settings.label,
                "waiting": count["waiting"] if count else 0,
                "longest_wait_s": round(count["longest_wait_s"], 1) if count else 0.0,
                "agents_available": sum(free.get(role, 0) for role in roles_of_queue(policy, name)),
                "service_level": round(level["within"] / level["answered"], 4) if level and level["answered"] else None,
            }
        )
    return states
