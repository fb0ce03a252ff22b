"""Notes the requests that did something with a call in that call's trace; only there while tracing is on."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

import asyncpg
import structlog
from aiohttp import web
from aiohttp.typedefs import Middleware

from hotline.web.keys import NEW_CALLS, SERVICES, TAKEN_CALL, route_of
from routing.sql import load_queries

if TYPE_CHECKING:  # what sends traces is loaded where they are asked for
    from hotline.tracing import CallTraces

queries = load_queries(__file__, "journeys.sql")
log = structlog.get_logger(__name__)

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def trace_requests(traces: CallTraces) -> Middleware:
    """The middleware; place it innermost, so that it sees what handlers say."""

    @web.middleware
    async def trace(request: web.Request, handler: Handler) -> web.StreamResponse:
        started_ns = time.time_ns()
        outcome = "error"
        try:
            response = await handler(request)
            outcome = str(response.status)
            return response
        except Exception as error:
            outcome = type(error).__name__
            raise
        finally:
            if request.method != "GET":
                await _note(traces, request, started_ns, outcome)

    return trace


async def _note(traces: CallTraces, request: web.Request, started_ns: int, outcome: str) -> None:
    name = f"{request.method} {route_of(request)}"
    new = request.get(NEW_CALLS)
    if new:
        traces.arrived(new, name, started_ns, outcome=outcome, calls=len(new))
        return
    call_id = await _call_of(request)
    if call_id is not None:
        traces.step([call_id], name, started_ns, outcome=outcome)


async def _call_of(request: web.Request) -> int | None:
    if TAKEN_CALL in request:
        return request[TAKEN_CALL]
    number = request.match_info.get("id")
    if number is None:
        return None
    route = route_of(request)
    if "/calls/" in route:
        return int(number)
    if "/assignments/" in route:
        asked = queries.call_of_assignment
    elif "/transfers/" in route:
        asked = queries.call_of_transfer
    else:
        return None
    try:
        async with request.config_dict[SERVICES].pool.acquire(timeout=1) as connection:
            found = await asked(connection, id=int(number))
    except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        # a trace is never worth a request
        log.info("untraced", error=type(error).__name__)
        return None
    return found if found is None else int(found)
