"""What kind of day each day of a week is, in words: 法定节假日, 调休 make-up workdays, days a city corrected itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal

import chinese_calendar

from routing.policy.workdays import Workdays

Kind = Literal["workday", "weekend", "holiday", "makeup"]
#: Words of the screens.
KINDS: Mapping[Kind, str] = {"workday": "工作日", "weekend": "休息日", "holiday": "节假日", "makeup": "调休上班"}
#: chinesecalendar's names of holidays.
_HOLIDAYS: Mapping[str, str] = {
    "New Year's Day": "元旦",
    "Spring Festival": "春节",
    "Tomb-sweeping Day": "清明节",
    "Labour Day": "劳动节",
    "Dragon Boat Festival": "端午节",
    "Mid-autumn Festival": "中秋节",
    "National Day": "国庆节",
}


@dataclass(frozen=True, slots=True)
class EnteredDay:
    """A day a city entered itself, against or ahead of the published calendar."""

    workday: bool
    note: str | None


@dataclass(frozen=True, slots=True)
class DayNote:
    """One day of the calendar."""

    day: date
    kind: Kind
    name: str | None
    """Of the holiday, or what was noted when the day was entered."""
    entered: bool
    """A correction of this city."""
    provisional: bool
    """The State Council has not published this year yet: Monday to Friday is a guess."""


def days_of_week(monday: date, calendar: Workdays, entered: Mapping[date, EnteredDay]) -> tuple[DayNote, ...]:
    """The seven days from ``monday``; entered days win over ``calendar`` (the policy's)."""
    return tuple(_note(monday + timedelta(days=number), calendar, entered) for number in range(7))


def with_entered(calendar: Workdays, entered: Mapping[date, EnteredDay]) -> Workdays:
    """The policy's calendar with the days entered in the console, which win."""
    holidays = frozenset(day for day, own in entered.items() if not own.workday)
    workdays = frozenset(day for day, own in entered.items() if own.workday)
    return Workdays((calendar.holidays - workdays) | holidays, (calendar.workdays - holidays) | workdays)


def _note(day: date, calendar: Workdays, entered: Mapping[date, EnteredDay]) -> DayNote:
    known = with_entered(calendar, entered).kind(day)
    weekend = day.isoweekday() > 5
    published = _published_name(day)
    own = entered.get(day)
    # a weekend inside a holiday bears its name as well
    if known.workday:
        kind: Kind = "makeup" if weekend else "workday"
    else:
        kind = "holiday" if not weekend or published is not None else "weekend"
    name = own.note if own is not None else published if kind in ("holiday", "makeup") else None
    return DayNote(day, kind, name, own is not None, known.provisional)


def _published_name(day: date) -> str | None:
    try:
        _, name = chinese_calendar.get_holiday_detail(day)
    except NotImplementedError:  # how chinesecalendar says that it does not know the year
        return None
    return None if name is None else _HOLIDAYS.get(str(name), str(name))
