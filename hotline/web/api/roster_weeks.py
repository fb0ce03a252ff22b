"""``/api/v1/rosters``: a week as it is planned, shift by shift, and the days of its calendar."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import date, datetime, timedelta
from typing import Any

from aiohttp import web
from pydantic import AwareDatetime, Field

from hotline.audit.store import record
from hotline.web.bodies import Body, path_id, read_body, whole
from hotline.web.keys import needs, principal, services
from hotline.web.problems import json_response
from hotline.web.roster_plan import check_person, rostered_group, week_plan
from routing.errors import InvalidRequest, ShiftNotFound
from routing.policy.facts import LOCAL_ZONE
from routing.rosters.planning import monday_of
from routing.rosters.roster import FIRST_YEAR, LAST_YEAR, Shift
from routing.rosters.service import WeekEdit, add_shift, copy_week, move_shift, remove_shift, touch
from routing.rosters.store import queries


def wanted_monday(request: web.Request) -> date:
    """The Monday of ``?week=``, any day of the week; this week's without it. Raises InvalidRequest."""
    text = request.query.get("week")
    return _monday(_day(text, "week") if text else datetime.now(LOCAL_ZONE).date())


def _day(text: str, name: str) -> date:
    try:
        day = date.fromisoformat(text)
    except ValueError as error:
        raise InvalidRequest(f"{name}：应为日期，如 2026-11-16。") from error
    return _reckoned(day, name)


def _reckoned(day: date, name: str) -> date:
    if not FIRST_YEAR <= day.year <= LAST_YEAR:
        raise InvalidRequest(f"{name}：请填 {FIRST_YEAR} 到 {LAST_YEAR} 年之间的日期。")
    return day


def _monday(day: date) -> date:
    day = _reckoned(day, "week")
    return day - timedelta(days=day.weekday())


@needs("rosters.read")
async def plan(request: web.Request) -> web.Response:
    """GET /rosters/plan?week=: shifts, turns of rotations, changes by hand, gaps, overlaps, kinds of days."""
    own, monday = services(request), wanted_monday(request)
    await own.published.refresh(own.pool)
    async with own.pool.acquire() as connection:
        return json_response(await week_plan(connection, own, monday))


class ShiftBody(Body):
    """POST /rosters/shifts and PUT /rosters/shifts/{id}: ``week`` and ``version`` as they were read."""

    week: date
    version: int = Field(ge=0, le=10**9)
    queue: str
    user_id: int = Field(ge=1, le=10**15)
    start: AwareDatetime
    end: AwareDatetime


class WeekBody(Body):
    """POST /rosters/copy-week."""

    week: date
    version: int = Field(ge=0, le=10**9)


async def _changed(
    request: web.Request,
    week: date,
    version: int,
    change: Callable[[Any, WeekEdit], Awaitable[dict[str, Any]]],
    *,
    status: int = 200,
) -> web.Response:
    """Do one change of a week in its transaction; the answer is what it says with the week as it is then."""
    own, monday = services(request), _monday(week)
    async with own.pool.acquire() as connection, connection.transaction():
        answer = await change(connection, WeekEdit(monday, version, principal(request).user_id))
        shown = await week_plan(connection, own, monday)
    await own.published.refresh(own.pool, force=True)
    await own.signals.ring()
    return json_response({**answer, "plan": shown}, status=status)


@needs("rosters.write")
async def add(request: web.Request) -> web.Response:
    """POST /rosters/shifts: one person on duty for a time."""
    body = await read_body(request, ShiftBody)
    policy = services(request).published.policy
    shift = Shift(rostered_group(policy, body.queue), body.user_id, body.start, body.end)

    async def work(connection: Any, edit: WeekEdit) -> dict[str, Any]:
        await check_person(connection, policy, shift.queue, shift.user_id)
        shift_id = await add_shift(connection, edit, shift)
        await _record(request, connection, ("shift_added", shift_id), shift)
        return {"shift_id": shift_id}

    return await _changed(request, body.week, body.version, work, status=201)


@needs("rosters.write")
async def move(request: web.Request) -> web.Response:
    """PUT /rosters/shifts/{id}: another time, person or group."""
    body = await read_body(request, ShiftBody)
    policy, shift_id = services(request).published.policy, path_id(request)
    shift = Shift(rostered_group(policy, body.queue), body.user_id, body.start, body.end)

    async def work(connection: Any, edit: WeekEdit) -> dict[str, Any]:
        await check_person(connection, policy, shift.queue, shift.user_id)
        before = await move_shift(connection, edit, shift_id, shift)
        await _record(request, connection, ("shift_moved", shift_id), shift, before=before)
        return {"shift_id": shift_id}

    return await _changed(request, body.week, body.version, work)


@needs("rosters.write")
async def remove(request: web.Request) -> web.Response:
    """DELETE /rosters/shifts/{id}?week=&version=."""
    shift_id, version = path_id(request), whole(request, "version", 0, low=0, high=10**9 - 1)

    async def work(connection: Any, edit: WeekEdit) -> dict[str, Any]:
        before = await remove_shift(connection, edit, shift_id)
        await _record(request, connection, ("shift_removed", shift_id), before)
        return {"shift_id": shift_id}

    return await _changed(request, wanted_monday(request), version, work)


@needs("rosters.write")
async def copy(request: web.Request) -> web.Response:
    """POST /rosters/copy-week: the shifts of the week before, at the same days and times."""
    body = await read_body(request, WeekBody)

    async def work(connection: Any, edit: WeekEdit) -> dict[str, Any]:
        made = await copy_week(connection, edit)
        await record(
            connection,
            actor=principal(request),
            action="week_copied",
            subject=f"week:{edit.monday.isoformat()}",
            detail={"shifts": made},
        )
        return {"copied": made}

    return await _changed(request, body.week, body.version, work)


@needs("rosters.write")
async def remove_override(request: web.Request) -> web.Response:
    """DELETE /rosters/overrides/{id}: a change by hand is taken back."""
    own, override_id = services(request), path_id(request)
    async with own.pool.acquire() as connection, connection.transaction():
        await queries.lock_rosters(connection)
        gone = await queries.remove_override(connection, override_id=override_id)
        if gone is None:
            raise ShiftNotFound("这条调班已经不在了，请刷新。")
        start, end = (datetime.fromisoformat(gone[name]) for name in ("start", "end"))
        await touch(connection, [Shift(gone["queue"], 0, start, end)], principal(request).user_id)
        await record(
            connection,
            actor=principal(request),
            action="roster_override",
            subject=f"queue:{gone['queue']}",
            detail={"override_id": override_id, "kind": "taken_back"},
        )
        shown = await week_plan(connection, own, monday_of(start))
    await own.published.refresh(own.pool, force=True)
    return json_response({"override_id": override_id, "plan": shown})


class DayBody(Body):
    """PUT /rosters/days/{day}: ``workday`` null: the published calendar counts again."""

    workday: bool | None = None
    note: str = Field("", max_length=40)


@needs("rosters.write")
async def enter_day(request: web.Request) -> web.Response:
    """PUT /rosters/days/{day}: a holiday or a make-up workday of this city."""
    own, day = services(request), _day(request.match_info["day"], "day")
    body = await read_body(request, DayBody)
    async with own.pool.acquire() as connection, connection.transaction():
        if body.workday is None:
            await queries.forget_day(connection, day=day)
        else:
            await queries.enter_day(connection, day=day, workday=body.workday, note=body.note or None)
        await record(
            connection,
            actor=principal(request),
            action="calendar_changed",
            subject=f"day:{day.isoformat()}",
            detail={"workday": body.workday},
        )
        shown = await week_plan(connection, own, _monday(day))
    await own.published.refresh(own.pool, force=True)
    return json_response({"day": day, "plan": shown})


async def _record(
    request: web.Request, connection: Any, act: tuple[str, int], shift: Shift, before: Shift | None = None
) -> None:
    """``act``: the action, and the shift's id."""
    detail: dict[str, Any] = {"queue": shift.queue, "user_id": shift.user_id, "start": shift.start.isoformat()}
    if before is not None:
        detail |= {"from_user_id": before.user_id, "from_start": before.start.isoformat()}
    action, shift_id = act
    await record(connection, actor=principal(request), action=action, subject=f"shift:{shift_id}", detail=detail)
