"""Taking one call of a queue by choice: a desk that has dangers before it does not wait for its turn."""

from __future__ import annotations

from collections.abc import Callable, Collection
from datetime import datetime
from typing import Any

from routing.errors import HeldByOther, IllegalTransition
from routing.leavers.service import stay
from routing.policy.settings import Policy
from routing.queues.service import Claim
from routing.queues.store import queries as queue_queries
from routing.sql import load_queries
from routing.transfers.store import locked_call

queries = load_queries(__file__)


async def pick(
    pool: Any,
    policy: Policy,
    call_id: int,
    user_id: int,
    *,
    queues: Collection[str],
    on_roster: Callable[[str, int, datetime], bool],
) -> Claim:
    """This call is this person's, with a lease as a claim gives; the lead item before a joint one.

    Raises CallNotFound, HeldByOther naming who has it, or IllegalTransition where it waits here no more.
    """
    async with pool.acquire() as connection, connection.transaction():
        await stay(connection, user_id)
        await locked_call(connection, call_id)
        items = await queries.items(connection, call_id=call_id, queues=list(queues))
        item = next((each for each in items if _free(each, user_id)), None)
        if item is None:
            other = next(iter(items), None)
            if other is None:
                raise IllegalTransition("来电已不在本席，可能已办结、已撤回或已改派；请刷新页面。")
            if other["assigned_to"] == user_id:
                raise IllegalTransition("这通来电已在您手上。")
            raise HeldByOther(f"来电已由{other['held_by_name']}接起，请选下一件。")
        if item["state"] == "offered":
            await queue_queries.stop_ringing(connection, user_id=user_id)
        await queue_queries.ensure_agent(connection, user_id=user_id)
        taken = await queue_queries.take_item(
            connection,
            item_id=item["id"],
            user_id=user_id,
            lease_s=policy.queue(item["queue"]).lease_s,
            off_roster=not on_roster(item["queue"], user_id, item["read_at"]),
        )
    return Claim(taken["id"], taken["call_id"], taken["lease_expires_at"])


def _free(item: Any, user_id: int) -> bool:
    return bool(item["state"] == "waiting" or (item["state"] == "offered" and item["offered_to"] == user_id))
