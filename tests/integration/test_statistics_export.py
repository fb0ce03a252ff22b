"""Indicators over HTTP, exports with small cells hidden, limits kept with calls, folding and verification."""

from __future__ import annotations

import csv
import io
from datetime import datetime, timedelta
from typing import Any

import asyncpg
import pytest
from python_calamine import CalamineWorkbook

from config.files import ConfigFiles
from hotline.database import open_pool
from hotline.migrations.migrate import migrate
from routing.policy.facts import LOCAL_ZONE
from routing.policy.loading import read_policy
from routing.statistics.store import fold, keep_limits, sums, verify
from tests.databases import drop_database
from tests.service_fixtures import CallMaker, RunningService

LAMP = "人行道的路灯灭了两盏，夜里看不清路，希望尽快来修"


async def exported(service: RunningService, role: str = "manager", **params: str) -> tuple[int, bytes]:
    headers = {"Authorization": f"Bearer {await service.token(role)}"}
    address = f"{service.address}/api/v1/statistics/export"
    async with service.session.get(address, headers=headers, params=params) as answer:
        return answer.status, await answer.read()


async def test_small_cells_below_the_county_are_hidden_in_exports(service: RunningService, call: CallMaker) -> None:
    async with service.pool.acquire() as connection:
        await connection.execute(
            "insert into grids (code, name, level) values ('1', '东城区', 'district'), ('2', '梧桐街道', 'township'),"
            " ('3', '新安社区', 'community'), ('4', '=北门街道', 'township')"
        )
    for region, count in (("东城区", 2), ("梧桐街道", 6), ("新安社区", 2), ("=北门街道", 8)):
        await service.post_calls(*(call(LAMP, region=region, satisfaction=5) for _ in range(count)))
    status, body = await exported(service, by="region", format="csv")
    assert status == 200
    rows = {row[0]: row[1] for row in csv.reader(io.StringIO(body.decode("utf-8-sig"))) if len(row) > 2}
    # 2 is hidden, and with it the smallest of the other streets, so that no sum gives it away; a county is shown
    assert rows == {"区域": "来电", "东城区": "2", "梧桐街道": "（隐去）", "新安社区": "<5", "'=北门街道": "8"}
    status, body = await exported(service, by="region", format="xlsx", what="indicators")
    assert status == 200
    sheet = CalamineWorkbook.from_filelike(io.BytesIO(body)).get_sheet_by_index(0).to_python()
    told = {row[0]: row[2:6] for row in sheet if row[1:2] == ["满意率"]}
    assert told["=北门街道" if "=北门街道" in told else "'=北门街道"][:3] == [1.0, 8.0, 8.0]
    assert told["新安社区"][:3] == ["", "", "<5"]
    assert {"分子定义", "分母定义", "口径版本"} <= set(next(row for row in sheet if row[0] == "区域"))
    async with service.pool.acquire() as connection:
        entries = await connection.fetch(
            "select action, detail from audit_entries where action = 'statistics_exported'"
        )
    assert len(entries) == 2
    status, _ = await exported(service, role="operator", by="region")
    assert status == 403
    status, _ = await exported(service, format="pdf")
    assert status == 422


async def test_indicators_are_served_with_definition_and_version(service: RunningService, call: CallMaker) -> None:
    begin = datetime(2026, 10, 26, tzinfo=LOCAL_ZONE)
    inside, outside = begin + timedelta(minutes=1), begin - timedelta(minutes=1)
    await service.post_calls(
        call(LAMP, received_at=inside.isoformat(), satisfaction=5, line="110"),
        call(LAMP, received_at=inside.isoformat(), satisfaction=1),
        call(LAMP, received_at=outside.isoformat(), satisfaction=1),
    )
    status, body = await service.request(
        "GET", "/statistics/indicators", role="manager", params={"period": "2026-11", "by": "line"}
    )
    assert status == 200, body
    found = {indicator["name"]: indicator for indicator in body["indicators"]}
    figures = {figure["keys"]["line"]: figure for figure in found["满意率"]["figures"]}
    assert (figures["110"]["value"], figures["12345"]["value"]) == (1.0, 0.0)
    assert found["满意率"]["definition"]["numerator"]["counts"] == ["rated_4", "rated_5", "case_satisfied"]
    assert found["满意率"]["version"] == body["version"]
    assert {figure["reason"] for figure in found["接通率"]["figures"]} == {"线路未提供振铃数据"}
    status, _ = await service.request("GET", "/statistics/indicators", role="manager", params={"period": "十一月"})
    assert status == 422
    status, _ = await service.request("GET", "/statistics/indicators", role="manager", params={"by": "topic"})
    assert status == 422


ITEM = """
with made as (
    insert into calls (line, external_id, intake, contact, received_at, transcript, segments, excerpt, content_hash,
                       live, state)
    values ('110', md5(random()::text), 'live', 'online', now(), '', '', '', '', true, 'queued') returning id
)
insert into queue_items (call_id, queue, priority, live, entered_at)
select id, 'lawyers', 5, true, now() - make_interval(secs => $1) from made returning id, limit_s
"""


async def test_the_limit_of_the_time_stays_with_the_caller_and_hang_ups_count(pool: Any) -> None:
    policy = read_policy(ConfigFiles())
    now = datetime.now(LOCAL_ZONE)
    async with pool.acquire() as connection:
        await keep_limits(connection, policy)
        quick = await connection.fetchrow(ITEM, 3.0)
        slow = await connection.fetchrow(ITEM, 4000.0)
        assert quick["limit_s"] == policy.queues["lawyers"].service_level_s
        await connection.execute("update queue_limits set limit_s = 1")
        await connection.execute("update queue_items set live = false where id = any($1)", [quick["id"], slow["id"]])
        (bucket,) = await sums(connection, now - timedelta(hours=1), now + timedelta(hours=1), ())
    assert {name: bucket.counts[name] for name in ("abandoned", "abandoned_5s", "abandoned_within")} == {
        "abandoned": 2,
        "abandoned_5s": 1,
        "abandoned_within": 1,
    }


@pytest.mark.parametrize("day", ["1985-03-02", "2019-12-31", "2026-07-01", "2093-01-01"])
async def test_a_call_of_any_month_is_counted_and_folded(pool: Any, day: str) -> None:
    received = datetime.fromisoformat(day).replace(hour=23, minute=59, tzinfo=LOCAL_ZONE)
    async with pool.acquire() as connection:
        await connection.execute(
            "insert into calls (line, external_id, intake, contact, received_at, transcript, segments, excerpt,"
            " content_hash) values ('110', 'A', 'history', 'statistics', $1, '', '', '', '')",
            received,
        )
        assert await fold(pool) == 1
        (bucket,) = await sums(connection, received - timedelta(days=3), received + timedelta(days=3), ("day",))
        assert (bucket.keys["day"].isoformat(), bucket.counts["calls"]) == (day, 1)
        assert await verify(connection) == []


async def test_verification_names_what_differs(pool: Any, owner_url: str) -> None:
    async with pool.acquire() as connection:
        await connection.fetchrow(ITEM, 1.0)
    assert await fold(pool) == 1
    owner = await asyncpg.connect(owner_url)
    await owner.execute("update statistics_rollups set n = 2 where grain = 1 and counts = '{calls}'")
    await owner.close()
    async with pool.acquire() as connection:
        (cell,) = await verify(connection)
    assert (cell["line"], cell["count"], cell["held"], cell["recounted"]) == ("110", "calls", 2, 1)


async def test_calls_that_were_there_before_are_counted_by_the_migration(postgres_url: str) -> None:
    admin = await asyncpg.connect(postgres_url)
    await drop_database(admin, "before_statistics")
    await admin.execute("create database before_statistics")
    url = postgres_url.replace("/hotline?", "/before_statistics?")
    await migrate(url, "0004")
    earlier = await asyncpg.connect(url)
    await earlier.execute(
        "insert into calls (line, external_id, intake, contact, received_at, transcript, segments, excerpt,"
        " content_hash) select '110', n::text, 'live', 'callback', now(), '', '', '', '' from generate_series(1, 7) n"
    )
    await earlier.close()
    await migrate(url)
    pool = await open_pool(url, 1)
    now = datetime.now(LOCAL_ZONE)
    async with pool.acquire() as connection:
        (bucket,) = await sums(connection, now - timedelta(days=1), now + timedelta(days=1), ("line",))
        assert (bucket.keys, bucket.counts["calls"]) == ({"line": "110"}, 7)
        assert await verify(connection) == []
    await pool.close()
    await drop_database(admin, "before_statistics")
    await admin.close()
