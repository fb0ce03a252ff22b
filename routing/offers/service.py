"""What runs beside claims: offers, unanswered rings, lapsed leases, wrap-ups, closing."""

from __future__ import annotations

from typing import Any

from routing.policy.settings import Policy, QueueSettings
from routing.promises.service import tell_due
from routing.queues.first.service import first_of_items
from routing.queues.service import roles_of_queue
from routing.queues.store import agent_view, item_view, queries
from routing.queues.strategies import choose_agent
from routing.queues.tiers import TierRules

#: A completed call is closed after this long, unless a case goes on with it.
CLOSE_AFTER_H = 24


async def queue_round(pool: Any, policy: Policy) -> int:
    """One round over all queues; how many things changed. Safe to run in several processes at once."""
    changed = 0
    changed += await return_lapsed_leases(pool)
    changed += await end_unanswered_offers(pool, policy)
    async with pool.acquire() as connection:
        changed += len(await queries.end_wrap_ups(connection))
    changed += await tell_due(pool)
    for settings in policy.queues.values():
        changed += await offer_live_calls(pool, policy, settings)
    return changed


async def close_completed(pool: Any) -> int:
    """Close what was completed ``CLOSE_AFTER_H`` hours ago; how many. Not in the rounds: it looks through the calls."""
    closed = 0
    while True:
        async with pool.acquire() as connection:
            rows = await queries.close_completed(connection, hours=CLOSE_AFTER_H)
        closed += len(rows)
        if not rows:
            return closed


async def return_lapsed_leases(pool: Any) -> int:
    """Calls of agents who vanished go back to their old place, their wait kept."""
    async with pool.acquire() as connection, connection.transaction():
        lapsed = await queries.expired_leases(connection)
        for row in lapsed:
            await queries.end_assignment(
                connection,
                assignment_id=row["id"],
                outcome="lease_expired",
                disposition=None,
                notes=None,
                summary=None,
            )
            await queries.item_back(
                connection, item_id=row["queue_item_id"], action="lease_expired", user_id=row["user_id"]
            )
            await queries.agent_vanished(connection, user_id=row["user_id"])
    return len(lapsed)


async def end_unanswered_offers(pool: Any, policy: Policy) -> int:
    """Rings that nobody answered: the call is free again, the agent pays the no-answer penalty."""
    async with pool.acquire() as connection, connection.transaction():
        expired = await queries.expired_offers(connection)
        for row in expired:
            settings = policy.queues.get(row["queue"])
            await queries.item_back(connection, item_id=row["id"], action="no_answer", user_id=row["offered_to"])
            await queries.unanswered(
                connection,
                user_id=row["offered_to"],
                no_answer=1,
                penalty_s=settings.no_answer_penalty_s if settings else 0,
                pause_after=settings.pause_after_no_answers if settings else 0,
            )
    return len(expired)


async def refuse_offer(pool: Any, policy: Policy, queue: str, user_id: int) -> bool:
    """The agent declines what rings: it is free again at once. False when nothing rang (any more)."""
    settings = policy.queue(queue)
    async with pool.acquire() as connection, connection.transaction():
        item = await queries.own_offer(connection, user_id=user_id, queue=queue)
        if item is None:
            return False
        await queries.item_back(connection, item_id=item["id"], action="refused", user_id=user_id)
        await queries.unanswered(
            connection, user_id=user_id, no_answer=0, penalty_s=settings.refuse_penalty_s, pause_after=0
        )
    return True


async def offer_live_calls(pool: Any, policy: Policy, settings: QueueSettings) -> int:
    """Offer waiting calls with somebody on the line to the agents the queue's strategy names."""
    offered = 0
    async with pool.acquire() as connection, connection.transaction():
        items = await queries.offerable_items(connection, queue=settings.name)
        if not items:
            return 0
        roles = roles_of_queue(policy, settings.name)
        rows = await queries.queue_agents(connection, queue=settings.name, roles=roles)
        first = await first_of_items(connection, settings, roles)
        agents = {row["user_id"]: agent_view(row) for row in rows}
        latest = await queries.last_offered(connection, user_ids=list(agents))
        last = agents.get(latest["user_id"]) if latest else None
        tiers = TierRules(settings.tier_wait_s, settings.tier_no_agent_no_wait)
        for item in items:
            chosen = choose_agent(
                settings.strategy,
                item_view(item, first.get(item["id"], frozenset())),
                agents.values(),
                item["read_at"],
                tiers=tiers,
                fair_limit=settings.fair_limit,
                last_offered=last,
            )
            if chosen is None:
                continue
            if await queries.lock_offerable(connection, item_id=item["id"], queue=settings.name) is None:
                continue
            if await queries.lock_agent(connection, user_id=chosen.user_id) is None:
                continue
            await queries.offer(
                connection, item_id=item["id"], user_id=chosen.user_id, ring_timeout_s=settings.ring_timeout_s
            )
            last = agents.pop(chosen.user_id)
            offered += 1
    return offered
