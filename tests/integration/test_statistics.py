"""Routing statistics: counts, waits, overruled share, local days, checked against calls made for it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from routing.policy.facts import LOCAL_ZONE
from tests.service_fixtures import CallMaker, RunningService

WAGES = "老板欠我三个月工资一共一万八，一直不给，我想问一下能不能去劳动仲裁，要准备什么材料，时效是多久"
LIGHT = "我们小区门口的路灯坏了半个月了，晚上黑漆漆的，麻烦派人来修一下"


async def test_counts_by_every_key_over_a_local_day(service: RunningService, call: CallMaker) -> None:
    await service.start_worker()
    today = datetime.now(LOCAL_ZONE).replace(hour=12, minute=0, second=0, microsecond=0)
    yesterday = today - timedelta(days=1)
    # 00:30 in Shanghai is still the day before in UTC
    early = today.replace(hour=0, minute=30)
    answer = await service.post_calls(
        call(WAGES, line="12348", received_at=yesterday.isoformat(), region="东城区"),
        call(LIGHT, received_at=early.isoformat(), region="西城区"),
        call(LIGHT, received_at=today.astimezone(UTC).isoformat(), region="西城区"),
    )
    for row in answer["accepted"]:
        await service.call_in(row["call_id"], "queued")
    params = {"from": yesterday.date().isoformat(), "to": (today.date() + timedelta(days=1)).isoformat()}

    async def buckets(by: str) -> dict[object, int]:
        status, body = await service.request("GET", "/statistics/routing", role="manager", params={**params, "by": by})
        assert status == 200, body
        return {bucket["keys"][by]: bucket["count"] for bucket in body["buckets"]}

    assert await buckets("line") == {"12345": 2, "12348": 1}
    assert await buckets("day") == {yesterday.date().isoformat(): 1, today.date().isoformat(): 2}
    assert await buckets("hour") == {0: 1, 12: 2}
    assert await buckets("region") == {"东城区": 1, "西城区": 2}
    assert await buckets("destination") == {"lawyers": 1, "departments": 2}
    assert sum((await buckets("route")).values()) == 3
    assert sum((await buckets("topic")).values()) == 3
    only_today = {"from": today.date().isoformat(), "to": params["to"], "by": "line"}
    _, body = await service.request("GET", "/statistics/routing", role="manager", params=only_today)
    assert [bucket["count"] for bucket in body["buckets"]] == [2]


async def test_waits_service_level_and_overruled_share(service: RunningService, call: CallMaker) -> None:
    await service.start_worker()
    answer = await service.post_calls(*(call(LIGHT) for _ in range(4)))
    ids = [row["call_id"] for row in answer["accepted"]]
    for call_id in ids:
        await service.call_in(call_id, "queued")
    for call_id, destination in ((ids[0], "lawyers"), (ids[1], None)):
        body = {"destination": destination, "reason": "问法律责任"} if destination else {}
        status, _ = await service.request("POST", f"/calls/{call_id}/forward", role="operator", json=body)
        assert status == 200
    status, _ = await service.request("POST", "/queues/lawyers/claim", role="lawyer")
    assert status == 200
    async with service.pool.acquire() as connection:
        await connection.execute("update assignments set claimed_at = enqueued_at + interval '42 seconds'")
    # midnight may lie between the call and the question
    today = datetime.now(LOCAL_ZONE).date()
    days = {name: (today + timedelta(days=n)).isoformat() for name, n in (("from", -1), ("to", 1))}
    _, body = await service.request("GET", "/statistics/routing", role="manager", params={**days, "by": "line"})
    (bucket,) = body["buckets"]
    assert bucket["count"] == 4
    assert bucket["overruled_share"] == 0.5
    # the upper bound of the bucket that 42 s lies in
    assert (bucket["wait_p50_s"], bucket["wait_p90_s"]) == (45.0, 45.0)
    assert bucket["service_level"] is not None


async def test_unknown_keys_and_empty_periods_are_refused_in_words(service: RunningService) -> None:
    status, problem = await service.request("GET", "/statistics/routing", role="manager", params={"by": "caller"})
    assert status == 422
    assert "caller" in problem["detail"]
    status, _ = await service.request(
        "GET", "/statistics/routing", role="manager", params={"from": "2026-11-02", "to": "2026-11-01"}
    )
    assert status == 422


async def test_a_new_caller_does_not_wait_behind_the_backlog(service: RunningService, call: CallMaker) -> None:
    await service.start_worker()
    answer = await service.post_calls(*(call(WAGES, line="12348") for _ in range(3)))
    for row in answer["accepted"]:
        await service.call_in(row["call_id"], "queued")
    async with service.pool.acquire() as connection:
        await connection.execute("update queue_items set queue = 'lawyers'")
    _, behind_three = await service.request("GET", "/queues/lawyers/night-options", role="operator")
    async with service.pool.acquire() as connection:
        await connection.execute("update queue_items set counted = false")
    _, behind_none = await service.request("GET", "/queues/lawyers/night-options", role="operator")
    assert behind_none["expected_wait_s"] < behind_three["expected_wait_s"]


async def test_organisations_of_few_people_are_one_group(service: RunningService, call: CallMaker) -> None:
    begin = datetime(2026, 11, 3, tzinfo=LOCAL_ZONE)
    answer = await service.post_calls(*(call(LIGHT, received_at=begin.isoformat()) for _ in range(6)))
    async with service.pool.acquire() as connection:
        one, other, large = [
            await connection.fetchval(
                "with made as (insert into organisations (code, name) values ($1, $1) returning id), people as ("
                " insert into users (name, display_name, role, org_id, password_hash)"
                " select $1 || n, $1, 'department', made.id, '-' from made, generate_series(1, $2::int) n)"
                " select id from made",
                *each,
            )
            for each in (("jia", 1), ("yi", 2), ("bing", 3))
        ]
        ids = [row["call_id"] for row in answer["accepted"]]
        await connection.execute(
            "insert into direct_answers (call_id, user_id, answer, org_id)"
            " select c.id, u.id, '', u.org_id from unnest($1::bigint[], $2::bigint[]) as c(id, org_id)"
            " join lateral (select id, org_id from users where org_id = c.org_id limit 1) u on true",
            ids,
            [one, other, other, large, large, large],
        )
    span = {"from": begin.date().isoformat(), "to": (begin.date() + timedelta(days=1)).isoformat()}

    async def buckets(**params: str) -> dict[str, int]:
        status, body = await service.request("GET", "/statistics/routing", role="manager", params={**span, **params})
        assert status == 200, body
        return {bucket["keys"].get("org", ""): bucket["count"] for bucket in body["buckets"]}

    assert await buckets(by="org") == {f"{one}.{other}": 3, str(large): 3}
    assert await buckets(org=str(one)) == {"": 3}, "who asks for one of them gets the group"
    assert await buckets(org=str(large)) == {"": 3}
