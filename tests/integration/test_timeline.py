"""Lists and pages of calls: filters, cursors, one caller's calls across the lines, what is hidden from whom."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.service_fixtures import CallMaker, RunningService

LAMP = "我们小区门口的路灯坏了半个月了，晚上黑漆漆的，麻烦派人来修一下"
WAGES = "老板欠我三个月工资一共两万，我想问怎么申请劳动仲裁，要带什么材料"
NUMBER = "13677778888"
#: Numbers planted in what was said and written; none may be seen by anybody.
PLANTED = (NUMBER, "13512349876", "430102199003071234", "6222021234567890123")


async def listed(service: RunningService, **query: Any) -> list[dict[str, Any]]:
    """Every call over all pages."""
    items: list[dict[str, Any]] = []
    cursor = None
    while True:
        params = {**query, **({"cursor": cursor} if cursor else {})}
        status, page = await service.request("GET", "/calls", role="manager", params=params)
        assert status == 200, page
        items += page["items"]
        cursor = page["next_cursor"]
        if cursor is None:
            return items


async def test_every_call_stands_on_one_page_exactly_once(service: RunningService, call: CallMaker) -> None:
    base = datetime(2026, 11, 20, 4, tzinfo=UTC)
    # many of one moment: the cursor must tell them apart by id
    records = [call(LAMP, received_at=(base + timedelta(minutes=n // 9)).isoformat()) for n in range(47)]
    await service.post_calls(*records)
    for limit in (1, 7, 46, 47, 48):
        seen = await listed(service, limit=limit)
        assert len(seen) == 47
        assert {item["external_id"] for item in seen} == {record["external_id"] for record in records}
        order = [(item["received_at"], item["id"]) for item in seen]
        assert order == sorted(order, reverse=True)


async def test_calls_that_arrive_meanwhile_do_not_shift_the_pages(service: RunningService, call: CallMaker) -> None:
    await service.post_calls(*(call(LAMP) for _ in range(10)))
    _, first = await service.request("GET", "/calls", params={"limit": 5})
    await service.post_calls(*(call(LAMP, received_at=datetime.now(UTC).isoformat()) for _ in range(5)))
    _, second = await service.request("GET", "/calls", params={"limit": 5, "cursor": first["next_cursor"]})
    assert len({item["id"] for item in first["items"] + second["items"]}) == 10


async def test_filters(service: RunningService, call: CallMaker) -> None:
    await service.post_calls(
        call(LAMP, external_id="a", received_at="2026-11-18T23:59:59+08:00"),
        call(WAGES, external_id="b", received_at="2026-11-19T00:00:00+08:00", line="12348"),
        call(WAGES, external_id="c", received_at="2026-11-20T00:00:00+08:00"),
    )
    await service.start_worker()
    for item in await listed(service):
        await service.call_in(item["id"], "queued")

    async def ids(**query: Any) -> list[str]:
        return [item["external_id"] for item in await listed(service, **query)]

    assert await ids() == ["c", "b", "a"]
    assert await ids(line="12348") == ["b"]
    assert await ids(route="legal_consultation") == ["c", "b"]
    assert await ids(route="legal_consultation", line="12345") == ["c"]
    assert await ids(destination="departments") == ["a"]
    assert await ids(state="queued") == ["c", "b", "a"]
    assert await ids(state="closed") == []
    days = {"from": "2026-11-19", "to": "2026-11-20"}
    assert await ids(**days) == ["b"], "from inclusive, to exclusive, days of Asia/Shanghai"
    assert await ids(**{"from": "2026-11-18T16:00:00Z"}) == ["c", "b"]


async def test_the_page_of_a_call(service: RunningService, call: CallMaker) -> None:
    await service.start_worker()
    answer = await service.post_calls(call(WAGES, line="12348"))
    page = await service.call_in(answer["accepted"][0]["call_id"], "queued")
    assert {"call", "triage", "decision", "queue_item", "transfers", "timeline"} <= set(page)
    assert page["transfers"] == []
    triage = page["triage"]
    assert triage["ranking"][0][0] == triage["route"]
    assert len(triage["ranking"]) == 5
    assert len(triage["topic"]) <= 3
    for span in [*triage["evidence"], *triage["entities"], *triage["danger"]["signals"]]:
        assert page["call"]["transcript"][span["start"] : span["end"]] == span["text"]
    assert page["decision"]["policy_version"]
    assert [entry["state"] for entry in page["timeline"] if entry["state"]] == ["received", "triaged", "queued"]
    times = [entry["at"] for entry in page["timeline"]]
    assert times == sorted(times)


async def test_a_callers_timeline_shows_line_date_and_state_only(service: RunningService, call: CallMaker) -> None:
    now = datetime.now(UTC)
    answer = await service.post_calls(
        call(LAMP, caller_number=NUMBER, line="12345", received_at=(now - timedelta(days=20)).isoformat()),
        call(WAGES, caller_number=f"+86 {NUMBER}", line="12348", received_at=(now - timedelta(days=2)).isoformat()),
        call(LAMP, caller_number=NUMBER, line="110", received_at=(now - timedelta(days=200)).isoformat()),
        call(WAGES, caller_number=NUMBER, received_at=(now - timedelta(days=1)).isoformat(), confidential=True),
        call(LAMP, caller_number="匿名"),
        call(LAMP, caller_number="匿名"),
        call(LAMP, caller_number="13000000001"),
    )
    ids = [entry["call_id"] for entry in answer["accepted"]]
    _, page = await service.request("GET", f"/calls/{ids[1]}", role="operator")
    assert [entry["line"] for entry in page["caller_timeline"]] == ["12345"], "within the window, not confidential"
    assert set(page["caller_timeline"][0]) == {"entry", "line", "received_at", "state", "next"}
    assert str(ids[0]) not in page["caller_timeline"][0].values(), "the other call is opened with a reason only"
    for withheld in ids[4:]:
        _, page = await service.request("GET", f"/calls/{withheld}", role="operator")
        assert page["caller_timeline"] == [], "withheld numbers are nobody's timeline"
    _, page = await service.request("GET", f"/calls/{ids[3]}", role="department")
    assert page["caller_timeline"] == [], "a confidential call leads a department to no other call of its caller"
    _, page = await service.request("GET", f"/calls/{ids[3]}", role="operator")
    assert [entry["line"] for entry in page["caller_timeline"]] == ["12348", "12345"]


async def test_no_number_is_seen_anywhere(service: RunningService, call: CallMaker) -> None:
    _, other, card, account = PLANTED
    said = f"我电话{NUMBER}，另一个是{other[:3]} {other[3:7]} {other[7:]}，身份证{card}，卡号{account}。{WAGES}"
    record = call(
        [{"speaker": "来电人", "text": said, "seq": 1}, {"speaker": "话务员", "text": f"记下了{other}", "seq": 2}],
        caller_number=NUMBER,
        address=f"幸福路3号，联系{other}",
        source={"phone": NUMBER, "note": account},
        line="12348",
    )
    await service.start_worker()
    answer = await service.post_calls(record)
    call_id = answer["accepted"][0]["call_id"]
    await service.call_in(call_id, "queued")
    seen: list[Any] = []
    for role in ("operator", "lawyer", "police", "department", "manager", "admin"):
        for path in (f"/calls/{call_id}", "/calls", "/queues", "/queues/lawyers/items", "/queues/operators/items"):
            status, body = await service.request("GET", path, role=role)
            assert status == 200
            seen.append(body)
    status, claim = await service.request("POST", "/queues/lawyers/claim", role="lawyer")
    seen.append(claim)
    if status == 200:
        seen.append(await service.request("GET", "/assignments", role="lawyer"))
    text = json.dumps(seen, ensure_ascii=False, default=str)
    digits = text.replace(" ", "")
    assert [number for number in PLANTED if number in digits] == []
    assert "136****8888" in text


async def test_a_department_does_not_see_who_made_a_confidential_call(service: RunningService, call: CallMaker) -> None:
    secret = {"caller_number": NUMBER, "caller_name": "欧阳明月", "address": "幸福路3号", "recording_number": "REC-5"}
    answer = await service.post_calls(call(LAMP, confidential=True, **secret), call(LAMP, **secret))
    hidden, open_ = [entry["call_id"] for entry in answer["accepted"]]
    _, page = await service.request("GET", f"/calls/{hidden}", role="department")
    told = json.dumps(page["call"], ensure_ascii=False)
    # the last digits by themselves: a moment's fraction of a second may hold the same
    assert not re.search(r"(?<![\w.])8888(?!\w)", told)
    for trace in ("欧", "幸福路", "REC-5"):
        assert trace not in told
    _, page = await service.request("GET", f"/calls/{open_}", role="department")
    assert (page["call"]["caller_number"], page["call"]["address"]) == ("136****8888", "幸福路*号")
    assert page["call"]["caller_name"] == "欧**"
    _, page = await service.request("GET", f"/calls/{hidden}", role="operator")
    assert page["call"]["caller_number"] == "136****8888"
    _, items = await service.request("GET", "/calls", role="operator")
    assert [item["caller_number"] for item in items["items"] if item["confidential"]] == [None]


async def test_once_confidential_a_call_stays_so(service: RunningService, call: CallMaker) -> None:
    record = call(LAMP, confidential=True)
    answer = await service.post_calls(record)
    await service.post_calls(record | {"confidential": False, "transcript": LAMP + "，谢谢"})
    _, page = await service.request("GET", f"/calls/{answer['accepted'][0]['call_id']}")
    assert (page["call"]["version"], page["call"]["confidential"]) == (2, True)


async def test_lawyers_notes_stay_with_lawyers_and_the_summary_is_for_all(
    service: RunningService, call: CallMaker
) -> None:
    await service.start_worker()
    for name in ("lin", "luo"):
        await service.token("lawyer", name)
    answer = await service.post_calls(call(WAGES, line="12348"))
    call_id = answer["accepted"][0]["call_id"]
    page = await service.call_in(call_id, "queued")
    if page["queue_item"]["queue"] != "lawyers":
        await service.request(
            "POST", f"/calls/{call_id}/forward", json={"destination": "lawyers", "reason": "法律问题"}
        )
    status, claim = await service.request("POST", "/queues/lawyers/claim", role="lawyer", user="lin")
    assert status == 200
    path = f"/assignments/{claim['assignment_id']}"
    body = {"notes": "对方可能提时效抗辩，先不告知"}
    status, _ = await service.request("PUT", f"{path}/notes", role="lawyer", user="lin", json=body)
    assert status == 200
    body = {
        "disposition": "已解答",
        "notes": "对方可能提时效抗辩，先不告知",
        "summary": "已告知仲裁流程",
        "summary_approved": True,
    }
    status, _ = await service.request("POST", f"{path}/complete", role="lawyer", user="lin", json=body)
    assert status == 200
    for role, user in (("lawyer", "lin"), ("lawyer", "luo")):
        _, page = await service.request("GET", f"/calls/{call_id}", role=role, user=user)
        assert page["assignments"][0]["notes"] == body["notes"]
    for role in ("operator", "police", "mediator", "department", "manager", "admin"):
        _, page = await service.request("GET", f"/calls/{call_id}", role=role)
        assert "时效抗辩" not in json.dumps(page, ensure_ascii=False), role
        assert page["assignments"][0]["summary"] == "已告知仲裁流程"
