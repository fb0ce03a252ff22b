"""Claims: each call to exactly one agent, in order, within skill and grid; leases, offers, presence."""

from __future__ import annotations

import asyncio
import random
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from config.files import ConfigFiles
from hotline.accounts.store import queries as account_queries
from hotline.database import open_pool
from routing.errors import LeaseLost
from routing.offers.service import queue_round, refuse_offer
from routing.policy.loading import read_policy
from routing.policy.settings import Policy
from routing.queues.agents import AgentView, ItemView
from routing.queues.eligibility import matches
from routing.queues.service import Claim, claim, complete, heartbeat, release, set_presence
from tests.service_fixtures import eventually, some_vault

TOPICS = ("labour", "debt", "housing_lease", "marriage_family")
GRIDS = ("3301", "3301.01", "3301.02", "3302")
POOL_SIZE = 40
VAULT = some_vault()


@pytest.fixture(scope="module")
def policy() -> Policy:
    """The shipped policy."""
    return read_policy(ConfigFiles())


def always_on_roster(queue: str, user_id: int, at: datetime) -> bool:
    """No roster is kept in these tests."""
    return True


async def add_agents(connection: Any, count: int, role: str = "lawyer") -> list[int]:
    """Agents without skills or grids; their ids."""
    return [
        await account_queries.insert_user(
            connection,
            name=f"{role}{n:03d}",
            display_name=f"{role}{n}",
            role=role,
            password_hash=None,
            must_change=False,
        )
        for n in range(count)
    ]


async def add_waiting(connection: Any, count: int, queue: str = "lawyers", **columns: Any) -> list[int]:
    """Queued calls with a waiting item each, the first waiting longest; the call ids."""
    values = {"topics": [], "grid": None, "priority": 5, "live": False, **columns}
    return [
        row["call_id"]
        for row in await connection.fetch(
            """
            with made as (
                insert into calls
                    (line, external_id, intake, contact, received_at, transcript, segments, excerpt,
                     content_hash, state)
                select '12348', md5(random()::text || n), 'live', 'callback', now(), '', '', '', '', 'queued'
                from generate_series(1, $1) n returning id
            ), numbered as (select id, row_number() over (order by id) as n from made)
            insert into queue_items (call_id, queue, topics, grid, priority, live, enqueued_at)
            select id, $2, $3, $4, $5, $6, now() - make_interval(secs => 10 + $1 - n) from numbered
            returning call_id
            """,
            count,
            queue,
            values["topics"],
            values["grid"],
            values["priority"],
            values["live"],
        )
    ]


async def take(pool: Any, policy: Policy, user_id: int, queue: str = "lawyers") -> Claim | None:
    return await claim(pool, policy, queue, user_id, on_roster=always_on_roster)


async def test_200_agents_racing_for_2000_calls_get_each_exactly_once(
    database_url: str, policy: Policy, monkeypatch: pytest.MonkeyPatch
) -> None:
    # who gets what is asked here; how long 200 wait for 40 connections is the machine's
    monkeypatch.setattr("hotline.database.ACQUIRE_LIMIT_S", 300.0)
    chance = random.Random(7)
    pool = await open_pool(database_url, POOL_SIZE)
    try:
        async with pool.acquire() as connection, connection.transaction():
            agents = await add_agents(connection, 200)
            for user_id in agents:
                await account_queries.set_agent(
                    connection,
                    user_id=user_id,
                    skills=chance.sample(TOPICS, chance.choice((0, 0, 1, 2))),
                    grids=chance.sample(GRIDS, chance.choice((0, 0, 1))),
                    languages=[],
                    mediator_group=None,
                )
            calls = []
            for _ in range(40):
                calls += await add_waiting(
                    connection,
                    50,
                    topics=chance.sample(TOPICS, chance.choice((0, 1))),
                    grid=chance.choice((None, *GRIDS, "3301.02.003")),
                )
        claimed: list[tuple[int, int]] = []

        async def work(user_id: int) -> None:
            while (taken := await take(pool, policy, user_id)) is not None:
                claimed.append((user_id, taken.call_id))
                await complete(pool, VAULT, policy, taken.assignment_id, user_id, disposition="已解答")

        await asyncio.gather(*(work(user_id) for user_id in agents))
        assert sorted(call_id for _, call_id in claimed) == sorted(calls)
        async with pool.acquire() as connection:
            rows = await connection.fetch(
                """
                select a.user_id, a.skills, a.grids, i.id, i.topics, i.grid, i.enqueued_at
                from assignments s join agents a using (user_id) join queue_items i on i.id = s.queue_item_id
                """
            )
            assert len(rows) == 2000
            assert await connection.fetchval("select count(*) from queue_items where state <> 'done'") == 0
            assert await connection.fetchval("select count(*) from calls where state <> 'completed'") == 0
        for row in rows:
            agent = AgentView(
                row["user_id"], "available", datetime.now(UTC), frozenset(row["skills"]), frozenset(row["grids"])
            )
            item = ItemView(row["id"], 5, row["enqueued_at"], tuple(row["topics"]), None, row["grid"])
            assert matches(agent, item), (row["skills"], row["grids"], row["topics"], row["grid"])
    finally:
        await pool.close()


async def test_order_is_priority_then_wait(pool: Any, policy: Policy) -> None:
    async with pool.acquire() as connection:
        (agent,) = await add_agents(connection, 1)
        late = await add_waiting(connection, 2, priority=7)
        urgent = await add_waiting(connection, 2, priority=2)
    got = [taken.call_id for _ in range(4) if (taken := await take(pool, policy, agent))]
    assert got == [*urgent, *late]
    assert await take(pool, policy, agent) is None


async def test_a_released_call_stands_in_its_old_place(pool: Any, policy: Policy) -> None:
    async with pool.acquire() as connection:
        first, second = await add_agents(connection, 2)
        calls = await add_waiting(connection, 2)
        before = await connection.fetchval("select enqueued_at from queue_items where call_id = $1", calls[0])
    taken = await take(pool, policy, first)
    assert taken is not None
    await release(pool, VAULT, policy, taken.assignment_id, first, reason="回避")
    async with pool.acquire() as connection:
        assert await connection.fetchval("select enqueued_at from queue_items where call_id = $1", calls[0]) == before
        assert await connection.fetchval("select state from calls where id = $1", calls[0]) == "queued"
        penalty = await connection.fetchval("select penalty_until from agents where user_id = $1", first)
    assert penalty > datetime.now(UTC)
    again = await take(pool, policy, second)
    assert again is not None
    assert again.call_id == calls[0]


async def test_a_vanished_agents_call_comes_back_and_the_agent_is_told(pool: Any, policy: Policy) -> None:
    async with pool.acquire() as connection:
        first, second = await add_agents(connection, 2)
        (call_id,) = await add_waiting(connection, 1)
    taken = await take(pool, policy, first)
    assert taken is not None
    kept = await heartbeat(pool, policy, taken.assignment_id, first)
    assert kept > datetime.now(UTC)
    async with pool.acquire() as connection:
        await connection.execute("update assignments set lease_expires_at = now() - interval '1 second'")
    assert await queue_round(pool, policy) >= 1
    with pytest.raises(LeaseLost):
        await heartbeat(pool, policy, taken.assignment_id, first)
    with pytest.raises(LeaseLost):
        await complete(pool, VAULT, policy, taken.assignment_id, first, disposition="已解答")
    again = await take(pool, policy, second)
    assert again is not None
    assert again.call_id == call_id
    async with pool.acquire() as connection:
        assert await connection.fetchval("select presence from agents where user_id = $1", first) == "offline"


async def test_a_live_call_rings_at_one_agent_who_may_take_refuse_or_miss_it(pool: Any, policy: Policy) -> None:
    async with pool.acquire() as connection:
        first, second = await add_agents(connection, 2)
        (call_id,) = await add_waiting(connection, 1, live=True)
    for agent in (first, second):
        await set_presence(pool, agent, "available")
    await queue_round(pool, policy)
    async with pool.acquire() as connection:
        item = await connection.fetchrow("select state, offered_to from queue_items")
        assert item["state"] == "offered"
        assert await connection.fetchval("select state from calls where id = $1", call_id) == "offered"
    ringing, other = (first, second) if item["offered_to"] == first else (second, first)
    assert await take(pool, policy, other) is None, "what rings at one agent is not for another"
    assert await refuse_offer(pool, policy, "lawyers", ringing)
    await queue_round(pool, policy)
    async with pool.acquire() as connection:
        assert await connection.fetchval("select offered_to from queue_items") == other
        await connection.execute("update queue_items set offer_expires_at = now() - interval '1 second'")
    await queue_round(pool, policy)
    async with pool.acquire() as connection:
        row = await connection.fetchrow(
            "select presence, no_answers, penalty_until from agents where user_id = $1", other
        )
    assert row["no_answers"] == 1
    assert row["penalty_until"] > datetime.now(UTC)
    taken = await take(pool, policy, ringing)
    assert taken is not None
    assert taken.call_id == call_id


async def test_a_further_tier_opens_only_after_its_wait(pool: Any, policy: Policy) -> None:
    async with pool.acquire() as connection:
        near, far = await add_agents(connection, 2)
        await account_queries.set_tier(connection, queue="lawyers", user_id=far, level=2, position=1)
        await add_waiting(connection, 1)
        await connection.execute("update queue_items set enqueued_at = now()")
    await set_presence(pool, near, "available")
    assert await take(pool, policy, far) is None
    async with pool.acquire() as connection:
        await connection.execute(
            "update queue_items set enqueued_at = $1",
            datetime.now(UTC) - timedelta(seconds=policy.queue("lawyers").tier_wait_s + 1),
        )
    assert await take(pool, policy, far) is not None


async def test_an_empty_tier_does_not_wait(pool: Any, policy: Policy) -> None:
    async with pool.acquire() as connection:
        near, far = await add_agents(connection, 2)
        await account_queries.set_tier(connection, queue="lawyers", user_id=far, level=2, position=1)
        await add_waiting(connection, 1)
        await connection.execute("update queue_items set enqueued_at = now()")
    await set_presence(pool, near, "paused")
    assert await take(pool, policy, far) is not None


async def test_wrap_up_ends_by_itself(pool: Any, policy: Policy) -> None:
    async with pool.acquire() as connection:
        (agent,) = await add_agents(connection, 1)
        await add_waiting(connection, 1)
    taken = await take(pool, policy, agent)
    assert taken is not None
    await complete(pool, VAULT, policy, taken.assignment_id, agent, disposition="已解答")
    async with pool.acquire() as connection:
        assert await connection.fetchval("select presence from agents") == "wrap_up"
        await connection.execute("update agents set wrap_up_until = now() - interval '1 second'")

    async def free() -> bool:
        await queue_round(pool, policy)
        async with pool.acquire() as connection:
            return bool(await connection.fetchval("select presence = 'available' from agents"))

    await eventually(free)


async def test_a_claim_at_a_change_of_shift_goes_by_the_databases_clock(pool: Any, policy: Policy) -> None:
    async with pool.acquire() as connection:
        (agent,) = await add_agents(connection, 1)
        await add_waiting(connection, 1)
        now = await connection.fetchval("select now()")

    def until_asked(queue: str, user_id: int, at: datetime) -> bool:
        # this machine's clock is asked first and stands before the end of the shift, the database's after it
        asked.append(at)
        return len(asked) == 1

    asked: list[datetime] = []
    taken = await claim(pool, policy, "lawyers", agent, on_roster=until_asked)
    assert taken is not None
    assert asked[-1] >= now
    async with pool.acquire() as connection:
        assert await connection.fetchval("select off_roster from assignments where id = $1", taken.assignment_id)
        logged = await connection.fetchval("select detail from call_log where action = 'claimed'")
    assert logged == {"queue": "lawyers", "off_roster": True}
