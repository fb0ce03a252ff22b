"""Prometheus metrics of the web process."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable

from aiohttp import web
from prometheus_client import Counter, Gauge, Histogram

from hotline.web.keys import Services, route_of
from routing.queues.store import queries as queue_queries
from routing.triage.store import queries as triage_queries

REQUESTS = Counter("hotline_http_requests_total", "Requests by route and status", ["method", "route", "status"])
DURATION = Histogram("hotline_http_request_duration_seconds", "Time to answer, streams left out", ["route"])
WAITING = Gauge("hotline_queue_waiting", "Open items of a queue", ["queue"])
LONGEST = Gauge("hotline_queue_longest_wait_seconds", "Longest wait in a queue", ["queue"])
PENDING = Gauge("hotline_triage_pending", "Calls that wait to be read")
SET_ASIDE = Gauge("hotline_triage_set_aside", "Calls whose reading failed too often")
STREAMS = Gauge("hotline_event_streams", "Open event streams")
SIGNALS = Gauge("hotline_signals_connected", "1 while Redis answers")
ALARMS = Gauge("hotline_danger_unacknowledged", "Danger alarms nobody has acknowledged")

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@web.middleware
async def measure(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Count requests and their durations by route pattern, so that ids never become labels."""
    started = time.perf_counter()
    status = 500
    try:
        response = await handler(request)
        status = response.status
    except web.HTTPException as error:
        status = error.status
        raise
    else:
        return response
    finally:
        route = route_of(request)
        REQUESTS.labels(request.method, route, status).inc()
        if not route.endswith("/events"):
            DURATION.labels(route).observe(time.perf_counter() - started)


async def gather(services: Services) -> None:
    """Read the gauges from the database."""
    async with services.pool.acquire() as connection:
        counts = await queue_queries.queue_counts(connection)
        PENDING.set(await triage_queries.pending(connection))
        SET_ASIDE.set(await triage_queries.set_aside_count(connection))
        ALARMS.set(await triage_queries.open_alarm_count(connection))
    by_name = {row["queue"]: row for row in counts}
    for name in services.published.policy.queues:
        row = by_name.get(name)
        WAITING.labels(name).set(row["waiting"] if row else 0)
        LONGEST.labels(name).set(row["longest_wait_s"] if row else 0)
    STREAMS.set(services.hub.streams)
    SIGNALS.set(1 if services.signals.connected else 0)
