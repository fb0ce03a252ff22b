"""The shift handover over the API: who may, two at once, duties that pass to the desk, what carries on; notices."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

from config.files import ConfigFiles
from routing.erasure.periods import load_periods
from routing.erasure.service import forget_shift_notes
from routing.handover.service import queries
from tests.service_fixtures import CallMaker, RunningService

WAGES = "老板拖欠工资三个月了，想问问法律上怎么要回来"
THREAT = "快来人，邻居提着斧头在砸我家门，说今天要砍死我们，老人都吓坏了"


async def user_id(service: RunningService, name: str, role: str) -> int:
    """The id of ``name``, made when missing."""
    await service.token(role, name)
    async with service.pool.acquire() as connection:
        return int(await connection.fetchval("select id from users where name = $1", name))


async def lead(service: RunningService, *names: str) -> None:
    """These operators are on the shift leaders' roster now."""
    now = datetime.now(UTC)
    async with service.pool.acquire() as connection:
        for name in names:
            await connection.execute(
                "insert into shifts (queue, user_id, starts_at, ends_at) values ('shift_leaders', $1, $2, $3)",
                await user_id(service, name, "operator"),
                now - timedelta(hours=1),
                now + timedelta(hours=5),
            )


async def forwarded(service: RunningService, call: CallMaker, user: str = "zhou") -> int:
    """A live call that ``user`` has forwarded and nobody has taken."""
    await user_id(service, user, "operator")
    answer = await service.post_calls(call(WAGES, live=True, operator=user))
    call_id = int(answer["accepted"][0]["call_id"])
    await service.call_in(call_id, "proposed")
    body = {"mode": "one_key", "destination": "lawyers", "reason": "来电人明确要求"}
    status, transfer = await service.request("POST", f"/calls/{call_id}/forward", role="operator", user=user, json=body)
    assert status == 200, transfer
    return call_id


async def prepare(service: RunningService, user: str, note: str = "平稳") -> int:
    """A handover begun by ``user``; its id."""
    status, body = await service.request("POST", "/handovers", role="operator", user=user, json={"note": note})
    assert status == 201, body
    return int(body["id"])


async def matters(service: RunningService, handover_id: int) -> list[dict[str, Any]]:
    """What stands in a handover."""
    status, body = await service.request("GET", f"/handovers/{handover_id}", role="manager")
    assert status == 200, body
    return list(body["items"])


async def test_a_duty_passes_to_the_desk_and_carries_on(service: RunningService, call: CallMaker) -> None:
    await service.start_worker()
    call_id = await forwarded(service, call)
    await lead(service, "qian", "sun")
    status, refused = await service.request("POST", "/handovers", role="operator", user="zhou", json={})
    assert (status, refused["type"]) == (403, "urn:hotline:problem:no-shift-leader")
    first = await prepare(service, "qian", "两通回拨在傍晚")
    status, refused = await service.request("POST", "/handovers", role="operator", user="sun", json={})
    assert (status, refused["type"]) == (409, "urn:hotline:problem:handover-changed")
    (duty,) = await matters(service, first)
    assert (duty["kind"], duty["ref"], duty["owner_name"]) == ("duty", call_id, "zhou")
    confirm = f"/handovers/{first}/items/duty/{call_id}/confirm"
    status, refused = await service.request("POST", confirm, role="operator", user="qian")
    assert status == 409, "who hands over does not confirm for the other"
    status, refused = await service.request("POST", f"/handovers/{first}/close", role="operator", user="sun")
    assert (status, refused["detail"][:7]) == (409, "还有 1 项没")
    status, _ = await service.request("POST", confirm, role="operator", user="sun")
    assert status == 200
    # what comes up while the handover is under way belongs to it
    later = await forwarded(service, call)
    status, _ = await service.request("POST", f"/handovers/{first}/close", role="operator", user="sun")
    assert status == 409
    status, _ = await service.request(
        "POST", f"/handovers/{first}/items/duty/{later}/confirm", role="operator", user="sun"
    )
    status, body = await service.request("POST", f"/handovers/{first}/close", role="operator", user="sun")
    assert status == 200, body
    headers = {"Authorization": f"Bearer {await service.token('manager')}"}
    async with service.session.get(f"{service.address}/console/calls/{call_id}", headers=headers) as page:
        assert "首接责任在话务台" in await page.text()
    # nobody has taken the calls: they stand in the next handover again, owed by the desk
    second = await prepare(service, "sun")
    assert [(m["ref"], m["owner_name"], m["carried_from"]) for m in await matters(service, second)] == [
        (call_id, None, first),
        (later, None, first),
    ]
    status, body = await service.request("GET", f"/handovers/{first}", role="manager")
    assert (body["note"], body["closed_by_name"]) == ("两通回拨在傍晚", "sun")
    async with service.pool.acquire() as connection:
        stored = await connection.fetchval("select note from handovers where id = $1", first)
        assert "回拨".encode() not in stored
        periods = load_periods(ConfigFiles())
        assert await forget_shift_notes(connection, periods) == 0
        await connection.execute("update handovers set closed_at = now() - interval '20 years' where id = $1", first)
        assert await forget_shift_notes(connection, periods) == 1
        assert await connection.fetchval("select note from handovers where id = $1", first) is None


async def test_two_who_confirm_at_once_are_told_who_was_first(service: RunningService, call: CallMaker) -> None:
    await service.start_worker()
    calls = [await forwarded(service, call) for _ in range(3)]
    await lead(service, "qian", "sun", "wu")
    handover_id = await prepare(service, "qian")

    async def confirm(user: str, call_id: int) -> tuple[int, Any]:
        path = f"/handovers/{handover_id}/items/duty/{call_id}/confirm"
        return await service.request("POST", path, role="operator", user=user)

    for call_id in calls:
        answers = await asyncio.gather(*(confirm(user, call_id) for user in ("sun", "wu")))
        assert sorted(status for status, _ in answers) == [200, 409]
        winner = ("sun", "wu")[[status for status, _ in answers].index(200)]
        (loser,) = [body for status, body in answers if status == 409]
        assert loser["detail"] == f"这一项已由{winner}确认。"
    closed = await asyncio.gather(
        *(
            service.request("POST", f"/handovers/{handover_id}/close", role="operator", user=user)
            for user in ("sun", "wu")
        )
    )
    assert sorted(status for status, _ in closed) == [200, 409]


async def test_a_promised_call_back_stays_until_it_is_kept(service: RunningService, call: CallMaker) -> None:
    await service.start_worker()
    answer = await service.post_calls(call("小区路灯坏了一排，晚上看不见路"))
    call_id = answer["accepted"][0]["call_id"]
    await service.call_in(call_id, "queued")
    start = datetime.now(UTC) + timedelta(hours=1)
    body = {
        "choice": "callback",
        "window_start": start.isoformat(),
        "window_end": (start + timedelta(hours=1)).isoformat(),
    }
    status, _ = await service.request("POST", f"/calls/{call_id}/choice", role="operator", user="zhou", json=body)
    assert status == 201
    status, made = await service.request("POST", "/handovers", role="manager", json={})
    assert [(m["kind"], m["ref"]) for m in await matters(service, made["id"])] == [("callback", call_id)]
    status, _ = await service.request("POST", f"/calls/{call_id}/called-back", role="operator", user="zhou")
    assert status == 200
    await lead(service, "sun")
    status, _ = await service.request("POST", f"/handovers/{made['id']}/close", role="operator", user="sun")
    assert status == 200, "what is done needs no confirmation"
    status, _ = await service.request("POST", f"/calls/{call_id}/called-back", role="operator", user="zhou")
    assert status == 404


async def test_notices_reach_whom_they_are_for(service: RunningService) -> None:
    now = datetime.now(UTC)

    async def write(**fields: Any) -> int:
        body = {
            "body": "今晚停水，口径见知识库",
            "roles": ["operator"],
            "starts_at": (now - timedelta(minutes=1)).isoformat(),
            "ends_at": (now + timedelta(hours=1)).isoformat(),
            **fields,
        }
        status, answer = await service.request("POST", "/notices", role="manager", json=body)
        assert status == 201, answer
        return int(answer["id"])

    async def told(role: str, user: str | None = None) -> str:
        headers = {"Authorization": f"Bearer {await service.token(role, user)}"}
        async with service.session.get(f"{service.address}/console/notices", headers=headers) as answer:
            return await answer.text()

    notice = await write()
    await write(body="<b>还没开始</b>", starts_at=(now + timedelta(minutes=5)).isoformat())
    await lead(service, "sun")
    await write(body="班长请看<script>", roles=[], queue="shift_leaders")
    await service.services.published.refresh(service.pool, force=True)
    assert "今晚停水" in await told("operator")
    assert "今晚停水" not in await told("lawyer")
    assert "班长请看" not in await told("operator")
    shown = await told("operator", "sun")
    assert "班长请看&lt;script&gt;" in shown
    assert "还没开始" not in shown
    status, _ = await service.request("POST", f"/notices/{notice}/withdraw", role="manager")
    assert status == 200
    assert "今晚停水" not in await told("operator")
    status, body = await service.request(
        "POST",
        "/notices",
        role="manager",
        json={"body": "给谁", "starts_at": now.isoformat(), "ends_at": now.isoformat()},
    )
    assert (status, body["detail"][:5]) == (422, "roles")


async def test_a_held_call_in_danger_stands_once(service: RunningService, call: CallMaker) -> None:
    """As danger while nobody has acknowledged it, with who holds it; as a duty from then on."""
    await service.start_worker()
    await lead(service, "qian", "sun")
    zhou = await user_id(service, "zhou", "operator")
    answer = await service.post_calls(call(THREAT, line="110", live=True, operator="zhou"))
    call_id = int(answer["accepted"][0]["call_id"])
    await service.call_in(call_id, "proposed")

    async def open_now() -> list[tuple[str, int, int | None]]:
        async with service.pool.acquire() as connection:
            return [(row["kind"], row["ref"], row["owner"]) for row in await queries.matters(connection)]

    assert await open_now() == [("danger", call_id, zhou)]
    handover_id = await prepare(service, "qian")
    assert [each["kind"] for each in await matters(service, handover_id)] == ["danger"]
    status, body = await service.request("POST", f"/calls/{call_id}/acknowledge", user="zhou", role="operator")
    assert status == 200, body
    assert await open_now() == [("duty", call_id, zhou)]
