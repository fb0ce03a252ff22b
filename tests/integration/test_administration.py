"""Administration: imports with their bad rows, profiles published, legal holds, the audit as a file."""

from __future__ import annotations

import io
import json
from typing import Any

import aiohttp
import pytest
import xlsxwriter
from argon2 import PasswordHasher

from hotline.accounts import passwords
from hotline.accounts.permission_words import GROUPS, UNSAID
from hotline.accounts.permissions import PERMISSIONS
from tests.integration.test_rosters_api import EXCEL
from tests.service_fixtures import RunningService

HEADS = "工单编号,来电时间,来电号码,来电人,诉求标题,诉求内容,诉求类型,所属区县,承办单位"
GOOD = "K1,2026-11-20 09:12:00,13800138001,陈素云,井盖松动,柳荫巷口的井盖一踩就响怕人掉下去,求助,东澜区,市住建局"
NO_TIME = "K2,昨天上午,13800138002,何永康,路灯不亮,书院街的路灯灭了五天,求助,东澜区,市城管局"
NO_ID = ",2026-11-20 09:15:00,13800138003,吴月,停水,整栋楼停水一天了,求助,西屏区,市水务局"


def sheet(heads: tuple[str, ...], *rows: tuple[Any, ...]) -> bytes:
    made = io.BytesIO()
    book = xlsxwriter.Workbook(made)
    page = book.add_worksheet()
    for number, row in enumerate((heads, *rows)):
        for column, value in enumerate(row):
            page.write(number, column, value)
    book.close()
    return made.getvalue()


async def streamed(service: RunningService, path: str, role: str, **options: Any) -> tuple[list[dict[str, Any]], Any]:
    """The lines of progress, and the last line."""
    headers = {"Authorization": f"Bearer {await service.token(role)}", **options.pop("headers", {})}
    async with service.session.post(f"{service.address}/api/v1{path}", headers=headers, **options) as answer:
        assert answer.status == 200, await answer.text()
        assert answer.content_type == "application/x-ndjson"
        lines = [json.loads(line) for line in (await answer.text()).splitlines()]
    return lines[:-1], lines[-1]


def form(content: str, name: str = "export.csv", **fields: str) -> aiohttp.FormData:
    body = aiohttp.FormData()
    for key, value in fields.items():
        body.add_field(key, value)
    body.add_field("file", content.encode(), filename=name)
    return body


async def count(service: RunningService, table: str, where: str = "true") -> int:
    async with service.pool.acquire() as connection:
        return int(await connection.fetchval(f"select count(*) from {table} where {where}"))  # noqa: S608 - our own words


async def test_grids_come_as_a_whole_or_not_at_all_and_what_calls_name_is_retired(service: RunningService) -> None:
    heads = ("编码", "名称", "上级编码", "级别", "负责人", "调解组")
    tree = (
        ("99", "澜江市", "", "市", "", ""),
        ("9901", "东澜区", "99", "区县", "", "东澜区调委会"),
        ("990101", "望江街道", "9901", "街道", "郑主任", ""),
        ("990102", "桐花街道", "9901", "街道", "", ""),
    )

    async def load(data: bytes, query: str = "") -> tuple[int, Any]:
        return await service.request("POST", f"/grids/import{query}", data=data, headers=EXCEL)

    status, seen = await load(sheet(heads, *tree), "?preview=yes")
    assert (status, seen["added_count"], seen["applied"]) == (200, 4, False)
    assert await count(service, "grids") == 0
    status, done = await load(sheet(heads, *tree), f"?mark={seen['mark']}")
    assert (status, done["applied"]) == (200, True)
    await service.post_calls(
        {
            "line": "12345",
            "external_id": "G1",
            "received_at": "2026-11-20T09:12:00+08:00",
            "transcript": "街口的路灯灭了",
            "region": "桐花街道",
        }
    )
    broken = sheet(heads, *tree[:3], ("990103", "石桥街道", "nowhere", "街道", "", ""))
    status, seen = await load(broken, "?preview=yes")
    assert (seen["blocked"], seen["removed_count"]) == (True, 1)
    assert [(row["row"], row["field"]) for row in seen["rejected"]] == [("第5行", "上级编码")]
    status, refused = await load(broken)
    assert (status, refused["type"]) == (422, "urn:hotline:problem:grids-invalid")
    status, kept = await load(broken, "?keep=yes")
    assert (status, kept["removed_count"], len(kept["rejected"])) == (200, 0, 1), "what is good is not lost"
    smaller = sheet(heads, *tree[:2], ("9901", "东澜新区", "99", "区县", "", ""))
    status, _ = await load(sheet(heads, *tree[:2]))
    assert status == 200
    _, shown = await service.request("GET", "/grids")
    assert [grid["code"] for grid in shown["grids"]] == ["99", "99.01"]
    assert await count(service, "grids", "retired_at is not null") == 1, "the street that a call names"
    assert await count(service, "grids") == 3, "the other one is gone"
    status, answer = await load(smaller, "?preview=yes")
    assert [row["field"] for row in answer["rejected"]] == ["编码"]


async def test_what_is_wrong_with_a_file_is_told_in_the_language_of_who_asks(service: RunningService) -> None:
    text = "\n".join((HEADS, GOOD, "K3,2026-11-20 09:20:00", ",昨天下午" + NO_ID[20:])) + "\n"
    english = {"Cookie": "lang=en"}
    _, last = await streamed(service, "/lines/12345/test", "admin", data=form(text), headers=english)
    result = last["result"]
    told = {(row["row"], row["field"]): row["reason"] for row in result["rejects"]}
    # the file's own headings stay
    assert told.keys() == {(3, "whole row"), (4, "工单编号"), (4, "来电时间")}
    assert "has only 2 columns of 9 and may have been cut. Fill in: “来电号码、来电人" in told[3, "whole row"]
    assert {each["field"] for each in result["rejected_by_field"]} == {"whole row", "工单编号", "来电时间"}
    assert [row["request_kind"] for row in result["shown"]] == ["help"]
    _, last = await streamed(service, "/lines/12345/import", "admin", data=form(text), headers=english)
    whole, both = last["result"]["reasons"]
    assert "row 3: whole row: This row has only 2 columns" in whole
    assert "row 4: 工单编号: The id is missing; fill it in. 来电时间: “昨天下午” is no time" in both
    # the file of rejected rows too; imported as it is, the cut row is known again and stays out
    headers = {"Authorization": f"Bearer {await service.token('admin')}"}
    address = f"{service.address}/api/v1/lines/imports/{last['result']['run_id']}/rejects"
    async with service.session.get(address, headers=headers) as answer:
        rejected = (await answer.read()).decode("utf-8-sig")
    assert "This row has only 2 columns" in rejected
    assert "来电时间：“昨天下午” is no time" in rejected
    _, last = await streamed(service, "/lines/12345/test", "admin", data=form(rejected), headers=english)
    [again] = [row for row in last["result"]["rejects"] if row["field"] == "whole row"]
    assert again["reason"].startswith("This row has only 2 columns")
    assert "empty this cell" not in again["reason"]
    _, last = await streamed(service, "/lines/12345/test", "admin", data=form(text))
    assert {row["field"] for row in last["result"]["rejects"]} == {"整行", "工单编号", "来电时间"}


async def test_an_export_is_tried_out_published_for_and_imported(service: RunningService) -> None:
    text = "\n".join((HEADS, GOOD, NO_TIME, NO_ID)) + "\n"
    _, last = await streamed(service, "/lines/12345/test", "admin", data=form(text))
    result = last["result"]
    assert (result["rows"], result["good"], result["rejected"]) == (3, 1, 2)
    assert {(row["row"], row["field"]) for row in result["rejects"]} == {(3, "来电时间"), (4, "工单编号")}
    [shown] = result["shown"]
    assert (shown["caller_number"], shown["caller_name"]) == ("138****8001", "陈**")
    assert await count(service, "calls") == 0, "nothing is stored"
    _, profile = await service.request("GET", "/lines/12345")
    draft = profile["text"].replace('"工单编号", ', '"单号", ').replace('"工单编号"', '"单号"')
    _, last = await streamed(service, "/lines/12345/test", "admin", data=form(text, text=draft))
    assert last["problem"]["type"] == "urn:hotline:problem:file-unreadable", "a draft is tried out as it stands"
    assert (await service.request("GET", "/lines/none"))[0] == 404
    status, problem = await service.request("POST", "/lines/12345", json={"text": 'line = "12345"\n'})
    assert (status, problem["type"]) == (422, "urn:hotline:problem:line-profile-invalid")
    assert "lines/12345.toml" in problem["detail"]
    other = profile["text"].replace('external_id = ["工单编号"', 'external_id = ["编号二", "工单编号"')
    status, published = await service.request("POST", "/lines/12345", json={"text": other, "base": "file"})
    assert (status, published["version"]) == (201, "12345-1")
    status, late = await service.request("POST", "/lines/12345", json={"text": other, "base": "file"})
    assert (status, late["type"]) == (409, "urn:hotline:problem:version-changed")
    renamed = text.replace("工单编号", "编号二")
    _, last = await streamed(service, "/lines/12345/import", "admin", data=form(renamed, **{"as": "history"}))
    result = last["result"]
    assert (result["accepted"], result["rejected"], result["has_rejects"]) == (1, 2, True)
    assert await count(service, "calls", "intake = 'history'") == 1
    headers = {"Authorization": f"Bearer {await service.token('admin')}"}
    address = f"{service.address}/api/v1/lines/imports/{result['run_id']}/rejects"
    async with service.session.get(address, headers=headers) as answer:
        rejected = (await answer.read()).decode("utf-8-sig")
    assert "书院街的路灯灭了五天" in rejected
    assert "柳荫巷口" not in rejected
    _, last = await streamed(service, "/lines/12345/test", "admin", data=form("没有表头\n", name="x.csv"))
    assert last["problem"]["type"] == "urn:hotline:problem:file-unreadable"
    assert "/proc" not in last["problem"]["detail"]
    assert "/tmp" not in last["problem"]["detail"]
    assert list((service.services.settings.state_dir / "rejects").iterdir()) != []
    _, listed = await service.request("GET", "/lines")
    assert [(run["version"], run["rejected"]) for run in listed["imports"]] == [("12345-1", 2)]


async def test_accounts_come_out_of_a_sheet_with_their_bad_rows_named(
    service: RunningService, shipped_hasher: PasswordHasher, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(passwords, "_hasher", shipped_hasher)
    await service.token("lawyer", "taken")
    data = sheet(
        ("用户名", "姓名", "角色"),
        ("fang", "方律师", "值班律师"),
        ("taken", "重名", "值班律师"),
        ("x", "太短", "话务员"),
        ("guo", "郭调解", "仙女"),
        ("fang", "重复", "话务员"),
        ("ma", "马话务", "operator"),
    )
    status, seen = await service.request("POST", "/users/import?preview=yes", role="security", data=data, headers=EXCEL)
    assert (status, [row["name"] for row in seen["accounts"]]) == (200, ["fang", "ma"])
    assert [(row["row"], row["field"]) for row in seen["rejected"]] == [
        ("第3行", "用户名"),
        ("第4行", "用户名"),
        ("第5行", "角色"),
        ("第6行", "用户名"),
    ]
    assert await count(service, "users", "name = 'fang'") == 0
    lines = {**EXCEL, "Accept": "application/x-ndjson"}
    told, last = await streamed(service, "/users/import?preview=yes", "security", data=data, headers=lines)
    assert (told[-1], last["result"]) == ({"done": 7, "total": 7}, seen), "pages are told row by row"
    told, last = await streamed(service, "/users/import", "security", data=data, headers=EXCEL)
    assert [each["name"] for each in last["result"]["made"]] == ["fang", "ma"]
    assert all(len(each["first_password"]) > 8 for each in last["result"]["made"])
    assert (told[-1]["total"], told[-1]["done"]) == (2, 1)
    assert await count(service, "users", "name in ('fang', 'ma') and must_change") == 2


async def test_holds_take_a_reason_and_the_audit_goes_out_as_a_file(service: RunningService) -> None:
    status, problem = await service.request("POST", "/retention/holds", json={"number": "十三", "reason": "法院调取函"})
    assert (status, problem["type"]) == (422, "urn:hotline:problem:invalid-request")
    status, placed = await service.request(
        "POST", "/retention/holds", json={"number": "13812345678", "reason": "法院调取函第七号"}
    )
    assert status == 201, placed
    _, shown = await service.request("GET", "/retention")
    [hold] = shown["holds"]
    assert (hold["reason"], hold["of_caller"], hold["released_at"]) == ("法院调取函第七号", True, None)
    path = f"/retention/holds/{placed['hold_id']}/release"
    assert (await service.request("POST", path, json={"reason": ""}))[0] == 422
    assert (await service.request("POST", path, json={"reason": "案件已结，法院来函解除"}))[0] == 200
    told, last = await streamed(service, "/retention/count", "admin", data=b"{}")
    assert (set(told[0]), len(last["result"]["items"])) == ({"done", "total"}, 6)
    _, last = await streamed(service, "/audit/verify?progress=yes", "auditor", data=b"{}")
    assert last["result"]["ok"]
    body = {"name": "保留", "query": {"kind": "hold"}}
    assert (await service.request("POST", "/audit/filters", role="auditor", json=body))[0] == 201
    assert (await service.request("POST", "/audit/filters", role="auditor", json=body))[0] == 201
    _, saved = await service.request("GET", "/audit/filters", role="auditor")
    assert [(each["name"], each["query"]) for each in saved["items"]] == [("保留", {"kind": "hold"})]
    headers = {"Authorization": f"Bearer {await service.token('auditor')}"}
    async with service.session.get(f"{service.address}/api/v1/audit/export.csv?kind=hold", headers=headers) as answer:
        rows = (await answer.read()).decode("utf-8-sig").splitlines()
    assert rows[0].startswith("导出人"), "watermarked"
    assert ["hold_released" in rows[2], "hold_placed" in rows[3], len(rows)] == [True, True, 4]
    assert "法院" not in "".join(rows), "own words stay sealed"
    assert await count(service, "audit_entries", "action = 'audit_exported'") == 1


def test_every_permission_has_words_on_the_page_of_roles() -> None:
    said = [permission for group in GROUPS.values() for permission in group]
    assert sorted([*said, *UNSAID]) == sorted(PERMISSIONS)
