"""To whom items go first: the mediators of the grid's group, the department that answers for the field."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from config.files import ConfigFiles
from hotline.database import open_pool
from routing.knowledge.article import ArticleText
from routing.knowledge.service import publish_text
from routing.knowledge.service import queries as article_queries
from routing.offers.service import queue_round
from routing.policy.loading import read_policy
from routing.policy.settings import Policy
from routing.queues.first.service import Department, departments_of_fields, groups_of
from tests.integration.test_claims import add_agents, add_waiting, take
from tests.service_fixtures import CallMaker, RunningService, eventually

NOISE = "楼上那户天天半夜拖桌子，我们上去说了两次都吵起来，想请调解员来说说"
WELL = "路口的井盖裂了一条大缝，请市政派人来换一个新的"


@pytest.fixture(scope="module")
def policy() -> Policy:
    """The shipped policy."""
    return read_policy(ConfigFiles())


async def add_grids(connection: Any) -> None:
    """Two districts with a committee each; the street below the first has none of its own."""
    for code, parent, level, group in (
        ("3301", None, "district", "东区调委会"),
        ("3301.01", "3301", "township", None),
        ("3302", None, "district", "西区调委会"),
    ):
        await connection.execute(
            "insert into grids (code, name, level, mediator_group, parent_id) "
            "values ($1, $1, $3, $4, (select id from grids where code = $2))",
            code,
            parent,
            level,
            group,
        )


async def join(connection: Any, user_id: int, group: str | None, presence: str) -> None:
    """A mediator is of this group and in this presence."""
    await connection.execute(
        "insert into agents (user_id, mediator_group, presence) values ($1, $2, $3) on conflict (user_id) "
        "do update set mediator_group = excluded.mediator_group, presence = excluded.presence",
        user_id,
        group,
        presence,
    )


async def test_disputes_go_first_to_the_grids_group_and_fall_back(database_url: str, policy: Policy) -> None:
    pool = await open_pool(database_url, 4)
    try:
        async with pool.acquire() as connection:
            await add_grids(connection)
            own, other, free = await add_agents(connection, 3, "mediator")
            await join(connection, own, "东区调委会", "available")
            await join(connection, other, "西区调委会", "available")
            await join(connection, free, None, "available")
            assert await groups_of(connection, ["3301.01", "3302"]) == {"3301.01": "东区调委会", "3302": "西区调委会"}
            (street,) = await add_waiting(connection, 1, "mediators", grid="3301.01")
            (nowhere,) = await add_waiting(connection, 1, "mediators")
        # somebody of the group is at work: others get what stands behind it
        taken = await take(pool, policy, free, "mediators")
        assert taken is not None
        assert taken.call_id == nowhere
        assert await take(pool, policy, other, "mediators") is None
        taken = await take(pool, policy, own, "mediators")
        assert taken is not None
        assert taken.call_id == street
        # nobody of it is: whoever comes gets it
        async with pool.acquire() as connection:
            (later,) = await add_waiting(connection, 1, "mediators", grid="3301.01")
            await join(connection, own, "东区调委会", "paused")
        taken = await take(pool, policy, other, "mediators")
        assert taken is not None
        assert taken.call_id == later
        # somebody on the line waits for the group no longer than for any tier
        async with pool.acquire() as connection:
            await join(connection, own, "东区调委会", "on_call")
            (line,) = await add_waiting(connection, 1, "mediators", grid="3301", live=True)
            assert await take(pool, policy, other, "mediators") is None
            await connection.execute(
                "update queue_items set enqueued_at = now() - make_interval(secs => $2) where call_id = $1",
                line,
                float(policy.queue("mediators").tier_wait_s),
            )
        taken = await take(pool, policy, other, "mediators")
        assert taken is not None
        assert taken.call_id == line
    finally:
        await pool.close()


async def test_a_live_dispute_rings_at_the_grids_group(database_url: str, policy: Policy) -> None:
    pool = await open_pool(database_url, 4)
    try:
        async with pool.acquire() as connection:
            await add_grids(connection)
            idle, own = await add_agents(connection, 2, "mediator")
            await join(connection, idle, None, "available")
            await join(connection, own, "东区调委会", "available")
            for user_id in (idle, own):
                await connection.execute(
                    "update agents set presence_since = now() - make_interval(hours => $2) where user_id = $1",
                    user_id,
                    2 if user_id == idle else 1,
                )
            await add_waiting(connection, 1, "mediators", grid="3301.01", live=True)
            await queue_round(pool, policy)
            assert await connection.fetchval("select offered_to from queue_items") == own, "not who is idle the longest"
            await connection.execute(
                "update queue_items set state = 'waiting', offered_to = null, offer_expires_at = null"
            )
            await join(connection, own, "东区调委会", "offline")
            await queue_round(pool, policy)
            assert await connection.fetchval("select offered_to from queue_items") == idle
    finally:
        await pool.close()


async def works_for(connection: Any, user: str, code: str, name: str, *topics: str) -> int:
    """``user`` works for a department that owns an article on each of ``topics``; its id."""
    org_id = await connection.fetchval(
        "insert into organisations (code, name) values ($1, $2) returning id", code, name
    )
    await connection.execute("update users set org_id = $1 where name = $2", org_id, user)
    for topic in topics:
        text = ArticleText("怎么报修", "请说清地点。", "", topic, org_id, date(2099, 1, 1), "首次发布")
        await publish_text(connection, int(await article_queries.insert_article(connection)), text, None)
    return int(org_id)


async def side(service: RunningService, role: str, user: str) -> str:
    """What stands at the left of somebody's desk."""
    headers = {"Authorization": f"Bearer {await service.token(role, user)}"}
    async with service.session.get(f"{service.address}/desk/side", headers=headers) as page:
        assert page.status == 200
        return await page.text()


async def test_an_inbox_begins_with_what_is_dispatched_to_the_department(
    service: RunningService, call: CallMaker
) -> None:
    await service.start_worker()
    for user in ("sun", "li"):
        await service.token("department", user)
    answer = await service.post_calls(call(WELL))
    call_id = answer["accepted"][0]["call_id"]
    page = await service.call_in(call_id, "queued")
    assert page["queue_item"]["queue"] == "departments"
    async with service.pool.acquire() as connection:
        topic = await connection.fetchval("select topics[1] from triages where call_id = $1", call_id)
    async with service.pool.acquire() as connection:
        roads = await works_for(connection, "sun", "cg", "市城管局", topic)
        await works_for(connection, "li", "rs", "市人社局", "labour")
        assert (await departments_of_fields(connection))[topic] == (Department(roads, "市城管局", True),)
    own, others = await side(service, "department", "sun"), await side(service, "department", "li")
    assert 'data-fits="yes"' in own
    assert "本单位" in own
    assert 'data-begins="on"' in own
    # one key away, not gone
    assert 'data-fits="no"' in others
    assert "市城管局" in others
    # nobody works for that department any more: its tickets are everybody's
    async with service.pool.acquire() as connection:
        await connection.execute("update users set disabled_at = now() where name = 'sun'")
        assert 'data-fits="yes"' in await side(service, "department", "li")
        await connection.execute("update users set disabled_at = null where name = 'sun'")
    claim = "/queues/departments/claim"
    assert (await service.request("POST", claim, role="department", user="li"))[0] == 204
    async with service.pool.acquire() as connection:
        # a complaint about the department is never its own
        await connection.execute("insert into call_concerns (call_id, org_id) values ($1, $2)", call_id, roads)
    status, taken = await service.request("POST", claim, role="department", user="li")
    assert (status, taken["call"]["id"]) == (200, call_id)


async def test_the_mediators_list_says_whose_a_dispute_is(service: RunningService, call: CallMaker) -> None:
    await service.start_worker()
    for user in ("zhao", "qian"):
        await service.token("mediator", user)
    async with service.pool.acquire() as connection:
        await add_grids(connection)
        ids = {row["name"]: row["id"] for row in await connection.fetch("select id, name from users")}
    for user, group in (("zhao", "东区调委会"), ("qian", "西区调委会")):
        status, body = await service.request("PUT", f"/users/{ids[user]}/agent", json={"mediator_group": group})
        assert (status, body["mediator_group"]) == (200, group)
    answer = await service.post_calls(call(NOISE, region="3301.01"))
    call_id = answer["accepted"][0]["call_id"]
    await service.call_in(call_id, "queued")

    async def listed() -> Any:
        page = await side(service, "mediator", "zhao")
        return "东区调委会" in page and page

    assert 'class="tag">本组' in await eventually(listed)
    assert 'class="tag">本组' not in await side(service, "mediator", "qian")
