"""Deadlines of a case; pure, the time and the calendar come in as arguments.

Figures: a department replies within 5 working days, may extend once by 10 at
most, and objects to a dispatch within 2 working days (12345 practice, Shandong
2020); mediation usually ends within a month, joint judicial confirmation is
asked for within 30 days after the agreement takes effect (DESIGN section 5).
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Literal

from routing.cases.terms import Desk
from routing.policy.facts import LOCAL_ZONE
from routing.policy.workdays import Workdays

REPLY_WORKDAYS = 5
EXTENSION_WORKDAYS = 10
OBJECTION_WORKDAYS = 2
MEDIATION_DAYS = 30
CONFIRMATION_DAYS = 30

Nearness = Literal["overdue", "today", "week", "later"]
#: How near a deadline is, nearest first, with the words of the screens.
NEARNESS: dict[Nearness, str] = {"overdue": "已逾期", "today": "今天到期", "week": "7天内", "later": "7天后"}


def due_at(desk: Desk, dispatched_at: datetime, decided: datetime | None, calendar: Workdays) -> datetime:
    """When the desk must have fed back: by the decision's own deadline, else by the usual one of the desk."""
    if decided is not None:
        return decided
    if desk == "departments":
        return calendar.add_workdays(dispatched_at, REPLY_WORKDAYS)
    return dispatched_at + timedelta(days=MEDIATION_DAYS)


def again_due_at(desk: Desk, now: datetime, calendar: Workdays) -> datetime:
    """When a matter taken up once more, after a caller was not satisfied, must have been fed back."""
    return due_at(desk, now, None, calendar)


def objection_until(dispatched_at: datetime, calendar: Workdays) -> datetime:
    """Until when a dispatch may be objected to."""
    return calendar.add_workdays(dispatched_at, OBJECTION_WORKDAYS)


def nearness(due: datetime, now: datetime) -> Nearness:
    """How near ``due`` is, by days on the wall clock of Asia/Shanghai."""
    if due <= now:
        return "overdue"
    days = (due.astimezone(LOCAL_ZONE).date() - now.astimezone(LOCAL_ZONE).date()).days
    if days <= 0:
        return "today"
    return "week" if days <= 7 else "later"
