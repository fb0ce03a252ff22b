"""Forwarding: what is asked, refused, undone, returned; idempotency and races."""

from __future__ import annotations

import asyncio
from typing import Any

from tests.service_fixtures import CallMaker, RunningService

WAGES = "老板欠我三个月工资一共一万八，一直不给，我想问一下能不能去劳动仲裁，要准备什么材料，时效是多久"
LIGHT = "我们小区门口的路灯坏了半个月了，晚上黑漆漆的，麻烦派人来修一下"
SELF_HARM = "我不想活了，我现在就站在楼顶，跳下去就都结束了"


async def queued(service: RunningService, record: dict[str, Any]) -> dict[str, Any]:
    """The page of a recorded call once it waits in a queue."""
    answer = await service.post_calls(record)
    return await service.call_in(answer["accepted"][0]["call_id"], "queued")


async def live(service: RunningService, record: dict[str, Any], operator: str = "anna") -> dict[str, Any]:
    """The page of a live call once it is proposed to its operator."""
    await service.token("operator", operator)
    answer = await service.post_calls(record | {"live": True, "operator": operator})
    return await service.call_in(answer["accepted"][0]["call_id"], "proposed")


async def forward(service: RunningService, call_id: int, *, user: str | None = None, **body: Any) -> tuple[int, Any]:
    return await service.request("POST", f"/calls/{call_id}/forward", role="operator", user=user, json=body)


async def test_another_destination_needs_a_reason_and_is_recorded_as_overruled(
    service: RunningService, call: CallMaker
) -> None:
    await service.start_worker()
    page = await queued(service, call(LIGHT))
    call_id = page["call"]["id"]
    status, problem = await forward(service, call_id, destination="lawyers")
    assert (status, problem["type"]) == (422, "urn:hotline:problem:reason-required")
    status, transfer = await forward(service, call_id, destination="lawyers", reason="来电人追问赔偿责任")
    assert status == 200, transfer
    assert transfer["overruled"] is True
    page = await service.call_in(call_id, "queued")
    assert page["decision"]["destination"] == "lawyers"
    assert page["decision"]["by"] is None or page["decision"]["rule"] == "person"
    assert page["queue_item"]["queue"] == "lawyers"
    async with service.pool.acquire() as connection:
        rows = await connection.fetch(
            "select destination, by_user is not null as person, superseded_at is null as in_force "
            "from decisions where call_id = $1 order by id",
            call_id,
        )
    assert [tuple(row) for row in rows] == [("departments", False, False), ("lawyers", True, True)]


async def test_the_wait_is_kept_over_a_forward_and_its_undo(service: RunningService, call: CallMaker) -> None:
    await service.start_worker()
    page = await queued(service, call(LIGHT))
    call_id, enqueued_at = page["call"]["id"], page["queue_item"]["enqueued_at"]
    origin = page["queue_item"]["queue"]
    # twice: what the second replaced is the machine's proposal, not what was taken back before
    for destination in ("police", "lawyers"):
        _, transfer = await forward(service, call_id, destination=destination, reason="有人受威胁")
        moved = await service.call_in(call_id, "queued")
        assert moved["queue_item"]["enqueued_at"] == enqueued_at
        status, undone = await service.request("POST", f"/transfers/{transfer['id']}/cancel", role="operator")
        assert (status, undone["state"]) == (200, "cancelled")
        back = await service.call_in(call_id, "queued")
        assert back["queue_item"]["queue"] == origin
        assert back["queue_item"]["enqueued_at"] == enqueued_at
        assert back["decision"]["destination"] == page["decision"]["destination"]


async def test_undo_gives_a_live_call_to_its_operator_again(service: RunningService, call: CallMaker) -> None:
    await service.start_worker()
    page = await live(service, call(WAGES))
    call_id = page["call"]["id"]
    _, transfer = await forward(service, call_id, user="anna", mode="one_key")
    status, _ = await service.request("POST", f"/transfers/{transfer['id']}/cancel", role="operator", user="anna")
    assert status == 200
    page = await service.call_in(call_id, "proposed")
    assert page["queue_item"]["state"] == "cancelled"
    _, me = await service.request("GET", "/me", role="operator", user="anna")
    assert page["call"]["held_by"] == me["user_id"]


async def test_no_undo_once_claimed(service: RunningService, call: CallMaker) -> None:
    await service.start_worker()
    page = await queued(service, call(LIGHT))
    _, transfer = await forward(service, page["call"]["id"], destination="lawyers", reason="问法律责任")
    status, _ = await service.request("POST", "/queues/lawyers/claim", role="lawyer")
    assert status == 200
    status, problem = await service.request("POST", f"/transfers/{transfer['id']}/cancel", role="operator")
    assert (status, problem["type"]) == (409, "urn:hotline:problem:transfer-taken")


async def test_an_outdated_proposal_is_not_acted_on(service: RunningService, call: CallMaker) -> None:
    await service.start_worker()
    page = await live(service, call("你好，我想咨询一下"))
    call_id, seen = page["call"]["id"], page["decision"]["id"]
    status, answer = await service.request(
        "POST", f"/calls/{call_id}/segments", role="line", json=[{"speaker": "来电人", "text": WAGES, "seq": 9}]
    )
    assert (status, answer["added"]) == (200, 1)
    status, answer = await service.request(
        "POST", f"/calls/{call_id}/segments", role="line", json=[{"speaker": "来电人", "text": "别的话", "seq": 9}]
    )
    assert answer["added"] == 0, "(call, seq) is idempotent"

    async def newer() -> dict[str, Any] | None:
        now = await service.call_in(call_id, "proposed")
        return now if now["decision"]["id"] != seen else None

    from tests.service_fixtures import eventually

    page = await eventually(newer)
    assert page["triage"]["route"] == "legal_consultation"
    status, problem = await forward(service, call_id, user="anna", decision_id=seen)
    assert (status, problem["type"]) == (409, "urn:hotline:problem:proposal-changed")
    status, _ = await forward(service, call_id, user="anna", decision_id=page["decision"]["id"])
    assert status == 200


async def test_a_recorded_call_has_no_telephone_modes(service: RunningService, call: CallMaker) -> None:
    await service.start_worker()
    page = await queued(service, call(LIGHT))
    for mode in ("blind", "attended", "conference"):
        status, problem = await forward(service, page["call"]["id"], mode=mode)
        assert (status, problem["type"]) == (409, "urn:hotline:problem:no-live-channel")
    status, transfer = await forward(service, page["call"]["id"], mode="manual")
    assert (status, transfer["mode"]) == (200, "manual")


async def test_self_harm_is_never_transferred_blind(service: RunningService, call: CallMaker) -> None:
    await service.start_worker()
    page = await live(service, call(SELF_HARM))
    assert page["triage"]["danger"]["level"] == 2
    assert "12356" in page["decision"]["joint"]
    assert page["alarm"] is not None
    status, problem = await forward(service, page["call"]["id"], user="anna", mode="blind")
    assert (status, problem["type"]) == (422, "urn:hotline:problem:invalid-request")
    status, _ = await forward(service, page["call"]["id"], user="anna", mode="conference")
    assert status == 200


async def test_the_same_key_forwards_once_and_another_body_is_refused(service: RunningService, call: CallMaker) -> None:
    await service.start_worker()
    page = await queued(service, call(LIGHT))
    path = f"/calls/{page['call']['id']}/forward"
    headers = {"Idempotency-Key": "k-1"}
    await service.token("operator")
    body = {"destination": "lawyers", "reason": "问法律责任"}
    answers = await asyncio.gather(
        *(service.request("POST", path, role="operator", headers=headers, json=body) for _ in range(8))
    )
    assert {status for status, _ in answers} == {200}, answers
    assert len({transfer["id"] for _, transfer in answers}) == 1
    status, problem = await service.request(
        "POST", path, role="operator", headers=headers, json=body | {"destination": "police"}
    )
    assert (status, problem["type"]) == (422, "urn:hotline:problem:idempotency-key-reused")


async def test_two_operators_forwarding_at_once_make_one_open_item(service: RunningService, call: CallMaker) -> None:
    await service.start_worker()
    page = await queued(service, call(LIGHT))
    call_id = page["call"]["id"]
    for operator in ("anna", "bert"):
        await service.token("operator", operator)
    answers = await asyncio.gather(
        forward(service, call_id, user="anna", destination="lawyers", reason="甲"),
        forward(service, call_id, user="bert", destination="police", reason="乙"),
    )
    (first,) = (operator for operator, (status, _) in zip(("anna", "bert"), answers, strict=True) if status == 200)
    (refused,) = (problem for status, problem in answers if status == 409)
    assert f"已由{first}转出" in refused["detail"]
    async with service.pool.acquire() as connection:
        open_items = await connection.fetchval(
            "select count(*) from queue_items where call_id = $1 and role = 'lead' "
            "and state in ('waiting', 'offered', 'claimed')",
            call_id,
        )
        alive = await connection.fetchval(
            "select count(*) from transfers where call_id = $1 and state = 'pending'", call_id
        )
    assert (open_items, alive) == (1, 1)
    # who forwarded it may change their mind; it is theirs until somebody has taken it
    second = {"anna": "bert", "bert": "anna"}[first]
    status, _ = await forward(service, call_id, user=first, destination="operators", reason="丙")
    assert status == 200
    status, _ = await forward(service, call_id, user=second, destination="departments", reason="丁")
    assert status == 200, "what stands at the operators' table is for any of them"


async def test_a_ticket_is_received_under_their_number_or_returned_with_a_reason(
    service: RunningService, call: CallMaker
) -> None:
    await service.start_worker()
    page = await queued(service, call(LIGHT))
    call_id = page["call"]["id"]
    _, transfer = await forward(service, call_id, mode="ticket", destination="departments")
    assert transfer["our_ticket"]
    assert transfer["receipt_due_at"]
    status, received = await service.request(
        "POST", f"/transfers/{transfer['id']}/receipt", role="department", json={"ticket": "CG-2026-0077"}
    )
    assert (status, received["their_ticket"]) == (200, "CG-2026-0077")
    for number in ("CG-2026-0077", transfer["our_ticket"]):
        _, found = await service.request("GET", "/transfers", role="operator", params={"ticket": number})
        assert [row["id"] for row in found["items"]] == [transfer["id"]]
    status, _ = await service.request(
        "POST", f"/transfers/{transfer['id']}/return", role="department", json={"reason": " "}
    )
    assert status == 422
    status, returned = await service.request(
        "POST", f"/transfers/{transfer['id']}/return", role="department", json={"reason": "不属于本单位职责"}
    )
    assert (status, returned["state"]) == (200, "returned")
    page = await service.call_in(call_id, "queued")
    assert page["queue_item"]["queue"] == "operators"


async def test_an_operator_answers_directly(service: RunningService, call: CallMaker) -> None:
    await service.start_worker()
    page = await queued(service, call(LIGHT))
    call_id = page["call"]["id"]
    status, _ = await service.request(
        "POST", f"/calls/{call_id}/answer", role="operator", json={"answer": "路灯归城管部门，已告知热线电话"}
    )
    assert status == 200
    page = await service.call_in(call_id, "completed")
    assert page["queue_item"]["state"] == "done"
    async with service.pool.acquire() as connection:
        kept = await connection.fetchval("select answer from direct_answers where call_id = $1", call_id)
    assert service.services.vault.open(kept, "direct_answers.answer") == "路灯归城管部门，已告知热线电话"


async def test_a_lawyer_hands_on_without_the_caller_waiting_anew(service: RunningService, call: CallMaker) -> None:
    await service.start_worker()
    page = await queued(service, call(LIGHT))
    call_id, enqueued_at = page["call"]["id"], page["queue_item"]["enqueued_at"]
    await forward(service, call_id, destination="lawyers", reason="问法律责任")
    await service.request("POST", "/queues/lawyers/claim", role="lawyer", user="lea")
    status, problem = await forward(service, call_id, destination="mediators", reason="邻里协商")
    assert (status, problem["type"]) == (409, "urn:hotline:problem:held-by-other")
    status, _ = await service.request(
        "POST",
        f"/calls/{call_id}/forward",
        role="lawyer",
        user="lea",
        json={"destination": "mediators", "reason": "双方愿意调解"},
    )
    assert status == 200
    page = await service.call_in(call_id, "queued")
    assert page["queue_item"]["queue"] == "mediators"
    assert page["queue_item"]["enqueued_at"] == enqueued_at
    assert page["assignments"][0]["outcome"] == "forwarded"


async def test_the_callers_choice_is_recorded(service: RunningService, call: CallMaker) -> None:
    await service.start_worker()
    page = await live(service, call(WAGES))
    _, options = await service.request("GET", "/queues/lawyers/night-options", role="operator")
    assert {option["choice"] for option in options["options"]} >= {"wait", "callback"}
    window = next(option for option in options["options"] if option["choice"] == "callback")
    status, _ = await service.request(
        "POST",
        f"/calls/{page['call']['id']}/choice",
        role="operator",
        json={"choice": "callback", "window_start": window["window_start"], "window_end": window["window_end"]},
    )
    assert status == 201
    page = await service.call_in(page["call"]["id"], "proposed")
    assert page["choices"][0]["choice"] == "callback"


async def test_a_caller_who_hangs_up_in_the_queue_is_called_back_not_rung_through(
    service: RunningService, call: CallMaker
) -> None:
    await service.start_worker()
    record = call(WAGES)
    page = await live(service, record)
    call_id = page["call"]["id"]
    await forward(service, call_id, user="anna")
    before = (await service.call_in(call_id, "queued"))["queue_item"]
    answer = await service.post_calls(record | {"live": False, "talk_time_s": 61})
    assert [row["call_id"] for row in answer["updated"]] == [call_id]
    page = await service.call_in(call_id, "queued")
    assert page["call"]["contact"] == "callback"
    assert page["queue_item"]["enqueued_at"] == before["enqueued_at"]
    async with service.pool.acquire() as connection:
        assert await connection.fetchval("select bool_or(live) from queue_items where call_id = $1", call_id) is False


async def test_a_live_call_that_ends_unforwarded_waits_in_a_queue(service: RunningService, call: CallMaker) -> None:
    await service.start_worker()
    record = call(WAGES)
    page = await live(service, record)
    await service.post_calls(record | {"live": False, "talk_time_s": 61})
    page = await service.call_in(page["call"]["id"], "queued")
    assert page["call"]["held_by"] is None
    assert page["queue_item"]["state"] == "waiting"


BEATEN = "我老公又打我，从昨晚打到现在不让我出门，我想跟他离婚，家里的房子和孩子想找人来调解一下怎么分"


async def test_violence_is_not_forwarded_to_mediators_without_the_victims_consent(
    service: RunningService, call: CallMaker
) -> None:
    await service.start_worker()
    page = await live(service, call(BEATEN))
    call_id = page["call"]["id"]
    assert page["decision"]["destination"] != "mediators"
    wanted = {"destination": "mediators", "reason": "来电人只要求调解房产"}
    status, problem = await forward(service, call_id, user="anna", **wanted)
    assert (status, problem["type"]) == (422, "urn:hotline:problem:consent-required")
    assert "同意" in problem["detail"]
    status, transfer = await forward(service, call_id, user="anna", **wanted, consent=True)
    assert (status, transfer["destination"]) == (200, "mediators")
    async with service.pool.acquire() as connection:
        logged = await connection.fetchval("select detail from call_log where action = 'forwarded'")
        audited = await connection.fetchrow("select subject, detail from audit_entries where action = 'call_overruled'")
    assert logged["consent"] is True
    assert (audited["subject"], audited["detail"]["consent"]) == (f"call:{call_id}", True)
