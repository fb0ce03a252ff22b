"""The managers' pages 统计: today at a glance, routing statistics, exports."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from aiohttp import web

from hotline.console import wall
from hotline.console.language import say
from hotline.console.render import fragment, page, span
from hotline.exports import jobs
from hotline.statistics.asked import COMPARISONS, Pairs, asked
from hotline.statistics.glance import glance
from hotline.statistics.tables import KEY_NAMES, labels
from hotline.statistics.wall import queries as wall_queries
from hotline.web.api.exports import jobs_of
from hotline.web.keys import needs, principal, services
from routing.policy.facts import LOCAL_ZONE
from routing.policy.settings import Policy
from routing.queues.service import queue_states
from routing.statistics.behind.service import read_groups
from routing.statistics.indicators import INDICATOR_KEYS, Indicators
from routing.statistics.store import queries as statistics_queries
from routing.triage.store import queries as triage_queries

#: The pages of the area, shown beside one another under its title.
TABS: tuple[tuple[str, str], ...] = (
    ("/statistics", "今日一览"),
    ("/statistics/routing", "分流统计"),
    ("/statistics/exports", "导出与审批"),
    ("/statistics/displays", "大屏"),
)


def add_pages(app: web.Application) -> None:
    """Add the pages of statistics and the wall to ``app``."""
    app.router.add_get("/statistics", today)
    app.router.add_get("/console/statistics/glance", fragment_of_today)
    app.router.add_get("/statistics/routing", charts)
    app.router.add_get("/statistics/exports", exports)
    app.router.add_get("/console/statistics/exports", fragment_of_exports)
    app.router.add_get("/statistics/displays", displays)
    wall.add_pages(app)


async def _today(request: web.Request) -> dict[str, Any]:
    own = services(request)
    now = datetime.now(UTC)
    midnight = now.astimezone(LOCAL_ZONE).replace(hour=0, minute=0, second=0, microsecond=0)
    async with own.pool.acquire() as connection:
        shown = await glance(connection, own.published.indicators, now)
        alarms = await triage_queries.open_alarm_count(connection)
    return {
        "glance": shown,
        "queue_states": await queue_states(own.pool, own.published.policy, midnight),
        "open_alarms": alarms,
    }


@needs("statistics.read")
async def today(request: web.Request) -> web.StreamResponse:
    """GET /statistics: today at a glance."""
    own = services(request)
    async with own.pool.acquire() as connection:
        set_aside = [dict(row) for row in await triage_queries.set_aside_jobs(connection)]
    shown = await _today(request)
    more = {"set_aside": set_aside, "indicators_version": own.published.indicators.version, "tabs": TABS}
    return await page(request, "statistics.html", {**shown, **more, "live": True})


@needs("statistics.read")
async def fragment_of_today(request: web.Request) -> web.StreamResponse:
    """GET /console/statistics/glance: the figures alone, fetched anew when something happened."""
    return fragment(request, "_statistics_glance.html", await _today(request))


@needs("statistics.read")
async def charts(request: web.Request) -> web.StreamResponse:
    """GET /statistics/routing: the shell; its scripts draw what ``/api/v1/statistics/charts`` counts."""
    own = services(request)
    async with own.pool.acquire() as connection:
        organisations = (await read_groups(connection)).names
        regions = [row["name"] for row in await statistics_queries.region_levels(connection)]
    known = labels(own.published.policy, organisations)
    shown = {
        "labels": {key: {value: say(word) for value, word in names.items()} for key, names in known.items()},
        "lines": list(own.profiles),
        "regions": sorted(regions),
        "comparisons": COMPARISONS,
        "periods": _periods(own.published.indicators),
        "policy_version": own.published.policy.version,
        "tabs": TABS,
    }
    return await page(request, "statistics_routing.html", {**shown, "live": True})


@needs("statistics.export")
async def exports(request: web.Request) -> web.StreamResponse:
    """GET /statistics/exports: asking for an export, one's own, those that wait for one's consent."""
    own, who = services(request), principal(request)
    async with own.pool.acquire() as connection:
        organisations = (await read_groups(connection)).names
    shown = {
        "items": _told(await jobs_of(own, who), own.published.policy, organisations),
        "jobs": jobs,
        "comparisons": COMPARISONS,
        "key_names": KEY_NAMES,
        "indicator_keys": INDICATOR_KEYS,
        "labels": labels(own.published.policy, organisations),
        "lines": list(own.profiles),
        "limits": own.audit_limits,
        "tabs": TABS,
    }
    return await page(request, "statistics_exports.html", {**shown, "live": True})


@needs("statistics.export")
async def fragment_of_exports(request: web.Request) -> web.StreamResponse:
    """GET /console/statistics/exports: the list alone, with progress."""
    own = services(request)
    async with own.pool.acquire() as connection:
        organisations = (await read_groups(connection)).names
    items = _told(await jobs_of(own, principal(request)), own.published.policy, organisations)
    shown = {"items": items, "jobs": jobs}
    return fragment(request, "_statistics_exports.html", shown)


def _told(items: Sequence[Mapping[str, Any]], policy: Policy, organisations: Mapping[str, str]) -> list[dict[str, Any]]:
    """Exports with what was asked for in words: its period, and each condition as (name, value)."""
    known = labels(policy, organisations)
    told = []
    for item in items:
        wanted = asked(Pairs([(key, value) for key, value in item["asked"]["query"]]), default_days=31)
        conditions = [
            (say(KEY_NAMES[key]), "、".join(say(known.get(key, {}).get(str(value), str(value))) for value in values))
            for key, values in wanted.where.items()
        ]
        if before := wanted.before():
            conditions.append((say("对比期"), span(*before)))
        by = [say(KEY_NAMES[key]) for key in item["asked"].get("by", ())]
        told.append({**item, "period": span(wanted.from_at, wanted.to_at), "conditions": conditions, "by": by})
    return told


@needs("displays.write")
async def displays(request: web.Request) -> web.StreamResponse:
    """GET /statistics/displays: which walls show figures."""
    async with services(request).pool.acquire() as connection:
        rows = [dict(row) for row in await wall_queries.displays(connection)]
    return await page(request, "statistics_displays.html", {"items": rows, "tabs": TABS, "live": True})


def _periods(indicators: Indicators) -> list[dict[str, str]]:
    """This reporting period and the one before: name, first and last day."""
    day = datetime.now(LOCAL_ZONE).date()
    begin, end = indicators.period(indicators.period_of(day))
    before, _ = indicators.period(indicators.period_of((begin - timedelta(days=1)).date()))
    return [
        {"name": name, "first": f"{start:%Y-%m-%d}", "last": f"{stop - timedelta(days=1):%Y-%m-%d}"}
        for name, start, stop in (("本期", begin, end), ("上期", before, begin))
    ]
