"""Queues longer than a list: what somebody takes next is on their screen, and a cut list says that it is one."""

from __future__ import annotations

import random
from typing import Any

import pytest

from config.files import ConfigFiles
from hotline.accounts.store import queries as account_queries
from hotline.console.desk import SHOWN_PER_QUEUE
from hotline.console.operator import LIST_LIMIT
from routing.policy.loading import read_policy
from routing.policy.settings import Policy
from routing.queues.store import queries as queue_queries
from tests.integration.test_claims import add_agents, add_waiting, take
from tests.service_fixtures import RunningService

FIELDS = ("labour", "marriage", "property")
GRIDS = (None, "350102.01", "350102.02")


@pytest.fixture(scope="module")
def policy() -> Policy:
    """The shipped policy."""
    return read_policy(ConfigFiles())


async def shown(service: RunningService, path: str, role: str, user: str) -> str:
    headers = {"Authorization": f"Bearer {await service.token(role, user)}"}
    async with service.session.get(f"{service.address}{path}", headers=headers) as answer:
        assert answer.status == 200, await answer.text()
        return await answer.text()


async def skilled(connection: Any, user_id: int, skills: list[str], grids: list[str] | None = None) -> None:
    await account_queries.set_agent(
        connection, user_id=user_id, skills=skills, languages=[], grids=grids or [], mediator_group=None
    )


async def readable(service: RunningService, connection: Any) -> None:
    """Made calls get an excerpt that the screens can open."""
    sealed = service.services.vault.seal("请问", "calls.excerpt")
    await connection.execute("update calls set excerpt = $1", sealed)


async def test_a_lawyers_own_call_behind_more_of_others_than_are_listed(service: RunningService) -> None:
    await service.token("lawyer", "lin")
    async with service.pool.acquire() as connection:
        user_id = await connection.fetchval("select id from users where name = 'lin'")
        await skilled(connection, user_id, ["labour"])
        await add_waiting(connection, SHOWN_PER_QUEUE + 5, topics=["marriage"], priority=2)
        (own,) = await add_waiting(connection, 1, topics=["labour"], priority=8)
        await readable(service, connection)
    side = await shown(service, "/desk/side", "lawyer", "lin")
    assert f'data-next-call="{own}"' in side
    assert f"<small>{SHOWN_PER_QUEUE}+</small>" in side, "the list of others says that it is cut"


async def test_an_operators_list_says_that_the_queue_is_longer(service: RunningService) -> None:
    async with service.pool.acquire() as connection:
        await add_waiting(connection, LIST_LIMIT, queue="operators")
        await readable(service, connection)
    assert "队列里还有更多" not in await shown(service, "/operator/calls", "operator", "zhou")
    async with service.pool.acquire() as connection:
        await add_waiting(connection, 1, queue="operators")
        await readable(service, connection)
    listed = await shown(service, "/operator/calls", "operator", "zhou")
    assert "队列里还有更多" in listed
    assert listed.count("data-call-id=") == LIST_LIMIT


async def test_the_first_that_fits_is_what_the_next_claim_takes(pool: Any, policy: Policy) -> None:
    chance = random.Random(11)
    async with pool.acquire() as connection:
        users = await add_agents(connection, 6)
        for user_id in users:
            skills = chance.sample(FIELDS, chance.randrange(3))
            await skilled(connection, user_id, skills, chance.sample(["350102", "350102.01"], chance.randrange(2)))
        for _ in range(60):
            fields = chance.sample(FIELDS, chance.randrange(3))
            at: dict[str, Any] = {"priority": chance.choice((3, 5)), "grid": chance.choice(GRIDS)}
            (call_id,) = await add_waiting(connection, 1, topics=fields, **at)
            if chance.random() < 0.2:
                await connection.execute(
                    "insert into recusals (call_id, user_id) values ($1, $2)", call_id, chance.choice(users)
                )
    taken_calls = 0
    for _ in range(80):
        user_id = chance.choice(users)
        async with pool.acquire() as connection:
            own, others = [
                await queue_queries.waiting_items(connection, queue="lawyers", user_id=user_id, fits=fits, limit=500)
                for fits in (True, False)
            ]
            everything = await queue_queries.waiting_items(
                connection, queue="lawyers", user_id=None, fits=None, limit=500
            )
        assert sorted(row["item_id"] for row in (*own, *others)) == sorted(row["item_id"] for row in everything)
        taken = await take(pool, policy, user_id)
        assert (taken.call_id if taken else None) == (own[0]["call_id"] if own else None)
        taken_calls += taken is not None
    assert taken_calls > 30
