"""One call's journey through the real service: in, read, decided, forwarded or queued, picked up, completed."""

from __future__ import annotations

from typing import Any

from tests.service_fixtures import CallMaker, RunningService

WAGES = "老板欠我三个月工资一共一万八，一直不给，我想问一下能不能去劳动仲裁，要准备什么材料，时效是多久"
LIGHT = "我们小区门口的路灯坏了半个月了，晚上黑漆漆的，麻烦派人来修一下"
THREAT = "救命，我老公喝多了拿着菜刀在砸门，孩子在哭，快来人"


async def accepted(service: RunningService, record: dict[str, Any]) -> int:
    answer = await service.post_calls(record)
    assert len(answer["accepted"]) == 1, answer
    return int(answer["accepted"][0]["call_id"])


async def test_a_recorded_consultation_reaches_a_lawyer_and_is_completed(
    service: RunningService, call: CallMaker
) -> None:
    await service.start_worker()
    call_id = await accepted(service, call(WAGES, line="12348"))
    page = await service.call_in(call_id, "queued")
    assert page["triage"]["route"] == "legal_consultation"
    assert page["decision"]["destination"] == "lawyers"
    assert page["decision"]["reasons"]
    queue = page["queue_item"]["queue"]
    if queue == "operators":
        status, transfer = await service.request("POST", f"/calls/{call_id}/forward", role="operator", json={})
        assert status == 200, transfer
        assert transfer["mode"] == "one_key"
    status, claim = await service.request("POST", "/queues/lawyers/claim", role="lawyer")
    assert status == 200
    assert claim["call"]["id"] == call_id
    assert claim["call"]["caller_number"].startswith("138****")
    assignment = claim["assignment_id"]
    status, kept = await service.request("POST", f"/assignments/{assignment}/heartbeat", role="lawyer")
    assert status == 200
    assert kept["lease_expires_at"] >= claim["lease_expires_at"]
    status, done = await service.request(
        "POST",
        f"/assignments/{assignment}/complete",
        role="lawyer",
        json={"disposition": "已解答", "notes": "告知时效一年"},
    )
    assert status == 200, done
    page = await service.call_in(call_id, "completed")
    assert [entry["state"] for entry in page["timeline"] if entry["state"]][:3] == ["received", "triaged", "queued"]
    assert page["assignments"][0]["notes"] is None, "a manager does not read lawyers' notes"


async def test_a_live_call_is_proposed_and_forwarded_only_by_a_person(service: RunningService, call: CallMaker) -> None:
    await service.start_worker()
    await service.token("operator", "anna")
    call_id = await accepted(service, call(WAGES, live=True, operator="anna"))
    page = await service.call_in(call_id, "proposed")
    assert page["queue_item"] is None
    assert page["call"]["contact"] == "online"
    status, problem = await service.request("POST", f"/calls/{call_id}/forward", role="operator", json={})
    assert (status, problem["type"]) == (409, "urn:hotline:problem:held-by-other")
    status, transfer = await service.request(
        "POST",
        f"/calls/{call_id}/forward",
        role="operator",
        user="anna",
        json={"mode": "one_key", "decision_id": page["decision"]["id"]},
    )
    assert status == 200, transfer
    assert transfer["mode"] == "manual"
    assert transfer["dial_number"]
    page = await service.call_in(call_id, "queued", "offered")
    assert page["queue_item"]["queue"] == "lawyers"


async def test_danger_goes_to_the_police_at_once(service: RunningService, call: CallMaker) -> None:
    await service.start_worker()
    call_id = await accepted(service, call(THREAT))
    page = await service.call_in(call_id, "queued")
    assert page["decision"]["destination"] == "police"
    assert page["triage"]["danger"]["level"] >= 1
    assert page["queue_item"]["priority"] <= 2
    assert "mediators" not in page["decision"]["joint"]


async def test_the_same_record_is_a_duplicate_and_another_content_a_version(
    service: RunningService, call: CallMaker
) -> None:
    record = call(LIGHT)
    first = await service.post_calls(record)
    again = await service.post_calls(record | {"caller_number": f"+86 {record['caller_number']}"})
    changed = await service.post_calls(record | {"transcript": LIGHT + "，还有一个井盖没了"})
    call_id = first["accepted"][0]["call_id"]
    assert again["duplicates"] == [
        {"index": 0, "line": "12345", "external_id": record["external_id"], "call_id": call_id}
    ]
    assert [row["call_id"] for row in changed["updated"]] == [call_id]
    async with service.pool.acquire() as connection:
        assert await connection.fetchval("select count(*) from call_versions where call_id = $1", call_id) == 2


async def test_bad_records_are_named_and_the_good_ones_kept(service: RunningService, call: CallMaker) -> None:
    good = call(LIGHT)
    answer = await service.post_calls(
        {"line": "12345"}, good, call(LIGHT, received_at="2026-11-20T08:00:00"), "rubbish"
    )  # type: ignore[arg-type]
    assert [row["index"] for row in answer["accepted"]] == [1]
    rejected = {row["index"]: {error["field"] for error in row["errors"]} for row in answer["rejected"]}
    assert set(rejected) == {0, 2, 3}
    assert "external_id" in rejected[0]
    assert rejected[2] == {"received_at"}
