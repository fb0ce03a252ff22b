"""The managers' page 统计: the shell; its script draws what ``/api/v1/statistics`` counts."""

from __future__ import annotations

from datetime import datetime, timedelta

from aiohttp import web

from hotline.console.render import page
from hotline.statistics.tables import labels
from hotline.web.keys import needs, services
from routing.policy.facts import LOCAL_ZONE
from routing.statistics.indicators import Indicators
from routing.triage.store import queries as triage_queries


@needs("statistics.read")
async def page_of_figures(request: web.Request) -> web.StreamResponse:
    """GET /statistics."""
    published = services(request).published
    async with services(request).pool.acquire() as connection:
        set_aside = [dict(row) for row in await triage_queries.set_aside_jobs(connection)]
        alarms = await triage_queries.open_alarm_count(connection)
    shown = {
        "labels": labels(published.policy),
        "set_aside": set_aside,
        "open_alarms": alarms,
        "policy_version": published.policy.version,
        "periods": _periods(published.indicators),
        "indicators_version": published.indicators.version,
    }
    return await page(request, "statistics.html", {**shown, "live": True})


def _periods(indicators: Indicators) -> list[dict[str, str]]:
    """This reporting period and the one before: name, first and last day."""
    today = datetime.now(LOCAL_ZONE).date()
    begin, end = indicators.period(indicators.period_of(today))
    before, _ = indicators.period(indicators.period_of((begin - timedelta(days=1)).date()))
    return [
        {"name": name, "first": f"{start:%Y-%m-%d}", "last": f"{stop - timedelta(days=1):%Y-%m-%d}"}
        for name, start, stop in (("本期", begin, end), ("上期", before, begin))
    ]
