"""One answer with the next call and all that a desk shows of it; figures beside a proposal; charts in parts."""

from __future__ import annotations

from typing import Any

import orjson

from tests.service_fixtures import CallMaker, RunningService

WAGES = "公司拖欠我三个月工资，没有签劳动合同，我想问去哪里仲裁，能不能要双倍工资"


async def _asked(
    service: RunningService, method: str, path: str, role: str, user: str | None = None, json: Any = None
) -> tuple[int, Any]:
    headers = {"Authorization": f"Bearer {await service.token(role, user)}", "Accept": "application/json"}
    async with service.session.request(method, f"{service.address}{path}", headers=headers, json=json) as answer:
        text = await answer.read()
        return answer.status, orjson.loads(text) if text else None


async def test_the_next_call_comes_whole_unless_its_other_side_was_not_shown(
    service: RunningService, call: CallMaker
) -> None:
    await service.start_worker()
    await service.token("lawyer", "lin")
    answer = await service.post_calls(*(call(WAGES, line="12348") for _ in range(2)))
    first, second = (entry["call_id"] for entry in answer["accepted"])
    for call_id in (first, second):
        await service.call_in(call_id, "queued")
        await service.request("PUT", f"/calls/{call_id}/counterparty", role="operator", json={"name": "启程公司"})

    status, taken = await _asked(service, "POST", "/desk/next", "lawyer", "lin", {"seen": [first]})
    assert (status, taken["call_id"], taken["counterparty"]) == (200, first, ["启程公司"])
    assert f'data-call-id="{first}"' in taken["parts"]["call"]
    assert f'id="work-form" data-draft="work" data-assignment-id="{taken["assignment_id"]}"' in taken["parts"]["work"]
    # read again later: the same two parts, word for word, so that nothing on the screen is replaced
    _, parts = await _asked(service, "GET", f"/desk/work/{taken['assignment_id']}", "lawyer", "lin")
    assert parts == taken["parts"]

    status, taken = await _asked(service, "POST", "/desk/next", "lawyer", "lin", {"seen": [first]})
    assert (status, taken["call_id"], taken["parts"]) == (200, second, None), "the other side first"
    assert await _asked(service, "POST", "/desk/next", "lawyer", "lin", {"seen": []}) == (204, None)


async def test_a_desk_takes_from_its_own_queues_only(service: RunningService, call: CallMaker) -> None:
    await service.start_worker()
    answer = await service.post_calls(call(WAGES, line="12348"))
    await service.call_in(answer["accepted"][0]["call_id"], "queued")
    for wanted in ({}, {"queue": "lawyers"}):
        assert await _asked(service, "POST", "/desk/next", "mediator", "mei", wanted) == (204, None)
    status, _ = await _asked(service, "POST", "/desk/next", "manager", None, {})
    assert status == 403


async def test_figures_beside_a_proposal(service: RunningService) -> None:
    await service.request("PUT", "/presence", role="lawyer", user="lin", json={"presence": "available"})
    status, found = await _asked(service, "GET", "/operator/staffing?queue=lawyers", "operator")
    assert status == 200
    assert "lin" in found["facts"]
    assert "空 1" in found["figures"]["lawyers"]
    status, _ = await _asked(service, "GET", "/operator/staffing?queue=nowhere", "operator")
    assert status == 404


async def test_charts_are_read_in_parts(service: RunningService, call: CallMaker) -> None:
    await service.post_calls(call(WAGES, line="12348"))
    _, whole = await service.request("GET", "/statistics/charts", role="manager")
    _, some = await service.request("GET", "/statistics/charts?parts=line,whole&parts=flow", role="manager")
    assert set(some["parts"]) == {"line", "whole", "flow"}
    assert some["parts"] == {name: whole["parts"][name] for name in some["parts"]}
    status, problem = await service.request("GET", "/statistics/charts?parts=moon", role="manager")
    assert status in (400, 422)
    assert "moon" in problem["detail"]
