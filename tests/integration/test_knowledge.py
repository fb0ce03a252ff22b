"""The knowledge base over the API: versions, who may write, expiry, search, citations, imports."""

from __future__ import annotations

import json
from datetime import date, timedelta
from typing import Any

import asyncpg
import pytest

from routing.knowledge.article import ArticleText
from routing.knowledge.service import publish_text, queries
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
    _, found = await service.request("GET", "/articles?q=噪声 施工", role="operator")
    assert [each["id"] for each in found["items"]] == [noise]
    # a part of a word, as it stands in the text
    _, found = await service.request("GET", "/articles?q=止产生噪", role="operator")
    assert [each["id"] for each in found["items"]] == [noise]
    _, found = await service.request("GET", "/articles?q=工资", role="operator")
    assert {each["id"] for each in found["items"]} == {wages, old}
    await service.start_worker()
    answer = await service.post_calls(call("老板拖欠工资三个月了，我想投诉"))
    call_id = answer["accepted"][0]["call_id"]
    await service.call_in(call_id, "queued", "proposed", "triaged")
    _, offered = await service.request("GET", f"/calls/{call_id}/articles", role="operator")
    assert offered["items"][0]["id"] == wages


async def answered(service: RunningService, call: CallMaker, **body: Any) -> tuple[int, int, Any]:
    """A call that an operator answers directly: call id, status, body."""
    await service.token("operator", "zhou")
    made = await service.post_calls(call("老板拖欠工资，怎么投诉", live=True, operator="zhou"))
    call_id = int(made["accepted"][0]["call_id"])
    await service.call_in(call_id, "proposed")
    answer = {"answer": "请到劳动监察大队投诉。", **body}
    status, told = await service.request("POST", f"/calls/{call_id}/answer", role="operator", user="zhou", json=answer)
    return call_id, status, told


async def test_an_answer_cites_article_and_version(service: RunningService, call: CallMaker) -> None:
    await service.start_worker()
    article_id = await publish(service)
    cite = {"article": {"id": article_id, "version": 1}}
    call_id, status, _ = await answered(service, call, **cite)
    assert status == 200
    headers = {"Authorization": f"Bearer {await service.token('manager')}"}
    async with service.session.get(f"{service.address}/console/calls/{call_id}", headers=headers) as page:
        assert "引用《拖欠工资怎么投诉》第 1 版" in await page.text()
    # the old form, without any citation, goes on working
    assert (await answered(service, call))[1] == 200
    assert (await answered(service, call, no_article_reason="口头问好"))[1] == 200
    assert (await answered(service, call, no_article_reason="两样都写", **cite))[1] == 422
    status, _ = await service.request("PUT", f"/articles/{article_id}/draft", role="manager", json=written())
    status, _ = await service.request("POST", f"/articles/{article_id}/publish", role="manager", json={"revision": 1})
    assert status == 200
    _, status, told = await answered(service, call, **cite)
    assert (status, told["type"]) == (409, "urn:hotline:problem:article-not-citable")
    assert "第 2 版" in told["detail"]
    cite["article"]["version"] = 2
    status, _ = await service.request("POST", f"/articles/{article_id}/withdraw", role="manager")
    assert (await answered(service, call, **cite))[1] == 409
    async with service.session.get(f"{service.address}/knowledge/articles/{article_id}", headers=headers) as page:
        text = await page.text()
    assert "引用 1 次" in text
    assert "zhou" not in text
    async with service.pool.acquire() as connection:
        with pytest.raises(asyncpg.PostgresError):
            await connection.execute("update article_versions set answer = '改写' where article_id = $1", article_id)


async def test_an_expired_article_is_not_cited(service: RunningService, call: CallMaker) -> None:
    await service.start_worker()
    async with service.pool.acquire() as connection, connection.transaction():
        text = ArticleText(**{k: v for k, v in written().items() if k != "expires_on"}, expires_on=TODAY - timedelta(3))
        article_id = int(await queries.insert_article(connection))
        await publish_text(connection, article_id, text, None)
    _, status, told = await answered(service, call, article={"id": article_id, "version": 1})
    assert status == 409
    assert "到期" in told["detail"]
    status, found = await service.request("GET", "/articles?state=renewal", role="department")
    assert [(each["id"], each["validity"]) for each in found["items"]] == [(article_id, "expired")]
    status, found = await service.request("GET", "/articles?q=工资&state=citable", role="operator")
    assert found["items"] == []


async def imported(service: RunningService, data: bytes) -> dict[str, Any]:
    """The outcome of an import, which is the last line of the answer."""
    headers = {"Authorization": f"Bearer {await service.token('manager')}"}
    address = f"{service.address}/api/v1/articles/import"
    async with service.session.post(address, data=data, headers=headers) as answer:
        assert answer.status == 200
        lines = (await answer.text()).splitlines()
    return dict(json.loads(lines[-1])["result"])


async def test_good_rows_of_an_import_are_published_and_bad_ones_named(service: RunningService) -> None:
    until = (TODAY + timedelta(days=90)).isoformat()
    rows = [
        "标题,答复口径,依据与说明,领域,承办单位,有效期至",
        f"停水了怎么办,抢修队一小时内到场。,,水电气暖通信,市热线中心,{until}",
        f"没有领域的,口径,,天文,市热线中心,{until}",
        "过期的,口径,,labour,市热线中心,2020-01-01",
        f"停水了怎么办,重复了。,,utilities,市热线中心,{until}",
        f",没有标题,,utilities,市热线中心,{until}",
    ]
    data = "\n".join(rows).encode("gb18030")
    done = await imported(service, data)
    assert done["added"] == 1
    assert [(each["row"], each["field"]) for each in done["rejected"]] == [
        (3, "领域"),
        (4, "有效期至"),
        (5, "标题"),
        (6, "标题"),
    ]
    again = await imported(service, data)
    assert (again["added"], again["unchanged"]) == (0, 1)
    newer = "\n".join([rows[0], rows[1].replace("一小时", "四十分钟")]).encode()
    again = await imported(service, newer)
    assert (again["updated"], again["rejected"]) == (1, [])
    status, body = await service.request("POST", "/articles/import", role="manager", data=b"\x00\x01")
    assert (status, body["detail"][:5]) == (422, "file：")
