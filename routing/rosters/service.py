"""Changing a week of the roster: one change a transaction, told of whoever was faster."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from routing.errors import RosterError, ShiftNotFound, WeekChanged
from routing.policy.facts import LOCAL_ZONE
from routing.rosters.days import EnteredDay
from routing.rosters.planning import WEEK, mondays_of, week_begin
from routing.rosters.roster import Shift
from routing.rosters.store import queries

#: Longer shifts than this are slips of the pen.
LONGEST_SHIFT = timedelta(hours=36)


@dataclass(frozen=True, slots=True)
class WeekState:
    """Which version of a week somebody looks at."""

    monday: date
    version: int
    changed_by: str | None
    changed_at: datetime | None


@dataclass(frozen=True, slots=True)
class WeekEdit:
    """Somebody changes the week they look at."""

    monday: date
    version: int
    """The version they have seen."""
    user_id: int


async def week_state(connection: Any, monday: date) -> WeekState:
    """The week's version; 0 where nobody changed it here yet."""
    row = await queries.week(connection, monday=monday)
    return (
        WeekState(monday, row["version"], row["changed_by"], row["changed_at"])
        if row
        else WeekState(monday, 0, None, None)
    )


async def add_shift(connection: Any, edit: WeekEdit, shift: Shift) -> int:
    """A new shift; its id. Raises WeekChanged, or RosterError where it covers another of the same person."""
    await _begin(connection, edit)
    await _check(connection, shift, but=0)
    shift_id = await queries.insert_shift(
        connection, queue=shift.queue, user_id=shift.user_id, starts_at=shift.start, ends_at=shift.end
    )
    await touch(connection, [shift], edit.user_id)
    return int(shift_id)


async def move_shift(connection: Any, edit: WeekEdit, shift_id: int, shift: Shift) -> Shift:
    """A shift at another time, of another person or queue; what it was.

    Raises WeekChanged, ShiftNotFound, or RosterError where it covers another of the same person.
    """
    await _begin(connection, edit)
    before = await _shift(connection, shift_id)
    await _check(connection, shift, but=shift_id)
    await queries.move_shift(
        connection,
        shift_id=shift_id,
        queue=shift.queue,
        user_id=shift.user_id,
        starts_at=shift.start,
        ends_at=shift.end,
    )
    await touch(connection, [before, shift], edit.user_id)
    return before


async def remove_shift(connection: Any, edit: WeekEdit, shift_id: int) -> Shift:
    """Take a shift out; what it was. Raises WeekChanged or ShiftNotFound."""
    await _begin(connection, edit)
    before = await _shift(connection, shift_id)
    await queries.remove_shift(connection, shift_id=shift_id)
    await touch(connection, [before], edit.user_id)
    return before


async def copy_week(connection: Any, edit: WeekEdit, queues: Sequence[str] | None = None) -> int:
    """Put the shifts of the week before into this one, at the same days and times; how many are new.

    What stands there already is kept; a copy that would cover a shift of the
    same person in the same queue is left out.
    """
    await _begin(connection, edit)
    begin = week_begin(edit.monday)
    rows = await queries.shifts_beginning(
        connection, from_at=begin - WEEK, to_at=begin, queues=list(queues) if queues is not None else None
    )
    made = []
    for row in rows:
        shift = Shift(row["queue"], row["user_id"], row["starts_at"] + WEEK, row["ends_at"] + WEEK)
        if await _covering(connection, shift, but=0) is None:
            await queries.insert_shift(
                connection, queue=shift.queue, user_id=shift.user_id, starts_at=shift.start, ends_at=shift.end
            )
            made.append(shift)
    if made:
        await touch(connection, made, edit.user_id)
    return len(made)


async def touch(connection: Any, shifts: Iterable[Shift], user_id: int | None) -> None:
    """Mark the weeks of these shifts as changed; the caller holds the lock of rosters."""
    mondays = sorted({monday for shift in shifts for monday in mondays_of(shift.start, shift.end)})
    if mondays:
        await queries.touch_weeks(connection, mondays=mondays, user_id=user_id)


async def entered_days(connection: Any, first: date, last: date) -> dict[date, EnteredDay]:
    """Days entered by hand from ``first`` to ``last`` (exclusive)."""
    rows = await queries.entered_days(connection, first=first, last=last)
    return {row["day"]: EnteredDay(row["workday"], row["note"]) for row in rows}


async def _begin(connection: Any, edit: WeekEdit) -> None:
    """One planner at a time. Raises WeekChanged where somebody was faster."""
    await queries.lock_rosters(connection)
    row = await queries.week(connection, monday=edit.monday)
    if (row["version"] if row else 0) == edit.version:
        return
    if row is None:
        raise WeekChanged("这一周的值班表已不是您看到的那一版，请刷新后再改。")
    who = "您在另一个窗口" if row["changed_by_id"] == edit.user_id else row["changed_by"] or "命令行"
    at = row["changed_at"].astimezone(LOCAL_ZONE)
    raise WeekChanged(f"{who}在 {at:%m-%d %H:%M} 改过这一周的值班表，您看到的已不是最新。请刷新后再改。")


async def _shift(connection: Any, shift_id: int) -> Shift:
    row = await queries.shift(connection, shift_id=shift_id)
    if row is None:
        raise ShiftNotFound("这个班次已经不在了，请刷新。")
    return Shift(row["queue"], row["user_id"], row["starts_at"], row["ends_at"])


async def _check(connection: Any, shift: Shift, *, but: int) -> None:
    if shift.end - shift.start > LONGEST_SHIFT:
        raise RosterError(f"一个班次最长 {LONGEST_SHIFT // timedelta(hours=1)} 小时，请拆成几个班次。")
    covering = await _covering(connection, shift, but=but)
    if covering is not None:
        first, last = (covering[name].astimezone(LOCAL_ZONE) for name in ("starts_at", "ends_at"))
        raise RosterError(f"与此人 {first:%m-%d %H:%M} 到 {last:%m-%d %H:%M} 的班次重叠，请改时间或先删去那一个。")


async def _covering(connection: Any, shift: Shift, *, but: int) -> Any:
    return await queries.covering_shift(
        connection, queue=shift.queue, user_id=shift.user_id, starts_at=shift.start, ends_at=shift.end, but=but
    )
