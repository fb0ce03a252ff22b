"""``/api/v1/rosters``: who is on duty, overrides, choices for the night."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Literal

from aiohttp import web
from pydantic import AwareDatetime

from hotline.audit.store import record
from hotline.web.api.roster_weeks import wanted_monday
from hotline.web.bodies import Body, read_body
from hotline.web.keys import needs, principal, services
from hotline.web.problems import json_response
from hotline.web.roster_plan import rostered_group
from routing.errors import InvalidRequest
from routing.queues.store import queries as queue_queries
from routing.rosters.duty import week
from routing.rosters.night import expected_wait_s, night_options
from routing.rosters.roster import DUTY_GROUPS, Override, Shift
from routing.rosters.service import touch
from routing.rosters.store import queries


@needs("rosters.read")
async def show(request: web.Request) -> web.Response:
    """GET /rosters?queue=&week=YYYY-MM-DD: who is on duty now and in the week (Monday first)."""
    own = services(request)
    await own.published.refresh(own.pool)
    now = datetime.now(UTC)
    monday = wanted_monday(request)
    async with own.pool.acquire() as connection:
        people = {row["id"]: row["display_name"] for row in await queries.user_ids(connection)}
    wanted = request.query.get("queue")
    names = [rostered_group(own.published.policy, wanted)] if wanted else [*own.published.policy.queues, *DUTY_GROUPS]
    items = []
    for name in names:
        roster = own.published.book.rosters.get(name)
        spans = week(roster, monday) if roster else ()
        items.append(
            {
                "queue": name,
                "rostered": roster is not None,
                "on_duty": [people.get(user, "?") for user in own.published.book.people(name, now)],
                "week": [
                    {"start": s.start, "end": s.end, "people": [people.get(user, "?") for user in s.user_ids]}
                    for s in spans
                ],
            }
        )
    return json_response({"monday": monday.isoformat(), "items": items})


class OverrideBody(Body):
    """POST /rosters/overrides: add, remove or replace somebody for an interval."""

    queue: str
    kind: Literal["add", "remove", "replace"]
    user_id: int
    substitute_id: int | None = None
    start: AwareDatetime
    end: AwareDatetime


@needs("rosters.write")
async def override(request: web.Request) -> web.Response:
    """POST /rosters/overrides."""
    own = services(request)
    body = await read_body(request, OverrideBody)
    queue = rostered_group(own.published.policy, body.queue)
    change = Override(queue, body.kind, body.user_id, body.start, body.end, body.substitute_id)
    async with own.pool.acquire() as connection, connection.transaction():
        await queries.lock_rosters(connection)
        known = {row["id"] for row in await queries.user_ids(connection)}
        if change.user_id not in known or change.substitute_id not in {None, *known}:
            raise InvalidRequest("user_id、substitute_id：没有这个账号。")
        override_id = await queries.insert_override(
            connection,
            queue=queue,
            kind=change.kind,
            user_id=change.user_id,
            substitute_id=change.substitute_id,
            starts_at=change.start,
            ends_at=change.end,
        )
        await touch(connection, [Shift(queue, change.user_id, change.start, change.end)], principal(request).user_id)
        await record(
            connection,
            actor=principal(request),
            action="roster_override",
            subject=f"queue:{queue}",
            detail={"override_id": override_id, "kind": change.kind},
        )
    await own.published.refresh(own.pool, force=True)
    return json_response({"override_id": override_id}, status=201)


@needs("queues.read")
async def night(request: web.Request) -> web.Response:
    """GET /queues/{name}/night-options: what a caller may choose now, the expected wait told."""
    own = services(request)
    await own.published.refresh(own.pool)
    settings = own.published.policy.queue(request.match_info["name"])
    now = datetime.now(UTC)
    on_duty = own.published.duty(settings.name, now)
    async with own.pool.acquire() as connection:
        ahead = {row["queue"]: row["ahead"] for row in await queue_queries.queue_counts(connection)}
        people = own.published.book.people(settings.name, now)
        free = await queue_queries.free_among(connection, user_ids=list(people))
    wait = expected_wait_s(ahead.get(settings.name, 0), on_duty, free, float(settings.expected_service_s))
    options = night_options(settings, wait, on_duty, now)
    return json_response(
        {
            "on_duty": on_duty,
            "expected_wait_s": None if wait is None else round(wait),
            "options": [
                {
                    "choice": o.option,
                    "text": o.text,
                    "expected_wait_s": o.expected_wait_s,
                    "window_start": o.window_start,
                    "window_end": o.window_end,
                }
                for o in options
            ],
        }
    )
