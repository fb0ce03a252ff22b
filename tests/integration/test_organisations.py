"""Organisations: added, renamed, retired by the system administrator; people put into them, each move on record."""

from __future__ import annotations

from typing import Any

from tests.service_fixtures import RunningService


async def account(service: RunningService, name: str, role: str) -> int:
    await service.token(role, name)
    async with service.pool.acquire() as connection:
        return int(await connection.fetchval("select id from users where name = $1", name))


async def ask(service: RunningService, method: str, path: str, body: Any = None) -> tuple[int, Any]:
    return await service.request(method, path, role="admin", user="mao", json=body)


async def test_an_organisation_from_its_first_day_to_its_last(service: RunningService) -> None:
    mao = await account(service, "mao", "admin")
    rong = await account(service, "rong", "department")
    water = {"name": "市水务集团", "kind": "department", "aliases": ["自来水公司", " 自来水公司 ", "市水务集团"]}
    status, made = await ask(service, "POST", "/organisations", water)
    assert (status, made["code"], made["aliases"]) == (201, f"org{made['id']}", ["自来水公司"])
    for body, field in (
        (water, "name"),
        ({"name": "水", "kind": "department"}, "name"),
        ({"name": "市热线中心二部", "kind": "city"}, "kind"),
        ({"name": "市园林局", "aliases": ["园"]}, "aliases"),
        ({"name": "市园林局", "code": "园林"}, "code"),
        ({"name": "市园林局", "code": made["code"]}, "code"),
    ):
        status, problem = await ask(service, "POST", "/organisations", body)
        assert (status, problem["type"]) == (422, "urn:hotline:problem:organisation-invalid")
        assert problem["detail"].startswith(field)

    path = f"/organisations/{made['id']}"
    status, answer = await ask(service, "POST", f"{path}/people", {"user_ids": [rong]})
    assert (status, answer["moved"], answer["people"]) == (200, [rong], 1)
    status, answer = await ask(service, "POST", f"{path}/people", {"user_ids": [rong]})
    assert (status, answer["moved"]) == (200, []), "who works there already is not moved again"
    for user_ids in ([mao], [rong, 10**9]):
        assert (await ask(service, "POST", f"{path}/people", {"user_ids": user_ids}))[0] == 422
    _, listed = await ask(service, "GET", "/organisations")
    assert {person["name"]: person["org_id"] for person in listed["people"]}["rong"] == made["id"]

    status, problem = await ask(service, "POST", f"{path}/retire")
    assert (status, problem["type"]) == (409, "urn:hotline:problem:organisation-staffed")
    assert (await ask(service, "POST", "/organisations/1/people", {"user_ids": [rong]}))[0] == 200
    assert (await ask(service, "POST", f"{path}/retire"))[1]["retired_at"] is not None
    assert (await ask(service, "POST", f"{path}/retire"))[0] == 422
    assert (await ask(service, "POST", f"{path}/people", {"user_ids": [rong]}))[0] == 422
    # its name is free meanwhile; once another has it, the old one cannot come back under it
    _, heir = await ask(service, "POST", "/organisations", {"name": "市水务集团"})
    assert (await ask(service, "POST", f"{path}/restore"))[0] == 422
    renamed = {"name": "市供水公司", "kind": "other", "aliases": []}
    assert (await ask(service, "PUT", f"/organisations/{heir['id']}", renamed))[1]["name"] == "市供水公司"
    assert (await ask(service, "POST", f"{path}/restore"))[1]["retired_at"] is None

    assert (await ask(service, "POST", "/organisations/1/retire"))[0] == 422, "the city's own stays"
    city = {"name": "澜江市热线中心", "kind": "city"}
    assert (await ask(service, "PUT", "/organisations/1", city))[1]["name"] == "澜江市热线中心"
    assert (await ask(service, "PUT", f"/organisations/{10**9}", renamed))[0] == 404
    async with service.pool.acquire() as connection:
        rows = await connection.fetch(
            "select action, subject, detail from audit_entries where action like 'organisation%' order by id"
        )
    assert [row["action"].removeprefix("organisation_") for row in rows] == [
        "added",
        "assigned",
        "assigned",
        "retired",
        "added",
        "changed",
        "restored",
        "changed",
    ]
    assert (rows[1]["subject"], rows[1]["detail"]) == (f"user:{rong}", {"from": 1, "to": made["id"]})
    assert not any("水务" in str(row["detail"]) for row in rows), "ids and codes only"
