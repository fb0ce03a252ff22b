"""Cases by HTTP: each desk's journey, who has what, nothing lost on the way. One service for all of it."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any

from config.files import ConfigFiles
from routing.cases.states import TRANSITIONS
from routing.erasure.store import erase_parts
from routing.statistics.indicators import load_indicators
from routing.statistics.store import indicator_figures
from tests.service_fixtures import CallMaker, RunningService

NOISE = "楼下的住户半夜装修敲墙，我们说了几次都不听，两家为这个吵了好几回，想请人来调解"
LIGHT = "我们小区门口的窨井盖松动一个多礼拜了，汽车一压就响，请有关部门派人来换一个新的"
THEFT = "我停在楼下的电动车昨天夜里被人偷走了，监控拍到有人推走的"


async def act(service: RunningService, path: str, role: str, user: str, **body: Any) -> Any:
    """A POST that must succeed."""
    status, answer = await service.request("POST", path, role=role, user=user, json=body)
    assert status in (200, 201), answer
    return answer


async def refused(service: RunningService, path: str, role: str, user: str, **body: Any) -> tuple[int, str, str]:
    """Status, type and detail of a POST that must not succeed."""
    status, answer = await service.request("POST", path, role=role, user=user, json=body)
    assert status >= 400, answer
    return status, answer["type"].rpartition(":")[2], answer["detail"]


async def waiting(service: RunningService, call: CallMaker, text: str, queue: str, **fields: Any) -> tuple[int, int]:
    """Call and item of a recorded call that waits in ``queue``; an operator sends it there where policy does not."""
    answer = await service.post_calls(call(text, **fields))
    call_id = answer["accepted"][0]["call_id"]
    page = await service.call_in(call_id, "queued")
    if page["queue_item"]["queue"] != queue:
        destination = service.services.published.policy.queue(queue).destination
        status, made = await service.request(
            "POST",
            f"/calls/{call_id}/forward",
            role="operator",
            json={"destination": destination, "reason": "类别判断有误", "new_danger": True, "consent": True},
        )
        assert status == 200, made
        page = await service.call_in(call_id, "queued")
    assert page["queue_item"]["queue"] == queue
    return call_id, page["queue_item"]["id"]


async def test_cases_from_acceptance_to_appraisal(service: RunningService, call: CallMaker) -> None:
    await service.start_worker()
    for role, names in (("mediator", ("zhao", "qian")), ("department", ("sun", "li")), ("police", ("zhou", "wu"))):
        for name in names:
            await service.token(role, name)
    await service.token("manager", "zheng")
    await _mediation(service, call)
    await _objection(service, call)
    await _reply_and_again(service, call)
    await _no_police_matter(service, call)
    await _left_behind(service, call)
    await _walks(service, call)


async def _mediation(service: RunningService, call: CallMaker) -> None:
    call_id, item_id = await waiting(service, call, NOISE, "mediators")
    both = await asyncio.gather(
        *(service.request("POST", f"/items/{item_id}/mediate", role="mediator", user=name) for name in ("zhao", "qian"))
    )
    assert sorted(status for status, _ in both) == [201, 409], both
    winner = "zhao" if both[0][0] == 201 else "qian"
    loser = "qian" if winner == "zhao" else "zhao"
    problem = next(body for status, body in both if status == 409)
    assert winner in problem["detail"], "a conflict says who has it"
    own = next(body for status, body in both if status == 201)["undertaking_id"]
    page = await service.call_in(call_id, "claimed")
    assert page["assignments"][0]["outcome"] == "accepted"
    assert (await refused(service, f"/calls/{call_id}/forward", "operator", "anna", destination="lawyers", reason="x"))[
        1
    ] == "held-by-other"
    soon = (datetime.now(UTC) + timedelta(days=2)).isoformat()
    step = {"kind": "session", "due_at": soon, "note": "社区活动室，请双方带房产证"}
    assert (await refused(service, f"/undertakings/{own}/steps", "mediator", loser, **step))[1] == "held-by-other"
    step_id = (await act(service, f"/undertakings/{own}/steps", "mediator", winner, **step))["step_id"]
    await act(service, f"/steps/{step_id}/done", "mediator", winner, result="双方到场，同意夜间不施工")
    assert (await refused(service, f"/steps/{step_id}/done", "mediator", winner, result="再写一次"))[0] == 409
    early = {"outcome": "resolved", "text": "好"}
    assert (await refused(service, f"/undertakings/{own}/end", "mediator", winner, **early))[0] == 422
    await act(
        service, f"/undertakings/{own}/end", "mediator", winner, outcome="agreed", text="晚八点后不施工，补偿八百元"
    )
    assert (await service.call_in(call_id, "completed"))["queue_item"]["state"] == "done"
    for role, user, seen in (("mediator", loser, True), ("manager", "zheng", True), ("lawyer", "he", False)):
        _, file = await service.request("GET", f"/undertakings/{own}", role=role, user=user)
        assert (file["agreement"] is not None, len(file["steps"])) == (seen, int(seen)), role
    await act(service, f"/undertakings/{own}/appraise", "operator", "anna", appraisal="satisfied")
    assert (await refused(service, f"/undertakings/{own}/appraise", "operator", "anna", appraisal="satisfied"))[
        0
    ] == 409
    async with service.pool.acquire() as connection:
        stored = await connection.fetchrow("select * from undertakings where id = $1", own)
        raw = await connection.fetchval("select note from case_steps where id = $1", step_id)
    assert "八百元".encode() not in bytes(stored["agreement"])
    assert service.services.vault.open(raw, "case_steps.note") == step["note"]
    # returned with a reason: back to who received it first, its wait kept
    call_id, item_id = await waiting(service, call, NOISE, "mediators")
    before = (await service.call_in(call_id, "queued"))["queue_item"]["enqueued_at"]
    own = (await act(service, f"/items/{item_id}/mediate", "mediator", "qian"))["undertaking_id"]
    assert (await refused(service, f"/undertakings/{own}/return", "mediator", "qian", reason="other"))[0] == 422
    await act(service, f"/undertakings/{own}/return", "mediator", "qian", reason="party_refuses")
    page = await service.call_in(call_id, "queued")
    assert (page["queue_item"]["queue"], page["queue_item"]["enqueued_at"]) == ("operators", before)


async def _objection(service: RunningService, call: CallMaker) -> None:
    for upheld in (True, False):
        call_id, item_id = await waiting(service, call, LIGHT, "departments")
        if upheld:
            made = await act(
                service, f"/items/{item_id}/object", "department", "sun", reason="not_ours", words="属市政"
            )
        else:
            own = (await act(service, f"/items/{item_id}/undertake", "department", "sun"))["undertaking_id"]
            made = await act(service, f"/undertakings/{own}/object", "department", "sun", reason="duplicate")
        own, objection = made["undertaking_id"], made["objection_id"]
        assert (await refused(service, f"/items/{item_id}/undertake", "department", "li"))[1] == "held-by-other"
        text = {"outcome": "resolved", "text": "已换"}
        assert (await refused(service, f"/undertakings/{own}/reply", "department", "sun", **text))[0] == 409
        path = f"/objections/{objection}/decide"
        assert (await refused(service, path, "manager", "zheng", upheld=upheld))[0] == 422, "says where, or why not"
        ruling = {"destination": "departments"} if upheld else {"words": "工单不同，请照办"}
        await act(service, path, "manager", "zheng", upheld=upheld, **ruling)
        assert (await refused(service, path, "manager", "zheng", upheld=upheld, **ruling))[0] == 409
        if upheld:
            page = await service.call_in(call_id, "queued")
            assert page["queue_item"]["queue"] == "departments"
            assert (await refused(service, f"/items/{item_id}/undertake", "department", "sun"))[0] == 409
            own = (await act(service, f"/items/{item_id}/undertake", "department", "li"))["undertaking_id"]
            await act(service, f"/undertakings/{own}/reply", "department", "li", outcome="resolved", text="井盖已更换")
            await service.call_in(call_id, "completed")
        else:
            assert (await refused(service, f"/undertakings/{own}/object", "department", "sun", reason="court"))[
                0
            ] == 409
            _, file = await service.request("GET", f"/undertakings/{own}", role="department", user="sun")
            assert (file["state"], file["holder_name"]) == ("handling", "sun")
    async with service.pool.acquire() as connection:
        kept = await connection.fetch("select detail from audit_entries where action = 'objection_decided' order by id")
    assert [row["detail"]["decision"] for row in kept] == ["upheld", "rejected"]


async def _reply_and_again(service: RunningService, call: CallMaker) -> None:
    call_id, item_id = await waiting(service, call, LIGHT, "departments")
    taken = await act(service, f"/items/{item_id}/undertake", "department", "li")
    own = taken["undertaking_id"]
    assert taken["code"].startswith("AJ")
    path = f"/undertakings/{own}"
    assert (await refused(service, f"{path}/extend", "department", "li", workdays=11, reason="缺件"))[0] == 422
    later = await act(service, f"{path}/extend", "department", "li", workdays=3, reason="等配件到货")
    assert later["due_at"] > taken["due_at"]
    assert (await refused(service, f"{path}/extend", "department", "li", workdays=1, reason="再等"))[0] == 409
    await act(service, f"{path}/reply", "department", "li", outcome="planned", text="已列入下周计划，电话告知来电人")
    await service.call_in(call_id, "completed")
    unreached = {"appraisal": "unreached", "resolved": True}
    assert (await refused(service, f"{path}/appraise", "operator", "anna", **unreached))[0] == 422
    answer = await act(
        service,
        f"{path}/appraise",
        "operator",
        "anna",
        appraisal="unsatisfied",
        words="太慢",
        again=True,
        resolved=False,
    )
    assert answer["state"] == "handling"
    assert await settled_shares(service) == {"解决率": 0.0, "首次解决率": 0.0}
    assert (await refused(service, f"{path}/object", "department", "li", reason="not_ours"))[0] == 409
    await act(service, f"{path}/reply", "department", "li", outcome="resolved", text="今天已换好")
    answer = await act(service, f"{path}/appraise", "operator", "anna", appraisal="satisfied", resolved=True)
    assert answer["state"] == "appraised"
    _, file = await service.request("GET", path, role="department", user="li")
    assert file["resolved"] is True
    assert await settled_shares(service) == {"解决率": 1.0, "首次解决率": 0.0}, "settled, but only the second time"


async def settled_shares(service: RunningService) -> dict[str, float | None]:
    """解决率 and 首次解决率 of all calls."""
    now = datetime.now(UTC)
    async with service.pool.acquire() as connection:
        found = await indicator_figures(
            connection, load_indicators(ConfigFiles()), now - timedelta(days=30), now + timedelta(days=1), ()
        )
    return {one.name: figures[0].value for one, figures in found if one.code.endswith("resolution_rate")}


async def _no_police_matter(service: RunningService, call: CallMaker) -> None:
    call_id, _ = await waiting(service, call, THEFT, "police", line="110")
    path = f"/police/calls/{call_id}"
    await act(service, f"{path}/accept", "police", "zhou")
    assert (await refused(service, f"{path}/accept", "police", "wu"))[2].count("zhou") == 1
    assert (await refused(service, f"{path}/return", "police", "wu", reason="civil"))[1] == "held-by-other"
    assert (await refused(service, f"{path}/return", "police", "zhou", reason="other"))[0] == 422
    await act(service, f"{path}/return", "police", "zhou", reason="civil", words="邻居借走的，双方认识")
    page = await service.call_in(call_id, "queued")
    assert page["queue_item"]["queue"] == "mediators"
    back = {"destination": "police", "reason": "类别判断有误"}
    status, kind, _ = await refused(service, f"/calls/{call_id}/forward", "operator", "anna", **back)
    assert (status, kind) == (409, "police-declined")
    # read again with the same words: it stays away from the police
    await service.post_calls(call(THEFT + "，就这些", line="110", external_id=page["call"]["external_id"]))
    page = await service.call_in(call_id, "queued")
    assert page["queue_item"]["queue"] == "mediators"
    made = await act(service, f"/calls/{call_id}/forward", "operator", "anna", **back, new_danger=True)
    assert made["queue"] == "police"


async def _left_behind(service: RunningService, call: CallMaker) -> None:
    call_id, item_id = await waiting(service, call, NOISE, "mediators")
    own = (await act(service, f"/items/{item_id}/mediate", "mediator", "qian"))["undertaking_id"]
    async with service.pool.acquire() as connection:
        leaver = await connection.fetchval("select id from users where name = 'qian'")
    status, left = await service.request("POST", f"/users/{leaver}/disable", role="security")
    assert (status, [each["call_id"] for each in left["left_cases"]]) == (200, [call_id])
    forward = {"destination": "lawyers", "reason": "x"}
    assert (await refused(service, f"/calls/{call_id}/forward", "operator", "anna", **forward))[1] == "held-by-other"
    await act(service, f"/undertakings/{own}/take-over", "mediator", "zhao")
    assert (await refused(service, f"/undertakings/{own}/take-over", "mediator", "zhao"))[0] == 409
    await act(service, f"/undertakings/{own}/end", "mediator", "zhao", outcome="settled", text="双方自行和解")
    await service.call_in(call_id, "completed")
    # what was written goes with the notes, once their time is over
    async with service.pool.acquire() as connection, connection.transaction():
        await erase_parts(connection, service.services.vault, [call_id], {"notes"})
    async with service.pool.acquire() as connection:
        kept = await connection.fetchrow("select state, outcome, reply from undertakings where id = $1", own)
    assert tuple(kept) == ("fed_back", "settled", None)


ACTS = ("accept", "object", "reject", "uphold", "reply", "satisfied", "again", "leave", "take_over")


async def _walks(service: RunningService, call: CallMaker) -> None:
    """Whatever is tried in whatever order, refused or not: somebody or some queue always has the matter."""
    async with service.pool.acquire() as connection:
        known = await connection.fetch("select from_state, to_state from undertaking_transitions")
    assert {tuple(row) for row in known} == {(old, new) for old, following in TRANSITIONS.items() for new in following}
    rng, done = random.Random(7), Counter[str]()
    for _ in range(6):
        call_id, item_id = await waiting(service, call, LIGHT, "departments")
        for act_name in rng.choices(ACTS, k=9):
            done[act_name] += await _try(service, act_name, call_id, item_id)
            await _somebody_has_it(service, call_id)
    assert {"accept", "object", "reply"} <= set(+done), done


async def _try(service: RunningService, act_name: str, call_id: int, item_id: int) -> bool:
    async with service.pool.acquire() as connection:
        own = await connection.fetchval("select max(id) from undertakings where call_id = $1", call_id)
        objection = await connection.fetchval("select max(id) from objections where undertaking_id = $1", own)
        if act_name == "leave":
            # as leavers/queries.sql does where an account is disabled
            await connection.execute("update undertakings set holder = null where call_id = $1", call_id)
            return True
    path, role, user, body = {
        "accept": (f"/items/{item_id}/undertake", "department", "li", {}),
        "object": (f"/items/{item_id}/object", "department", "sun", {"reason": "unclear"}),
        "reject": (f"/objections/{objection}/decide", "manager", "zheng", {"upheld": False, "words": "请照办"}),
        "uphold": (
            f"/objections/{objection}/decide",
            "manager",
            "zheng",
            {"upheld": True, "destination": "departments"},
        ),
        "reply": (f"/undertakings/{own}/reply", "department", "li", {"outcome": "explained", "text": "已说明"}),
        "satisfied": (f"/undertakings/{own}/appraise", "operator", "anna", {"appraisal": "satisfied"}),
        "again": (f"/undertakings/{own}/appraise", "operator", "anna", {"appraisal": "unsatisfied", "again": True}),
        "take_over": (f"/undertakings/{own}/take-over", "department", "li", {}),
    }[act_name]
    status, answer = await service.request("POST", path, role=role, user=user, json=body)
    assert status in (200, 201, 404, 409), (act_name, answer)
    return status < 300


async def _somebody_has_it(service: RunningService, call_id: int) -> None:
    async with service.pool.acquire() as connection:
        row = await connection.fetchrow(
            """
            select c.state, i.state as item,
                   (select count(*) from undertakings k where k.call_id = c.id
                      and k.state in ('handling', 'objected')) as carried,
                   (select count(*) from undertakings k where k.call_id = c.id
                      and k.state in ('fed_back', 'appraised')) as finished,
                   (select count(*) from assignments s where s.call_id = c.id and s.ended_at is null) as leases
            from calls c join queue_items i on i.call_id = c.id and i.role = 'lead' where c.id = $1
            """,
            call_id,
        )
    found = (row["state"], row["item"], row["carried"], row["finished"])
    assert row["leases"] == 0
    assert found in {
        ("queued", "waiting", 0, 0),
        ("claimed", "claimed", 1, 0),
        ("completed", "done", 0, 1),
        ("completed", "done", 1, 0),  # taken up once more
    }, found
