"""Lawyers: conflicts of interest, promised call-backs, wrap-up, snippets, and who sees notes and summaries."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from config.files import ConfigFiles
from hotline.accounts.administration import disable
from routing.errors import AssignmentNotFound, HeldByOther, IllegalTransition
from routing.offers.service import queue_round
from routing.policy.loading import read_policy
from routing.policy.settings import Policy
from routing.promises.service import promise, tell_due
from routing.promises.service import queries as promise_queries
from routing.queues.service import complete, extend_wrap_up, queue_states, save_notes, set_presence
from routing.queues.store import queries as queue_queries
from routing.recusals.service import recuse
from tests.integration.test_claims import add_agents, add_waiting, take
from tests.service_fixtures import CallMaker, RunningService, some_vault

VAULT = some_vault()
WAGES = "公司拖欠我三个月工资，没有签劳动合同，我想问去哪里仲裁，能不能要双倍工资"
SOON = timedelta(hours=1)


@pytest.fixture(scope="module")
def policy() -> Policy:
    """The shipped policy."""
    return read_policy(ConfigFiles())


async def step_back(pool: Any, policy: Policy, call_id: int, user_id: int) -> str:
    async with pool.acquire() as connection, connection.transaction():
        return await recuse(connection, VAULT, policy, call_id, user_id, queues=["lawyers"])


async def places(pool: Any) -> list[Any]:
    async with pool.acquire() as connection:
        return await connection.fetch("select call_id, priority, enqueued_at, state from queue_items order by id")


async def test_a_conflict_of_interest_returns_the_call_with_its_place(pool: Any, policy: Policy) -> None:
    async with pool.acquire() as connection:
        lin, luo = await add_agents(connection, 2)
        first, second, third = await add_waiting(connection, 3)
    before = await places(pool)
    taken = await take(pool, policy, lin)
    assert taken is not None
    assert taken.call_id == first
    assert await step_back(pool, policy, first, lin) == "waiting"
    assert await places(pool) == before
    async with pool.acquire() as connection:
        agent = await connection.fetchrow("select presence, penalty_until from agents where user_id = $1", lin)
    assert tuple(agent) == ("available", None), "who steps back pays nothing for it"
    # before pick-up, of a call that only waits
    await step_back(pool, policy, second, lin)
    for user_id, wanted in ((lin, third), (luo, first), (luo, second)):
        taken = await take(pool, policy, user_id)
        assert taken is not None
        assert taken.call_id == wanted
    assert await take(pool, policy, lin) is None
    with pytest.raises(HeldByOther):
        await step_back(pool, policy, first, lin)


async def test_a_ring_that_is_a_conflict_goes_to_somebody_else(pool: Any, policy: Policy) -> None:
    async with pool.acquire() as connection:
        lin, luo = await add_agents(connection, 2)
        (call_id,) = await add_waiting(connection, 1, live=True)
    await set_presence(pool, lin, "available")
    await queue_round(pool, policy)
    await step_back(pool, policy, call_id, lin)
    await queue_round(pool, policy)
    async with pool.acquire() as connection:
        ringing = "select offered_to from queue_items where state = 'offered'"
        assert await connection.fetchval(ringing) is None, "it is not offered to the same person again"
        assert await connection.fetchval("select presence from agents where user_id = $1", lin) == "available"
        await set_presence(pool, luo, "available")
        await queue_round(pool, policy)
        assert await connection.fetchval(ringing) == luo


async def promised(pool: Any, policy: Policy, user_id: int, **said: Any) -> int:
    """The next call, promised for later; its id."""
    taken = await take(pool, policy, user_id)
    assert taken is not None
    at = datetime.now(UTC) + SOON
    await promise(pool, VAULT, policy, taken.assignment_id, user_id, at=at, until=None, disposition="约定回拨", **said)
    return taken.call_id


async def comes_due(pool: Any, ago: timedelta) -> None:
    """So long ago."""
    async with pool.acquire() as connection:
        await connection.execute(
            "update queue_items set not_before = now() - $1::interval, reserved_until = now() - $1 + interval '15 min'"
            " where not_before is not null",
            ago,
        )


async def test_a_leavers_call_back_keeps_its_time_and_is_anybodys(pool: Any, policy: Policy) -> None:
    async with pool.acquire() as connection:
        lin, luo = await add_agents(connection, 2)
        (call_id,) = await add_waiting(connection, 1, live=True)
    assert await promised(pool, policy, lin) == call_id
    left = await disable(pool, None, lin)
    assert [each.call_id for each in left.promised] == [call_id]
    assert left.counts()["promised"] == 1
    assert await take(pool, policy, luo) is None, "it is not due yet"
    await comes_due(pool, timedelta(minutes=1))
    taken = await take(pool, policy, luo)
    assert taken is not None
    assert taken.call_id == call_id, "nobody waits for who has gone"


async def test_a_promised_call_back_comes_back_to_who_promised_it(pool: Any, policy: Policy) -> None:
    async with pool.acquire() as connection:
        lin, luo = await add_agents(connection, 2)
        call_id, other = await add_waiting(connection, 2, live=True)
    assert await promised(pool, policy, lin, notes="带合同") == call_id
    async with pool.acquire() as connection:
        item = await connection.fetchrow("select * from queue_items where call_id = $1", call_id)
        assert (item["state"], item["live"], item["abandoned_at"]) == ("waiting", False, None)
        assert await connection.fetchval("select state from calls where id = $1", call_id) == "queued"
        counts = await connection.fetchval("select counts from call_figures where call_id = $1", call_id)
        assert "waiting" in counts
        assert not {"abandoned", "finished"} & set(counts)
        assert await connection.fetchval("select presence from agents where user_id = $1", lin) == "wrap_up"
        wanted: dict[str, Any] = {"queue": "lawyers", "user_id": None, "fits": None, "limit": 9}
        assert len(await queue_queries.waiting_items(connection, **wanted)) == 1
        window = await connection.fetchrow(
            "select choice, window_start from caller_choices where call_id = $1", call_id
        )
        assert tuple(window) == ("callback", item["not_before"])
    lawyers = next(s for s in await queue_states(pool, policy, datetime.now(UTC)) if s["queue"] == "lawyers")
    assert lawyers["waiting"] == 1
    assert await tell_due(pool) == 0
    for user_id in (luo, lin):
        taken = await take(pool, policy, user_id)
        assert (taken.call_id if taken else None) == (other if user_id == luo else None)

    await comes_due(pool, timedelta(minutes=1))
    assert await tell_due(pool) == 1
    assert await tell_due(pool) == 0, "told once"
    async with pool.acquire() as connection:
        told = await connection.fetchrow("select call_id, user_id from events where kind = 'callback_due'")
        assert tuple(told) == (call_id, lin)
        (later,) = await add_waiting(connection, 1, priority=1)
        assert [row["due"] for row in await promise_queries.own_promises(connection, user_id=lin)] == [True]
    taken = await take(pool, policy, luo)
    assert taken is not None
    assert taken.call_id == later, "kept for who promised it"
    taken = await take(pool, policy, lin)
    assert taken is not None
    assert taken.call_id == call_id
    await complete(pool, VAULT, policy, taken.assignment_id, lin, disposition="已解答")
    async with pool.acquire() as connection:
        outcomes = await connection.fetch("select outcome from assignments where call_id = $1 order by id", call_id)
        assert [row["outcome"] for row in outcomes] == ["promised", "completed"]
        assert await connection.fetchval("select state from calls where id = $1", call_id) == "completed"


async def test_a_promise_nobody_keeps_is_anybodys_after_a_while(pool: Any, policy: Policy) -> None:
    async with pool.acquire() as connection:
        lin, luo = await add_agents(connection, 2)
        await add_waiting(connection, 1)
    call_id = await promised(pool, policy, lin)
    await comes_due(pool, timedelta(minutes=16))
    taken = await take(pool, policy, luo)
    assert taken is not None
    assert taken.call_id == call_id


async def test_wrap_up_is_extended_once_and_loses_nothing_typed(pool: Any, policy: Policy) -> None:
    async with pool.acquire() as connection:
        lin, luo = await add_agents(connection, 2)
        await add_waiting(connection, 1)
    taken = await take(pool, policy, lin)
    assert taken is not None
    await complete(pool, VAULT, policy, taken.assignment_id, lin, disposition="已解答", notes="一")
    async with pool.acquire() as connection:
        before = await connection.fetchval("select wrap_up_until from agents where user_id = $1", lin)
    extension = timedelta(seconds=policy.queue("lawyers").wrap_up_extension_s)
    assert await extend_wrap_up(pool, policy, lin) == before + extension
    with pytest.raises(IllegalTransition):
        await extend_wrap_up(pool, policy, lin)
    async with pool.acquire() as connection:
        await connection.execute("update agents set wrap_up_until = now() - interval '1 second'")
    await queue_round(pool, policy)
    # the time is over, and somebody still types
    await save_notes(pool, VAULT, taken.assignment_id, lin, notes="一二", summary="摘要", summary_approved=True)
    with pytest.raises(AssignmentNotFound):
        await save_notes(pool, VAULT, taken.assignment_id, luo, notes="别人的")
    async with pool.acquire() as connection:
        row = await connection.fetchrow("select * from assignments")
        assert VAULT.open(row["notes"], "assignments.notes") == "一二"
        assert row["summary_approved_at"] is not None
        assert await connection.fetchval("select presence from agents where user_id = $1", lin) == "available"
        await connection.execute("update assignments set ended_at = now() - interval '2 hours'")
    with pytest.raises(AssignmentNotFound):
        await save_notes(pool, VAULT, taken.assignment_id, lin, notes="太晚")


async def _page(service: RunningService, path: str, role: str, user: str | None = None) -> tuple[int, str]:
    headers = {"Authorization": f"Bearer {await service.token(role, user)}"}
    async with service.session.get(f"{service.address}{path}", headers=headers) as answer:
        return answer.status, await answer.text()


async def test_what_lawyers_write_is_seen_by_whom_it_is_meant_for(service: RunningService, call: CallMaker) -> None:
    await service.start_worker()
    for name in ("lin", "luo"):
        await service.token("lawyer", name)
    answer = await service.post_calls(call(WAGES, line="12348"))
    call_id = answer["accepted"][0]["call_id"]
    await service.call_in(call_id, "queued")
    lin = {"role": "lawyer", "user": "lin"}

    status, _ = await service.request(
        "PUT", f"/calls/{call_id}/counterparty", role="operator", json={"name": "启程公司"}
    )
    assert status == 200
    _, page = await service.request("GET", f"/calls/{call_id}", **lin)
    assert page["counterparty"] == {"names": ["启程公司"], "asked": True, "told_by": page["counterparty"]["told_by"]}
    status, side = await _page(service, "/desk/side", "lawyer", "lin")
    assert (status, "启程公司" in side) == (200, True), "before anybody picks it up"
    async with service.pool.acquire() as connection:
        kept = await connection.fetchval("select name from counterparties")
    assert "启程".encode() not in kept

    status, claim = await service.request("POST", "/queues/lawyers/claim", **lin)
    assert claim["counterparty"]["names"] == ["启程公司"]
    written = {"notes": "对方可能提时效抗辩", "summary": "已告知可以申请仲裁", "summary_approved": False}
    path = f"/assignments/{claim['assignment_id']}"
    await service.request("PUT", f"{path}/notes", json=written, **lin)
    await service.request("POST", f"{path}/complete", json={"disposition": "已解答"}, **lin)
    others = ("operator", "police", "mediator", "department", "manager", "admin")

    async def shown_to(role: str, user: str | None = None) -> str:
        status, page = await service.request("GET", f"/calls/{call_id}", role=role, user=user)
        of_page, part = await _page(service, f"/console/calls/{call_id}", role, user)
        assert (status, of_page) == (200, 200)
        return json.dumps(page, ensure_ascii=False) + part

    assert written["notes"] in await shown_to("lawyer", "luo")
    for role in others:
        seen = await shown_to(role)
        assert written["notes"] not in seen, role
        assert written["summary"] not in seen, role
    for role, user in (("lawyer", "luo"), ("mediator", None), ("admin", None)):
        status, _ = await _page(service, f"/desk/wrap-up/{claim['assignment_id']}", role, user)
        assert status == 404, "a desk shows its own work only"
    await service.request("PUT", f"{path}/notes", json={"summary_approved": True}, **lin)
    for role in ("operator", "mediator", "department"):
        seen = await shown_to(role)
        assert written["summary"] in seen, role
        assert written["notes"] not in seen, role
    async with service.pool.acquire() as connection:
        await connection.execute("update users set role = 'mediator' where name = 'lin'")
    assert written["notes"] not in await shown_to("mediator"), (
        "a lawyer who becomes something else takes no notes along"
    )


async def test_with_every_lawyer_in_conflict_the_call_goes_to_the_operators(
    service: RunningService, call: CallMaker
) -> None:
    await service.start_worker()
    for name in ("lin", "luo"):
        await service.token("lawyer", name)
    answer = await service.post_calls(call(WAGES, line="12348"))
    call_id = answer["accepted"][0]["call_id"]
    before = (await service.call_in(call_id, "queued"))["queue_item"]
    stands = []
    for name in ("lin", "luo"):
        await service.request("POST", "/queues/lawyers/claim", role="lawyer", user=name)
        body = {"counterparty": "启程公司"}
        status, said = await service.request("POST", f"/calls/{call_id}/recusal", role="lawyer", user=name, json=body)
        assert status == 200, said
        stands.append(said["stands"])
    assert stands == ["waiting", "operators"]
    item = (await service.call_in(call_id, "queued"))["queue_item"]
    assert (item["queue"], item["enqueued_at"]) == ("operators", before["enqueued_at"])

    # snippets: one's own, shared, changed by two
    lin, luo = ({"role": "lawyer", "user": name} for name in ("lin", "luo"))
    draft = {"title": "双倍工资", "citation": "劳动合同法82", "body": "最多十一个月", "shared": True}
    status, made = await service.request("POST", "/snippets", json=draft, **lin)
    assert (status, made["citation"]) == (201, "《劳动合同法》第八十二条")
    await service.request("POST", "/snippets", json=draft | {"title": "双倍工资 自用", "shared": False}, **lin)
    _, found = await service.request("GET", "/snippets?q=双倍", **luo)
    assert [item["title"] for item in found["items"]] == ["双倍工资"]
    path = f"/snippets/{made['id']}"
    changed = draft | {"body": "从第二个月起算，最多十一个月", "version": 1}
    status, _ = await service.request("PUT", path, json=changed, **luo)
    assert status == 200
    status, refused = await service.request("PUT", path, json=draft | {"version": 1}, **lin)
    assert (status, refused["type"].rpartition(":")[2].rpartition("/")[2]) == (409, "snippet-changed")
    assert "luo" in refused["detail"]
    status, _ = await service.request("DELETE", path, **luo)
    assert status == 422, "only its author throws it away"
    status, _ = await service.request("DELETE", path, **lin)
    assert status == 200
    async with service.pool.acquire() as connection:
        acts = [row["action"] for row in await connection.fetch("select action from audit_entries order by id")]
    assert acts.count("recused") == acts.count("snippet_shared") == 2
