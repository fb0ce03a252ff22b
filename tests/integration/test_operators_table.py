"""The operators' table: taking a call so that nobody else works on it, and the form after a call."""

from __future__ import annotations

import asyncio

from tests.service_fixtures import CallMaker, RunningService, eventually

LIGHT = "小区门口的路灯坏了半个多月，晚上看不见路，麻烦派人来修一修"
UNSURE = "我要投诉"


async def test_of_two_who_take_a_record_one_has_it(service: RunningService, call: CallMaker) -> None:
    await service.start_worker()
    answer = await service.post_calls(call(UNSURE))
    page = await service.call_in(answer["accepted"][0]["call_id"], "queued")
    call_id = page["call"]["id"]
    assert page["queue_item"]["queue"] == "operators"
    for name in ("zhou", "lin"):
        await service.token("operator", name)

    async def take(name: str) -> tuple[int, dict[str, str]]:
        return await service.request("POST", f"/calls/{call_id}/hold", role="operator", user=name)

    answers = dict(zip(("zhou", "lin"), await asyncio.gather(take("zhou"), take("lin")), strict=True))
    assert sorted(status for status, _ in answers.values()) == [200, 409]
    winner = next(name for name, (status, _) in answers.items() if status == 200)
    loser = "lin" if winner == "zhou" else "zhou"
    assert winner in answers[loser][1]["detail"], "the conflict says who has it"

    async def listed(name: str) -> bool:
        headers = {"Authorization": f"Bearer {await service.token('operator', name)}"}
        async with service.session.get(f"{service.address}/operator/calls", headers=headers) as shown:
            return f'data-call-id="{call_id}"' in await shown.text()

    assert (await listed(winner), await listed(loser)) == (True, False)
    assignment = answers[winner][1]["assignment_id"]
    status, _ = await service.request(
        "POST", f"/assignments/{assignment}/release", role="operator", user=winner, json={}
    )
    assert status == 200
    assert await listed(loser), "put back: everybody sees it again"


async def test_the_form_after_a_call_is_saved_with_it_by_who_handled_it(
    service: RunningService, call: CallMaker
) -> None:
    await service.start_worker()
    await service.token("operator", "zhou")
    call_id = int((await service.post_calls(call(LIGHT, live=True, operator="zhou")))["accepted"][0]["call_id"])

    async def proposed() -> bool:
        _, page = await service.request("GET", f"/calls/{call_id}")
        return bool(page["call"]["state"] == "proposed")

    await eventually(proposed)
    await service.request("POST", f"/calls/{call_id}/answer", role="operator", user="zhou", json={"answer": "已告知"})
    form = {
        "route": "non_police_help",
        "topic": "utilities",
        "region": "桐花街道",
        "disposition": "直接答复",
        "summary": "路灯不亮",
    }
    path = f"/calls/{call_id}/wrap-up"
    status, refused = await service.request("PUT", path, role="operator", user="lin", json=form)
    assert status == 409, refused
    status, saved = await service.request("PUT", path, role="operator", user="zhou", json=form)
    assert (status, saved["version"]) == (200, 1)
    status, _ = await service.request("PUT", path, role="operator", user="zhou", json={**form, "seen": 0})
    assert status == 409, "a version nobody saw is not overwritten"
    status, _ = await service.request(
        "PUT", path, role="operator", user="zhou", json={**form, "topic": "nothing", "seen": 1}
    )
    assert status == 422


async def test_a_call_back_promised_in_the_form_waits_and_is_handed_over(
    service: RunningService, call: CallMaker
) -> None:
    await service.start_worker()
    await service.token("operator", "zhou")
    call_id = int((await service.post_calls(call(LIGHT, live=True, operator="zhou")))["accepted"][0]["call_id"])
    await service.call_in(call_id, "proposed")
    await service.request(
        "POST", f"/calls/{call_id}/answer", role="operator", user="zhou", json={"answer": "去问了再回"}
    )
    path = f"/calls/{call_id}/wrap-up"
    form = {"disposition": "约定回拨", "summary": "问清后回拨", "callback_at": "2020-01-01T09:00:00+08:00"}
    status, refused = await service.request("PUT", path, role="operator", user="zhou", json=form)
    assert (status, refused["detail"].split("：")[0]) == (422, "callback_at")
    form["callback_at"] = "2099-01-05T09:30:00+08:00"
    for seen in (0, 1):
        status, _ = await service.request("PUT", path, role="operator", user="zhou", json={**form, "seen": seen})
        assert status == 200
    async with service.pool.acquire() as connection:
        assert await connection.fetchval("select count(*) from caller_choices where call_id = $1", call_id) == 1

    async def listed(role: str, user: str, page: str) -> bool:
        headers = {"Authorization": f"Bearer {await service.token(role, user)}"}
        async with service.session.get(f"{service.address}{page}", headers=headers) as shown:
            return f'data-call-id="{call_id}"' in await shown.text()

    assert await listed("operator", "zhou", "/operator/calls")
    assert not await listed("operator", "lin", "/operator/calls"), "who promised calls back"
    status, made = await service.request("POST", "/handovers", role="manager", user="zheng", json={"note": ""})
    assert status == 201, made
    assert await listed("manager", "zheng", "/handover/body")
    status, _ = await service.request("POST", f"/calls/{call_id}/called-back", role="operator", user="zhou", json={})
    assert status == 200
    assert not await listed("operator", "zhou", "/operator/calls")
