"""``/api/v1/rosters``: files of rosters, looked at before they are taken, and given out as calendars."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

from aiohttp import web

from hotline.audit.store import record
from hotline.console.sentences import told_rows
from hotline.web.api.roster_weeks import wanted_monday
from hotline.web.bodies import whole
from hotline.web.keys import Services, needs, principal, services
from hotline.web.progress import Progress, answer_as_asked
from hotline.web.roster_plan import rostered_group, rostered_groups, written_names
from routing.errors import WeekChanged
from routing.headed_sheets import Told
from routing.rosters.excel import read_excel
from routing.rosters.ics import read_ics
from routing.rosters.imported import RosterImport, resolve_names
from routing.rosters.planning import duties_of, week_begin
from routing.rosters.roster import Shift
from routing.rosters.service import touch
from routing.rosters.sheets import ImportChange, StoredShift, as_calendar, compare, span_of
from routing.rosters.store import load_duty_book, queries

#: How far ahead an ICS calendar with endless repeats is read.
ICS_HORIZON = timedelta(days=180)
#: More rows than this a page does not list one by one; the counts are of all.
LISTED = 300
EXPORT_WEEKS = 5


@needs("rosters.write")
async def import_file(request: web.Request) -> web.StreamResponse:
    """POST /rosters/import?queue=&preview=&replace=&mark=: the file as body; Excel, or ICS by ``text/calendar``.

    Good rows are stored, bad ones named; nothing of the good is lost.
    ``preview=yes`` stores nothing and says what would change. ``replace=yes``
    also removes what the file leaves out of its groups and days; ``mark`` of
    the preview makes sure that this is still what was shown.
    """
    own, who = services(request), principal(request)
    data = await request.read()
    default = request.query.get("queue") or None
    if default is not None:
        default = rostered_group(own.published.policy, default)
    preview, replace = (request.query.get(name) == "yes" for name in ("preview", "replace"))
    calendar = request.content_type == "text/calendar"

    async def work(progress: Progress) -> dict[str, Any]:
        read = await _read(own, data, default, calendar=calendar, told=progress.at)
        async with own.pool.acquire() as connection, connection.transaction():
            await queries.lock_rosters(connection)
            rows = await queries.user_ids(connection)
            people = {row["name"]: row["id"] for row in rows} | {row["display_name"]: row["id"] for row in rows}
            shifts, unknown = resolve_names(read.shifts, people)
            change = compare(shifts, await _stored(connection, shifts), replace=replace)
            if not preview:
                if request.query.get("mark", change.mark) != change.mark:
                    raise WeekChanged("预览之后有人改过这些班次，请重新预览，核对将要删除的班次后再导入。")
                await _apply(connection, change, who, default)
        if not preview:
            await own.published.refresh(own.pool, force=True)
            await own.signals.ring()
        names = {row["id"]: row["display_name"] for row in rows}
        return {
            "shifts": len(shifts),
            "applied": not preview,
            "added": _listed(change.added, names),
            "added_count": len(change.added),
            "standing": len(change.standing),
            "removed": _listed([each.shift for each in change.removed], names),
            "removed_count": len(change.removed),
            "mark": change.mark,
            "overlaps": [
                {"name": names.get(each.user_id, "?"), "queues": each.queues, "start": each.start, "end": each.end}
                for each in change.overlapping[:LISTED]
            ],
            "rejected": told_rows((*read.problems, *unknown)),
        }

    return await answer_as_asked(request, work)


async def _read(own: Services, data: bytes, default: str | None, *, calendar: bool, told: Told) -> RosterImport:
    names = written_names(own.published.policy)
    if calendar or data[:15].upper().startswith(b"BEGIN:VCALENDAR"):
        now = datetime.now(UTC)
        return await asyncio.to_thread(
            read_ics, data, names, start=now - timedelta(days=7), end=now + ICS_HORIZON, default_queue=default
        )
    return await asyncio.to_thread(read_excel, data, names, default_queue=default, told=told)


async def _stored(connection: Any, shifts: tuple[Shift, ...]) -> list[StoredShift]:
    """The shifts that stand around those of the file."""
    span = span_of(shifts)
    if span is None:
        return []
    rows = await queries.shifts(connection, from_at=span[0], to_at=span[1])
    return [
        StoredShift(row["id"], Shift(row["queue"], row["user_id"], row["starts_at"], row["ends_at"])) for row in rows
    ]


async def _apply(connection: Any, change: ImportChange, actor: Any, default: str | None) -> None:
    await queries.remove_shifts(connection, ids=[each.shift_id for each in change.removed])
    await queries.insert_shifts(
        connection,
        source="import",
        rows=[
            {
                "queue": shift.queue,
                "user_id": shift.user_id,
                "starts_at": shift.start.isoformat(),
                "ends_at": shift.end.isoformat(),
            }
            for shift in change.added
        ],
    )
    await touch(connection, [*change.added, *(each.shift for each in change.removed)], actor.user_id)
    await record(
        connection,
        actor=actor,
        action="roster_imported",
        subject=f"queue:{default or 'all'}",
        detail={"shifts": len(change.added), "removed": len(change.removed)},
    )


def _listed(shifts: Any, names: dict[int, str]) -> list[dict[str, Any]]:
    return [
        {"queue": shift.queue, "name": names.get(shift.user_id, "?"), "start": shift.start, "end": shift.end}
        for shift in shifts[:LISTED]
    ]


@needs("rosters.read")
async def export_calendar(request: web.Request) -> web.Response:
    """GET /rosters/export.ics?queue=&week=&weeks=: who is on duty, as events for calendar programs."""
    own, monday = services(request), wanted_monday(request)
    policy = own.published.policy
    weeks = whole(request, "weeks", 1, low=1, high=EXPORT_WEEKS)
    queue = request.query.get("queue") or None
    labels = {group.name: group.label for group in rostered_groups(policy)}
    wanted = [rostered_group(policy, queue)] if queue else list(labels)
    async with own.pool.acquire() as connection:
        book = await load_duty_book(connection, week_begin(monday) + timedelta(days=3.5 * weeks))
        duties = [
            duty
            for name in wanted
            if name in book.rosters
            for number in range(weeks)
            for duty in duties_of(book.rosters[name], monday + timedelta(days=7 * number))
        ]
        rows = await queries.people_of_rosters(connection, roles=[], ids=sorted({duty.user_id for duty in duties}))
    people = {row["id"]: row["display_name"] for row in rows}
    return web.Response(
        body=as_calendar(duties, labels, people, datetime.now(UTC)),
        content_type="text/calendar",
        charset="utf-8",
        headers={"Content-Disposition": f'attachment; filename="rosters-{monday.isoformat()}.ics"'},
    )
