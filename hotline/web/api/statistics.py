"""``/api/v1/statistics``."""

from __future__ import annotations

from datetime import datetime, timedelta

from aiohttp import web

from hotline.web.bodies import moment
from hotline.web.keys import needs, services
from hotline.web.problems import json_response
from routing.policy.facts import LOCAL_ZONE
from routing.statistics.store import routing_statistics
from routing.statistics.store import totals as totals_of


def _today() -> datetime:
    return datetime.now(LOCAL_ZONE).replace(hour=0, minute=0, second=0, microsecond=0)


@needs("statistics.read")
async def routing(request: web.Request) -> web.Response:
    """GET /statistics/routing?from=&to=&by=: from inclusive, to exclusive; today without them."""
    own = services(request)
    from_at = moment(request, "from") or _today()
    to_at = moment(request, "to") or _today() + timedelta(days=1)
    by = [key for value in request.query.getall("by", []) for key in value.split(",") if key]
    async with own.pool.acquire() as connection:
        buckets = await routing_statistics(connection, from_at, to_at, by)
    return json_response({"from": from_at, "to": to_at, "by": by, "buckets": buckets})


@needs("statistics.read")
async def totals(request: web.Request) -> web.Response:
    """GET /statistics/totals?from=&to=: received, waiting, in hand, completed, closed, danger, review."""
    from_at = moment(request, "from") or _today()
    to_at = moment(request, "to") or _today() + timedelta(days=1)
    async with services(request).pool.acquire() as connection:
        counts = await totals_of(connection, from_at, to_at)
    return json_response({"from": from_at, "to": to_at, **counts})
