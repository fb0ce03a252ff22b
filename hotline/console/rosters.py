"""The week of all rosters, to be read or planned."""

from __future__ import annotations

from datetime import timedelta

from aiohttp import web

from hotline.console.render import page
from hotline.web.api.roster_weeks import wanted_monday
from hotline.web.keys import needs, services
from hotline.web.roster_plan import week_plan


@needs("rosters.read")
async def show(request: web.Request) -> web.StreamResponse:
    """GET /rosters?week=: any day of the week; this week without it."""
    own, monday = services(request), wanted_monday(request)
    await own.published.refresh(own.pool)
    async with own.pool.acquire() as connection:
        plan = await week_plan(connection, own, monday)
    shown = {
        "plan": plan,
        "monday": monday,
        "sunday": monday + timedelta(days=6),
        "earlier": (monday - timedelta(days=7)).isoformat(),
        "later": (monday + timedelta(days=7)).isoformat(),
    }
    return await page(request, "rosters.html", shown)
