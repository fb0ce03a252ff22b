"""Prometheus metrics of the web process, and those of the service as a whole, which it reads from PostgreSQL."""

from __future__ import annotations

import asyncio
import math
import shutil
import time
from collections.abc import Awaitable, Callable
from typing import Any

import asyncpg
import structlog
from aiohttp import web
from prometheus_client import Counter, Gauge, Histogram

from hotline.backup.status import BackupStatus, read_status
from hotline.process_metrics import gather_pool
from hotline.web.keys import Services, route_of
from hotline.worker.work import GONE_S
from routing.sql import load_queries

queries = load_queries(__file__, "metrics.sql")
log = structlog.get_logger(__name__)

REQUESTS = Counter("hotline_http_requests_total", "Requests by route and status", ["method", "route", "status"])
DURATION = Histogram("hotline_http_request_duration_seconds", "Time to answer, streams left out", ["route"])
STREAMS = Gauge("hotline_event_streams", "Open event streams")
OUTBOX_LAG = Gauge("hotline_outbox_lag_seconds", "Age of the oldest event not handed to the streams")

DATABASE_UP = Gauge("hotline_database_up", "1 while PostgreSQL answers; 0: what is read from it is missing")
WAITING = Gauge("hotline_queue_waiting", "Open items of a queue", ["queue", "origin"])
LONGEST = Gauge("hotline_queue_longest_wait_seconds", "Longest wait in a queue", ["queue", "origin"])
PENDING = Gauge("hotline_triage_pending", "Calls that wait to be read", ["lane"])
OLDEST_PENDING = Gauge("hotline_triage_oldest_pending_seconds", "How long the oldest waits to be read", ["lane"])
SET_ASIDE = Gauge("hotline_triage_set_aside", "Calls whose reading failed too often (dead letters)")
ALARMS = Gauge("hotline_danger_unacknowledged", "Danger alarms nobody has acknowledged")
OLDEST_ALARM = Gauge("hotline_danger_unacknowledged_seconds", "Age of the oldest such alarm")
WORKERS = Gauge("hotline_workers", "Workers seen in the last seconds, by model", ["model"])

AUDIT_BROKEN = Gauge("hotline_audit_chain_broken", "1 while a broken link of the audit chain is known")
AUDIT_VERIFIED = Gauge("hotline_audit_verified_timestamp_seconds", "When the chain was last walked, or begun")

SIGNALS = Gauge("hotline_signals_connected", "1 while Redis answers")
ROUND_TRIP = Gauge("hotline_signals_round_trip_seconds", "Time Redis took to answer just now")

DISK_FREE = Gauge("hotline_disk_free_bytes", "Free space, as last seen", ["folder"])
LAST_BACKUP = Gauge("hotline_backup_last_success_timestamp_seconds", "When the newest base backup ended; 0: never")
LAST_DRILL = Gauge("hotline_drill_last_success_timestamp_seconds", "When a drill last found no difference; 0: never")
ARCHIVED = Gauge("hotline_wal_archived_until_timestamp_seconds", "The archived log reaches until then; 0: no archive")
WAL_WAITING = Gauge("hotline_wal_waiting_bytes", "Finished log not sealed yet")
WAL_GAPS = Gauge("hotline_wal_gaps", "Segments dropped since the last base backup")
WAL_FAILING = Gauge("hotline_wal_archive_failing", "1 while log cannot be sealed into the archive")

#: Read from the database in one go; without it they are missing rather than old.
FROM_DATABASE = (SET_ASIDE, ALARMS, OLDEST_ALARM, OUTBOX_LAG, AUDIT_BROKEN, AUDIT_VERIFIED)
FROM_DATABASE_BY_LABEL = (WAITING, LONGEST, PENDING, OLDEST_PENDING, WORKERS)
LANES = {0: "live", 1: "backlog", 2: "history"}
ORIGINS = ("current", "backlog")
ANSWER_LIMIT_S = 5.0

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
    """Set every gauge to what holds now; figures of a database that is away go missing, the others stay."""
    gather_pool(services.pool)
    STREAMS.set(services.hub.streams)
    round_trip_s = await services.signals.round_trip()
    SIGNALS.set(0 if round_trip_s is None else 1)
    ROUND_TRIP.set(math.nan if round_trip_s is None else round_trip_s)
    # the state folder is on a local disk; the backup folder, which may be away, is never touched from here
    status, free = await asyncio.to_thread(_state_folder, services)
    _set_backup(status, free)
    try:
        async with asyncio.timeout(ANSWER_LIMIT_S), services.pool.acquire() as connection:
            await _gather_database(connection, services)
        DATABASE_UP.set(1)
    except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError) as error:
        log.warning("metrics_without_database", error=type(error).__name__)
        DATABASE_UP.set(0)
        for gauge in FROM_DATABASE:
            gauge.set(math.nan)
        for gauge in FROM_DATABASE_BY_LABEL:
            gauge.clear()


async def _gather_database(connection: Any, services: Services) -> None:
    ages = {(row["queue"], row["origin"]): row for row in await queries.queue_ages(connection)}
    lanes = {row["lane"]: row for row in await queries.triage_backlog(connection)}
    alarms = await queries.alarms(connection)
    chain = await queries.audit_chain(connection)
    cursor = services.hub.cursor
    lag_s = await queries.outbox_lag(connection, txid=str(cursor.txid), id=cursor.id)
    workers = await queries.workers(connection, seconds=GONE_S)
    known = {*services.published.policy.queues, *(queue for queue, _ in ages)}
    for name in known:
        for origin in ORIGINS:
            row = ages.get((name, origin))
            WAITING.labels(name, origin).set(row["waiting"] if row else 0)
            LONGEST.labels(name, origin).set(row["longest_wait_s"] if row else 0)
    for number, lane in LANES.items():
        row = lanes.get(number)
        PENDING.labels(lane).set(row["pending"] if row else 0)
        OLDEST_PENDING.labels(lane).set(row["oldest_s"] if row else 0)
    SET_ASIDE.set(sum(row["set_aside"] for row in lanes.values()))
    ALARMS.set(alarms["open"])
    OLDEST_ALARM.set(alarms["oldest_s"])
    OUTBOX_LAG.set(lag_s)
    AUDIT_BROKEN.set(1 if chain["broken"] else 0)
    AUDIT_VERIFIED.set(chain["verified_s"])
    WORKERS.clear()
    for row in workers:
        WORKERS.labels(row["model"]).set(row["count"])


def _state_folder(services: Services) -> tuple[BackupStatus, int | None]:
    folder = services.settings.state_dir
    try:
        free = shutil.disk_usage(folder).free
    except OSError:
        # with outside servers there may be none
        free = None
    return read_status(folder), free


def _set_backup(status: BackupStatus, free: int | None) -> None:
    if free is not None:
        DISK_FREE.labels("state").set(free)
    if status.backup_free_bytes:
        DISK_FREE.labels("backups").set(status.backup_free_bytes)
    LAST_BACKUP.set(status.last_backup_s)
    LAST_DRILL.set(status.last_drill_s)
    ARCHIVED.set(status.archived_until_s)
    WAL_WAITING.set(status.waiting_bytes)
    WAL_GAPS.set(status.gaps)
    WAL_FAILING.set(1 if status.error else 0)
