"""Calls that say how they rang: stored, counted where they belong, and read only where there is something to read."""

from __future__ import annotations

from typing import Any

from hotline.accounts.login import log_in
from hotline.accounts.store import add_user
from hotline.web.authentication import COOKIE
from tests.service_fixtures import CallMaker, RunningService

LAMP = "我们院子门口的路灯不亮了，请派人修"
#: One moment for all, so that no midnight lies between a call and the question.
AT = {"received_at": "2026-11-03T10:00:00+08:00"}
DAY = {"from": "2026-11-03T00:00:00+08:00", "to": "2026-11-04T00:00:00+08:00"}
PASSWORD = "a-long-enough-password-1"


async def indicators(service: RunningService) -> dict[str, dict[str, tuple[Any, ...]]]:
    """Name -> line -> value, numerator, denominator, reason."""
    asked = {"by": "line", "period": "2026-11"}
    status, body = await service.request("GET", "/statistics/indicators", role="manager", params=asked)
    assert status == 200, body
    return {
        found["name"]: {
            figure["keys"]["line"]: tuple(figure[key] for key in ("value", "numerator", "denominator", "reason"))
            for figure in found["figures"]
        }
        for found in body["indicators"]
    }


async def look(service: RunningService, call_id: int) -> dict[str, Any]:
    status, body = await service.request("GET", f"/calls/{call_id}", role="manager")
    assert status == 200, body
    return dict(body)


async def waiting_jobs(service: RunningService, call_id: int) -> int:
    async with service.pool.acquire() as connection:
        return int(await connection.fetchval("select count(*) from triage_jobs where call_id = $1", call_id))


async def test_a_call_nobody_answered_is_counted_and_goes_nowhere(service: RunningService, call: CallMaker) -> None:
    silent = call("", connected=False, ring_s=31, **AT)
    answer = await service.post_calls(
        call(LAMP, connected=True, ring_s=9, **AT),
        call(LAMP, ring_s=22, talk_time_s=60, **AT),
        silent,
        call(LAMP, line="12348", **AT),
        silent,
    )
    assert [place["index"] for place in answer["duplicates"]] == [4]
    call_id = answer["accepted"][2]["call_id"]
    shown = (await look(service, call_id))["call"]
    assert (shown["state"], shown["contact"], shown["close_reason"]) == ("closed", "statistics", "来电未接通，仅统计")
    assert (shown["connected"], shown["ring_s"]) == (False, 31)
    assert await waiting_jobs(service, call_id) == 0
    async with service.pool.acquire() as connection:
        assert not await connection.fetchval("select exists (select from events where call_id = $1)", call_id)
        log = await connection.fetch("select state, action from call_log where call_id = $1 order by id", call_id)
    assert [tuple(row) for row in log] == [("received", "received"), ("closed", "not_connected")]
    found = await indicators(service)
    nothing = (None, None, None, "线路未提供振铃数据")
    assert found["接通率"] == {"12345": (0.6667, 2, 3, None), "12348": nothing}
    assert found["15秒接通率"] == {"12345": (0.3333, 1, 3, None), "12348": nothing}
    _, counted = await service.request("GET", "/statistics/routing", role="manager", params={"by": "line", **DAY})
    assert {bucket["keys"]["line"]: bucket["count"] for bucket in counted["buckets"]} == {"12345": 2, "12348": 1}
    _, routes = await service.request(
        "GET", "/statistics/routing", role="manager", params={"by": "route", "intake": "live", **DAY}
    )
    assert sum(bucket["count"] for bucket in routes["buckets"]) == 3


async def test_a_line_of_unanswered_calls_alone_has_no_other_figures(service: RunningService, call: CallMaker) -> None:
    await service.post_calls(call("", connected=False, ring_s=5, **AT))
    assert (await indicators(service))["接通率"] == {"12345": (0.0, 0, 1, None)}
    _, counted = await service.request("GET", "/statistics/routing", role="manager", params={"by": "line", **DAY})
    assert counted["buckets"] == []


async def test_words_that_come_later_begin_the_call(service: RunningService, call: CallMaker) -> None:
    first = await service.post_calls(call("", external_id="R1", connected=False, ring_s=31))
    call_id = first["accepted"][0]["call_id"]
    corrected = await service.post_calls(call("", external_id="R1", connected=False, ring_s=33))
    assert [place["call_id"] for place in corrected["updated"]] == [call_id]
    assert ((await look(service, call_id))["call"]["state"], await waiting_jobs(service, call_id)) == ("closed", 0)
    await service.post_calls(call(LAMP, external_id="R1", connected=True, ring_s=33))
    begun = (await look(service, call_id))["call"]
    assert (begun["state"], begun["close_reason"], begun["contact"]) == ("received", None, "callback")
    assert await waiting_jobs(service, call_id) == 1
    await service.start_worker()
    await service.call_in(call_id, "queued")
    await service.post_calls(call(LAMP, external_id="R1", satisfaction=5))
    kept = (await look(service, call_id))["call"]
    assert (kept["connected"], kept["ring_s"], kept["satisfaction"]) == (True, 33, 5)


async def test_on_110_a_person_decides(service: RunningService, call: CallMaker) -> None:
    answer = await service.post_calls(call("", line="110", connected=False, ring_s=4))
    call_id = answer["accepted"][0]["call_id"]
    assert (await look(service, call_id))["call"]["state"] == "received"
    await service.start_worker()
    await service.call_in(call_id, "queued")
    told = await look(service, call_id)
    assert told["queue_item"]["queue"] == "operators"
    assert "不得自动结案" in "".join(told["decision"]["reasons"])


async def test_what_cannot_be_is_refused(service: RunningService, call: CallMaker) -> None:
    wrong: list[tuple[dict[str, Any], str]] = [
        ({"connected": False, "live": True}, "connected"),
        ({"connected": False, "talk_time_s": 35}, "connected"),
        ({"connected": "maybe"}, "connected"),
        ({"ring_s": -1}, "ring_s"),
        ({"ring_s": 7200}, "ring_s"),
        ({"ring_s": "long"}, "ring_s"),
        ({"connected": True, "transcript": ""}, "transcript"),
    ]
    answer = await service.post_calls(*(call(LAMP) | fields for fields, _ in wrong))
    assert not answer["accepted"]
    assert [each["errors"][0]["field"] for each in answer["rejected"]] == [field for _, field in wrong]
    assert all(each["errors"][0]["message"] for each in answer["rejected"])


async def test_the_page_of_the_call_says_so(service: RunningService, call: CallMaker) -> None:
    answer = await service.post_calls(call("", connected=False, ring_s=31), call(LAMP, connected=True, ring_s=9))
    await add_user(service.pool, "qian", "manager", password=PASSWORD)
    begun = await log_in(service.pool, "qian", PASSWORD, "127.0.0.1")

    async def page(path: str) -> str:
        headers = {"Cookie": f"{COOKIE}={begun.cookie}"}
        async with service.session.get(service.address + path, headers=headers) as got:
            assert got.status == 200, path
            return await got.text()

    gone, spoken = [await page(f"/calls/{place['call_id']}") for place in answer["accepted"]]
    assert "31 秒，未接通" in gone
    assert "来电未接通，没有可转写的内容。" in gone
    assert "来电未接通，仅统计" in gone
    assert "9 秒后接通" in spoken
    assert "仅统计" in await page("/calls")
