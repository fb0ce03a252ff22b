"""Exports as jobs: what stands in the files, a second person's consent, progress, restarts; calls behind figures."""

from __future__ import annotations

import io
import re
from datetime import datetime, timedelta
from typing import Any

import pytest
from pypdf import PdfReader
from python_calamine import CalamineWorkbook

from hotline.erasure.person import erase_everywhere
from hotline.exports.rounds import export_round
from routing.policy.facts import LOCAL_ZONE
from tests.service_fixtures import CallMaker, RunningService

WAGES = "单位拖了两个月的工钱不给，想问问劳动仲裁怎么申请"
LAMP = "巷子口的路灯不亮了，晚上走路看不见，请派人修一修"
TODAY = datetime.now(LOCAL_ZONE).date()
# a run may begin before midnight and come here after it
SPAN = f"from={TODAY - timedelta(days=1)}&to={TODAY + timedelta(days=2)}"


async def ask(
    service: RunningService, user: str = "qian", headers: dict[str, str] | None = None, **body: Any
) -> tuple[int, Any]:
    options = {"json": {"query": SPAN, **body}, "headers": headers or {}}
    return await service.request("POST", "/exports", role="manager", user=user, **options)


async def make(service: RunningService) -> None:
    while await export_round(service.pool, service.services.vault, service.services.published):
        pass


async def fetched(service: RunningService, job_id: int, user: str = "qian") -> tuple[int, bytes]:
    headers = {"Authorization": f"Bearer {await service.token('manager', user)}"}
    async with service.session.get(f"{service.address}/api/v1/exports/{job_id}/file", headers=headers) as answer:
        return answer.status, await answer.read()


async def acts(service: RunningService) -> list[str]:
    async with service.pool.acquire() as connection:
        rows = await connection.fetch("select action from audit_entries where action like 'export%' order by id")
    return [row["action"] for row in rows]


def sheets(content: bytes) -> dict[str, list[list[Any]]]:
    book = CalamineWorkbook.from_filelike(io.BytesIO(content))
    return {name: book.get_sheet_by_name(name).to_python() for name in book.sheet_names}


async def test_a_table_comes_out_marked_with_texts_as_texts(service: RunningService, call: CallMaker) -> None:
    await service.post_calls(*(call(LAMP, line="110", region="=cmd()") for _ in range(6)), call(LAMP, line="12345"))
    status, job = await ask(service, what="routing", by=["line", "region"])
    assert (status, job["state"]) == (202, "queued")
    await make(service)
    status, content = await fetched(service, job["id"])
    assert status == 200
    (rows,) = sheets(content).values()
    assert re.search(r"导出人 qian（工号 \d+） 20\d\d-\d\d-\d\d \d\d:\d\d", rows[0][0])
    head = next(number for number, row in enumerate(rows) if row[0] == "线路")
    told = {(row[0], row[1]): row[2] for row in rows[head + 1 :]}
    assert told == {("110", "'=cmd()"): 6.0, ("12345", "未填区域"): 1.0}
    assert (await fetched(service, job["id"], user="zong"))[0] == 404, "an export is its asker's own"
    assert await acts(service) == ["export_asked", "export_fetched"]


async def test_a_file_asked_for_in_english_speaks_english(service: RunningService, call: CallMaker) -> None:
    await service.post_calls(*(call(LAMP, line="110", region="城东") for _ in range(6)), call(LAMP, line="12345"))
    english = {"Cookie": "lang=en"}
    _, job = await ask(service, what="routing", by=["line", "region"], headers=english)
    _, chinese = await ask(service, what="routing", by=["line", "region"])
    await make(service)
    ((name, rows),) = sheets((await fetched(service, job["id"]))[1]).items()
    assert name == "Routing statistics"
    assert re.search(r"Taken out by qian \(staff number \d+\)", rows[0][0])
    head = next(number for number, row in enumerate(rows) if row[0] == "Line")
    assert rows[head][:3] == ["Line", "Region", "Calls"]
    # what callers' records say stays as it is
    assert {(row[0], row[1]): row[2] for row in rows[head + 1 :]} == {("110", "城东"): 6.0, ("12345", "no region"): 1.0}
    assert not re.search("[\u4e00-\u9fff]", str(rows).replace("城东", ""))
    assert list(sheets((await fetched(service, chinese["id"]))[1])) == ["分流统计"], "the language is the asker's own"
    _, job = await ask(service, what="calls", reason="report", headers=english)
    assert (await service.request("POST", f"/exports/{job['id']}/approve", role="manager", user="zong"))[0] == 200
    await make(service)
    ((name, rows),) = sheets((await fetched(service, job["id"]))[1]).items()
    assert name == "Calls"
    assert "Caller's number" in next(row for row in rows if row[0] == "Number"), "in who asked's, not in who agreed's"


async def test_two_periods_of_ones_choice_stand_beside_each_other(service: RunningService, call: CallMaker) -> None:
    await service.post_calls(*(call(LAMP, line="110") for _ in range(2)))
    early, late = TODAY - timedelta(days=400), TODAY - timedelta(days=390)
    chosen = f"{SPAN}&compare=period&compare_from={early}&compare_to={late}"
    _, drawn = await service.request("GET", f"/statistics/charts?{chosen}", role="manager")
    assert [bucket["count"] for bucket in drawn["parts"]["line"]] == [2]
    assert drawn["parts_before"]["line"] == []
    assert drawn["before"]["from"].startswith(str(early))
    for what, form in (("routing", "xlsx"), ("report", "pdf")):
        more: dict[str, Any] = {"by": ["line"]} if what == "routing" else {}
        _, job = await ask(service, what=what, form=form, query=chosen, **more)
        assert job.get("state") == "queued", job
        await make(service)
        status, content = await fetched(service, job["id"])
        assert status == 200
        if form == "xlsx":
            assert list(sheets(content)) == ["分流统计", "分流统计（对比期）"]
        else:
            text = "".join(page.extract_text() for page in PdfReader(io.BytesIO(content)).pages)
            assert "对比期" in text
            assert f"{early} 00:00" in text
    address = f"days=7&compare=period&compare_from={early}&compare_until={early}"
    view = {"name": "两个月", "address": address, "shared": False}
    status, _ = await service.request("POST", "/statistics/views", role="manager", json=view)
    assert status == 201
    status, problem = await service.request(
        "POST", "/statistics/views", role="manager", json=view | {"address": "days=7&compare=period"}
    )
    assert status == 422, problem


async def test_calls_wait_for_another_manager(service: RunningService, call: CallMaker) -> None:
    await service.post_calls(*(call(WAGES, line="12348") for _ in range(3)))
    status, problem = await ask(service, what="calls")
    assert (status, problem["type"]) == (422, "urn:hotline:problem:reason-required")
    _, job = await ask(service, what="calls", reason="report")
    assert (job["state"], job["why"]) == ("asked", "calls")
    await make(service)
    assert (await fetched(service, job["id"]))[0] == 409, "nothing is made before somebody agrees"
    decide = f"/exports/{job['id']}"
    status, problem = await service.request("POST", f"{decide}/approve", role="manager", user="qian")
    assert (status, problem["type"]) == (409, "urn:hotline:problem:second-person-needed")
    assert (await service.request("POST", f"{decide}/approve", role="admin"))[0] == 403
    _, waiting = await service.request("GET", "/exports", role="manager", user="zong")
    assert [(item["id"], item["own"]) for item in waiting["items"]] == [(job["id"], False)]
    assert (await service.request("POST", f"{decide}/approve", role="manager", user="zong"))[0] == 200
    assert (await service.request("POST", f"{decide}/refuse", role="manager", user="zong"))[0] == 409
    await make(service)
    _, content = await fetched(service, job["id"])
    (rows,) = sheets(content).values()
    assert len([row for row in rows if row[1:2] == ["12348"]]) == 3
    assert "138****" in str(rows)
    async with service.pool.acquire() as connection:
        await erase_everywhere(connection, service.services.vault, [])
    assert (await fetched(service, job["id"]))[0] == 409, "a file of calls goes with an erasure"
    _, refused = await ask(service, what="calls", reason="legal", unmasked=True)
    assert (await service.request("POST", f"/exports/{refused['id']}/refuse", role="manager", user="zong"))[0] == 200
    _, back = await ask(service, what="calls", reason="legal")
    assert (await service.request("POST", f"/exports/{back['id']}/take-back", role="manager", user="qian"))[0] == 200
    await make(service)
    assert {(await fetched(service, one["id"]))[0] for one in (refused, back)} == {409}
    done = ["export_asked", "export_approved", "export_fetched", "export_asked", "export_refused"]
    assert await acts(service) == [*done, "export_asked", "export_taken_back"]


async def test_many_rows_wait_too_and_are_refused_at_once(service: RunningService, call: CallMaker) -> None:
    await service.post_calls(*(call(LAMP, line=line) for line in ("110", "12345", "12348")))
    limits = service.services.audit_limits
    for name, value in (("export_approval_rows", 2), ("export_max_rows", 10)):
        object.__setattr__(limits, name, value)
    assert (await ask(service, what="routing", by=["line"]))[1]["why"] == "rows"
    status, problem = await service.request("GET", "/statistics/export?by=line&format=csv", role="manager")
    assert (status, problem["type"]) == (409, "urn:hotline:problem:approval-needed")
    object.__setattr__(limits, "export_max_rows", 2)
    assert (await ask(service, what="routing", by=["line"]))[0] == 422


async def test_a_job_whose_worker_died_is_made_by_the_next_or_said_to_have_failed(
    service: RunningService, call: CallMaker
) -> None:
    await service.post_calls(call(LAMP))
    _, job = await ask(service, what="indicators")
    died = "update export_jobs set state = 'running', attempts = $1, lease_until = now() - interval '1 s'"
    async with service.pool.acquire() as connection:
        await connection.execute(died, 1)
    await make(service)
    assert (await fetched(service, job["id"]))[0] == 200
    async with service.pool.acquire() as connection:
        await connection.execute(died, 3)
    await make(service)
    _, found = await service.request("GET", "/exports", role="manager", user="qian")
    assert (found["items"][0]["state"], found["items"][0]["failure"]) == ("failed", "interrupted")


async def test_the_report_says_in_print_what_the_figures_say(service: RunningService, call: CallMaker) -> None:
    pytest.importorskip("typst")
    await service.start_worker()
    answer = await service.post_calls(*(call(WAGES, line="12348", satisfaction=5) for _ in range(7)), call(LAMP))
    for row in answer["accepted"]:
        await service.call_in(row["call_id"], "queued")
    _, job = await ask(service, what="report", form="pdf")
    await service.stop_worker()
    await make(service)
    status, content = await fetched(service, job["id"])
    assert (status, content[:5]) == (200, b"%PDF-")
    text = pdf_text(content)
    for wanted in ("统计报告", "满意率", "100.0%", "7 / 7", "12348 律师", "工号"):
        assert wanted in text, wanted
    assert (await ask(service, what="routing", form="pdf"))[0] == 422


def pdf_text(content: bytes) -> str:
    """The words of a PDF as a reader copies them, without spaces that only place them."""
    pages = PdfReader(io.BytesIO(content)).pages
    return " ".join(" ".join(page.extract_text().split()) for page in pages)
