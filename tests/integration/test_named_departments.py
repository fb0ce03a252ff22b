"""A forward names the department: it comes first there and nowhere else, and taking back puts things as they were."""

from __future__ import annotations

from typing import Any

from tests.integration.test_first import WELL, side, works_for
from tests.service_fixtures import CallMaker, RunningService

WAGES = "老板欠了我三个月工资不给，没有签劳动合同，我想问怎么要回来，能不能去仲裁"


async def forward(service: RunningService, call_id: int, **order: Any) -> tuple[int, Any]:
    return await service.request(
        "POST", f"/calls/{call_id}/forward", role="operator", user="zhou", json={"mode": "one_key", **order}
    )


async def choices(service: RunningService, call_id: int) -> list[dict[str, Any]]:
    _, answer = await service.request("GET", f"/calls/{call_id}/departments", role="operator", user="zhou")
    return list(answer["items"])


async def test_a_department_named_comes_first(service: RunningService, call: CallMaker) -> None:
    await service.start_worker()
    await service.token("operator", "zhou")
    for user in ("sun", "li"):
        await service.token("department", user)
    answer = await service.post_calls(call(WELL, live=True, operator="zhou"), call(WAGES, live=True, operator="zhou"))
    well, wages = (row["call_id"] for row in answer["accepted"])
    await service.call_in(wages, "proposed")
    page = await service.call_in(well, "proposed")
    async with service.pool.acquire() as connection:
        topic = await connection.fetchval("select topics[1] from triages where call_id = $1", well)
        roads = await works_for(connection, "sun", "cg", "市城管局", topic)
        water = await works_for(connection, "li", "sw", "市水务局", "labour")
        await connection.execute("insert into organisations (code, name, kind) values ('ls', '某律所', 'law_firm')")
    found = await choices(service, well)
    assert [(each["name"], each["proposed"], each["staffed"]) for each in found] == [
        ("市城管局", True, True),
        ("市水务局", False, True),
    ]

    destination = page["decision"]["destination"]
    order: dict[str, Any] = {"destination": "departments", "department": water}
    if destination != "departments":
        order["reason"] = "归水务"
    assert (await forward(service, well, **(order | {"department": 10**9})))[0] == 422
    status, problem = await forward(service, wages, destination="lawyers", department=water)
    assert (status, problem["detail"].split("：")[0]) == (422, "department")
    status, transfer = await forward(service, well, **order)
    assert (status, transfer["department"]) == (200, "市水务局")
    assert "点名派来" in await side(service, "department", "li")
    others = await side(service, "department", "sun")
    assert 'data-fits="no"' in others
    claim = "/queues/departments/claim"
    assert (await service.request("POST", claim, role="department", user="sun"))[0] == 204, "it is not theirs"

    # taken back and sent without a name: again whoever answers for the field
    status, _ = await service.request(
        "POST", f"/transfers/{transfer['id']}/cancel", role="operator", user="zhou", json={}
    )
    assert status == 200
    status, transfer = await forward(service, well, **{k: v for k, v in order.items() if k != "department"})
    assert (status, transfer["department"]) == (200, None)
    assert "点名派来" not in await side(service, "department", "li")
    assert (await service.request("POST", claim, role="department", user="li"))[0] == 204
    status, taken = await service.request("POST", claim, role="department", user="sun")
    assert (status, taken["call"]["id"]) == (200, well)

    # whom the call complains about is neither offered nor taken
    async with service.pool.acquire() as connection:
        await connection.execute("insert into call_concerns (call_id, org_id) values ($1, $2)", wages, roads)
    assert [each["name"] for each in await choices(service, wages)] == ["市水务局"]
    status, problem = await forward(service, wages, destination="departments", department=roads, reason="归城管")
    assert status == 422
    assert "市城管局" in problem["detail"]


async def test_a_ruling_names_the_department_as_a_forward_does(service: RunningService, call: CallMaker) -> None:
    await service.start_worker()
    await service.token("operator", "zhou")
    for user in ("sun", "li"):
        await service.token("department", user)
    answer = await service.post_calls(call(WELL, live=True, operator="zhou"))
    well = answer["accepted"][0]["call_id"]
    page = await service.call_in(well, "proposed")
    async with service.pool.acquire() as connection:
        topic = await connection.fetchval("select topics[1] from triages where call_id = $1", well)
        roads = await works_for(connection, "sun", "cg", "市城管局", topic)
        water = await works_for(connection, "li", "sw", "市水务局", "labour")
        await connection.execute("update calls set live = false where id = $1", well)
    order: dict[str, Any] = {"destination": "departments", "department": roads}
    if page["decision"]["destination"] != "departments":
        order["reason"] = "归城管"
    assert (await forward(service, well, **order))[0] == 200
    page = await service.call_in(well, "queued")
    async with service.pool.acquire() as connection:
        item_id = await connection.fetchval("select max(id) from queue_items where call_id = $1", well)
    status, made = await service.request(
        "POST", f"/items/{item_id}/object", role="department", user="sun", json={"reason": "other", "words": "归水务"}
    )
    assert status == 201, made
    path = f"/objections/{made['objection_id']}"
    status, listed = await service.request("GET", f"{path}/departments", role="manager")
    assert (status, [each["id"] for each in listed["items"]]) == (200, [roads, water])
    assert (await service.request("GET", "/objections/999999999/departments", role="manager"))[0] == 404
    for body, problem in (
        ({"destination": "departments", "department": 10**9}, 422),
        ({"destination": "operators", "department": water}, 422),
        ({"destination": "departments", "department": water}, 200),
    ):
        status, said = await service.request("POST", f"{path}/decide", role="manager", json={"upheld": True, **body})
        assert status == problem, said
    assert "点名派来" in await side(service, "department", "li")
