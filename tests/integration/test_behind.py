"""The list of calls behind a figure has as many calls as the figure says, for every figure of every page."""

from __future__ import annotations

import html
import re
from datetime import UTC, datetime, timedelta
from urllib.parse import unquote_plus

from hotline.accounts.login import log_in
from hotline.accounts.store import add_user
from hotline.statistics.asked import Asked, Pairs, behind
from hotline.statistics.glance import glance, indicator_link
from hotline.statistics.picture import picture
from hotline.web.authentication import COOKIE
from routing.policy.facts import LOCAL_ZONE
from routing.statistics.behind.service import count_behind
from routing.statistics.indicators import figures
from routing.statistics.store import fold, sums
from tests.service_fixtures import CallMaker, RunningService

TEXTS = (
    "装修公司收了定金就不来了，想咨询合同纠纷怎么起诉",
    "隔壁天天往楼道堆杂物，说了几次都吵起来，想请人调解",
    "公交站的顶棚漏雨，请有关部门来修",
    "有人在桥上打起来了，拿着棍子，你们快来人",
)
PASSWORD = "a long word for this test"


async def some_work(service: RunningService, call: CallMaker) -> None:
    """Calls of all lines, some forwarded, sent elsewhere, sent back, taken, answered, rated, hung up."""
    now = datetime.now(UTC)
    records = [
        call(
            TEXTS[n % 4],
            line=("12345", "110", "12348")[n % 3],
            region=("城东区", "柳林街道", "")[n % 3],
            received_at=(now - timedelta(hours=n % 30, minutes=3)).isoformat(),
            **({"satisfaction": 1 + n % 5} if n % 2 else {}),
        )
        for n in range(24)
    ]
    await service.start_worker()
    answer = await service.post_calls(*records)
    ids = [row["call_id"] for row in answer["accepted"]]
    for call_id in ids:
        await service.call_in(call_id, "queued", "closed", "completed")
    for number, call_id in enumerate(ids[:10]):
        body = {"destination": "mediators", "reason": "来电人明确要求"} if number % 3 else {}
        status, transfer = await service.request("POST", f"/calls/{call_id}/forward", role="operator", json=body)
        if status == 200 and number in (1, 2, 4):
            await service.request(
                "POST", f"/transfers/{transfer['id']}/return", role="mediator", json={"reason": "不属本组"}
            )
    for queue, role in (("lawyers", "lawyer"), ("mediators", "mediator"), ("departments", "department")):
        for _ in range(2):
            status, claimed = await service.request("POST", f"/queues/{queue}/claim", role=role)
            if status == 200:
                path = f"/assignments/{claimed['assignment_id']}/complete"
                await service.request("POST", path, role=role, json={"disposition": "已解答"})
    await service.request("POST", f"/calls/{ids[-1]}/answer", role="operator", json={"answer": "请带证件到窗口办理"})
    async with service.pool.acquire() as connection:
        await connection.execute(
            "update queue_items set live = true, counted = true where call_id = $1 and state = 'waiting'", ids[12]
        )
        await connection.execute("update queue_items set live = false where call_id = $1", ids[12])
    await service.stop_worker()
    await fold(service.pool)


async def test_every_figure_leads_to_as_many_calls(service: RunningService, call: CallMaker) -> None:
    await some_work(service, call)
    today = datetime.now(LOCAL_ZONE).replace(hour=0, minute=0, second=0, microsecond=0)
    indicators = service.services.published.indicators
    checked = 0
    async with service.pool.acquire() as connection:

        async def behind_link(link: str) -> int:
            """As the list of calls reads the address."""
            pairs = re.findall(r"[?&]([a-z]+)=([^&]*)", link)
            wanted = behind(Pairs([(name, unquote_plus(value)) for name, value in pairs]))
            assert wanted is not None
            return (await count_behind(connection, wanted))[1]

        filters = ({}, {"line": ("110", "12348")}, {"region": ("",), "weekday": tuple(range(1, 6))})
        for where in filters:
            span = Asked(today - timedelta(days=1), today + timedelta(days=1), where)
            for buckets in (await picture(connection, span))["parts"].values():
                for bucket in buckets:
                    keys = {name: value for name, value in bucket["keys"].items() if name != "day"}
                    if "day" in bucket["keys"]:
                        day = datetime.fromisoformat(bucket["keys"]["day"]).replace(tzinfo=LOCAL_ZONE)
                        of = Asked(day, day + timedelta(days=1), where)
                    else:
                        of = span
                    told = {"calls": bucket["count"], "abandoned": bucket["abandoned"]}
                    told |= {name: n for name, n in bucket["counts"].items() if name != "waited"}
                    for name, figure in told.items():
                        assert await behind_link(of.link(name, **keys)) == figure, (name, keys, where)
                        checked += 1
        span = Asked(today - timedelta(days=1), today + timedelta(days=1))
        rows = [(row.keys, row.counts) for row in await sums(connection, span.from_at, span.to_at, ("intake", "route"))]
        for indicator in indicators.all:
            if indicator.missing is None:
                (figure,) = figures(indicator, rows, ())
                assert await behind_link(indicator_link(span, indicator, "numerator")) == figure.numerator, (
                    indicator.code
                )
                assert await behind_link(indicator_link(span, indicator, "denominator")) == figure.denominator
        seen = await glance(connection, indicators, datetime.now(UTC))
        for tile in (*seen.tiles, *seen.indicators):
            if tile.link and tile.code != "response":
                number = tile.note.split(" / ")[0] if tile.note and "/" in tile.note else tile.value
                assert await behind_link(tile.link) == (int(number) if number.isdigit() else 0), tile
    assert checked > 300


async def test_the_page_lists_them(service: RunningService, call: CallMaker) -> None:
    await service.post_calls(*(call(TEXTS[2], line="110") for _ in range(3)), call(TEXTS[2], line="12345"))
    await add_user(service.pool, "qian", "manager", password=PASSWORD)
    begun = await log_in(service.pool, "qian", PASSWORD, "127.0.0.1")

    async def page(path: str) -> str:
        async with service.session.get(
            service.address + path, headers={"Cookie": f"{COOKIE}={begun.cookie}"}
        ) as answer:
            assert answer.status == 200, path
            return await answer.text()

    tile = re.search(
        r'data-tile="calls".*?href="(/calls[^"]*)">(\d+)<', await page("/console/statistics/glance"), re.DOTALL
    )
    assert tile
    assert tile[2] == "4"
    listed = await page(html.unescape(tile[1]))
    assert 'id="behind-count">共 4 通' in listed
    assert listed.count('class="cell-excerpt"') == 4
    only = await page(html.unescape(tile[1]) + "&line=110&hour=" + str(datetime.now(LOCAL_ZONE).hour))
    assert only.count('class="cell-excerpt"') == int(re.search(r"共 (\d+) 通", only)[1])  # type: ignore[index]
    status, _ = await service.request("GET", "/me", role="operator")
    headers = {"Authorization": f"Bearer {await service.token('operator')}"}
    async with service.session.get(f"{service.address}/calls?counted=calls", headers=headers) as answer:
        assert (status, answer.status) == (200, 403)
