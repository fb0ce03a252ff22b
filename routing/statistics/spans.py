"""Cuts a period into whole days, whole hours beside them, and parts of hours. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from routing.errors import InvalidRequest
from routing.policy.facts import LOCAL_ZONE

_HOUR = timedelta(hours=1)
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Span:
    """One period, from inclusive, to exclusive; hours are naive times on the wall clock of Asia/Shanghai."""

    days_from: date
    days_to: date
    """Whole days, counted by day; empty where both are the same."""
    hours_from: datetime
    hours_to: datetime
    """Whole hours, the whole days among them."""
    parts: tuple[tuple[datetime, datetime], ...]
    """What is left before and after: less than an hour each, aware."""


def span(from_at: datetime, to_at: datetime, *, by_hour: bool) -> Span:
    """``from_at`` (inclusive) to ``to_at`` (exclusive), both aware. Raises InvalidRequest when nothing lies between.

    ``by_hour``: hours are asked for, so that days cannot be counted as a whole.
    """
    if to_at <= from_at:
        raise InvalidRequest("to：结束时间要晚于开始时间（from）。")
    begin = from_at.astimezone(LOCAL_ZONE).replace(tzinfo=None)
    end = to_at.astimezone(LOCAL_ZONE).replace(tzinfo=None)
    hours_from, hours_to = _up(begin, _hour_of(begin), _HOUR), _hour_of(end)
    if hours_from > hours_to:
        return Span(begin.date(), begin.date(), hours_from, hours_from, _aware([(begin, end)]))
    days_from, days_to = _up(hours_from, _day_of(hours_from), _DAY), _day_of(hours_to)
    if by_hour or days_from > days_to:
        days_from = days_to = _day_of(hours_from)
    parts = [(start, stop) for start, stop in ((begin, hours_from), (hours_to, end)) if start < stop]
    return Span(days_from.date(), days_to.date(), hours_from, hours_to, _aware(parts))


def _hour_of(moment: datetime) -> datetime:
    return moment.replace(minute=0, second=0, microsecond=0)


def _day_of(moment: datetime) -> datetime:
    return moment.replace(hour=0, minute=0, second=0, microsecond=0)


def _up(moment: datetime, whole: datetime, step: timedelta) -> datetime:
    return whole if moment == whole else whole + step


def _aware(parts: Iterable[tuple[datetime, datetime]]) -> tuple[tuple[datetime, datetime], ...]:
    return tuple((start.replace(tzinfo=LOCAL_ZONE), stop.replace(tzinfo=LOCAL_ZONE)) for start, stop in parts)
