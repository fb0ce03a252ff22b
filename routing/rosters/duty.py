"""Who is on duty at a time, and when that changes: computed from values, ``at`` passed in (after GoAlert)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from routing.policy.facts import LOCAL_ZONE
from routing.rosters.roster import Override, Roster, Rotation, WeeklyWindow

#: How far ahead ``next_change`` looks.
HORIZON = timedelta(days=366)


@dataclass(frozen=True, slots=True)
class DutySpan:
    """The same people on duty from ``start`` to ``end`` (exclusive), aware UTC."""

    start: datetime
    end: datetime
    user_ids: tuple[int, ...]


def on_duty(roster: Roster, at: datetime) -> tuple[int, ...]:
    """Ids of the users on duty at ``at`` (aware), ascending."""
    present: set[int] = set()
    for rotation in roster.rotations:
        present.update(_turn(rotation, at))
    present.update(shift.user_id for shift in roster.shifts if shift.start <= at < shift.end)
    for override in roster.overrides:
        if override.start <= at < override.end:
            _apply(override, present)
    present.difference_update(user_id for user_id, since in roster.left.items() if at >= since)
    return tuple(sorted(present))


def next_change(roster: Roster, at: datetime, horizon: timedelta = HORIZON) -> datetime | None:
    """The first moment after ``at`` when other people are on duty, aware UTC; None within the horizon."""
    before = on_duty(roster, at)
    moment = at
    while (found := _next_boundary(roster, moment)) is not None and found - at <= horizon:
        if on_duty(roster, found) != before:
            return found.astimezone(UTC)
        moment = found
    return None


def week(roster: Roster, monday: date) -> tuple[DutySpan, ...]:
    """Who is on duty in the seven days from ``monday`` 00:00 local time, gaps included as empty spans."""
    start = datetime.combine(monday, time(), LOCAL_ZONE).astimezone(UTC)
    end = start + timedelta(days=7)
    spans = []
    while start < end:
        change = next_change(roster, start, end - start)
        until = end if change is None else min(change, end)
        spans.append(DutySpan(start, until, on_duty(roster, start)))
        start = until
    return tuple(spans)


def count_on_duty(rosters: Mapping[str, Roster], queue: str, at: datetime, *, unrostered: int = 0) -> int:
    """How many are on duty for ``queue``; ``unrostered`` for a queue that has no roster at all.

    Bind the first argument to get the ``duty`` that ``decide`` asks for.
    """
    roster = rosters.get(queue)
    return unrostered if roster is None else len(on_duty(roster, at))


def _turn(rotation: Rotation, at: datetime) -> tuple[int, ...]:
    people = rotation.participants
    if at < rotation.start or (rotation.end is not None and at >= rotation.end) or not people:
        return ()
    if rotation.windows and not any(_within(window, at) for window in rotation.windows):
        return ()
    first = (at - rotation.start) // rotation.length * rotation.headcount
    return tuple(people[(first + number) % len(people)] for number in range(min(rotation.headcount, len(people))))


def _apply(override: Override, present: set[int]) -> None:
    if override.kind == "add":
        present.add(override.user_id)
    elif override.kind == "remove":
        present.discard(override.user_id)
    elif override.user_id in present and override.substitute_id is not None:
        present.discard(override.user_id)
        present.add(override.substitute_id)


def _within(window: WeeklyWindow, at: datetime) -> bool:
    return any(start <= at < end for start, end in _occurrences(window, at, days_after=0))


def _occurrences(window: WeeklyWindow, at: datetime, *, days_after: int) -> Iterator[tuple[datetime, datetime]]:
    """The window's occurrences that start from the day before ``at`` on."""
    today = at.astimezone(LOCAL_ZONE).date()
    for offset in range(-1, days_after + 1):
        day = today + timedelta(days=offset)
        if day.isoweekday() in window.weekdays:
            midnight = datetime.combine(day, time(), LOCAL_ZONE).astimezone(UTC)
            start = midnight + timedelta(minutes=window.start_minute)
            yield start, start + timedelta(minutes=window.minutes)


def _next_boundary(roster: Roster, at: datetime) -> datetime | None:
    """The first moment after ``at`` when anything of the roster begins or ends."""
    moments: list[datetime] = []
    for rotation in roster.rotations:
        moments += _rotation_boundaries(rotation, at)
    for shift in roster.shifts:
        moments += (shift.start, shift.end)
    for override in roster.overrides:
        moments += (override.start, override.end)
    moments += roster.left.values()
    return min((moment for moment in moments if moment > at), default=None)


def _rotation_boundaries(rotation: Rotation, at: datetime) -> list[datetime]:
    if at < rotation.start:
        return [rotation.start]
    if rotation.end is not None and at >= rotation.end:
        return []
    turns = (at - rotation.start) // rotation.length
    moments = [rotation.start + rotation.length * (turns + 1)]
    if rotation.end is not None:
        moments.append(rotation.end)
    for window in rotation.windows:
        for pair in _occurrences(window, at, days_after=8):
            moments += pair
    return moments
