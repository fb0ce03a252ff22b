"""How much alarm came to which workplace in which shift. Pure.

It tells managers where alarms pile up, so that work can be spread; it rates nobody: rows stand in the order of time,
names in the order of names, and no figure says how well a person answered.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from statistics import median
from typing import Any

from routing.danger.escalation import HOLDER
from routing.policy.facts import LOCAL_ZONE
from routing.rosters.duty import week
from routing.rosters.roster import Roster

#: Shifts where no roster says otherwise: local hours at which they begin.
DEFAULT_HOURS = (0, 8, 16)
#: Spans of a roster shorter than this are hand-overs between shifts, no shift of their own.
MIN_SHIFT = timedelta(minutes=30)

Shift = tuple[datetime, datetime]


def alarm_load(rows: Sequence[Mapping[str, Any]], roster: Roster | None, now: datetime) -> list[dict[str, Any]]:
    """Shifts with alarms, newest first: ``{start, end, alarms, operators, operator_ids, stages, answered_s}``.

    ``rows`` have ``raised_at``, ``acknowledged_at``, ``stage``, ``operator_id`` and ``operator`` (None: nobody held the
    call); ``operators`` are (name, alarms) by name, nobody last, ``operator_ids`` their accounts by name; ``stages``
    counts how far alarms went on; ``answered_s`` is the median time to the acknowledgement in seconds, an open alarm
    counted up to ``now``.
    """
    weeks: dict[date, list[Shift]] = {}
    by_shift: dict[Shift, list[Mapping[str, Any]]] = {}
    for row in rows:
        by_shift.setdefault(shift_at(row["raised_at"], roster, weeks), []).append(row)
    return [_summary(shift, by_shift[shift], now) for shift in sorted(by_shift, reverse=True)]


def _summary(shift: Shift, rows: Sequence[Mapping[str, Any]], now: datetime) -> dict[str, Any]:
    operators = Counter(row["operator"] for row in rows)
    waits = [((row["acknowledged_at"] or now) - row["raised_at"]).total_seconds() for row in rows]
    stages = Counter(row["stage"] for row in rows)
    return {
        "start": shift[0],
        "end": shift[1],
        "alarms": len(rows),
        "operators": sorted(operators.items(), key=lambda each: (each[0] is None, each[0] or "")),
        "operator_ids": {row["operator"]: row.get("operator_id") for row in rows},
        "stages": {stage: stages[stage] for stage in sorted(stages)},
        "went_on": len(rows) - stages[HOLDER],
        "open": sum(row["acknowledged_at"] is None for row in rows),
        "answered_s": median(waits),
    }


def shift_at(at: datetime, roster: Roster | None, weeks: dict[date, list[Shift]]) -> Shift:
    """The shift in which ``at`` lies, from the roster, else by the hours above. ``weeks`` keeps what was computed."""
    local = at.astimezone(LOCAL_ZONE)
    if roster is not None:
        monday = local.date() - timedelta(days=local.weekday())
        # the week before too: a night shift begins on Sunday
        for start_day in (monday, monday - timedelta(days=7)):
            if start_day not in weeks:
                weeks[start_day] = _joined(roster, start_day)
            for start, end in weeks[start_day]:
                if start <= at < end:
                    return start, end
    hours = [datetime.combine(local.date(), time(hour), LOCAL_ZONE) for hour in DEFAULT_HOURS]
    hours.append(hours[0] + timedelta(days=1))
    start = max(hour for hour in hours if hour <= local)
    return start.astimezone(UTC), hours[hours.index(start) + 1].astimezone(UTC)


def _joined(roster: Roster, monday: date) -> list[Shift]:
    """The spans of a week in which the same people are on duty; short ones belong to the one before."""
    spans: list[Shift] = []
    for span in week(roster, monday):
        if spans and span.end - span.start < MIN_SHIFT:
            spans[-1] = (spans[-1][0], span.end)
        elif span.user_ids:
            spans.append((span.start, span.end))
    return spans
