"""The managers' page 统计: the shell; its script draws what ``/api/v1/statistics`` counts."""

from __future__ import annotations

from aiohttp import web

from hotline.console.render import page
from hotline.console.words import DESTINATIONS
from hotline.web.keys import needs, services
from routing.triage.store import queries as triage_queries


@needs("statistics.read")
async def page_of_figures(request: web.Request) -> web.StreamResponse:
    """GET /statistics."""
    policy = services(request).published.policy
    async with services(request).pool.acquire() as connection:
        set_aside = [dict(row) for row in await triage_queries.set_aside_jobs(connection)]
        alarms = await triage_queries.open_alarm_count(connection)
    labels = {
        "route": {**policy.taxonomy.routes, "": "未研判"},
        "destination": {**{key: name for key, (name, _) in DESTINATIONS.items()}, "": "未分流"},
        "topic": {**policy.taxonomy.topics, "": "未分主题"},
        "region": {"": "未填区域"},
        "line": {},
    }
    shown = {"labels": labels, "set_aside": set_aside, "open_alarms": alarms, "policy_version": policy.version}
    return await page(request, "statistics.html", {**shown, "live": True})
