"""A week as the planner sees it: whose turns overlap, when nobody is on duty. Plain values, nothing stored."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from routing.policy.facts import LOCAL_ZONE
from routing.rosters.duty import DutySpan, week
from routing.rosters.roster import Roster

WEEK = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Duty:
    """One person planned for one queue from ``start`` to ``end`` (exclusive), aware."""

    queue: str
    user_id: int
    start: datetime
    end: datetime


@dataclass(frozen=True, slots=True)
class Overlap:
    """One person planned twice at the same time."""

    user_id: int
    start: datetime
    end: datetime
    queues: tuple[str, str]
    """The same name twice: two shifts of one queue cover each other."""


@dataclass(frozen=True, slots=True)
class Gap:
    """Nobody is on duty for a queue that has a roster."""

    queue: str
    start: datetime
    end: datetime

    @property
    def hours(self) -> float:
        """Length in hours."""
        return (self.end - self.start) / timedelta(hours=1)


def week_begin(monday: date) -> datetime:
    """00:00 of a local Monday, aware UTC."""
    return datetime.combine(monday, time(), LOCAL_ZONE).astimezone(UTC)


def monday_of(moment: datetime) -> date:
    """The local Monday of the week that ``moment`` lies in."""
    day = moment.astimezone(LOCAL_ZONE).date()
    return day - timedelta(days=day.weekday())


def mondays_of(start: datetime, end: datetime) -> tuple[date, ...]:
    """Every week that ``start`` to ``end`` (exclusive) touches."""
    first, last = monday_of(start), monday_of(end - timedelta(microseconds=1))
    return tuple(first + WEEK * number for number in range((last - first) // WEEK + 1))


def duties_of(roster: Roster, monday: date) -> tuple[Duty, ...]:
    """Who is on duty in the week, person by person, neighbouring spans joined."""
    found: list[Duty] = []
    running: dict[int, Duty] = {}
    for span in week(roster, monday):
        present = set(span.user_ids)
        for user_id in [user_id for user_id in running if user_id not in present]:
            found.append(running.pop(user_id))
        for user_id in span.user_ids:
            begun = running.get(user_id)
            running[user_id] = Duty(roster.queue, user_id, begun.start if begun else span.start, span.end)
    found += running.values()
    return tuple(sorted(found, key=lambda duty: (duty.start, duty.user_id)))


def gaps_of(roster: Roster, monday: date) -> tuple[Gap, ...]:
    """When nobody is on duty in the week."""
    return tuple(Gap(roster.queue, span.start, span.end) for span in _joined_empty(week(roster, monday)))


def _joined_empty(spans: Sequence[DutySpan]) -> list[DutySpan]:
    joined: list[DutySpan] = []
    for span in spans:
        if span.user_ids:
            continue
        if joined and joined[-1].end == span.start:
            joined[-1] = DutySpan(joined[-1].start, span.end, ())
        else:
            joined.append(span)
    return joined


def overlaps(duties: Iterable[Duty], together: Callable[[str, str], bool]) -> tuple[Overlap, ...]:
    """Where one person is planned twice at once; ``together(a, b)``: these two queues are served side by side.

    Two shifts of one queue that cover each other always count: one of them is a slip.
    """
    by_person: dict[int, list[Duty]] = {}
    for duty in duties:
        by_person.setdefault(duty.user_id, []).append(duty)
    found = [overlap for own in by_person.values() for overlap in _of_person(own, together)]
    return tuple(sorted(found, key=lambda overlap: (overlap.start, overlap.user_id, overlap.queues)))


def _of_person(own: Sequence[Duty], together: Callable[[str, str], bool]) -> list[Overlap]:
    found = []
    ordered = sorted(own, key=lambda duty: (duty.start, duty.end))
    for number, first in enumerate(ordered):
        for second in ordered[number + 1 :]:
            if second.start >= first.end:
                break
            if first.queue != second.queue and together(first.queue, second.queue):
                continue
            queues = (min(first.queue, second.queue), max(first.queue, second.queue))
            found.append(Overlap(first.user_id, second.start, min(first.end, second.end), queues))
    return found
