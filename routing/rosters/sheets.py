"""What an imported roster would change, as plain values; and a roster as a calendar file (ICS)."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from routing.policy.facts import LOCAL_ZONE
from routing.rosters.planning import Duty, Overlap, overlaps
from routing.rosters.roster import Shift


@dataclass(frozen=True, slots=True)
class StoredShift:
    """A shift with its number."""

    shift_id: int
    shift: Shift


@dataclass(frozen=True, slots=True)
class ImportChange:
    """What an import does to the shifts that stand."""

    added: tuple[Shift, ...]
    standing: tuple[Shift, ...]
    """In the file and in the roster already."""
    removed: tuple[StoredShift, ...]
    """``replace`` only: of the file's groups and days, and not in the file any more."""
    overlapping: tuple[Overlap, ...]
    """Shifts of one group on top of each other once all is done."""

    @property
    def mark(self) -> str:
        """Changes where what would be removed changes: who confirms a preview confirms exactly this."""
        ids = ",".join(str(each.shift_id) for each in self.removed)
        return hashlib.sha256(ids.encode()).hexdigest()[:16]


def compare(new: Sequence[Shift], stored: Iterable[StoredShift], *, replace: bool) -> ImportChange:
    """Compare a file's shifts with those that stand.

    ``replace``: the file is the whole truth for its groups from its first to
    its last local day; what begins there and is not in it is removed.
    """
    known = list(stored)
    there = {each.shift for each in known}
    wanted = set(new)
    removed = tuple(each for each in known if replace and each.shift not in wanted and _covered(each.shift, new))
    gone = {each.shift_id for each in removed}
    left = [each.shift for each in known if each.shift_id not in gone]
    added = tuple(shift for shift in new if shift not in there)
    duties = [Duty(shift.queue, shift.user_id, shift.start, shift.end) for shift in (*left, *added)]
    doubled = tuple(each for each in overlaps(duties, lambda first, second: True) if _concerns(each, added))
    return ImportChange(added, tuple(shift for shift in new if shift in there), removed, doubled)


def _covered(shift: Shift, new: Sequence[Shift]) -> bool:
    days = [_day(each.start) for each in new if each.queue == shift.queue]
    return bool(days) and min(days) <= _day(shift.start) <= max(days)


def _day(moment: datetime) -> datetime:
    local = moment.astimezone(LOCAL_ZONE)
    return local.replace(hour=0, minute=0, second=0, microsecond=0)


def _concerns(overlap: Overlap, added: Sequence[Shift]) -> bool:
    return any(
        shift.user_id == overlap.user_id
        and shift.queue in overlap.queues
        and shift.start < overlap.end
        and overlap.start < shift.end
        for shift in added
    )


def as_calendar(duties: Sequence[Duty], labels: Mapping[str, str], people: Mapping[int, str], made: datetime) -> bytes:
    """The duties as an ICS file that :func:`routing.rosters.ics.read_ics` reads again.

    ``labels`` and ``people`` are names by group and by id; ``made`` is aware.
    """
    import icalendar

    calendar = icalendar.Calendar()
    calendar.add("prodid", "-//hotline triage//rosters//")
    calendar.add("version", "2.0")
    for duty in duties:
        event = icalendar.Event()
        event.add("uid", f"{duty.queue}-{duty.user_id}-{duty.start.astimezone(UTC):%Y%m%dT%H%M%SZ}@hotline")
        event.add("dtstamp", made.astimezone(UTC))
        event.add("dtstart", duty.start.astimezone(UTC))
        event.add("dtend", duty.end.astimezone(UTC))
        event.add("summary", people.get(duty.user_id, f"#{duty.user_id}"))
        event.add("categories", [labels.get(duty.queue, duty.queue)])
        calendar.add_component(event)
    return bytes(calendar.to_ical())


def span_of(shifts: Sequence[Shift]) -> tuple[datetime, datetime] | None:
    """From the first local day of the shifts to the last one's end of day; None without shifts."""
    if not shifts:
        return None
    first = min(_day(shift.start) for shift in shifts)
    last = max(max(_day(shift.start), shift.end.astimezone(LOCAL_ZONE)) for shift in shifts)
    return first.astimezone(UTC), last.astimezone(UTC) + timedelta(days=1)
