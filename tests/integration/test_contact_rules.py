"""Contact rules: they travel with the call, are kept as people wrote them, hidden like a number, and hold promises."""

from __future__ import annotations

import json
from datetime import datetime, time, timedelta
from typing import Any

from routing.policy.facts import LOCAL_ZONE
from routing.promises.service import tell_due
from tests.service_fixtures import CallMaker, RunningService, eventually

LIGHT = "楼道的感应灯坏了一个星期，老人晚上上楼不方便，想请人来换"
WAGES = "饭店关门了老板还欠我两个月工资，想问法律上怎么要"
#: Calls after which nobody is to be called or written to by machine: violence, a child, self-harm, a confidential one.
TENDER = (
    ("我男人又喝多了打我，现在把门反锁了不让我出去", {}),
    ("我今年十三岁，爸爸妈妈好几天没回家了，我一个人在家里害怕", {}),
    ("我不想活了，药已经倒在桌上了，就想说一声再见", {}),
    ("我要举报单位领导，千万别让他们知道是我打的电话", {"confidential": True}),
)
OTHER = "13988880000"
RULES = {"safe_from": "09:00", "safe_until": "17:00", "no_sms": True, "other_number": OTHER, "note": "家里老人接就挂断"}
SHOWN = RULES | {"other_number": "139****0000"}
#: As lists and pages show it.
LINE = "仅 09:00–17:00；不发短信；改拨 139****0000；家里老人接就挂断"
OUTSIDE = "urn:hotline:problem:outside-safe-hours"


#: Far enough ahead for a test that runs over midnight.
DAY = datetime.now(LOCAL_ZONE).date() + timedelta(days=2)


def then(clock: str) -> datetime:
    return datetime.combine(DAY, time.fromisoformat(clock), LOCAL_ZONE)


async def stored(service: RunningService, *calls: dict[str, Any]) -> list[int]:
    answer = await service.post_calls(*calls)
    return [int(each["call_id"]) for name in ("accepted", "updated") for each in answer[name]]


async def rules_of(service: RunningService, call_id: int, role: str = "operator") -> Any:
    status, page = await service.request("GET", f"/calls/{call_id}", role=role)
    assert status == 200
    assert OTHER not in json.dumps(page)
    return page["call"]["contact_rules"]


async def put(service: RunningService, call_id: int, body: dict[str, Any], role: str = "operator") -> tuple[int, Any]:
    return await service.request("PUT", f"/calls/{call_id}/contact-rules", role=role, json=body)


async def page_text(service: RunningService, path: str, role: str, user: str) -> str:
    headers = {"Authorization": f"Bearer {await service.token(role, user)}"}
    async with service.session.get(f"{service.address}{path}", headers=headers) as answer:
        assert answer.status == 200
        return await answer.text()


async def test_they_come_with_the_record_and_later_versions_keep_them(service: RunningService, call: CallMaker) -> None:
    plain, sent = call(LIGHT), call(LIGHT)
    [without, call_id] = await stored(service, plain, sent | {"contact_rules": RULES})
    assert await rules_of(service, without) is None
    assert await rules_of(service, call_id) == SHOWN
    async with service.pool.acquire() as connection:
        kept = await connection.fetchval("select contact_rules from calls where id = $1", call_id)
    assert OTHER.encode() not in kept
    answer = await service.post_calls(plain, sent | {"contact_rules": RULES})
    assert len(answer["duplicates"]) == 2
    await stored(service, sent | {"transcript": "灯修好了，谢谢"})
    assert await rules_of(service, call_id) == SHOWN, "a version that says nothing of them"
    await stored(service, sent | {"contact_rules": {"no_sms": True}})
    assert (await rules_of(service, call_id))["safe_from"] is None, "what the line says now"
    answer = await service.post_calls(call(LIGHT, contact_rules={"safe_from": "09:00"}))
    [error] = answer["rejected"][0]["errors"]
    assert error["field"] == "contact_rules.safe_until"


async def test_what_a_person_noted_stands(service: RunningService, call: CallMaker) -> None:
    sent = call(LIGHT, contact_rules={"no_sms": True})
    [call_id] = await stored(service, sent)
    status, answer = await put(service, call_id, RULES)
    assert (status, answer) == (200, {"call_id": call_id, "contact_rules": SHOWN})
    await stored(service, sent | {"transcript": "补充：灯在三楼", "contact_rules": {"no_sms": False, "note": "随时"}})
    assert await rules_of(service, call_id) == SHOWN

    status, _ = await put(service, call_id, SHOWN | {"safe_until": "18:00"}, role="lawyer")
    assert status == 200
    unmask = {"fields": ["contact_rules"], "reason": "callback"}
    status, clear = await service.request("POST", f"/calls/{call_id}/unmask", role="manager", json=unmask)
    assert status == 200
    assert clear["fields"]["contact_rules"] == f"仅 09:00–18:00；不发短信；改拨 {OTHER}；家里老人接就挂断", (
        "masked as shown: kept"
    )

    for wrong, named in (({"safe_from": "9点"}, "safe_from"), ({"other_number": "138****0000"}, "other_number")):
        status, problem = await put(service, call_id, wrong)
        assert (status, problem["errors"][0]["field"]) == (422, named)
    status, answer = await put(service, call_id, {})
    assert (status, answer["contact_rules"]) == (200, None)
    await stored(service, sent | {"transcript": "灯在四楼"})
    assert await rules_of(service, call_id) is None, "what was taken back does not come back"
    assert (await put(service, call_id + 1000, RULES))[0] == 404
    async with service.pool.acquire() as connection:
        entries = await connection.fetch("select * from audit_entries where action = 'contact_rules_noted'")
    assert [entry["subject"] for entry in entries] == [f"call:{call_id}"] * 3
    assert "老人" not in str([dict(entry) for entry in entries])


async def test_departments_learn_nothing_of_a_confidential_call(service: RunningService, call: CallMaker) -> None:
    [open_call, secret] = await stored(
        service, call(LIGHT, contact_rules=RULES), call(LIGHT, contact_rules=RULES, confidential=True)
    )
    assert await rules_of(service, open_call, "department") == SHOWN
    assert await rules_of(service, secret, "department") is None
    assert (await put(service, open_call, RULES, "department"))[0] == 200
    status, problem = await put(service, secret, RULES, "department")
    assert (status, problem["type"]) == (403, "urn:hotline:problem:caller-hidden")
    assert await rules_of(service, secret) == SHOWN


async def test_a_call_back_is_promised_within_the_safe_hours_only(service: RunningService, call: CallMaker) -> None:
    await service.start_worker()
    await service.token("operator", "zhou")
    [call_id] = await stored(service, call(LIGHT, live=True, operator="zhou", contact_rules=RULES))
    await service.call_in(call_id, "proposed")
    zhou = {"role": "operator", "user": "zhou"}
    window = {"window_start": then("16:00").isoformat(), "window_end": then("18:00").isoformat()}
    status, refused = await service.request(
        "POST", f"/calls/{call_id}/choice", json={"choice": "callback", **window}, **zhou
    )
    assert (status, refused["type"]) == (422, OUTSIDE)
    [proposed] = refused["errors"]
    assert datetime.fromisoformat(proposed["proposed_from"]) == then("16:00")
    assert datetime.fromisoformat(proposed["proposed_until"]) == then("17:00")

    await service.request("POST", f"/calls/{call_id}/answer", json={"answer": "去问了再回"}, **zhou)
    path, form = f"/calls/{call_id}/wrap-up", {"disposition": "约定回拨", "summary": "问清后回拨"}
    body = form | {"callback_at": then("07:30").isoformat()}
    status, refused = await service.request("PUT", path, json=body, **zhou)
    assert (status, refused["type"]) == (422, OUTSIDE)
    assert "09:00" in refused["detail"]
    async with service.pool.acquire() as connection:
        assert not await connection.fetchval("select exists (select from caller_choices)"), "nothing was moved unasked"
    body = form | {"callback_at": refused["errors"][0]["proposed_from"]}
    status, _ = await service.request("PUT", path, json=body, **zhou)
    assert status == 200
    async with service.pool.acquire() as connection:
        made = await connection.fetchrow("select window_start, window_end from caller_choices")
    assert tuple(made) == (then("09:00"), then("10:00"))

    assert LINE in await page_text(service, "/operator/calls", "operator", "zhou")
    assert LINE in await page_text(service, f"/console/calls/{call_id}", "operator", "zhou")
    status, _ = await service.request("POST", "/handovers", role="manager", user="zheng", json={"note": ""})
    assert status == 201
    assert LINE in await page_text(service, "/handover/body", "manager", "zheng")
    async with service.pool.acquire() as connection:
        await connection.execute("update calls set confidential = true where id = $1", call_id)
    listed = await page_text(service, "/operator/calls", "operator", "zhou")
    assert "仅 09:00–17:00；不发短信" in listed
    assert "139****" not in listed


async def test_a_lawyers_call_back_keeps_to_them(service: RunningService, call: CallMaker) -> None:
    await service.start_worker()
    [call_id] = await stored(service, call(WAGES, line="12348", contact_rules=RULES))
    await service.call_in(call_id, "queued")
    lin = {"role": "lawyer", "user": "lin"}
    status, claim = await service.request("POST", "/queues/lawyers/claim", **lin)
    assert (status, claim["call"]["contact_rules"]) == (200, SHOWN)
    path = f"/assignments/{claim['assignment_id']}/complete"
    body = {"disposition": "约定回拨", "callback_at": then("20:00").isoformat()}
    status, refused = await service.request("POST", path, json=body, **lin)
    assert (status, refused["type"]) == (422, OUTSIDE)
    proposed = refused["errors"][0]["proposed_from"]
    assert datetime.fromisoformat(proposed) == then("09:00") + timedelta(days=1)
    status, done = await service.request("POST", path, json=body | {"callback_at": proposed}, **lin)
    assert (status, done["outcome"]) == (200, "promised")
    assert LINE in await page_text(service, "/desk/side", "lawyer", "lin")


async def test_nothing_calls_back_or_writes_by_itself(service: RunningService, call: CallMaker) -> None:
    await service.start_worker()
    sent = [call(text, live=True, operator="zhou", **fields) for text, fields in TENDER]
    await service.token("operator", "zhou")
    ids = await stored(service, *sent)
    for call_id in ids:
        await service.call_in(call_id, "proposed")
    await service.post_calls(*(each | {"live": False} for each in sent))

    async def all_read() -> bool:
        async with service.pool.acquire() as connection:
            return not await connection.fetchval("select exists (select from triage_jobs)")

    await eventually(all_read)
    await service.stop_worker()
    assert await tell_due(service.pool) == 0
    async with service.pool.acquire() as connection:
        assert not await connection.fetchval("select exists (select from caller_choices)"), "nobody promised anything"
        assert not await connection.fetchval("select exists (select from queue_items where not_before is not null)")
