"""Danger while a call goes on: alarms that escalate over a restart, the panel, self-harm calls, the shift leader."""

from __future__ import annotations

import re
from typing import Any

from routing.danger.service import escalate
from tests.service_fixtures import CallMaker, RunningService, eventually

THREAT = "快来人啊，我前夫拿着菜刀在砸门，孩子吓得直哭，他说要砍死我们"
SELF_HARM = "我不想活了，我现在就站在楼顶上，马上就跳下去，你们别管我"
LIGHT = "小区门口的路灯坏了半个多月，晚上看不见路，麻烦派人来修一修"


async def alarm_of(service: RunningService, text: str, call: CallMaker, **fields: Any) -> int:
    """A live call held by zhou whose danger has raised an alarm; its id."""
    await service.token("operator", "zhou")
    answer = await service.post_calls(call(text, live=True, operator="zhou", **fields))
    call_id = int(answer["accepted"][0]["call_id"])

    async def raised() -> Any:
        _, page = await service.request("GET", f"/calls/{call_id}")
        return page["alarm"] and page["call"]["state"] == "proposed"

    await eventually(raised)
    return call_id


async def older(service: RunningService, call_id: int, seconds: int) -> None:
    """The alarm was raised that much earlier."""
    async with service.pool.acquire() as connection:
        await connection.execute(
            "update danger_alarms set raised_at = raised_at - make_interval(secs => $2) where call_id = $1",
            call_id,
            float(seconds),
        )


async def stages(service: RunningService, call_id: int) -> list[int]:
    """Stages told as events, in their order."""
    async with service.pool.acquire() as connection:
        rows = await connection.fetch(
            "select data from events where kind = 'danger_escalated' and call_id = $1 order by id", call_id
        )
    return [row["data"]["stage"] for row in rows]


async def test_an_alarm_goes_on_stage_by_stage_and_over_a_restart(service: RunningService, call: CallMaker) -> None:
    await service.start_worker()
    call_id = await alarm_of(service, THREAT, call, line="110")
    rules = service.services.published.danger.escalation
    assert rules.after_s == (20, 40, 60), "the times the issue names"
    assert await stages(service, call_id) == []
    await older(service, call_id, 20)

    async def reached(stage: int) -> bool:
        return stage in await stages(service, call_id)

    await eventually(lambda: reached(1))
    # nobody works for a while: what fell due meanwhile is made up for, in order, each stage once
    await service.stop_worker()
    await older(service, call_id, 45)
    assert await stages(service, call_id) == [1]
    await service.start_worker()
    await eventually(lambda: reached(3))
    assert await stages(service, call_id) == [1, 2, 3]
    _, page = await service.request("GET", f"/calls/{call_id}")
    told = [entry["detail"]["stage"] for entry in page["timeline"] if entry["action"] == "danger_escalated"]
    assert told == [1, 2, 3], "the call's log names every stage"
    assert page["alarm"]["stage"] == 3


async def test_an_acknowledged_alarm_goes_nowhere_and_two_workers_tell_once(
    service: RunningService, call: CallMaker
) -> None:
    await service.start_worker()
    quiet = await alarm_of(service, THREAT, call, line="110")
    loud = await alarm_of(service, THREAT, call, line="110")
    await service.stop_worker()
    status, _ = await service.request("POST", f"/calls/{quiet}/acknowledge", user="zhou", role="operator")
    assert status == 200
    for call_id in (quiet, loud):
        await older(service, call_id, 120)
    rules = service.services.published.danger.escalation
    begun = await escalate(service.pool, rules) + await escalate(service.pool, rules)
    assert begun == 3
    assert (await stages(service, quiet), await stages(service, loud)) == ([], [1, 2, 3])


async def test_whose_console_sounds_follows_the_stage(service: RunningService, call: CallMaker) -> None:
    await service.start_worker()
    call_id = await alarm_of(service, THREAT, call, line="110")
    await service.stop_worker()

    async def sounding() -> set[str]:
        found = set()
        for role, user in (
            ("operator", "zhou"),
            ("operator", "lin"),
            ("police", None),
            ("manager", None),
            ("lawyer", None),
        ):
            headers = {"Authorization": f"Bearer {await service.token(role, user)}"}
            async with service.session.get(f"{service.address}/console/alarms", headers=headers) as answer:
                if f'data-call-id="{call_id}"' in (text := await answer.text()) and 'data-sounds="yes"' in text:
                    found.add(user or role)
        return found

    assert await sounding() == {"zhou"}
    for seconds, there in ((20, {"zhou", "lin", "police"}), (20, {"zhou", "lin", "police", "manager"})):
        await older(service, call_id, seconds)
        await escalate(service.pool, service.services.published.danger.escalation)
        # without a roster of shift leaders every manager stands in
        assert await sounding() == there
    await older(service, call_id, 20)
    await escalate(service.pool, service.services.published.danger.escalation)
    assert await sounding() == {"zhou", "lin", "police", "manager", "lawyer"}
    headers = {"Authorization": f"Bearer {await service.token('lawyer')}"}
    async with service.session.get(f"{service.address}/desk", headers=headers) as desk:
        assert 'data-sounds="yes"' in await desk.text(), "the page itself shows it, a lawyer's too"


async def test_every_figure_of_the_alarms_leads_to_its_calls(service: RunningService, call: CallMaker) -> None:
    await service.start_worker()
    call_id = await alarm_of(service, THREAT, call, line="110")
    headers = {"Authorization": f"Bearer {await service.token('manager')}"}

    async def page(path: str) -> str:
        async with service.session.get(f"{service.address}{path}", headers=headers) as answer:
            text = await answer.text()
        assert answer.status == 200, text
        return text

    assert 'href="/alarms/calls?open=yes"' in await page("/statistics")
    links = set(re.findall(r'href="(/alarms/calls[?][^"]+)"', await page("/alarms")))
    links |= {"/alarms/calls?open=yes"}
    assert len(links) == 6, "all of the time, of the shift, open, by workplace, by stage; and all open ones"
    for link in links:
        assert f'href="/calls/{call_id}"' in await page(link.replace("&amp;", "&")), link
    for other in ("operator=-&open=yes", "stage=3", "to=2020-01-01", "from=2020-01-01&to=2020-01-02"):
        assert "共 0 通" in await page(f"/alarms/calls?{other}"), other


async def test_answers_travel_with_the_call_and_are_never_overwritten_unseen(
    service: RunningService, call: CallMaker
) -> None:
    await service.start_worker()
    call_id = await alarm_of(service, THREAT, call, line="110")
    path = f"/calls/{call_id}/danger/where"
    status, saved = await service.request(
        "PUT", path, role="operator", user="zhou", json={"answer": "三号楼 502", "seen": 0}
    )
    assert (status, saved["version"]) == (200, 1)
    _, page = await service.request("GET", f"/calls/{call_id}", role="police")
    assert page["danger_panel"]["answers"]["where"]["answer"] == "三号楼 502"
    assert page["danger_panel"]["answers"]["where"]["by"] == "zhou"
    status, refused = await service.request("PUT", path, role="police", json={"answer": "四号楼", "seen": 0})
    assert (status, refused["type"]) == (409, "urn:hotline:problem:answer-changed")
    assert "zhou" in refused["detail"]
    status, _ = await service.request("PUT", path, role="police", json={"answer": "三号楼 502，门已开", "seen": 1})
    assert status == 200
    async with service.pool.acquire() as connection:
        kept = await connection.fetchval("select answer from danger_answers where call_id = $1", call_id)
    assert "三号楼".encode() not in kept, "sealed at rest"
    status, _ = await service.request("PUT", f"/calls/{call_id}/danger/age", role="police", json={"answer": "三十"})
    assert status == 422


async def test_a_self_harm_call_is_not_closed_until_somebody_else_says_so(
    service: RunningService, call: CallMaker
) -> None:
    await service.start_worker()
    call_id = await alarm_of(service, SELF_HARM, call)
    body = {"mode": "blind", "destination": "police", "reason": "危险程度判断有误"}
    status, refused = await service.request(
        "POST", f"/calls/{call_id}/forward", role="operator", user="zhou", json=body
    )
    assert (status, "不能直转" in refused["detail"]) == (422, True)
    status, refused = await service.request(
        "POST", f"/calls/{call_id}/forward", role="operator", user="zhou", json={"mode": "ticket"}
    )
    assert (status, "不能改走工单" in refused["detail"]) == (422, True), "nobody on the line is left for a ticket"
    answer = {"answer": "已安慰"}
    status, refused = await service.request(
        "POST", f"/calls/{call_id}/answer", role="operator", user="zhou", json=answer
    )
    assert (status, refused["type"]) == (409, "urn:hotline:problem:closing-locked")

    status, _ = await service.request("POST", f"/calls/{call_id}/leader", role="operator", user="zhou")
    assert status == 200
    status, refused = await service.request("POST", f"/calls/{call_id}/join", role="operator", user="lin")
    assert (status, refused["type"]) == (403, "urn:hotline:problem:no-shift-leader")
    status, _ = await service.request("POST", f"/calls/{call_id}/join", role="manager", user="mei")
    assert status == 200
    _, page = await service.request("GET", f"/calls/{call_id}")
    assert page["danger_panel"]["leader"]["joined_by_name"] == "mei"

    reason = {"reason": "家人已到场陪护"}
    status, refused = await service.request(
        "POST", f"/calls/{call_id}/release", role="operator", user="zhou", json=reason
    )
    assert status == 403, "not the one who wants to close it"
    status, _ = await service.request(
        "POST", f"/calls/{call_id}/release", role="manager", user="mei", json={"reason": "好"}
    )
    assert status == 422
    status, _ = await service.request("POST", f"/calls/{call_id}/release", role="manager", user="mei", json=reason)
    assert status == 200
    status, _ = await service.request("POST", f"/calls/{call_id}/answer", role="operator", user="zhou", json=answer)
    assert status == 200


async def test_a_hang_up_in_a_self_harm_call_sounds_again(service: RunningService, call: CallMaker) -> None:
    await service.start_worker()
    sent = call(SELF_HARM, live=True, operator="zhou")
    await service.token("operator", "zhou")
    call_id = int((await service.post_calls(sent))["accepted"][0]["call_id"])

    async def alarm() -> Any:
        _, page = await service.request("GET", f"/calls/{call_id}")
        return page["alarm"]

    await eventually(alarm)
    await service.request("POST", f"/calls/{call_id}/acknowledge", role="operator", user="zhou")
    assert (await alarm())["acknowledged_at"] is not None
    await service.post_calls({**sent, "live": False})
    assert (await alarm())["acknowledged_at"] is None, "it is not over until a person says so"
    _, page = await service.request("GET", f"/calls/{call_id}")
    assert "self_harm_hung_up" in [entry["action"] for entry in page["timeline"]]
