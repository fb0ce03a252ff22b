"""The knowledge base over the API: versions, who may write, expiry, search, citations, imports."""

from __future__ import annotations

import asyncio
from datetime import date, timedelta
from typing import Any

from tests.service_fixtures import CallMaker, RunningService

TODAY = date.today()  # noqa: DTZ011 - far from midnight matters to nobody here


def written(title: str = "拖欠工资怎么投诉", **fields: Any) -> dict[str, Any]:
    """An article as the editor sends it."""
    return {
        "title": title,
        "answer": "请先向用人单位所在区的劳动保障监察大队投诉，带上合同和工资记录。",
        "body": "# 依据\n\n- 劳动法有关工资支付的规定\n- 本市监察办法",
        "topic": "labour",
        "org_id": 1,
        "expires_on": (TODAY + timedelta(days=200)).isoformat(),
        "change_note": "首次发布",
        **fields,
    }


async def publish(service: RunningService, **fields: Any) -> int:
    """A published article; its id."""
    status, made = await service.request("POST", "/articles", role="manager", json=written(**fields))
    assert status == 201, made
    status, answer = await service.request(
        "POST", f"/articles/{made['id']}/publish", role="manager", json={"revision": 1}
    )
    assert status == 200, answer
    return int(made["id"])


async def test_a_departments_revision_becomes_a_version_once_a_manager_publishes_it(service: RunningService) -> None:
    article_id = await publish(service)
    ask = service.request
    status, body = await ask("POST", "/articles/import", role="department", data=b"x")
    assert status == 403, body
    revised = written(answer="请先到“劳动监察”窗口投诉。", change_note="窗口改了", propose=True)
    status, body = await ask("PUT", f"/articles/{article_id}/draft", role="department", json=revised)
    assert (status, body["revision"]) == (200, 1)
    status, body = await ask("POST", f"/articles/{article_id}/publish", role="department", json={"revision": 1})
    assert status == 403
    # somebody who still has the page of before does not write over it
    status, body = await ask("PUT", f"/articles/{article_id}/draft", role="manager", json=revised)
    assert (status, body["type"]) == (409, "urn:hotline:problem:article-changed")
    status, body = await ask("POST", f"/articles/{article_id}/return", role="manager", json={"reason": "请写明地址"})
    assert status == 200, body
    revised |= {"revision": 2, "answer": "请到市民中心三楼“劳动监察”窗口投诉。"}
    status, body = await ask("PUT", f"/articles/{article_id}/draft", role="department", json=revised)
    assert (status, body["revision"]) == (200, 3)
    status, body = await ask("POST", f"/articles/{article_id}/publish", role="manager", json={"revision": 3})
    assert (status, body["version"]) == (200, 2)
    status, page = await ask("GET", f"/articles/{article_id}", role="lawyer")
    assert [each["version"] for each in page["versions"]] == [2, 1]
    assert page["answer"].startswith("请到市民中心")
    status, first = await ask("GET", f"/articles/{article_id}?version=1", role="lawyer")
    assert first["answer"].startswith("请先向用人单位")


async def test_a_department_writes_for_itself_only(service: RunningService) -> None:
    async with service.pool.acquire() as connection:
        other = await connection.fetchval(
            "insert into organisations (code, name) values ('rs', '某市人社局') returning id"
        )
    article_id = await publish(service, org_id=other)
    status, body = await service.request(
        "PUT", f"/articles/{article_id}/draft", role="department", json=written(org_id=1)
    )
    assert (status, body["type"]) == (403, "urn:hotline:problem:not-your-article")
    status, body = await service.request("POST", "/articles", role="department", json=written(org_id=other))
    assert status == 403


async def test_articles_are_found_by_their_words_and_only_valid_ones_are_offered(
    service: RunningService, call: CallMaker
) -> None:
    wages = await publish(service)
    noise = await publish(
        service,
        title="夜间施工噪声扰民怎么办",
        answer="夜间22点到次日6点禁止产生噪声的施工，请提供工地位置。",
        body="",
        topic="environment",
    )
    old = await publish(service, title="工资专用账户查询", answer="可在监察大队查询工资账户。", body="")
    async with service.pool.acquire() as connection:
        await connection.execute("alter table article_versions disable trigger append_only") if False else None
    status, found = await service.request("GET", "/articles?q=噪声 施工", role="operator")
    assert [each["id"] for each in found["items"]] == [noise]
    status, found = await service.request("GET", "/articles?q=工资", role="operator")
    assert {each["id"] for each in found["items"]} == {wages, old}
    await service.start_worker()
    answer = await service.post_calls(call("老板拖欠工资三个月了，我想投诉"))
    call_id = answer["accepted"][0]["call_id"]
    await service.call_in(call_id, "queued", "proposed", "triaged")
    status, offered = await service.request("GET", f"/calls/{call_id}/articles", role="operator")
    assert offered["items"][0]["id"] == wages
