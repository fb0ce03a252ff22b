"""Workdays in China: published years from chinesecalendar, later ones Monday to Friday and provisional."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache

import chinese_calendar

from routing.policy.facts import LOCAL_ZONE


@dataclass(frozen=True, slots=True)
class DayKind:
    """Whether people work on a day."""

    workday: bool
    provisional: bool
    """The State Council has not published this year yet: Monday to Friday is a guess."""


@dataclass(frozen=True, slots=True)
class Workdays:
    """The calendar, with the days a city entered itself; entered days win and are certain."""

    holidays: frozenset[date] = frozenset()
    workdays: frozenset[date] = frozenset()

    def kind(self, day: date) -> DayKind:
        """What kind of day ``day`` is."""
        if day in self.holidays:
            return DayKind(False, False)
        if day in self.workdays:
            return DayKind(True, False)
        return _published(day)

    def add_workdays(self, start: datetime, count: int) -> datetime:
        """The end (23:59:59 on the local clock) of the ``count``-th workday after ``start``'s local day; aware UTC."""
        day = start.astimezone(LOCAL_ZONE).date()
        left = count
        while left > 0:
            day += timedelta(days=1)
            if self.kind(day).workday:
                left -= 1
        return datetime.combine(day, time(23, 59, 59), LOCAL_ZONE).astimezone(UTC)


@lru_cache(maxsize=4096)
def _published(day: date) -> DayKind:
    try:
        return DayKind(bool(chinese_calendar.is_workday(day)), False)
    except NotImplementedError:  # how chinesecalendar says that it does not know the year
        return DayKind(day.isoweekday() <= 5, True)
