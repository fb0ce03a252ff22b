"""Somebody leaves: what they had in hand goes back, rosters are told, and nothing new reaches them."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from hotline.accounts.administration import disable, set_role
from hotline.accounts.errors import LastSecurityAdministrator, OwnAccount
from hotline.accounts.store import add_user
from hotline.audit.store import KnownActor
from routing.errors import InvalidRequest
from routing.leavers.service import hand_over_again
from routing.queues.service import claim
from tests.service_fixtures import CallMaker, RunningService

CONSULT = "公司一直不签劳动合同也不交社保，我想问一下辞职以后怎么申请仲裁"


async def user_id(service: RunningService, name: str) -> int:
    """The id of an account."""
    async with service.pool.acquire() as connection:
        return int(await connection.fetchval("select id from users where name = $1", name))


async def test_a_leavers_work_goes_back_and_the_roster_is_told(service: RunningService, call: CallMaker) -> None:
    await service.start_worker()
    for name, role in (("wei", "lawyer"), ("lin", "operator"), ("hua", "lawyer")):
        await service.token(role, name)
    wei, lin = await user_id(service, "wei"), await user_id(service, "lin")
    answer = await service.post_calls(
        call(CONSULT, line="12348"), call("我来问问办居住证要带什么", line="12345", live=True, operator="lin")
    )
    consult, live = (item["call_id"] for item in answer["accepted"])
    before = await service.call_in(consult, "queued")
    await service.call_in(live, "proposed")
    soon = datetime.now(UTC) + timedelta(days=2)
    shift = {"queue": "lawyers", "kind": "add", "user_id": wei}
    for start, end in ((soon, soon + timedelta(hours=8)), (datetime.now(UTC) - timedelta(hours=1), soon)):
        body = {**shift, "start": start.isoformat(), "end": end.isoformat()}
        assert (await service.request("POST", "/rosters/overrides", json=body))[0] == 201
    await service.services.published.refresh(service.pool, force=True)
    assert service.services.published.book.has("lawyers", wei, datetime.now(UTC))
    status, claimed = await service.request("POST", "/queues/lawyers/claim", role="lawyer", user="wei")
    assert (status, claimed["call"]["id"]) == (200, consult)

    status, left = await service.request("POST", f"/users/{wei}/disable", role="security")
    assert status == 200, left
    assert left["returned_calls"] == [{"call_id": consult, "queue": "lawyers"}]
    assert [duty["kind"] for duty in left["duties"]] == ["override", "override"]
    assert not service.services.published.book.has("lawyers", wei, datetime.now(UTC)), "not counted as on duty"
    after = await service.call_in(consult, "queued")
    assert after["queue_item"]["enqueued_at"] == before["queue_item"]["enqueued_at"], "the wait is kept"
    assert (await service.request("GET", "/me", role="lawyer", user="wei"))[0] == 401
    status, again = await service.request("POST", "/queues/lawyers/claim", role="lawyer", user="hua")
    assert (status, again["call"]["id"]) == (200, consult)

    status, left = await service.request("POST", f"/users/{lin}/disable", role="security")
    assert (status, left["released_calls"]) == (200, [live])
    page = await service.call_in(live, "proposed")
    assert page["call"]["held_by"] is None, "the caller is on the line: any operator may take it"
    async with service.pool.acquire() as connection:
        told = await connection.fetch(
            "select call_id from events where kind = 'call_released' and user_id in ($1, $2)", wei, lin
        )
        entries = await connection.fetch("select detail from audit_entries where action = 'user_disabled' order by id")
    assert {row["call_id"] for row in told} == {consult, live}
    assert [row["detail"]["returned"] + row["detail"]["released"] for row in entries] == [1, 1]

    # a line that still names the leaver: the worker gives the call back
    async with service.pool.acquire() as connection:
        await connection.execute("update calls set held_by = $1 where id = $2", lin, live)
    await hand_over_again(service.pool)
    assert (await service.call_in(live, "proposed"))["call"]["held_by"] is None


async def test_a_claim_and_a_leave_at_the_same_time_leave_no_call_behind(
    service: RunningService, call: CallMaker
) -> None:
    await service.start_worker()
    answer = await service.post_calls(*(call(CONSULT, line="12348") for _ in range(6)))
    ids = [item["call_id"] for item in answer["accepted"]]
    for call_id in ids:
        await service.call_in(call_id, "queued")
    await service.stop_worker()
    policy = service.services.published.policy
    for number in range(6):
        person, _ = await add_user(service.pool, f"leaver{number}", "lawyer", password="a long password")

        async def take(person: int = person) -> Any:
            try:
                return await claim(service.pool, policy, "lawyers", person, on_roster=lambda *_: True)
            except InvalidRequest:
                return "refused"

        await asyncio.gather(take(), disable(service.pool, None, person), take())
        async with service.pool.acquire() as connection:
            kept = await connection.fetchval(
                "select count(*) from assignments where user_id = $1 and ended_at is null", person
            )
        assert kept == 0, "either the claim came first and was given back, or it was refused"
        assert await take() == "refused"
    async with service.pool.acquire() as connection:
        states = await connection.fetch("select distinct state from queue_items")
    assert [row["state"] for row in states] == ["waiting"]


async def test_a_claim_waits_for_a_leave_that_has_begun(service: RunningService) -> None:
    person, _ = await add_user(service.pool, "wei", "lawyer", password="a long password")
    async with service.pool.acquire() as connection:
        leaving = connection.transaction()
        await leaving.start()
        await connection.execute("update users set disabled_at = now() where id = $1", person)
        claiming = asyncio.create_task(
            claim(service.pool, service.services.published.policy, "lawyers", person, on_roster=lambda *_: True)
        )
        done, _ = await asyncio.wait({claiming}, timeout=0.3)
        assert not done, "it may not decide before the leave has"
        await leaving.commit()
    with pytest.raises(InvalidRequest):
        await claiming


async def test_nobody_removes_themselves_or_the_last_security_administrator(pool: Any) -> None:
    first, _ = await add_user(pool, "first", "security", password="a long password")
    second, _ = await add_user(pool, "second", "security", password="a long password")
    with pytest.raises(OwnAccount):
        await disable(pool, KnownActor(first, "security"), first)
    with pytest.raises(OwnAccount):
        await set_role(pool, KnownActor(first, "security"), first, "admin")
    # each removes the other at once: one of them stays
    outcomes = await asyncio.gather(
        disable(pool, KnownActor(first, "security"), second),
        disable(pool, KnownActor(second, "security"), first),
        return_exceptions=True,
    )
    assert sum(isinstance(outcome, LastSecurityAdministrator) for outcome in outcomes) == 1, outcomes
    async with pool.acquire() as connection:
        stays = await connection.fetchval("select id from users where role = 'security' and disabled_at is null")
    with pytest.raises(LastSecurityAdministrator):
        await set_role(pool, None, stays, "admin")
    with pytest.raises(LastSecurityAdministrator):
        await disable(pool, None, stays)
